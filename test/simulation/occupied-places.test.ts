/** Places of workers that are taken by work which nobody here waits for: it ends, or others wait for their turn; none is lost. */
import { expect, test } from 'vitest';
import type { JsonObject } from '../../src/workflow/value.ts';
import { begin } from './crash-points.ts';
import { World } from './world.ts';

const LONG_MS = 300_000;
/** A cancellation is repeated after the `ttl` of the worker, and once more where that one was lost too. */
const SOON_MS = 20_000;

function one(id: string, ms: number): JsonObject {
  return { name: id, tasks: [{ id, agent: 'echo', parameters: { ms, gives: id } }] };
}

async function serving(): Promise<World> {
  const world = new World(7);
  world.start();
  world.startWorker('w1', 1);
  const isReady = () => (world.orchestrator?.agents().length ?? 0) > 0;
  await world.until(isReady, 60_000, 'the start');
  return world;
}

/** Drops the first messages that tell a worker to stop. */
function loseCancellations(world: World, times: number): () => number {
  const bus = world.bus;
  if (bus === undefined) throw new Error('the orchestrator is not up');
  const publish = bus.publish.bind(bus);
  let lost = 0;
  bus.publish = (subject, ...rest) => {
    if (lost < times && subject === world.subjects.agentCancel('echo')) lost += 1;
    else publish(subject, ...rest);
  };
  return () => lost;
}

function executionsOf(world: World, task: string): [string, number][] {
  return [...world.executions()].filter(([key]) => key.includes(`/${task}/`));
}

test('work whose cancellation was lost is canceled again, and what waits behind it runs once', async () => {
  const world = await serving();
  const lost = loseCancellations(world, 2);
  void world
    .request('r1', one('unwanted', LONG_MS))
    .then((runId) => world.command(runId, { type: 'terminate', id: 'c1' }));
  await world.until(() => world.executions().size === 1, 10_000, 'the work begins');
  await world.until(() => lost() > 0, 10_000, 'the cancellation');
  const next = begin(world, 'next', { name: 'next', workflow: one('next', 5) });
  await world.until(next.isOver, SOON_MS, 'the next run ends');
  expect(lost()).toBe(2);
  expect(executionsOf(world, 'next')).toHaveLength(1);
  const types = world.invariants.streams.get(next.runId())?.types ?? [];
  expect(types).not.toContain('task.attemptFailed');
  await world.close();
});

test('an attempt for which there is no room is offered until there is, and is not lost meanwhile', async () => {
  const world = await serving();
  const foreign: JsonObject = {
    ...{
      runId: 'run_of_another_log',
      taskId: 'foreign',
      attempt: 1,
      key: 'run_of_another_log/foreign/1',
    },
    ...{ agent: 'echo', parameters: { ms: LONG_MS }, context: { workflow: 'w', task: 'foreign' } },
    ...{ result: 'nowhere.result', progress: 'nowhere.progress', logId: 'other' },
  };
  world.publish(world.subjects.agentInvoke('echo'), foreign);
  await world.until(() => world.executions().size === 1, 10_000, 'the work begins');
  const next = begin(world, 'next', { name: 'next', workflow: one('next', 5) });
  await world.until(next.isOver, LONG_MS + SOON_MS, 'the next run ends');
  expect(executionsOf(world, 'foreign'), 'it is left alone').toEqual([
    ['run_of_another_log/foreign/1', 1],
  ]);
  const types = world.invariants.streams.get(next.runId())?.types ?? [];
  expect(types).not.toContain('task.attemptFailed');
  expect(types.at(-1)).toBe('run.succeeded');
  await world.close();
});
