/** Schedules: each time starts one run, whatever is killed and whenever; policies for times that are missed or overlap. */
// Size: each policy and each command once.
import { describe, expect, it } from 'vitest';
import type { ScheduleEvent } from '../../src/events/schedule-events.ts';
import type { JsonObject } from '../../src/workflow/value.ts';
import { servingWorld } from './crash-points.ts';
import type { World } from './world.ts';

const MINUTE = 60_000;
const LIMIT_MS = 30 * MINUTE;
const quick = { name: 'quick', tasks: [{ id: 'a', agent: 'echo', parameters: { n: 1 } }] };
const waiting = { name: 'waiting', tasks: [{ id: 'a', wait: { timer: '7s' } }] };

function add(world: World, schedule: JsonObject, workflow: JsonObject = quick) {
  return world.schedule({ id: 'add-1', type: 'add', name: 's', schedule, request: { workflow } });
}

async function eventsOf(world: World): Promise<ScheduleEvent[]> {
  const events: ScheduleEvent[] = [];
  for await (const commits of world.log.readStream('schedule_s'))
    for (const commit of commits) events.push(...(commit.events as ScheduleEvent[]));
  return events;
}

async function of<Type extends ScheduleEvent['type']>(
  world: World,
  type: Type,
): Promise<Extract<ScheduleEvent, { type: Type }>['data'][]> {
  const events = await eventsOf(world);
  return events.filter((each) => each.type === type).map(({ data }) => data) as never;
}

const countOf = (world: World, type: string): number =>
  world.invariants.streams.get('schedule_s')?.types.filter((each) => each === type).length ?? 0;
const runsOf = (world: World) =>
  [...world.invariants.streams].filter(([stream]) => stream.startsWith('run_'));

/** Times that started a run; each of them one run that is there, and no run beside them. */
async function startedTimes(world: World): Promise<number[]> {
  const started = await of(world, 'schedule.started');
  const fired = await of(world, 'schedule.fired');
  expect(started.map(({ dueAt }) => dueAt)).toEqual(fired.map(({ dueAt }) => dueAt));
  expect(started.map(({ runId }) => runId)).toEqual(fired.map(({ runId }) => runId));
  expect(new Set(runsOf(world).map(([runId]) => runId))).toEqual(
    new Set(started.map(({ runId }) => runId)),
  );
  return started.map(({ dueAt }) => dueAt);
}

/** Four times, then it is withdrawn; with `crashAt` the orchestrator dies once that position is durable. */
async function fourTimes(
  schedule: JsonObject,
  crash?: { at: number; keepInFlight: boolean },
): Promise<{ times: number[]; positions: number }> {
  const world = await servingWorld();
  let isAdded = false;
  void add(world, schedule).then(() => {
    isAdded = true;
  });
  const isOver = (): boolean => isAdded && countOf(world, 'schedule.started') >= 4;
  if (crash !== undefined) {
    await world.until(() => world.invariants.position >= crash.at, LIMIT_MS, 'the crash');
    world.crash({ keepInFlight: crash.keepInFlight });
    await world.catchUpInvariants();
    world.start();
  }
  await world.until(isOver, LIMIT_MS, 'four times');
  let isRemoved = false;
  void world.schedule({ id: 'r', type: 'remove', name: 's' }).then(() => {
    isRemoved = true;
  });
  const areOver = () => isRemoved && runsOf(world).every(([, { isEnded }]) => isEnded);
  await world.until(areOver, LIMIT_MS, 'the end of all');
  expect(world.errors).toEqual([]);
  return { times: await startedTimes(world), positions: world.invariants.position };
}

describe('a crash at every commit', () => {
  it('loses no time and doubles none', async () => {
    const schedule = { every: '2s', catchUp: 'all' };
    const { times, positions } = await fourTimes(schedule);
    expect(times.map((time) => time - (times[0] ?? 0))).toEqual([0, 2_000, 4_000, 6_000]);
    for (let at = 1; at < positions; at += 1) {
      for (const keepInFlight of [false, true]) {
        const crashed = await fourTimes(schedule, { at, keepInFlight });
        const first = crashed.times[0] ?? 0;
        const where = `crash at position ${at}, ${keepInFlight ? 'kept' : 'lost'}`;
        const expected = crashed.times.map((_, index) => index * 2_000);
        expect(crashed.times.length, where).toBeGreaterThanOrEqual(4);
        expect(
          crashed.times.map((time) => time - first),
          where,
        ).toEqual(expected);
      }
    }
  });

  it('goes on where the log failed in between', async () => {
    const world = await servingWorld();
    void add(world, { every: '1s', catchUp: 'all' });
    world.disk = { failLost: 0.1, failKept: 0.1, slowMs: 20 };
    await world.until(() => countOf(world, 'schedule.started') >= 25, LIMIT_MS, 'many times');
    const times = await startedTimes(world);
    expect(times.map((time) => time - (times[0] ?? 0))).toEqual(times.map((_, i) => i * 1_000));
  });
});

/** Sets up, lets `before` times come, is away for a while, and comes back until `isOver`. */
async function away(
  schedule: JsonObject,
  { awayMs, isOver }: { awayMs: number; isOver(world: World): boolean },
): Promise<{ world: World; times: number[] }> {
  const world = await servingWorld();
  void add(world, schedule);
  await world.until(() => countOf(world, 'schedule.started') >= 1, LIMIT_MS, 'the first time');
  world.crash();
  await world.catchUpInvariants();
  let isBack = false;
  world.plan(awayMs, () => {
    isBack = true;
  });
  await world.until(() => isBack, LIMIT_MS, 'the way back');
  world.start();
  await world.until(() => isOver(world), LIMIT_MS, 'the times after it');
  return { world, times: await startedTimes(world) };
}

describe('times that were missed', () => {
  const awayMs = 10 * MINUTE;
  const gaps = (times: number[]) => times.slice(1).map((time, index) => time - (times[index] ?? 0));

  it('last: the newest of them starts a run', async () => {
    const isOver = (world: World) => countOf(world, 'schedule.started') >= 3;
    const { world, times } = await away({ every: '3m', catchUp: 'last' }, { awayMs, isOver });
    expect(gaps(times)).toEqual([9 * MINUTE, 3 * MINUTE]);
    const [skipped] = await of(world, 'schedule.skipped');
    expect(skipped).toMatchObject({
      reason: 'missed',
      count: 2,
      from: (times[0] ?? 0) + 3 * MINUTE,
    });
  });

  it('skip: none of them does, but for one that is less than a minute late', async () => {
    const isOver = (world: World) => countOf(world, 'schedule.started') >= 2;
    const { times } = await away({ every: '4m', catchUp: 'skip' }, { awayMs, isOver });
    expect(gaps(times)).toEqual([12 * MINUTE]);
    const late = await away({ every: '199s', catchUp: 'skip' }, { awayMs, isOver });
    expect(gaps(late.times)).toEqual([3 * 199_000]);
  });

  it('all: each starts one in its turn, the newest up to the bound', async () => {
    const isOver = (world: World) => countOf(world, 'schedule.started') >= 4;
    const schedule = { every: '1m', catchUp: 'all', catchUpLimit: 3 };
    const { world, times } = await away(schedule, { awayMs, isOver });
    expect(gaps(times)).toEqual([8 * MINUTE, MINUTE, MINUTE]);
    expect(await of(world, 'schedule.skipped')).toMatchObject([{ reason: 'missed', count: 7 }]);
  });

  it('a single time that was missed starts its run', async () => {
    const world = await servingWorld();
    const at = new Date(world.time.now + MINUTE).toISOString();
    let isAdded = false;
    void add(world, { at }).then(() => {
      isAdded = true;
    });
    await world.until(() => isAdded, LIMIT_MS, 'it is set up');
    world.crash();
    let isBack = false;
    world.plan(awayMs, () => {
      isBack = true;
    });
    await world.until(() => isBack, LIMIT_MS, 'the way back');
    world.start();
    await world.until(() => countOf(world, 'schedule.started') === 1, LIMIT_MS, 'the run');
    const reply = world.schedule({ type: 'get', name: 's' });
    let shown: JsonObject = {};
    void reply.then((got) => {
      shown = got;
    });
    await world.until(() => 'status' in shown, LIMIT_MS, 'the answer');
    expect(shown).toMatchObject({ status: 'done', next: [] });
  });
});

describe('a run that has not ended when the next time comes', () => {
  async function overlapping(overlap: string): Promise<{ world: World; gaps: number[] }> {
    const world = await servingWorld();
    void add(world, { every: '5s', overlap }, waiting);
    await world.until(() => countOf(world, 'schedule.started') >= 4, LIMIT_MS, 'four runs');
    const started = await of(world, 'schedule.started');
    const times = started.map(({ dueAt }) => dueAt);
    const gaps = times.slice(1).map((time, index) => time - (times[index] ?? 0));
    return { world, gaps };
  }

  it('allow: another starts beside it', async () => {
    const { world, gaps } = await overlapping('allow');
    expect(gaps).toEqual([5_000, 5_000, 5_000]);
    expect(countOf(world, 'schedule.skipped')).toBe(0);
  });

  it('skip: none starts for that time', async () => {
    const { world, gaps } = await overlapping('skip');
    expect(gaps).toEqual([10_000, 10_000, 10_000]);
    expect(await of(world, 'schedule.skipped')).toMatchObject([
      { reason: 'overlap', count: 1 },
      { reason: 'overlap', count: 1 },
      { reason: 'overlap', count: 1 },
    ]);
  });

  it('queue: one waits for its end, and no two run at once', async () => {
    const { world, gaps } = await overlapping('queue');
    expect(gaps).toEqual([5_000, 5_000, 5_000]);
    expect(countOf(world, 'schedule.queued')).toBeGreaterThanOrEqual(2);
    const starts = runsOf(world).map(([runId]) => runId);
    const spans: [number, number][] = [];
    for (const runId of starts) {
      const at: number[] = [];
      for await (const commits of world.log.readStream(runId))
        at.push(...commits.map((commit) => commit.at));
      spans.push([at[0] ?? 0, at.at(-1) ?? 0]);
    }
    const ended = spans.slice(0, -1);
    for (const [index, [, end]] of ended.entries())
      expect(spans[index + 1]?.[0]).toBeGreaterThanOrEqual(end);
  });

  it('queue: a crash while one waits loses it not', async () => {
    const world = await servingWorld();
    void add(world, { every: '5s', overlap: 'queue' }, waiting);
    await world.until(() => countOf(world, 'schedule.queued') >= 1, LIMIT_MS, 'one waits');
    const [queued] = await of(world, 'schedule.queued');
    world.crash();
    await world.catchUpInvariants();
    world.start();
    await world.until(() => countOf(world, 'schedule.started') >= 2, LIMIT_MS, 'its run');
    const started = await of(world, 'schedule.started');
    expect(started[1]?.dueAt).toBe(queued?.dueAt);
  });
});

describe('a clock that jumps', () => {
  it('ahead: seen within a minute, times in between are missed', async () => {
    const world = await servingWorld();
    void add(world, { every: '10m', catchUp: 'last' });
    await world.until(() => countOf(world, 'schedule.created') === 1, LIMIT_MS, 'it is set up');
    world.clockAheadMs = 35 * MINUTE;
    const jumpedAt = world.time.now;
    await world.until(() => countOf(world, 'schedule.started') === 1, LIMIT_MS, 'the last of them');
    expect(world.time.now - jumpedAt).toBeLessThan(MINUTE + 1_000);
    expect(await of(world, 'schedule.skipped')).toMatchObject([{ count: 2, reason: 'missed' }]);
  });

  it('back: no time starts twice', async () => {
    const world = await servingWorld();
    void add(world, { every: '1m', catchUp: 'all' });
    await world.until(() => countOf(world, 'schedule.started') >= 3, LIMIT_MS, 'three runs');
    world.clockAheadMs = -5 * MINUTE;
    const jumpedAt = world.time.now;
    await world.until(() => countOf(world, 'schedule.started') >= 5, LIMIT_MS, 'two more');
    const times = await startedTimes(world);
    expect(times.map((time) => time - (times[0] ?? 0))).toEqual(times.map((_, i) => i * MINUTE));
    expect(world.time.now - jumpedAt).toBeGreaterThan(6 * MINUTE);
  });
});

describe('pause, resume, withdraw', () => {
  async function settled<T>(world: World, asked: Promise<T>): Promise<T> {
    let result: { value: T } | { error: unknown } | undefined;
    asked.then(
      (value) => {
        result = { value };
      },
      (error: unknown) => {
        result = { error };
      },
    );
    await world.until(() => result !== undefined, LIMIT_MS, 'an answer');
    if (result !== undefined && 'value' in result) return result.value;
    throw (result as { error: unknown }).error;
  }

  it('a pause lets times pass; after it the next one counts', async () => {
    const world = await servingWorld();
    await settled(world, add(world, { every: '10s', catchUp: 'all' }));
    const paused = await settled(world, world.schedule({ type: 'pause', name: 's' }));
    expect(paused).toMatchObject({ status: 'paused', next: [] });
    const until = world.time.now + MINUTE;
    let isLater = false;
    world.plan(MINUTE, () => {
      isLater = true;
    });
    await world.until(() => isLater, LIMIT_MS, 'a minute');
    expect(countOf(world, 'schedule.started')).toBe(0);
    await settled(world, world.schedule({ type: 'resume', name: 's' }));
    await world.until(() => countOf(world, 'schedule.started') === 1, LIMIT_MS, 'a run');
    expect((await startedTimes(world))[0]).toBeGreaterThan(until);
  });

  it('the same again changes nothing, another of that name is a conflict unless it replaces', async () => {
    const world = await servingWorld();
    const first = await settled(world, add(world, { every: '10s' }));
    const again = await settled(
      world,
      world.schedule({
        type: 'add',
        name: 's',
        schedule: { every: '10s' },
        request: { workflow: quick },
      }),
    );
    expect(again).toMatchObject({ streamVersion: first['streamVersion'] as number });
    const other = {
      ...{ type: 'add', name: 's', schedule: { cron: '0 0 * * *' } },
      request: { workflow: quick },
    };
    await expect(settled(world, world.schedule(other))).rejects.toMatchObject({
      code: 'schedule.conflict',
    });
    const replaced = await settled(world, world.schedule({ ...other, replace: true }));
    expect(replaced).toMatchObject({ status: 'active', schedule: { cron: '0 0 * * *' } });
  });

  it('one that was withdrawn is not there; its name can be used again, and starts new runs', async () => {
    const world = await servingWorld();
    await settled(world, add(world, { every: '2s' }));
    await world.until(() => countOf(world, 'schedule.started') >= 1, LIMIT_MS, 'a run');
    const removal = { id: 'x', type: 'remove', name: 's' };
    await settled(world, world.schedule(removal));
    expect(await settled(world, world.schedule(removal))).toMatchObject({ status: 'removed' });
    await expect(
      settled(world, world.schedule({ type: 'pause', name: 's' })),
    ).rejects.toMatchObject({ code: 'schedule.not-found' });
    const again = {
      type: 'add',
      name: 's',
      schedule: { every: '2s' },
      request: { workflow: quick },
    };
    await settled(world, world.schedule(again));
    const before = countOf(world, 'schedule.started');
    await world.until(() => countOf(world, 'schedule.started') > before, LIMIT_MS, 'a new run');
    await startedTimes(world);
  });

  it('a large request is kept beside the log; a run that is refused is told, and the schedule goes on', async () => {
    const world = await servingWorld();
    const workflow = { ...quick, inputs: { text: { type: 'string' } } };
    const request = { workflow, input: { text: 'x'.repeat(100_000) } };
    const schedule = { every: '2s' };
    await settled(world, world.schedule({ type: 'add', name: 's', schedule, request }));
    await world.until(() => countOf(world, 'schedule.started') >= 1, LIMIT_MS, 'a run');
    const [created] = await of(world, 'schedule.created');
    expect(JSON.stringify(created).length).toBeLessThan(2_000);
    await world.log.blobs.sweep({ marked: new Set(), olderThanMs: -1 });
    await world.until(() => countOf(world, 'schedule.startFailed') >= 2, LIMIT_MS, 'refusals');
    expect((await of(world, 'schedule.startFailed'))[0]).toMatchObject({
      error: { code: 'blob.not-found' },
    });
    const shown = await settled(world, world.schedule({ type: 'get', name: 's' }));
    expect(shown).toMatchObject({ status: 'active' });
  });
});
