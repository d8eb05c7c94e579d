/** Every slot of an agent comes back, whatever happened to its attempt: with one slot, one that stayed would stop all. */
import { describe, expect, it } from 'vitest';
import type { JsonObject } from '../../src/workflow/value.ts';
import { begin } from '../simulation/crash-points.ts';
import type { Scenario } from '../simulation/scenarios.ts';
import { noDiskFaults, World } from '../simulation/world.ts';

const LIMIT_MS = 300_000;
const echo = (id: string, parameters: JsonObject, rest: JsonObject = {}): JsonObject => ({
  id,
  agent: 'echo',
  parameters,
  ...rest,
});

const troubles: Scenario[] = [
  {
    name: 'an attempt that begins and is canceled in one commit',
    workflow: {
      tasks: [
        echo('one', { gives: {} }),
        echo('begins', {}, { dependencies: ['one'] }),
        echo('cannot', { x: '${one.output.missing.field}' }, { dependencies: ['one'] }),
      ],
    },
  },
  {
    name: 'an attempt that follows another one at once',
    workflow: { tasks: [echo('a', { fails: 5 }, { retry: { max_attempts: 9, delay: 0 } })] },
  },
  {
    name: 'parameters that cannot be computed',
    workflow: {
      tasks: [
        echo('a', { gives: {} }),
        echo('b', { x: '${a.output.y.z}' }, { dependencies: ['a'], on_failure: 'skip' }),
      ],
    },
  },
  {
    name: 'a timeout',
    workflow: {
      tasks: [echo('a', { ms: 60_000 }, { timeout: 1, retry: { max_attempts: 2, delay: 0 } })],
    },
  },
  {
    name: 'a terminated run',
    workflow: { tasks: [echo('a', { ms: 60_000 })] },
    commands: [{ atVersion: 4, command: { type: 'terminate' } }],
  },
];
const plain: Scenario = { name: 'plain', workflow: { tasks: [echo('a', { gives: 1 })] } };

async function worldWithOneSlot(): Promise<World> {
  const world = new World(3);
  world.start();
  world.startWorker('w1', 1);
  await world.until(() => (world.orchestrator?.agents().length ?? 0) > 0, LIMIT_MS, 'the start');
  return world;
}

async function run(world: World, requestId: string, scenario: Scenario): Promise<string> {
  const begun = begin(world, requestId, scenario);
  await world.until(begun.isOver, LIMIT_MS, scenario.name);
  return begun.runId();
}

describe('the only slot of an agent comes back after', () => {
  it.each(troubles)('$name', async (scenario) => {
    const world = await worldWithOneSlot();
    for (let time = 0; time < 3; time += 1) await run(world, `trouble-${time}`, scenario);
    const last = await run(world, 'last', plain);
    expect(world.invariants.streams.get(last)?.types.at(-1)).toBe('run.succeeded');
    expect(world.errors).toEqual([]);
  });

  it.each(['failLost', 'failKept'] as const)('a write that failed (%s)', async (fate) => {
    const world = await worldWithOneSlot();
    for (let time = 0; time < 3; time += 1) {
      const begun = begin(world, `r${time}`, troubles[1] as Scenario);
      world.disk = { ...noDiskFaults, [fate]: 0.5 };
      await world.until(() => world.errors.length > time, LIMIT_MS, 'a write fails');
      world.disk = noDiskFaults;
      await world.until(begun.isOver, LIMIT_MS, 'the end');
    }
    await run(world, 'last', plain);
  });

  it('a write that failed while runs were being loaded', async () => {
    const world = await worldWithOneSlot();
    const begun = ['r0', 'r1', 'r2'].map((id) => begin(world, id, troubles[3] as Scenario));
    await world.until(() => begun.every(({ runId }) => runId() !== ''), LIMIT_MS, 'the answers');
    for (const chance of [1, 0.5]) {
      world.crash();
      world.disk = { ...noDiskFaults, failLost: chance };
      world.start();
      const before = world.errors.length;
      await world.until(() => world.errors.length > before, LIMIT_MS, 'a write fails');
    }
    world.disk = noDiskFaults;
    for (const { isOver } of begun) await world.until(isOver, LIMIT_MS, 'the end');
  });
});
