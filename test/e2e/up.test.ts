/** Journeys 3 and 4: an orchestrator that others use, in any language, and that survives kill -9. */
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { connectClient } from '../../src/client/client.ts';
import { RawNats } from './raw-nats.ts';
import { chain, Folder } from './troupe.ts';

let folder: Folder;
beforeEach(() => {
  folder = new Folder();
  folder.write('chain.yaml', chain);
});
afterEach(() => folder.dispose());

describe('troupe up', () => {
  it('prints one line when it can serve, and leaves no address behind', async () => {
    const up = await folder.up();
    expect(JSON.parse(up.stdout())).toEqual({
      ready: true,
      nats: up.nats,
      dataDir: join(folder.path, '.troupe'),
      pid: up.pid,
    });
    expect(existsSync(join(up.dataDir, 'up.json'))).toBe(true);
    expect(await up.end('SIGTERM')).toBe(130);
    expect(up.stdout().split('\n')).toHaveLength(1);
    expect(existsSync(join(up.dataDir, 'up.json'))).toBe(false);
  });

  it('is what run, runs, replay and agents in the same folder use', async () => {
    await folder.up();
    const report = (await folder.troupe(['run', 'chain.yaml', '--json'])).json();
    expect(report.status).toBe('succeeded');
    expect((await folder.troupe(['runs', 'list', '--json'])).json().runs[0].runId).toBe(
      report.runId,
    );
    expect((await folder.troupe(['runs', 'show', report.runId, '--json'])).json()).toEqual(report);
    expect((await folder.troupe(['replay', report.runId, '--verify'])).code).toBe(0);
    expect((await folder.troupe(['agents', '--json'])).json().agents).toContainEqual(
      expect.objectContaining({ agent: 'echo', state: 'available' }),
    );
    expect((await folder.troupe(['runs', 'cancel', report.runId])).code).toBe(4);
    expect((await folder.troupe(['runs', 'cancel', 'run_nobody'])).code).toBe(3);
    expect((await folder.troupe(['log', 'verify'])).code).toBe(4);
  });

  it('answers the typed client', async () => {
    const up = await folder.up();
    const client = await connectClient({ url: up.nats });
    try {
      expect(await client.runWorkflow({ workflow: chain })).toMatchObject({
        success: true,
        workflowId: 'chain',
        output: { greeting: 'hello world' },
        errors: [],
        executionTimeMs: expect.any(Number),
      });
    } finally {
      await client.close();
    }
  });

  it('answers a plain socket that speaks NATS, and publishes every event of the run to it', async () => {
    const up = await folder.up();
    const raw = await RawNats.open(up.nats);
    try {
      raw.subscribe('my.inbox', 1);
      raw.subscribe('troupe.v1.run.*.events', 2);
      raw.publish(
        'troupe.v1.request',
        { requestId: 'raw-1', workflow: chain, input: { who: 'socket' } },
        'my.inbox',
      );
      const { body } = await raw.until(({ subject }) => subject === 'my.inbox');
      expect(body).toMatchObject({
        runId: expect.stringMatching(/^run_/),
        events: `troupe.v1.run.${body.runId}.events`,
      });
      await raw.until(
        (message) => message.subject === body.events && message.body.type === 'run.succeeded',
      );
      const versions = raw.messages
        .filter(({ subject }) => subject === body.events)
        .map((message) => message.body.streamVersion);
      expect(versions).toEqual(versions.map((_, index) => index + 1));
      expect(raw.messages.at(-1)?.body.data.output.greeting).toBe('hello socket');
    } finally {
      raw.close();
    }
  });

  it('a second orchestrator on the same server and prefix leaves with 4', async () => {
    const up = await folder.up();
    const done = await folder.troupe(['up', '--json', '--data-dir', 'other'], {
      TROUPE_NATS_URL: up.nats,
    });
    expect(done.code).toBe(4);
    expect(done.json().error.code).toBe('orchestrator.duplicate');
  });

  it('a stale address is not believed', async () => {
    const up = await folder.up();
    const report = (await folder.troupe(['run', 'chain.yaml', '--json'])).json();
    await up.end('SIGKILL');
    expect(existsSync(join(up.dataDir, 'up.json'))).toBe(true);
    expect((await folder.troupe(['runs', 'show', report.runId, '--json'])).json()).toEqual(report);
    const address = {
      kind: 'up',
      nats: up.nats,
      prefix: 'troupe',
      dataDir: up.dataDir,
      logId: 'log_other',
      pid: process.pid,
    };
    writeFileSync(join(up.dataDir, 'up.json'), JSON.stringify(address));
    expect((await folder.troupe(['runs', 'show', report.runId, '--json'])).json()).toEqual(report);
  });

  it('runs that were promised complete after kill -9 and a new start', async () => {
    const up = await folder.up();
    const workflow =
      'name: steps\ntasks:\n' +
      [0, 1, 2, 3, 4, 5]
        .map(
          (n) =>
            `  - { id: s${n}, agent: sleep, parameters: { ms: 60 }${n > 0 ? `, dependencies: [s${n - 1}]` : ''} }\n`,
        )
        .join('');
    const client = await connectClient({ url: up.nats });
    const runIds: string[] = [];
    for (let n = 0; n < 5; n += 1) runIds.push((await client.request({ workflow })).runId);
    const first = runIds[0] ?? '';
    for await (const event of client.events(first)) {
      if (event.type === 'task.succeeded') break;
    }
    await client.close();
    await up.end('SIGKILL');
    await folder.up();
    for (const runId of runIds) {
      const done = await folder.troupe(['runs', 'watch', runId, '--json']);
      expect(done.code, done.stderr).toBe(0);
      expect(Object.values(done.json().tasks)).toHaveLength(6);
    }
    expect((await folder.troupe(['replay', first, '--verify'])).code).toBe(0);
  });

  it('a run whose command was interrupted goes on with the next orchestrator', async () => {
    folder.write(
      'nap.yaml',
      'name: nap\ntasks: [{ id: a, agent: sleep, parameters: { ms: 1500, then: done } }]\noutputs: { a: "${a.output}" }\n',
    );
    const child = folder.start(['run', 'nap.yaml', '--request-id', 'nap']);
    const left = new Promise((resolve) => child.once('exit', resolve));
    child.stderr?.on('data', (chunk: Buffer) => {
      if (chunk.toString().includes('started')) child.kill('SIGKILL');
    });
    await left;
    const [run] = (await folder.troupe(['runs', 'list', '--json'])).json().runs;
    const done = await folder.troupe(['runs', 'watch', run.runId, '--json']);
    expect(done.json()).toMatchObject({ status: 'succeeded', output: { a: 'done' } });
  });

  it('a second worker takes part, and run without an orchestrator on a server says that it is one', async () => {
    const up = await folder.up('--no-worker', '--prefix', 'one');
    const worker = folder.start(['worker', '--json']);
    await new Promise((resolve) => worker.stdout?.once('data', resolve));
    expect((await folder.troupe(['run', 'chain.yaml', '--json'])).json().status).toBe('succeeded');
    const environment = { TROUPE_NATS_URL: up.nats, TROUPE_PREFIX: 'two', TROUPE_DATA_DIR: 'two' };
    const done = await folder.troupe(['run', 'chain.yaml', '--json'], environment);
    expect(done.json().status).toBe('succeeded');
    expect(done.stderr).toContain('this process is the orchestrator');
  });
});
