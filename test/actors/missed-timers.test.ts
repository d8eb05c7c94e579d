/** A timer that falls due while no run can take it is not lost, also when its run is not in memory. */
import { expect, it } from 'vitest';
import { begin } from '../simulation/crash-points.ts';
import { noDiskFaults, World } from '../simulation/world.ts';

const LIMIT_MS = 300_000;

it('a wait that ends while the log is reopened goes on afterwards, although its run had left memory', async () => {
  const world = new World(5);
  world.start();
  world.startWorker('w1', 1);
  const isReady = (): boolean => (world.orchestrator?.agents().length ?? 0) > 0;
  await world.until(isReady, LIMIT_MS, 'the start');
  const tasks = [{ id: 'pause', wait: { timer: 20 } }];
  const waiting = begin(world, 'waits', { name: 'waits', workflow: { tasks } });
  const hasBegun = (): boolean => waiting.runId() !== '';
  await world.until(hasBegun, LIMIT_MS, 'the wait');
  await world.until(() => world.orchestrator?.activeRuns === 0, LIMIT_MS, 'passivation');
  // The log fails and stays away until after the wait is due.
  const reopen = world.log.reopen.bind(world.log);
  const dueAt = world.time.now + 40_000;
  world.log.reopen = () =>
    world.time.now < dueAt ? Promise.reject(new Error('no disk')) : reopen();
  world.disk = { ...noDiskFaults, failLost: 1 };
  const other = begin(world, 'other', { name: 'other', workflow: { tasks } });
  await world.until(() => world.errors.length > 0, LIMIT_MS, 'the failure');
  world.disk = noDiskFaults;
  await world.until(() => world.time.now >= dueAt, LIMIT_MS, 'the outage');
  await world.until(() => waiting.isOver() && other.isOver(), LIMIT_MS, 'both ends');
  expect(world.invariants.streams.get(waiting.runId())?.types.at(-1)).toBe('run.succeeded');
});
