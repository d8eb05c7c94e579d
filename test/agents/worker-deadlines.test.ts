import { afterEach, expect, test, vi } from 'vitest';
import { systemClock, type WorkerClock } from '../../src/agents/clock.ts';
import { DeadlineWatch, dueAtOf } from '../../src/agents/worker-deadlines.ts';
import { ManualWorkerClock } from './manual-worker-clock.ts';

const HOUR_MS = 3_600_000;

afterEach(() => vi.useRealTimers());

function watched(clock: WorkerClock, dueAt: number | undefined): { expiredAt: number[] } {
  const expiredAt: number[] = [];
  const watch = new DeadlineWatch(clock, (elapsedMs) => {
    if (dueAt !== undefined && dueAt > elapsedMs) return dueAt;
    expiredAt.push(elapsedMs);
    return undefined;
  });
  watch.watch(dueAt);
  return { expiredAt };
}

test.each([
  ['agrees', 0],
  ['is an hour ahead', HOUR_MS],
  ['is an hour behind', -HOUR_MS],
])('the time that is left counts, where the clock of the worker %s', (_, offsetMs) => {
  const clock = new ManualWorkerClock();
  const deadline = clock.now() + 10_000;
  clock.offsetMs += offsetMs;
  clock.advance(500);
  const dueAt = dueAtOf({ deadline, timeoutMs: 10_000 }, clock);
  const { expiredAt } = watched(clock, dueAt);
  clock.advance(9_999);
  expect(expiredAt).toEqual([]);
  clock.advance(1);
  expect(expiredAt).toEqual([10_500]);
});

test('without the time that is left the clocks are taken to agree', () => {
  const clock = new ManualWorkerClock();
  const deadline = clock.now() + 10_000;
  clock.advance(500);
  expect(dueAtOf({ deadline }, clock)).toBe(10_000);
  clock.offsetMs += HOUR_MS;
  expect(dueAtOf({ deadline }, clock)).toBeLessThan(clock.elapsedMs());
  expect(dueAtOf({}, clock)).toBeUndefined();
});

test.each([
  ['forwards', 24 * HOUR_MS],
  ['backwards', -24 * HOUR_MS],
])(
  'a machine whose clock is set %s meanwhile neither ends an attempt nor keeps it',
  (_, jumpMs) => {
    vi.useFakeTimers();
    const dueAt = dueAtOf({ timeoutMs: 3 * HOUR_MS }, systemClock) as number;
    const { expiredAt } = watched(systemClock, dueAt);
    vi.advanceTimersByTime(HOUR_MS / 4);
    vi.setSystemTime(Date.now() + jumpMs);
    vi.advanceTimersByTime(2.75 * HOUR_MS - 1);
    expect(expiredAt).toEqual([]);
    vi.advanceTimersByTime(1);
    expect(expiredAt).toEqual([dueAt]);
  },
);
