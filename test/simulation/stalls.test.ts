/**
 * Processes that stand still and go on (SIGSTOP, a suspended machine, a blocked loop): whoever lives does its work once,
 * and whoever is dead is noticed all the same.
 */
import { expect, test } from 'vitest';
import type { JsonObject } from '../../src/workflow/value.ts';
import { begin } from './crash-points.ts';
import { World } from './world.ts';

const SEEDS = 30;
const RUNS = 6;
const TTL_MS = 5_000;
/** Silence is counted in rounds of half a second; a late one is not judged. */
const ROUND_MS = 500;
const LONG_MS = 12_000;
/** With the pause between two heartbeats less than a `ttl`. */
const SHORT_MS = 1_500;
const STALLS = 15;
const LIMIT_MS = 600_000;

/** Two lanes of tasks and one that waits for both; each takes its time. */
function workflow(random: () => number): JsonObject {
  const tasks = Array.from({ length: 5 }, (_, index) => ({
    id: `t${index}`,
    agent: 'echo',
    parameters: { ms: Math.floor(random() ** 2 * 6_000) },
    dependencies: index < 2 ? [] : index === 4 ? ['t2', 't3'] : [`t${index - 2}`],
  }));
  return { name: 'stalls', tasks };
}

async function serving(seed: number, workers: readonly string[]): Promise<World> {
  const world = new World(seed);
  world.start();
  for (const name of workers) world.startWorker(name);
  const isReady = () => (world.orchestrator?.agents().length ?? 0) > 0;
  await world.until(isReady, LIMIT_MS, 'the start');
  return world;
}

/** Executions of each activation, over all its attempts. */
function executionsOf(world: World): Map<string, number> {
  const counts = new Map<string, number>();
  for (const [key, count] of world.executions()) {
    const activation = key.slice(0, key.lastIndexOf('/'));
    counts.set(activation, (counts.get(activation) ?? 0) + count);
  }
  return counts;
}

interface Stalls {
  workers: readonly string[];
  /** The longest time for which each may stand still. */
  longest: Readonly<Record<string, number>>;
}

/** Plays work while whoever may stand still does, at times that the seed draws; all of it must be done once. */
async function playStalls(seed: number, { workers, longest }: Stalls): Promise<void> {
  const world = await serving(seed, workers);
  const { random } = world;
  world.network.faults = { lost: 0, doubled: 0, jitterMs: Math.floor(random() * 40) };
  const runs = Array.from({ length: RUNS }, (_, number) =>
    begin(world, `r${number}`, { name: 'stalls', workflow: workflow(random) }),
  );
  const isOver = () => runs.every((run) => run.isOver());
  const names = Object.keys(longest);
  const stall = (left: number): void => {
    const who = names[Math.floor(random() * names.length)] as string;
    world.freeze(who, Math.floor(random() * (longest[who] as number)));
    if (left > 1 && !isOver()) world.plan(Math.floor(random() * 8_000), () => stall(left - 1));
  };
  stall(STALLS);
  await world.until(isOver, LIMIT_MS, `all work of seed ${seed}`);
  const counts = [...executionsOf(world).values()];
  expect([seed, counts]).toEqual([seed, Array.from({ length: RUNS * 5 }, () => 1)]);
  expect([seed, world.errors]).toEqual([seed, []]);
  world.invariants.finished();
  const thawedAt = world.time.now + 3 * LONG_MS;
  await world.until(() => world.time.now > thawedAt, LIMIT_MS, 'everybody goes on');
  await world.close();
}

const seeds = Array.from({ length: SEEDS }, (_, index) => index + 1);

test('an orchestrator and a server that stand still, for however long, have nothing executed twice', async () => {
  const longest = { orchestrator: LONG_MS, server: LONG_MS };
  for (const seed of seeds) await playStalls(seed, { workers: ['w1', 'w2'], longest });
});

test('workers that stand still for less than their ttl neither, beside all others', async () => {
  const longest = { orchestrator: LONG_MS, server: LONG_MS, w1: SHORT_MS, w2: SHORT_MS };
  for (const seed of seeds) await playStalls(seed, { workers: ['w1', 'w2'], longest });
});

test('nor does a worker that is declared dead and comes back with what it had, where no other has it', async () => {
  const longest = { orchestrator: LONG_MS, server: LONG_MS, w1: 3 * TTL_MS };
  for (const seed of seeds) await playStalls(seed, { workers: ['w1'], longest });
});

/** Time from the death of a worker until its attempt is lost, while the others stand still now and then. */
async function timeToNotice(seed: number, stalls: Readonly<Record<string, number>>) {
  const world = await serving(seed, ['w1']);
  const tasks = [{ id: 't', agent: 'echo', parameters: { ms: 60_000 } }];
  const run = begin(world, 'r', { name: 'lost', workflow: { name: 'lost', tasks } });
  await world.until(() => world.executions().size > 0, LIMIT_MS, 'the work begins');
  await world.until(() => world.random() < 0.1, LIMIT_MS, 'some time passes');
  world.killWorker('w1');
  const diedAt = world.time.now;
  let stalledMs = 0;
  const stall = (): void => {
    for (const [who, ms] of Object.entries(stalls)) {
      world.freeze(who, ms);
      stalledMs += ms;
    }
    world.plan(3_000, stall);
  };
  if (Object.keys(stalls).length > 0) stall();
  const types = () => world.invariants.streams.get(run.runId())?.types ?? [];
  await world.until(() => types().includes('task.attemptFailed'), LIMIT_MS, 'the loss');
  const noticedMs = world.time.now - diedAt;
  world.crash();
  return { noticedMs, stalledMs };
}

test('a worker that is dead is noticed within its ttl and two rounds', async () => {
  for (const seed of seeds) {
    const { noticedMs } = await timeToNotice(seed, {});
    expect([seed, noticedMs <= TTL_MS + 2 * ROUND_MS, noticedMs]).toEqual([seed, true, noticedMs]);
  }
});

test('and by an orchestrator that stands still for half of the time, within the same time of listening', async () => {
  for (const seed of seeds) {
    const { noticedMs, stalledMs } = await timeToNotice(seed, { orchestrator: 1_500 });
    const listenedMs = noticedMs - stalledMs;
    expect([seed, listenedMs <= TTL_MS + 2 * ROUND_MS, listenedMs]).toEqual([
      seed,
      true,
      listenedMs,
    ]);
  }
});
