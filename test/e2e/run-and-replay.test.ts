/** Journeys 1 and 5: a workflow runs by one command, and its past can be looked at. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { chain, Folder, failing, type Loose } from './troupe.ts';

const folder = new Folder();
let runId: string;
let report: Loose;

beforeAll(async () => {
  folder.write('chain.yaml', chain);
  folder.write('failing.yaml', failing);
  const done = await folder.troupe(['run', 'chain.yaml', '-i', 'who=you', '--json']);
  expect(done.code, done.stderr).toBe(0);
  report = done.json();
  runId = report.runId;
});
afterAll(() => folder.dispose());

describe('troupe run', () => {
  it('--json prints the document of the contract and nothing else on stdout', () => {
    expect(report).toMatchObject({
      name: 'chain',
      status: 'succeeded',
      output: { greeting: 'hello you', all: [{ n: 1 }, { n: 2 }, { n: 3 }] },
      durationMs: expect.any(Number),
      tasks: {
        hello: {
          status: 'success',
          attempts: 1,
          agent: 'echo',
          startedAt: expect.any(Number),
          endedAt: expect.any(Number),
        },
        each: {
          status: 'success',
          instances: [{ output: { n: 1 } }, { output: { n: 2 } }, { output: { n: 3 } }],
        },
      },
    });
  });

  it('prints outputs, run id and how to replay it for people, progress on stderr', async () => {
    const done = await folder.troupe(['run', 'chain.yaml']);
    expect(done.stdout).toContain('greeting: hello world');
    expect(done.stdout).toMatch(/bin\/troupe replay run_\w+/);
    expect(done.stderr).toMatch(/started\s+hello \(echo\)[\s\S]*succeeded\s+hello in/);
  });

  it('--jsonl prints every event with consecutive versions, then the document', async () => {
    const done = await folder.troupe(['run', 'chain.yaml', '--jsonl']);
    const lines = done.stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    const document = lines.pop();
    expect(document).toMatchObject({ name: 'chain', status: 'succeeded' });
    expect(lines.map(({ streamVersion }) => streamVersion)).toEqual(
      lines.map((_, index) => index + 1),
    );
    expect(lines.at(-1).type).toBe('run.succeeded');
  });

  it('the same request id gives the same run', async () => {
    const first = await folder.troupe(['run', 'chain.yaml', '--json', '--request-id', 'once']);
    const second = await folder.troupe(['run', 'chain.yaml', '--json', '--request-id', 'once']);
    expect(second.json().runId).toBe(first.json().runId);
  });

  it('exits with 1 when the run failed, and still prints the document', async () => {
    const done = await folder.troupe(['run', 'failing.yaml', '--json']);
    expect(done.code).toBe(1);
    expect(done.json()).toMatchObject({
      status: 'failed',
      partial: true,
      tasks: { good: { status: 'success' }, bad: { status: 'failed' } },
    });
  });

  it('exits with 124 when the run timed out', async () => {
    folder.write(
      'slow.yaml',
      'name: slow\nsettings: { timeout: 0.2 }\ntasks: [{ id: a, agent: sleep, parameters: { ms: 20000 } }]\n',
    );
    const done = await folder.troupe(['run', 'slow.yaml', '--json']);
    expect(done.json()).toMatchObject({ error: { code: 'run.timeout' } });
    expect(done.code).toBe(124);
  });

  it('exits with 130 when interrupted', async () => {
    folder.write(
      'long.yaml',
      'name: long\ntasks: [{ id: a, agent: sleep, parameters: { ms: 60000 } }]\n',
    );
    const child = folder.start(['run', 'long.yaml']);
    const code = new Promise((resolve) => child.once('exit', resolve));
    child.stderr?.on('data', (chunk: Buffer) => {
      if (chunk.toString().includes('started')) child.kill('SIGINT');
    });
    expect(await code).toBe(130);
  });
});

describe('troupe replay', () => {
  it('prints a readable timeline and a summary', async () => {
    const { stdout, code } = await folder.troupe(['replay', runId]);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^1 +\+0\.000s +run\.created/);
    expect(stdout).toContain('"chain" succeeded');
  });

  it('--json has every event and the final state', async () => {
    const replayed = (await folder.troupe(['replay', runId, '--json'])).json();
    expect(replayed).toMatchObject({ runId, name: 'chain', status: 'succeeded' });
    expect(replayed.events.at(-1)).toMatchObject({
      type: 'run.succeeded',
      streamVersion: replayed.events.length,
      stream: runId,
    });
    expect(replayed.state).toEqual(report);
  });

  it('--at shows the exact state after every version, and never the future', async () => {
    const { events } = (await folder.troupe(['replay', runId, '--json'])).json();
    const done = events.find(
      (event: Loose) => event.type === 'task.succeeded' && event.data.taskId === 'hello',
    );
    const then = (
      await folder.troupe(['replay', runId, '--at', String(done.streamVersion), '--json'])
    ).json();
    expect(then.status).toBe('running');
    expect(then.events).toEqual(events.slice(0, done.streamVersion));
    expect(then.state.tasks).toMatchObject({
      hello: { status: 'success' },
      each: { status: 'pending' },
    });
    const byTime = (
      await folder.troupe(['replay', runId, '--at', new Date(done.at).toISOString(), '--json'])
    ).json();
    expect(byTime.events.at(-1).at).toBe(done.at);
  });

  it('--task shows that task and its instances alone', async () => {
    const { events } = (await folder.troupe(['replay', runId, '--task', 'each', '--json'])).json();
    expect(new Set(events.map(({ data }: Loose) => data.taskId))).toEqual(
      new Set(['each', 'each~0', 'each~1', 'each~2']),
    );
  });

  it('--verify exits with 0 when the refold equals', async () => {
    const done = await folder.troupe(['replay', runId, '--verify', '--json']);
    expect(done.json().checks.filter(({ ok }: { ok: boolean }) => !ok)).toEqual([]);
    expect(done.code).toBe(0);
  });

  it.each([
    [['replay', 'run_nobody'], 3],
    [['replay', 'RUN', '--at', '99999'], 2],
    [['replay', 'RUN', '--at', 'yesterday-ish'], 2],
    [['replay', 'RUN', '--task', 'nothing'], 2],
    [['runs', 'show', 'run_nobody', '--json'], 3],
  ])('%j exits with %i', async (argv, code) => {
    const done = await folder.troupe(argv.map((word) => (word === 'RUN' ? runId : word)));
    expect(done.code).toBe(code);
    expect(done.stderr).toMatch(/^error: .+\n {2}hint: .+\n {2}code: \S+\n$/);
  });
});

describe('the log', () => {
  it('is verified, and an export imported elsewhere shows the same runs', async () => {
    expect((await folder.troupe(['log', 'verify', '--json'])).json()).toMatchObject({
      ok: true,
      problemCount: 0,
    });
    const exported = await folder.troupe(['log', 'export']);
    folder.write('log.jsonl', exported.stdout);
    expect((await folder.troupe(['log', 'import', 'log.jsonl', '--data-dir', 'copy'])).code).toBe(
      0,
    );
    const runs = await folder.troupe(['runs', 'list', '--json']);
    expect((await folder.troupe(['runs', 'list', '--json', '--data-dir', 'copy'])).json()).toEqual(
      runs.json(),
    );
  });

  it('gives the same projections after a rebuild', async () => {
    const before = await folder.troupe(['runs', 'list', '--json']);
    expect((await folder.troupe(['projections', 'rebuild'])).code).toBe(0);
    expect((await folder.troupe(['runs', 'list', '--json'])).json()).toEqual(before.json());
  });
});
