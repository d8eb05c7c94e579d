/** Runs over jumps of the orchestrator's clock: what is due by the wall clock is due by it, and nothing happens twice. */
import { expect, it } from 'vitest';
import type { JsonObject } from '../../src/workflow/value.ts';
import { servingWorld } from './crash-points.ts';
import type { World } from './world.ts';

const MINUTE = 60_000;
const LIMIT_MS = 60 * MINUTE;
const waits = { id: 'w', wait: { timer: '10m' } };

/** A run whose clock jumps by so much a second after it began; how it ended, and after how much time. */
async function jump(
  workflow: JsonObject,
  aheadMs: number,
): Promise<{ end: string; afterMs: number; lines: string[] }> {
  const world: World = await servingWorld();
  let runId = '';
  void world.request('r', workflow).then((id) => {
    runId = id;
  });
  await world.until(() => runId !== '', LIMIT_MS, 'the run');
  const startedAt = world.time.now;
  let isLater = false;
  world.plan(1_000, () => {
    isLater = true;
  });
  await world.until(() => isLater, LIMIT_MS, 'a second');
  world.clockAheadMs = aheadMs;
  const state = () => world.invariants.streams.get(runId);
  await world.until(() => state()?.isEnded === true, LIMIT_MS, 'the end');
  expect(world.errors).toEqual([]);
  const lines = state()?.lines ?? [];
  return { end: lines.at(-1) ?? '', afterMs: world.time.now - startedAt, lines };
}

const run = (task: JsonObject, settings: JsonObject = { timeout: '1d' }): JsonObject => ({
  ...{ name: 'w', settings },
  tasks: [task],
});

it('ahead: a wait that is over by then ends within a minute', async () => {
  const { end, afterMs } = await jump(run(waits), 30 * MINUTE);
  expect(end).toContain('run.succeeded');
  expect(afterMs).toBeLessThan(MINUTE + 2_000);
});

it('ahead: so does the deadline of a run', async () => {
  const { end, afterMs } = await jump(run(waits, { timeout: '5m' }), 7 * MINUTE);
  expect(end).toContain('run.failed');
  expect(afterMs).toBeLessThan(MINUTE + 2_000);
});

it('ahead: the delay before another attempt', async () => {
  const retry = { max_attempts: 2, delay: '20m' };
  const failing = { id: 'f', agent: 'slow', parameters: { fails: 1 }, retry };
  const { lines, afterMs } = await jump(run(failing), 30 * MINUTE);
  expect(lines).toContain('task.retryScheduled f');
  expect(lines.at(-1)).toContain('run.succeeded');
  expect(afterMs).toBeLessThan(2 * MINUTE);
});

it('back: a wait ends when the clock has reached its time, once', async () => {
  const { end, afterMs, lines } = await jump(run(waits), -5 * MINUTE);
  expect(end).toContain('run.succeeded');
  expect(afterMs).toBeGreaterThanOrEqual(15 * MINUTE - 1_000);
  expect(afterMs).toBeLessThan(16 * MINUTE);
  expect(lines.filter((line) => line === 'task.succeeded w')).toHaveLength(1);
});
