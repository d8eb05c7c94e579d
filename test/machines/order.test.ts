/**
 * A turn has a bound, so its commit may end in the middle. Whoever goes on from there, from the events or from a snapshot,
 * decides the same next step as the one who was there all the time, with the same order of everything that is left.
 * Size: a generator of workflows with everything that has an order, and the comparison.
 */

import { describe, expect, it } from 'vitest';
import { foldedCells } from '../../src/machines/cell.ts';
import { advance } from '../../src/machines/run/advance.ts';
import type { Activation, RunAggregate } from '../../src/machines/run/aggregate.ts';
import { mayStartAttempts, mayStartChildren } from '../../src/machines/run/decide.ts';
import { restoreRun, snapshotOf } from '../../src/machines/run/snapshot.ts';
import { compileWorkflow } from '../../src/workflow/parse.ts';
import type { JsonObject, JsonValue } from '../../src/workflow/value.ts';
import fc from '../support/property.ts';
import { seededRandom } from '../support/seeded.ts';
import { foldRecorded, PureRun } from './pure-run.ts';

const NONE: ReadonlySet<string> = new Set();
const MAX_MESSAGES = 60;
const SLOTS = 3;

/** Everything that has an order and decides what comes next. */
function ordersOf(run: RunAggregate) {
  const ids = (list: Iterable<Activation>) => [...list].map(({ id }) => id);
  return {
    runnable: [...run.runnable],
    skippable: [...run.skippable],
    due: [...(run.flow?.due ?? [])],
    signals: [...run.signals.due],
    children: ids(run.startingChildren),
    startable: ids(run.steering.startable),
    withdrawals: [...run.steering.withdrawals.keys()],
    locked: run.steering.stored()?.mutexes.waiting ?? [],
    unhandled: [...run.unhandled],
    expansions: ids(run.expansions),
  };
}

/** The ready list from the first to the last; empties it. */
function drained(run: RunAggregate): string[] {
  const order: string[] = [];
  for (let head = run.ready.first(NONE); head !== undefined; head = run.ready.first(NONE)) {
    order.push(head.activation);
    run.ready.remove(head.activation);
  }
  return order;
}

/** What is decided next, as `type taskId` lines. */
function nextOf(run: RunAggregate, { now, slots }: { now: number; slots: number }): string[] {
  for (;;) {
    const decision = advance(run, { now, random: 0 });
    if (decision.kind === 'settled') run.expansions.delete(decision.activation);
    else if (decision.kind !== 'events') throw new Error(decision.kind);
    else if (decision.events.length === 0) break;
    else
      return decision.events.map(({ type, data }) =>
        [type, (data as { taskId?: string }).taskId].filter(Boolean).join(' '),
      );
  }
  const child = run.startingChildren.values().next();
  if (!child.done && mayStartChildren(run)) return [`task.waiting ${child.value.id}`];
  const head =
    mayStartAttempts(run) && run.slots < slots ? run.ready.first(NONE)?.activation : undefined;
  return head === undefined ? [] : [`task.started ${head}`];
}

interface Boundary {
  version: number;
  message: number;
  now: number;
  /** Where at most one thing is left there is no order. */
  isOrdered: boolean;
  snapshot: string;
  orders: ReturnType<typeof ordersOf>;
}

interface Play {
  run: PureRun;
  boundaries: Boundary[];
}

/** A run of which each place is noted where a commit may end; `send` is one message. */
function observed(workflow: JsonObject): Play & { send(say: (run: PureRun) => void): void } {
  const boundaries: Boundary[] = [];
  let message = 0;
  const run = new PureRun(workflow, {
    slots: SLOTS,
    onStep: (stepped) => {
      const { definition } = stepped.run.plan;
      const orders = ordersOf(stepped.run);
      const lists = [...Object.values(orders), { length: stepped.run.ready.size }];
      boundaries.push({
        version: stepped.history.length,
        message,
        now: stepped.now,
        isOrdered: lists.some(({ length }) => length > 1),
        snapshot: JSON.stringify(snapshotOf(stepped.run, { definition })),
        orders,
      });
    },
  });
  const send = (say: (run: PureRun) => void): void => {
    message += 1;
    say(run);
  };
  return { run, boundaries, send };
}

/** Plays messages in an order drawn from the seed. */
function play(workflow: JsonObject, seed: number): Play {
  const { run, boundaries, send } = observed(workflow);
  const random = seededRandom(seed);
  const pick = <Item>(items: readonly Item[]): Item =>
    items[Math.floor(random() * items.length)] as Item;
  for (let count = 0; count < MAX_MESSAGES; count += 1) {
    const open = [...run.run.open].filter(
      ({ state }) => state !== 'scheduled' && state !== 'expanded',
    );
    if (open.length === 0 || ['succeeded', 'failed', 'canceled'].includes(run.state)) break;
    if (random() < 0.1) send(() => run.command({ type: 'signal', name: 'go', payload: 1 }));
    send(() => act(run, pick(open), random()));
  }
  return { run, boundaries };
}

function act(run: PureRun, { id, state, child, node }: Activation, chance: number): void {
  const isTimed = state === 'backoff' || (state === 'waiting' && child === undefined);
  if (isTimed && node.task.wait?.kind === 'signal') run.command({ type: 'signal', name: 'go' });
  else if (isTimed) run.fire(id);
  else if (state === 'canceling' && child === undefined) run.fail(id);
  else if (child !== undefined)
    run.childEnds(
      id,
      chance < 0.3
        ? { status: 'failed', error: { code: 'x', message: '', retryable: true } }
        : { status: 'succeeded', output: 1 },
    );
  else if (chance < 0.3) run.fail(id);
  else run.succeed(id, chance);
}

async function restored({ plan }: RunAggregate, { snapshot }: Boundary): Promise<RunAggregate> {
  const state = JSON.parse(snapshot) as JsonValue;
  const definitionOf = () => Promise.resolve(plan.definition);
  return (await restoreRun(state, { cells: foldedCells, definitionOf })).run;
}

async function expectSameOrders({ run, boundaries }: Play): Promise<void> {
  for (const [index, boundary] of boundaries.entries()) {
    if (!boundary.isOrdered) continue;
    const { version, now, orders } = boundary;
    const following = boundaries[index + 1];
    const isLast = following?.message !== boundary.message;
    const decided = run.lines(version).slice(0, (following?.version ?? version) - version);
    // Between two boundaries somebody may only have settled that there is nothing to decide.
    if (!isLast && decided.length === 0) continue;
    const wanted = isLast ? [] : decided;
    const ways = {
      folded: foldRecorded(run.history.slice(0, version), foldedCells),
      restored: await restored(run.run, boundary),
    };
    const ready: string[][] = [];
    for (const [way, again] of Object.entries(ways)) {
      const found = ordersOf(again);
      // What was settled is asked again, and settled again: that decides nothing.
      const expansions = found.expansions.filter((id) => orders.expansions.includes(id));
      expect({ ...found, expansions }, `${way} at version ${version}`).toEqual(orders);
      const next = nextOf(again, { now, slots: SLOTS });
      expect(next, `${way}, next after version ${version}`).toEqual(wanted);
      ready.push(drained(again));
    }
    expect(ready[1], `ready after version ${version}`).toEqual(ready[0]);
  }
}

const inner: JsonObject = { name: 'inner', tasks: [{ id: 'work', agent: 'echo' }] };

const anyTask = (index: number): fc.Arbitrary<JsonObject> =>
  fc
    .record({
      kind: fc.constantFrom('agent', 'agent', 'foreach', 'timer', 'child', 'pass', 'signal'),
      dependencies: fc.subarray(
        Array.from({ length: index }, (_, at) => `t${at}`),
        { maxLength: Math.min(2, index) },
      ),
      trigger: fc.constantFrom('all_success', 'all_done', 'one_success', 'activated', 'each'),
      isConditionFalse: fc.integer({ min: 0, max: 9 }).map((number) => number === 0),
      retries: fc.boolean(),
      repeat: fc.constantFrom(undefined, undefined, { max: 2 }, { max: 3, delay: 1 }),
      emit: fc.constantFrom(undefined, undefined, undefined, 2),
      mutex: fc.constantFrom(undefined, undefined, 'm', 'n'),
      region: fc.constantFrom(undefined, undefined, undefined, 'room'),
    })
    .map((task) => sourceOf(index, task));

function sourceOf(
  index: number,
  task: {
    kind: string;
    dependencies: string[];
    trigger: string;
    isConditionFalse: boolean;
    retries: boolean;
    repeat: JsonObject | undefined;
    emit: number | undefined;
    mutex: string | undefined;
    region: string | undefined;
  },
): JsonObject {
  const { kind, dependencies, repeat, emit, mutex, region } = task;
  const kinds: Record<string, JsonObject> = {
    timer: { wait: { timer: 2 } },
    signal: { wait: { signal: 'go' } },
    child: { workflow: 'inner' },
    pass: { pass: true },
    foreach: { agent: 'echo', foreach: [1, 2, 3], max_parallel: 2 },
    agent: { agent: 'echo' },
  };
  const works = kind === 'agent' || kind === 'foreach' || kind === 'child';
  return {
    id: `t${index}`,
    ...kinds[kind],
    dependencies,
    ...(dependencies.length === 0 ? {} : { trigger: task.trigger }),
    ...(task.isConditionFalse ? { condition: 'false' } : {}),
    ...(task.retries && works ? { retry: { max_attempts: 2, delay: 1 } } : {}),
    ...(repeat === undefined ? {} : { repeat }),
    ...(emit === undefined ? {} : { emit }),
    ...(mutex === undefined ? {} : { mutex }),
    ...(region === undefined ? {} : { region }),
  };
}

const anyWorkflow: fc.Arbitrary<JsonObject> = fc
  .integer({ min: 2, max: 8 })
  .chain((count) =>
    fc.record({
      tasks: fc.tuple(...Array.from({ length: count }, (_, index) => anyTask(index))),
      onFailure: fc.constantFrom('stop', 'continue'),
    }),
  )
  .map(({ tasks, onFailure }) => ({
    name: 'random',
    settings: { on_failure: onFailure, max_parallel: 4 },
    regions: { room: { mutex: 'r' } },
    workflows: { inner },
    tasks,
  }))
  .filter((source) => compileWorkflow(source).definition !== undefined);

describe('the order of what comes next', () => {
  it('is the same for who was there, who folds the events and who has a snapshot, after every step', async () => {
    await fc.assert(
      fc.asyncProperty(anyWorkflow, fc.integer({ min: 1, max: 2 ** 31 }), (workflow, seed) =>
        expectSameOrders(play(workflow, seed)),
      ),
      { numRuns: 60 },
    );
  });

  it('of threads of one task is that of their rounds, whenever they became ready', async () => {
    const workflow: JsonObject = {
      name: 'threads',
      settings: { max_parallel: 10 },
      tasks: [
        { id: 'split', agent: 'echo', emit: 3 },
        {
          id: 'work',
          agent: 'echo',
          dependencies: ['split'],
          trigger: 'each',
          retry: { max_attempts: 2, delay: 1 },
        },
      ],
    };
    const run = new PureRun(workflow, { slots: 3 });
    run.succeed('split');
    for (const id of ['work', 'work@2', 'work@3']) run.fail(id);
    run.slots = 0;
    for (const id of ['work@3', 'work', 'work@2']) run.fire(id);
    expect(drained(foldRecorded(run.history, foldedCells))).toEqual(['work', 'work@2', 'work@3']);
  });

  it('of instances that are completed is that in which they were named, whoever was asked before', async () => {
    const each = { agent: 'echo', foreach: [1, 2, 3], max_parallel: 1 };
    const { run, boundaries, send } = observed({
      name: 'both',
      settings: { max_parallel: 10 },
      tasks: [
        { id: 'a', ...each },
        { id: 'b', ...each },
        { id: 'done', agent: 'echo', complete: ['b', 'a'] },
      ],
    });
    send(() => run.succeed('done'));
    expect(boundaries.some(({ orders }) => orders.expansions.join() === 'b,a')).toBe(true);
    await expectSameOrders({ run, boundaries });
  });

  it('of those who wait for a mutex is that of coming, also where one was made before and came later', async () => {
    const workflow: JsonObject = {
      name: 'queue',
      settings: { max_parallel: 10 },
      tasks: [
        { id: 'early', agent: 'echo', mutex: 'm', repeat: { max: 2, delay: 5 } },
        { id: 'blocker', agent: 'echo', mutex: 'm' },
        { id: 'first', agent: 'echo' },
        { id: 'late', agent: 'echo', mutex: 'm', dependencies: ['first'] },
      ],
    };
    const run = new PureRun(workflow);
    run.succeed('early');
    expect(run.last('task.started').taskId).toBe('blocker');
    run.succeed('first');
    run.fire('early@2');
    expect(ordersOf(run.run).locked).toEqual(['late', 'early@2']);
    const { definition } = run.run.plan;
    const state = snapshotOf(run.run, { definition });
    const boundary = { snapshot: JSON.stringify(state) } as Boundary;
    const again = await restored(run.run, boundary);
    expect(ordersOf(again).locked).toEqual(ordersOf(run.run).locked);
  });
});
