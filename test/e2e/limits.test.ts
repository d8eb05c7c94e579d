/** Queues, limits and starts by key through the command itself, over NATS, and over a kill -9. */
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { type Client, connectClient } from '../../src/client/index.ts';
import { Folder, type Loose } from './troupe.ts';

const WAIT = { timeout: 60_000, interval: 50 };
const sleeper = (ms: number) => ({
  name: 'sleeper',
  tasks: [{ id: 'a', agent: 'sleep', limit: 'bed', parameters: { ms } }],
});
const indexer = {
  name: 'indexer',
  inputs: { change: { type: 'number', default: 0 } },
  tasks: [{ id: 'a', agent: 'echo', parameters: { change: '${inputs.change}' } }],
  outputs: { change: '${a.output.change}' },
};

let folder: Folder;
let client: Client | undefined;
beforeEach(() => {
  folder = new Folder();
});
afterEach(async () => {
  await client?.close();
  client = undefined;
  await folder.dispose();
});

async function connected(up: { nats: string }): Promise<Client> {
  await client?.close();
  client = await connectClient({ url: up.nats });
  return client;
}

it('says what waits and why, and takes limits that change while it waits', async () => {
  const limits = (text: string) => folder.write('troupe.config.yaml', `limits: ${text}\n`);
  limits('{ keys: { bed: { concurrency: 1 } }, sessions: { "*": { live_runs: 2 } } }');
  const up = await folder.up();
  const asking = await connected(up);
  const begin = (session: string, priority: 'low' | 'urgent') =>
    asking.request({ workflow: sleeper(600_000), session, priority });
  const first = await begin('s1', 'low');
  const second = await begin('s1', 'low');
  await begin('s2', 'urgent');
  await expect(begin('s1', 'urgent')).rejects.toMatchObject({
    code: 'quota.exceeded',
    details: { scope: 'session', name: 's1', limit: 2, live: 2 },
  });

  const why = { kind: 'slot', of: 'key', name: 'bed', limit: 1 };
  expect((await asking.report(second.runId)).tasks['a']?.waitsFor).toEqual(why);
  const shown = await folder.troupe(['queue', '--runs', '--json']);
  expect(shown.json()).toMatchObject({
    node: { inHand: 1, liveRuns: 3, waiting: 2 },
    queue: [{ name: 'sleep', limit: 'bed', waiting: 2, waitsFor: why, sessions: 2 }],
  });
  expect((await folder.troupe(['queue'])).stdout).toContain('all 1 of the key bed are taken');

  // One more slot: it is the urgent run's, although it came last.
  limits('{ keys: { bed: { concurrency: 2 } } }');
  const urgent = await vi.waitFor(async () => {
    const { documents } = await asking.query('queue', {});
    const [, line] = documents.map(({ document }) => document as Loose);
    expect(line.waiting).toBe(1);
    return line;
  }, WAIT);
  expect(urgent.runs[0].runId).toBe(second.runId);
  await asking.command(first.runId, { type: 'terminate' });
  await vi.waitFor(async () => {
    expect((await asking.report(second.runId)).tasks['a']?.status).toBe('running');
  }, WAIT);
});

it('lowers a limit to nothing, changes its kind and removes it, while work waits', async () => {
  const write = (text: string) => folder.write('troupe.config.yaml', text);
  write('limits: { keys: { bed: { concurrency: 1 } } }\n');
  const asking = await connected(await folder.up());
  const node = async () => {
    const { documents } = await asking.query('queue', {});
    return documents[0]?.document as Loose;
  };
  const holds = (limits: object) =>
    vi.waitFor(async () => expect((await node()).limits).toEqual(limits), WAIT);
  const [first, second, third] = [
    await asking.request({ workflow: sleeper(600_000) }),
    await asking.request({ workflow: sleeper(600_000) }),
    await asking.request({ workflow: sleeper(600_000) }),
  ];
  const waitsFor = async () => (await asking.report(second.runId)).tasks['a']?.waitsFor;

  write('limits: { keys: { bed: { concurrency: 0 } } }\n');
  await holds({ keys: { bed: { concurrency: 0 } } });
  // What runs is not ended by it, and nothing begins once it has ended.
  expect((await asking.report(first.runId)).tasks['a']?.status).toBe('running');
  await asking.command(first.runId, { type: 'terminate' });
  await vi.waitFor(async () => expect((await node()).inHand).toBe(0), WAIT);
  expect(await waitsFor()).toEqual({ kind: 'slot', of: 'key', name: 'bed', limit: 0 });
  expect(await node()).toMatchObject({ waiting: 2, queuedTasks: 2 });

  write('limits: { keys: { bed: { rate: 1/d } }, workflows: { sleeper: { queued: 1 } } }\n');
  await holds({ keys: { bed: { rate: '1/d' } }, workflows: { sleeper: { queued: 1 } } });
  // The token with which it begins is one run's; the other waits for tomorrow's.
  await vi.waitFor(async () => expect((await node()).inHand).toBe(1), WAIT);
  expect(await node()).toMatchObject({ waiting: 1, queuedTasks: 1 });
  await expect(asking.request({ workflow: sleeper(1) })).rejects.toMatchObject({
    code: 'quota.exceeded',
    details: { scope: 'workflow', name: 'sleeper', queued: 1 },
  });

  write('log_level: warn\n');
  await vi.waitFor(async () => {
    for (const { runId } of [second, third])
      expect((await asking.report(runId)).tasks['a']?.status).toBe('running');
  }, WAIT);
  expect(await node()).toMatchObject({ limits: {}, waiting: 0, queuedTasks: 0 });
});

it('counts what waits anew after a kill -9', async () => {
  folder.write(
    'troupe.config.yaml',
    'limits: { keys: { bed: { concurrency: 0 } }, tenants: { acme: { queued: 2 } } }\n',
  );
  const begin = (from: Client) => from.request({ workflow: sleeper(1), tenant: 'acme' });
  const up = await folder.up();
  const asking = await connected(up);
  for (let run = 0; run < 2; run += 1) await begin(asking);
  const full = { code: 'quota.exceeded', details: { scope: 'tenant', limit: 2, queued: 2 } };
  await expect(begin(asking)).rejects.toMatchObject(full);
  await up.end('SIGKILL');
  const again = await connected(await folder.up());
  await expect(begin(again)).rejects.toMatchObject(full);
});

it('keeps the promises of keys over a kill -9', async () => {
  const up = await folder.up();
  const asking = await connected(up);
  const dedupe = { key: 'nightly', window: '1h' };
  const once = await asking.request({ workflow: indexer, dedupe });
  const debounce = { key: 'docs', delay: '8s' };
  const waits = (from: Client, change: number) =>
    from.request({ workflow: indexer, debounce, input: { change } });
  const waiting = await waits(asking, 1);
  expect((await waits(asking, 2)).runId).toBe(waiting.runId);
  await up.end('SIGKILL');

  const again = await connected(await folder.up());
  expect(await again.request({ workflow: indexer, dedupe })).toMatchObject({
    runId: once.runId,
    deduplicated: true,
    idempotent: false,
  });
  // The pause may have passed meanwhile on a machine that is busy; then the request has a run of its own.
  const last = await waits(again, 3);
  const report = await again.waitForRun(waiting.runId);
  expect(report.output).toEqual({ change: last.runId === waiting.runId ? 3 : 2 });
});
