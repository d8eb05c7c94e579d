/**
 * Random commands, legal and illegal, and random agents, against a small model of the run's chart: what the model refuses
 * is refused with `run.conflict` and changes nothing, what it takes leads where it says. Patches are among the commands:
 * what stands in their way depends on the tasks, so they may be refused for that as well. After each message the run is
 * folded anew from its history, as after a crash, and has to be the same; at the end also from a snapshot at each event.
 */
import { expect, it } from 'vitest';
import { foldedCells } from '../../src/machines/cell.ts';
import { endedRunStates, type RunState } from '../../src/machines/run/machine.ts';
import type { JsonObject } from '../../src/workflow/value.ts';
import { seededRandom } from '../support/seeded.ts';
import { agent, workflow } from './play.ts';
import { digestOf, expectSnapshotsToAgree, foldRecorded, PureRun } from './pure-run.ts';

const SEEDS = 60;
const STEPS = 60;

const workflows = [
  workflow([
    agent('a', { retry: { max_attempts: 2, delay: 1 } }),
    agent('b', { dependencies: ['a'] }),
    agent('c', { dependencies: ['a'], trigger: 'all_done' }),
    { id: 'ask', wait: { approval: {} } },
  ]),
  workflow(
    [
      agent('each', { foreach: '${[1, 2, 3]}', max_parallel: 2, mutex: 'm' }),
      agent('loop', { repeat: { until: 'loop.output == 2', max: 3 }, mutex: 'm' }),
      agent('end', { dependencies: ['each', 'loop'] }),
    ],
    { settings: { max_parallel: 3, on_failure: 'continue' } },
  ),
  workflow([agent('a', { compensate: { agent: 'echo' } }), agent('b', { dependencies: ['a'] })], {
    settings: { max_parallel: 3, on_failure: 'compensate' },
    hooks: {
      on_start: [agent('first', { on_failure: 'fail' })],
      on_failure: [agent('sorry')],
      on_complete: [agent('last')],
    },
  }),
];

const all: readonly RunState[] = [
  ...([
    'pending',
    'running',
    'paused',
    'stopping',
    'compensating',
    'canceling',
    'finishing',
  ] as const),
  ...endedRunStates,
];
const live = all.filter((state) => !endedRunStates.has(state));

/** By command: the states in which it is taken, and those that it may lead to (any, where none are named). */
const model: Record<
  string,
  { in: readonly RunState[]; to?: readonly RunState[]; mayRefuse?: true }
> = {
  start: { in: live },
  pause: { in: ['running', 'paused'], to: ['paused'] },
  resume: {
    in: ['running', 'paused'],
    to: ['running', 'stopping', 'finishing', 'succeeded', 'failed'],
  },
  step: { in: ['pending', 'paused'], mayRefuse: true },
  complete: { in: ['running', 'paused'], mayRefuse: true },
  cancel: {
    in: ['pending', 'running', 'paused', 'stopping', 'canceling'],
    to: ['canceling', 'finishing', 'canceled'],
  },
  terminate: { in: live, to: ['canceled'] },
  retry: { in: ['failed'], to: ['running'], mayRefuse: true },
  checkpoint: { in: live },
  release: { in: [] },
  signal: { in: live },
  adapt: { in: ['pending', 'running', 'paused'], mayRefuse: true },
};

const commands: JsonObject[] = [
  { type: 'start' },
  { type: 'pause' },
  { type: 'pause', hard: true },
  { type: 'resume' },
  { type: 'step' },
  { type: 'complete' },
  { type: 'cancel' },
  { type: 'terminate' },
  { type: 'retry' },
  { type: 'checkpoint' },
  { type: 'release' },
  { type: 'signal', name: 'x' },
];

const extra = { agent: 'echo', dependencies: ['a'], trigger: 'all_done' };
const again = { agent: 'echo', repeat: { until: 'again.output == 2', max: 3 }, mutex: 'm' };
const general: JsonObject[] = [
  { tasks: { again } },
  { tasks: { again: null } },
  { settings: { max_parallel: 1 } },
  { settings: { max_parallel: 5, timeout: '2d' } },
  { settings: { on_failure: 'continue' } },
  { hooks: { on_complete: [{ id: 'bye', agent: 'echo' }] } },
];
/** By workflow. */
const patches: JsonObject[][] = [
  [
    { tasks: { extra } },
    { tasks: { extra: { ...extra, trigger: 'one_failed' } } },
    { tasks: { extra: { ...extra, dependencies: ['b'], repeat: { max: 2 } } } },
    { tasks: { extra: null } },
    { tasks: { again, b: { parameters: { n: 2 }, dependencies: ['a', 'again'] } } },
    { tasks: { b: { parameters: { n: 1 }, dependencies: [] } } },
    { tasks: { c: { dependencies: ['a', 'b'], mutex: 'm' } } },
    { tasks: { c: null } },
    { tasks: { ask: null } },
    { tasks: { late: { wait: { approval: {} }, dependencies: ['ask', 'c'] } } },
  ],
  [
    { tasks: { end: { dependencies: ['each'], foreach: '${[1, 2]}' } } },
    { tasks: { end: { dependencies: ['loop'], trigger: 'all_done' } } },
    { tasks: { end: null } },
    { tasks: { behind: { agent: 'echo', dependencies: ['each'], trigger: 'one_failed' } } },
    { tasks: { again: { ...again, dependencies: ['end'] } } },
    { tasks: { behind: { agent: 'echo', dependencies: ['loop'], emit: 2 } } },
  ],
  [
    { tasks: { extra } },
    { tasks: { extra: { ...extra, compensate: { agent: 'echo' } } } },
    { tasks: { b: { compensate: { agent: 'echo' }, dependencies: [] } } },
    { tasks: { b: null } },
    { hooks: { on_failure: [] } },
    { hooks: { on_success: [{ id: 'cheer', agent: 'echo' }] } },
  ],
];

/** A patch, or one taken back; some are only tried, or made for another version. */
function adaptation(random: () => number, own: readonly JsonObject[]): JsonObject {
  const more: JsonObject =
    random() < 0.1 ? { dryRun: true } : random() < 0.1 ? { expectedVersion: 1 } : {};
  const what: JsonObject =
    random() < 0.25 ? { undo: true } : { patch: pick(random, [...own, ...general]) };
  return { type: 'adapt', ...what, ...more };
}

/** What ends runs comes less often than what keeps them going. */
const rare: ReadonlySet<unknown> = new Set(['cancel', 'terminate', 'complete']);

function pick<Entry>(random: () => number, list: readonly Entry[]): Entry {
  return list[Math.floor(random() * list.length)] as Entry;
}

function say(run: PureRun, command: JsonObject): void {
  const before = run.state;
  const version = run.run.streamVersion;
  const rule = model[String(command['type'])];
  run.command(command);
  const { rejection } = run;
  const isTaken = rule?.in.includes(before) === true;
  const where = `${JSON.stringify(command)} in ${before}`;
  if (rejection === undefined) {
    expect(isTaken, where).toBe(true);
    if (rule?.to !== undefined) expect(rule.to, where).toContain(run.state);
    return;
  }
  expect(isTaken && rule?.mayRefuse !== true, `${where}: ${rejection.message}`).toBe(false);
  expect(run.run.streamVersion, where).toBe(version);
  if (isTaken && rejection.code.startsWith('adapt.')) {
    const status = rejection.code === 'adapt.conflict' ? 409 : 422;
    expect(rejection.status, where).toBe(status);
    expect(rejection.details?.['problems'], where).not.toEqual([]);
    return;
  }
  expect(rejection, where).toMatchObject({ code: 'run.conflict', status: 409 });
  const possible = rejection.details?.['possible'] as string[];
  for (const type of possible.filter((each) => each in model))
    expect(model[type]?.in, `${where} named ${type}`).toContain(before);
}

/** Something that an agent, a person or the time does. */
function happen(run: PureRun, random: () => number): void {
  const open = pick(random, [...run.run.open]);
  if (open === undefined) return;
  const { id, state, wait } = open;
  if (wait?.kind === 'approval')
    run.command({ type: random() < 0.7 ? 'approve' : 'reject', task: id, by: 'ann' });
  else if (state === 'backoff') run.fire(id);
  else if (state === 'running' || state === 'canceling') {
    const chance = random();
    const isUndo = id.endsWith('!undo');
    if (chance < 0.55 || isUndo) run.succeed(id, Math.floor(random() * 3));
    else if (chance < 0.75) run.fail(id, { retryable: random() < 0.5 });
    else if (chance < 0.85 && state === 'canceling') run.fire(id);
    else run.lose(id);
  }
}

/** No attempt begins twice; what succeeded succeeds again only after a reset. */
function checkHistory(run: PureRun): void {
  const seen = new Set<string>();
  for (const { event } of run.history) {
    const { taskId, attempt } = event.data as { taskId?: string; attempt?: number };
    if (event.type === 'task.reset') seen.delete(`${taskId} succeeded`);
    const once =
      event.type === 'task.started'
        ? `${taskId}#${attempt}`
        : event.type === 'task.succeeded'
          ? `${taskId} succeeded`
          : undefined;
    if (once === undefined) continue;
    expect(seen.has(once), once).toBe(false);
    seen.add(once);
  }
}

let taken = 0;

it.each(Array.from({ length: SEEDS }, (_, seed) => seed))('seed %i', async (seed) => {
  const random = seededRandom(seed);
  const which = pick(random, [...workflows.keys()]);
  const run = new PureRun(workflows[which] as (typeof workflows)[number], {
    start: random() < 0.8,
  });
  for (let step = 0; step < STEPS; step += 1) {
    run.now += Math.floor(random() * 500);
    const command =
      random() < 0.2 ? adaptation(random, patches[which] ?? []) : pick(random, commands);
    const isRare = rare.has(command['type']) && random() < 0.85;
    if (random() < 0.5 && !isRare) say(run, command);
    else happen(run, random);
    expect(digestOf(foldRecorded(run.history, foldedCells))).toEqual(digestOf(run.run));
  }
  checkHistory(run);
  taken += run.history.filter(({ event }) => event.type === 'run.adapted').length;
  if (!endedRunStates.has(run.state)) say(run, { type: 'terminate' });
  await expectSnapshotsToAgree(run.history);
});

it('many of the patches are taken', () => {
  expect(taken).toBeGreaterThan(SEEDS);
});
