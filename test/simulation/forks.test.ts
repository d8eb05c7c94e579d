/** Forks end the same with a crash of the orchestrator after any commit, whatever point of whatever run they come from. */
import { describe, expect, it } from 'vitest';
import { loadRun } from '../../src/actors/host/load.ts';
import { verifyLog } from '../../src/log/verify.ts';
import type { JsonObject } from '../../src/workflow/value.ts';
import { childScenarios } from './child-scenarios.ts';
import { begin, reportOfRun, servingWorld } from './crash-points.ts';
import { type Scenario, scenarios } from './scenarios.ts';
import type { World } from './world.ts';

const LIMIT_MS = 120_000;
const NAMES = ['chain', 'foreach', 'repeat', 'child'];
const chosen = [...scenarios, ...childScenarios].filter(({ name }) => NAMES.includes(name));

interface Forked {
  /** What must not depend on the point or on a crash. */
  outcome: unknown;
  /** Positions before the fork, and of all. */
  before: number;
  positions: number;
  /** Attempts of the fork that agents executed, and the types of its events. */
  executed: number;
  types: readonly string[];
}

function isOver(world: World, runId: string): boolean {
  const state = world.invariants.streams.get(runId);
  return state?.isEnded === true && world.invariants.fed.get(runId) === state.version;
}

/** Plays the scenario, forks it once it is over, and lets the fork end; dies after `crashAt` further positions. */
// Length: one life of a world, in order.
async function playFork(
  scenario: Scenario,
  options: { at: number; crashAfter?: number; set?: JsonObject; sandbox?: string },
): Promise<Forked> {
  const world = await servingWorld();
  const origin = begin(world, 'r1', scenario);
  await world.until(origin.isOver, LIMIT_MS, scenario.name);
  const before = world.invariants.position;
  const { crashAfter, ...rest } = options;
  const { at } = rest;
  const executed = world.executions().size;
  let runId = '';
  let problem: unknown;
  world.fork('f1', { run: origin.runId(), ...rest }).then(
    (id) => {
      runId = id;
    },
    (error: unknown) => {
      problem = error;
    },
  );
  const isForkOver = (): boolean => {
    if (problem !== undefined) throw problem;
    return runId !== '' && isOver(world, runId);
  };
  if (crashAfter !== undefined) {
    const isDue = (): boolean => world.invariants.position >= before + crashAfter || isForkOver();
    await world.until(isDue, LIMIT_MS, 'the crash');
    world.crash({ keepInFlight: crashAfter % 2 === 0 });
    await world.catchUpInvariants();
    world.start();
  }
  await world.until(isForkOver, LIMIT_MS, `the fork of ${scenario.name} at ${at}`);
  let again = '';
  void world.fork('f1', { run: origin.runId(), ...rest }).then((id) => {
    again = id;
  });
  await world.until(() => again !== '', LIMIT_MS, 'the same fork again');
  expect(again).toBe(runId);
  world.invariants.finished();
  if (world.errors.length > 0) throw new Error(world.errors.join('\n'));
  expect(await verifyLog(world.log)).toMatchObject({ ok: true });
  const { status, output, tasks, forkedFrom } = await reportOfRun(world, runId);
  expect(forkedFrom).toEqual({ run: origin.runId(), at });
  const ends = Object.entries(tasks).map(([id, task]) => [id, task.status, task.output]);
  return {
    outcome: { status, output, ends },
    before,
    positions: world.invariants.position,
    executed: world.executions().size - executed,
    types: world.invariants.streams.get(runId)?.types ?? [],
  };
}

async function versionsOf(scenario: Scenario): Promise<{ last: number; outcome: unknown }> {
  const world = await servingWorld();
  const origin = begin(world, 'r1', scenario);
  await world.until(origin.isOver, LIMIT_MS, scenario.name);
  const loaded = await loadRun(world.log, origin.runId());
  const { status, output, tasks } = await reportOfRun(world, origin.runId());
  const ends = Object.entries(tasks).map(([id, task]) => [id, task.status, task.output]);
  return { last: loaded?.run.streamVersion ?? 0, outcome: { status, output, ends } };
}

describe.each(chosen)('forks of $name', (scenario) => {
  it('end as the run that they come from, from every version of it', async () => {
    const { last, outcome } = await versionsOf(scenario);
    for (let at = 1; at <= last; at += 1)
      expect((await playFork(scenario, { at })).outcome, `at version ${at}`).toEqual(outcome);
  });

  it('end the same after a crash and recovery at every commit', async () => {
    const { last, outcome } = await versionsOf(scenario);
    const at = Math.ceil(last / 2);
    const { before, positions } = await playFork(scenario, { at });
    for (let crashAfter = 0; crashAfter < positions - before; crashAfter += 1) {
      const crashed = await playFork(scenario, { at, crashAfter });
      expect(crashed.outcome, `at version ${at}, crash after ${crashAfter}`).toEqual(outcome);
    }
  });
});

describe.each(chosen)('sandboxed forks of $name', (scenario) => {
  it('execute nothing and end as the run that they come from, with a crash at every commit', async () => {
    const { outcome } = await versionsOf(scenario);
    const { before, positions, ...calm } = await playFork(scenario, { at: 1, sandbox: 'strict' });
    expect(calm).toMatchObject({ outcome, executed: 0 });
    for (let crashAfter = 0; crashAfter < positions - before; crashAfter += 1) {
      const crashed = await playFork(scenario, { at: 1, crashAfter, sandbox: 'strict' });
      expect(crashed, `crash after ${crashAfter}`).toMatchObject({ outcome, executed: 0 });
    }
  });
});

it('a sandbox executes what has other parameters, and nothing else', async () => {
  const [chain] = scenarios.filter(({ name }) => name === 'chain');
  const set = { 'tasks.b.parameters.gives': 7 };
  const { outcome, executed, types } = await playFork(chain as Scenario, {
    at: 1,
    set,
    sandbox: 'reuse',
  });
  expect(outcome).toMatchObject({ status: 'succeeded', output: { c: 70 } });
  expect(executed).toBe(2);
  expect(types.filter((type) => type === 'task.reused')).toHaveLength(1);
  const strict = await playFork(chain as Scenario, { at: 1, set, sandbox: 'strict' });
  expect(strict).toMatchObject({ outcome: { status: 'failed' }, executed: 0 });
});

it('an output that was set is what comes after it', async () => {
  const [chain] = scenarios.filter(({ name }) => name === 'chain');
  const { outcome } = await playFork(chain as Scenario, {
    at: 12,
    crashAfter: 2,
    set: { 'tasks.a.output': { n: 4 } },
  });
  expect(outcome).toMatchObject({ status: 'succeeded', output: { c: 50 } });
});
