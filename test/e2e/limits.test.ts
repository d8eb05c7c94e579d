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
