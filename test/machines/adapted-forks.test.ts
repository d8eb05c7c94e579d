/**
 * Forks of runs that were adapted, and forks that are adapted: the plan is the one of the point, and every way of folding
 * and every snapshot gives the same state. What a run forgets and what it counts stays with it.
 */
import { expect, it } from 'vitest';
import { foldedCells, liveCells } from '../../src/machines/cell.ts';
import { evolve } from '../../src/machines/run/evolve.ts';
import type { JsonObject } from '../../src/workflow/value.ts';
import { agent, finish, workflow } from './play.ts';
import { digestOf, foldRecorded, PureRun, type Recorded, restoredAt } from './pure-run.ts';

const chain = workflow([agent('a'), agent('b', { dependencies: ['a'] })]);
const withReview = {
  tasks: { review: { agent: 'echo', dependencies: ['a'], parameters: { n: 1 } } },
};

function fork(origin: { history: readonly Recorded[] }, at: number, data: JsonObject = {}) {
  return new PureRun({}, { forkOf: { history: origin.history, at, data } });
}

function tasksOf(run: PureRun): string[] {
  return run.run.plan.nodes.map(({ task }) => task.id);
}

function openOf(run: PureRun): string {
  return [...run.run.open][0]?.id ?? '';
}

/** After each event the fold is made anew, and goes on from a snapshot at every version. */
async function expectFoldsToAgree(run: PureRun): Promise<void> {
  for (let upTo = 1; upTo <= run.history.length; upTo += 1) {
    const history = run.history.slice(0, upTo);
    const whole = digestOf(foldRecorded(history, foldedCells));
    expect(digestOf(foldRecorded(history, liveCells))).toEqual(whole);
    for (let cut = 1; cut <= upTo; cut += 1) {
      const { run: restored } = await restoredAt(history, cut);
      for (const { event, at, streamVersion } of history.slice(cut))
        evolve(restored, { type: event.type, data: event.data, at, streamVersion });
      expect(digestOf(restored), `version ${upTo}, snapshot at ${cut}`).toEqual(whole);
    }
  }
  expect(digestOf(run.run)).toEqual(digestOf(foldRecorded(run.history, foldedCells)));
}

it('a fork has the plan of its point, at every version of an adapted run', async () => {
  const origin = new PureRun(chain);
  origin.command({ type: 'adapt', patch: withReview });
  const adaptedAt = origin.history.length;
  finish(origin);
  expect(origin.history[adaptedAt - 1]?.event.type).toBe('run.adapted');
  for (let at = 1; at <= origin.history.length; at += 1) {
    const run = fork(origin, at);
    const isAdapted = at >= adaptedAt;
    expect(tasksOf(run), `at version ${at}`).toEqual(isAdapted ? ['a', 'b', 'review'] : ['a', 'b']);
    finish(run);
    expect(run.state).toBe('succeeded');
    expect(Object.keys(run.report().tasks)).toEqual(tasksOf(run));
    await expectFoldsToAgree(run);
  }
});

it('what is set for a fork goes by its plan, and stays when the fork is adapted itself', async () => {
  const origin = new PureRun(chain);
  origin.command({ type: 'adapt', patch: withReview });
  const parameters = { review: [{ path: ['n'], value: 2 }] };
  const run = fork(origin, origin.history.length, { overrides: { parameters } });
  run.command({
    type: 'adapt',
    patch: { tasks: { last: { agent: 'echo', dependencies: ['review'] } } },
  });
  expect(run.rejection).toBeUndefined();
  expect(run.run.fork?.from).toBe('run_1');
  run.succeed('a', 7);
  const started = run.history.filter(({ event }) => event.type === 'task.started');
  expect(started.map(({ event }) => event.data)).toContainEqual(
    expect.objectContaining({ taskId: 'review', parameters: { n: 2 } }),
  );
  finish(run);
  expect(Object.keys(run.report().tasks)).toEqual(['a', 'b', 'review', 'last']);
  await expectFoldsToAgree(run);
});

it('a fork takes back what it changed itself and nothing that its origin changed', async () => {
  const origin = new PureRun(chain);
  origin.command({ type: 'adapt', patch: withReview });
  const run = fork(origin, origin.history.length);
  run.command({ type: 'adapt', undo: true });
  expect(run.rejection?.code).toBe('adapt.conflict');
  run.command({ type: 'adapt', patch: { tasks: { review: { parameters: { n: 3 } } } } });
  run.command({ type: 'adapt', undo: true });
  expect(tasksOf(run)).toEqual(['a', 'b', 'review']);
  expect(run.run.plan.definition.tasks.at(-1)?.parameters).toEqual({ n: 1 });
  await expectFoldsToAgree(run);
});

it('rounds that were forgotten have begun all the same, and stay forgotten', async () => {
  const run = new PureRun({
    name: 'round',
    tasks: [agent('a'), agent('b', { dependencies: ['a'] })],
    edges: [{ from: 'a', to: 'a', condition: 'a.output < 9', loop: { max: 20 } }],
  });
  for (let round = 1; round <= 6; round += 1) run.succeed(openOf(run), round);
  expect(run.run.activations.has('a')).toBe(false);
  const past = run.run.flow?.tasks[0]?.past;
  expect(past).toMatchObject({ from: expect.any(Number) });
  run.command({ type: 'adapt', patch: { tasks: { a: { parameters: { n: 1 } } } } });
  expect(run.rejection?.code).toBe('adapt.conflict');
  run.command({ type: 'adapt', patch: { tasks: { b: { parameters: { n: 1 } } } } });
  expect(run.rejection).toBeUndefined();
  expect(run.run.flow?.tasks[0]?.past).toEqual(past);
  await expectFoldsToAgree(run);
  const other = fork(run, run.history.length);
  other.succeed(openOf(other), 9);
  finish(other);
  expect(other.state).toBe('succeeded');
  await expectFoldsToAgree(other);
});

it('a secret that is declared stays where it is; others are added', () => {
  const task = agent('a', { parameters: { token: '${secrets.token}' } });
  const secrets = { token: { env: 'TOKEN' } };
  const run = new PureRun(workflow([task], { context: { secrets } }));
  const change = (next: JsonObject) =>
    run.command({ type: 'adapt', patch: { context: { secrets: next } } });
  change({ token: { env: 'OTHER' } });
  expect(run.rejection?.details).toMatchObject({
    problems: [{ code: 'adapt.not-supported', path: 'context.secrets.token' }],
  });
  expect(change({ more: { env: 'MORE' } })).toEqual(['run.adapted']);
  expect(run.run.plan.definition.context.secrets).toEqual({ ...secrets, more: { env: 'MORE' } });
});
