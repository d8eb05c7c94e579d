/** A patch outlives kill -9 on a real broker, and a new version is rehearsed and taken by the runs that are there. */
import { afterEach, beforeEach, expect, it } from 'vitest';
import { connectClient } from '../../src/client/client.ts';
import { type NatsServer, startNatsServer } from '../support/nats-server.ts';
import { Folder } from './troupe.ts';

const workflow = `
name: release
tasks:
  - { id: gate, wait: { signal: go } }
  - { id: publish, agent: echo, parameters: { to: main }, dependencies: [gate] }
outputs: { published: "\${publish.output}" }
`;
const patch = `
tasks:
  lint: { agent: echo, dependencies: [gate] }
  publish: { dependencies: [gate, lint], parameters: { to: release } }
`;

let folder: Folder;
let server: NatsServer;
beforeEach(async () => {
  folder = new Folder();
  server = await startNatsServer();
});
afterEach(async () => {
  await folder.dispose();
  await server.stop();
});

async function started(): Promise<string> {
  const client = await connectClient({ url: server.url });
  const { runId } = await client.request({ workflow });
  await client.close();
  return runId;
}

// Length: one story from the patch to the end of the run.
it('is there after kill -9 right behind its answer, and the run goes by it', async () => {
  const at = ['--nats-url', server.url];
  const up = await folder.up(...at);
  const runId = await started();
  folder.write('patch.yaml', patch);
  const shown = await folder.troupe(['runs', 'adapt', runId, 'patch.yaml', '--dry-run', ...at]);
  expect(shown.code, shown.stderr).toBe(0);
  expect(shown.stdout.split('\n').slice(0, 3)).toEqual([
    '+ lint  agent echo, after gate',
    '~ publish.parameters: {"to":"main"} -> {"to":"release"}',
    '~ publish.dependencies: ["gate"] -> ["gate","lint"]',
  ]);
  const client = await connectClient({ url: server.url });
  const command = {
    type: 'adapt' as const,
    id: 'once',
    patch: { tasks: { lint: { agent: 'echo' } } },
  };
  const first = await client.command(runId, command);
  process.kill(up.pid, 'SIGKILL');
  const again = await folder.up(...at);
  const repeated = await client.command(runId, command);
  expect(repeated.streamVersion).toBeGreaterThanOrEqual(first.streamVersion);
  const bad = await folder.troupe(
    ['runs', 'adapt', runId, '-', '--json', ...at],
    {},
    '{tasks: {gate: null, x: null}}',
  );
  expect(bad.code).toBe(2);
  expect(
    bad
      .json()
      .error.details.problems.map(({ code }: { code: string }) => code)
      .sort(),
  ).toEqual(['adapt.task-started', 'adapt.unknown-task', 'workflow.missing-dependency']);
  const done = await folder.troupe(['runs', 'adapt', runId, 'patch.yaml', '--json', ...at]);
  expect(done.code, done.stdout).toBe(4);
  await client.command(runId, {
    type: 'adapt',
    patch: {
      tasks: { publish: { dependencies: ['gate', 'lint'], parameters: { to: 'release' } } },
    },
  });
  process.kill(again.pid, 'SIGKILL');
  await folder.up(...at);
  await client.signal(runId, 'go');
  const report = await client.waitForRun(runId);
  expect(report).toMatchObject({ status: 'succeeded', output: { published: { to: 'release' } } });
  expect(Object.keys(report.tasks)).toEqual(['gate', 'publish', 'lint']);
  const { events } = (await folder.troupe(['replay', runId, '--json', ...at])).json();
  expect(events.filter(({ type }: { type: string }) => type === 'run.adapted')).toHaveLength(2);
  const verified = await folder.troupe(['replay', runId, '--verify', ...at]);
  expect(verified.code, verified.stdout).toBe(0);
  await client.close();
}, 120_000);

it('rehearses a new version on live and ended runs, and moves those that would not break', async () => {
  const at = ['--nats-url', server.url];
  const up = await folder.up(...at);
  const [ended, live] = [await started(), await started()];
  const client = await connectClient({ url: server.url });
  await client.signal(ended, 'go');
  await client.waitForRun(ended);
  folder.write('good.yaml', workflow.replace('main', 'next'));
  folder.write('bad.yaml', workflow.replaceAll('gate', 'door'));
  const rehearse = (...words: string[]) => folder.troupe(['rehearse', ...words, '--json', ...at]);
  const bad = await rehearse('bad.yaml');
  expect(bad.code).toBe(1);
  expect(bad.json().runs).toMatchObject([
    { runId: live, verdict: 'breaks', at: { streamVersion: 3, task: 'gate' }, keeps: ['gate'] },
    { runId: ended, verdict: 'breaks', at: { streamVersion: 3, task: 'gate' } },
  ]);
  const good = await rehearse('good.yaml', '--runs', 'live', '--apply');
  expect(good.code, good.stderr).toBe(0);
  expect(good.json().runs).toMatchObject([{ runId: live, verdict: 'moves', applied: true }]);
  const forked = await folder.troupe(['runs', 'fork', ended, '--at', '4', '--json', ...at]);
  expect(forked.code, forked.stderr).toBe(0);
  const { runId: fork } = forked.json() as { runId: string };
  const ofFork = (await rehearse('bad.yaml', '--runs', fork)).json().runs;
  expect(ofFork).toMatchObject([
    { runId: fork, verdict: 'breaks', at: { streamVersion: 1, task: 'gate' } },
  ]);
  await up.end('SIGTERM');
  const offline = await folder.troupe(['rehearse', 'good.yaml', '--json']);
  expect(offline.json().totals).toMatchObject({ runs: 3, same: 1, folds: 1, moves: 1, breaks: 0 });
  await folder.up(...at);
  await client.signal(live, 'go');
  expect((await client.waitForRun(live)).output).toEqual({ published: { to: 'next' } });
  await client.close();
}, 120_000);
