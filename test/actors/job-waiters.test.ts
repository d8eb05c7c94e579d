/** Who waits for a job is told by the log, once, and nobody waits for ever. */
import { afterEach, beforeEach, expect, test } from 'vitest';
import { JobWaiters } from '../../src/actors/services/job-waiters.ts';
import { event, upcast } from '../../src/events/catalogue.ts';
import { createMemoryLog, type MemoryLog } from '../../src/log/memory-log.ts';

const JOB = 'run_j1';
let log: MemoryLog;
let timers: Set<() => void>;
let waiters: JobWaiters;

beforeEach(() => {
  log = createMemoryLog({ upcast });
  timers = new Set();
  const clock = {
    after: (_ms: number, run: () => void) => {
      timers.add(run);
      return () => timers.delete(run);
    },
  };
  waiters = new JobWaiters({ log, clock });
});

afterEach(() => log.close());

async function append(stream: string, type: 'run.paused' | 'run.canceled', version: number) {
  const data = { reason: 'r', name: 'w' };
  const events = [event(type, data as never)];
  const who = { correlationId: 'c', causationId: 'c', actor: { kind: 'client' as const } };
  log.append({ stream, expectedVersion: version, events, at: 1, ...who });
  await log.flush();
}

test('the end of the job settles all who wait for it, and nobody else', async () => {
  const [first, second] = [waiters.wait(JOB, 1_000), waiters.wait(JOB, 1_000)];
  const other = waiters.wait('run_j2', 1_000);
  await append(JOB, 'run.paused', 0);
  await append('run_j3', 'run.canceled', 0);
  expect(waiters.size).toBe(3);
  await append(JOB, 'run.canceled', 1);
  expect(await Promise.all([first.ended, second.ended])).toEqual([true, true]);
  expect(waiters.size).toBe(1);
  other.cancel();
  expect(await other.ended).toBe(false);
  expect([waiters.size, timers.size]).toEqual([0, 0]);
});

test('after its time a wait is over', async () => {
  const wait = waiters.wait(JOB, 1_000);
  for (const run of timers) run();
  expect(await wait.ended).toBe(false);
  expect(waiters.size).toBe(0);
});

test('when the orchestrator closes, who waits is told to ask again', async () => {
  const wait = waiters.wait(JOB, 1_000);
  waiters.close();
  await expect(wait.ended).rejects.toMatchObject({ code: 'unavailable' });
  expect(timers.size).toBe(0);
});

test('one more than the bound is refused', () => {
  for (let count = 0; count < 10_000; count += 1) waiters.wait(JOB, 1_000);
  expect(() => waiters.wait(JOB, 1_000)).toThrow(expect.objectContaining({ code: 'overloaded' }));
  waiters.close();
});
