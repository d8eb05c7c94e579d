/** Limits over crashes: what holds a slot before a crash holds it after, and nothing that waits is lost. */
import { describe, expect, it } from 'vitest';
import type { Limits } from '../../src/messages/limits.ts';
import type { JsonObject } from '../../src/workflow/value.ts';
import { World } from './world.ts';

const LIMIT_MS = 900_000;
const task = (id: string, agent: string): JsonObject => ({
  id,
  agent,
  limit: 'github',
  parameters: { ms: 400, gives: 1 },
});
/** Two agents share the key; each run could have all its tasks at work at once. */
const workflow = {
  name: 'crawl',
  settings: { max_parallel: 10 },
  tasks: [task('a', 'echo'), task('b', 'slow'), task('c', 'echo'), task('d', 'slow')],
};

interface Span {
  begin: number;
  end: number;
}

/** When each attempt held its slot, and when it began, as the log says. */
async function spansOf(world: World): Promise<Span[]> {
  const open = new Map<string, Span>();
  const spans: Span[] = [];
  for await (const commits of world.log.readAll({}))
    for (const { stream, at, events } of commits)
      for (const { type, data } of events) {
        const key = `${stream}/${(data as { taskId?: string }).taskId}`;
        if (type === 'task.started') {
          open.set(key, { begin: at, end: Infinity });
          spans.push(open.get(key) as Span);
        } else if (type === 'task.succeeded' || type === 'task.attemptFailed') {
          const span = open.get(key);
          if (span !== undefined) span.end = at;
        }
      }
  return spans;
}

async function play(limits: Limits, crashAt: number) {
  const world = new World(5, { limits });
  world.start();
  world.startWorker('w1');
  await world.until(() => (world.orchestrator?.agents().length ?? 0) > 0, LIMIT_MS, 'the start');
  let answered = 0;
  for (const [index, session] of ['s1', 's2', 's1'].entries())
    void world.request(`q${index}`, workflow, {}, { session, tenant: 't' }).then(() => {
      answered += 1;
    });
  const ended = (): number =>
    [...world.invariants.streams.values()].filter(({ types }) => types.at(-1) === 'run.succeeded')
      .length;
  for (let steps = 1; answered < 3 || ended() < 3; steps += 1) {
    if (steps === crashAt) {
      world.crash({ keepInFlight: true });
      world.start();
      await world.catchUpInvariants();
    }
    if (!(await world.time.step()) || steps > 50_000) throw new Error(`stuck, crash at ${crashAt}`);
  }
  await world.until(() => world.orchestrator !== undefined, LIMIT_MS, 'it is there again');
  const spans = await spansOf(world);
  await world.close();
  return spans;
}

const points = [-1, 12, 20, 28, 36, 44, 52, 60, 75, 90, 110, 130, 160];

describe('with a crash at any step', () => {
  it('a key never has more attempts than it may, and all of them come', async () => {
    for (const crashAt of points) {
      const spans = await play({ keys: { github: { concurrency: 2 } } }, crashAt);
      expect(spans.length).toBeGreaterThanOrEqual(12);
      for (const { begin } of spans) {
        const others = spans.filter((span) => span.begin <= begin && span.end > begin);
        expect({ crashAt, atOnce: others.length <= 2 }).toEqual({ crashAt, atOnce: true });
      }
    }
  });

  it('a rate is never exceeded, but for the token with which a process begins', async () => {
    for (const crashAt of points.slice(0, 7)) {
      const spans = await play({ keys: { github: { rate: '2/s', burst: 1 } } }, crashAt);
      const begins = spans.map(({ begin }) => begin).sort((a, b) => a - b);
      expect(begins.length).toBeGreaterThanOrEqual(12);
      const tooSoon = begins.filter((at, index) => at - (begins[index - 1] ?? -Infinity) < 499);
      expect(tooSoon.length).toBeLessThanOrEqual(crashAt === -1 ? 0 : 1);
    }
  });
});
