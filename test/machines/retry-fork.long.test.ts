/** What goes back by a retry and what comes back by a fork meet: forks of retried runs, and retries of forks. */
import { describe, expect, it } from 'vitest';
import { foldedCells, liveCells } from '../../src/machines/cell.ts';
import type { JsonObject } from '../../src/workflow/value.ts';
import { seededRandom } from '../support/seeded.ts';
import { agent, finish, workflow } from './play.ts';
import {
  digestOf,
  expectSnapshotsToAgree,
  foldRecorded,
  type PureOptions,
  PureRun,
} from './pure-run.ts';

const NEVER = { retryable: false };
const MAX_STEPS = 300;
const MAX_FAILURES = 3;
/** So many forks are folded anew after each event, and from a snapshot at each. */
const FOLDED = 2;

const plans: Record<string, JsonObject> = {
  'a chain with instances': {
    tasks: [
      agent('a'),
      agent('each', { foreach: '${[1, 2, 3]}', dependencies: ['a'] }),
      agent('side', { dependencies: ['a'] }),
      agent('end', { dependencies: ['each', 'side'] }),
    ],
  },
  'hooks and a detached foreach': {
    tasks: [
      agent('each', { foreach: '${[1, 2]}', detach: true }),
      agent('after', { dependencies: ['each'] }),
    ],
    hooks: { on_start: [agent('first')], on_complete: [agent('last')] },
  },
  'a mutex': {
    tasks: [
      agent('one', { mutex: 'm' }),
      agent('each', { foreach: '${[1, 2]}', mutex: 'm' }),
      agent('end', { dependencies: ['one', 'each'] }),
    ],
  },
  'a cycle with an exit': {
    tasks: [agent('draft'), agent('review'), agent('publish'), agent('side')],
    edges: [
      { from: 'draft', to: 'review' },
      { from: 'review', to: 'draft', condition: 'review.output < 2', loop: { max: 3 } },
      { from: 'review', to: 'publish', condition: 'review.output == 2' },
    ],
  },
};

/** The number of the round is what a task gives. */
const outputOf = (activation: string): number => Number(/@(\d+)/.exec(activation)?.[1] ?? 1);

function expectFoldsToAgree(run: PureRun): void {
  const now = digestOf(run.run);
  expect(digestOf(foldRecorded(run.history, foldedCells))).toEqual(now);
  expect(digestOf(foldRecorded(run.history, liveCells))).toEqual(now);
}

/** Plays a run to its success: what fails on the way is tried again. */
function play(
  run: PureRun,
  { random, failures }: { random: () => number; failures: number },
): PureRun {
  let left = failures;
  for (let step = 0; step < MAX_STEPS && run.state !== 'succeeded'; step += 1) {
    if (run.state === 'failed') run.command({ type: 'retry' });
    if (run.rejection !== undefined) throw new Error(run.rejection.message);
    const open = [...run.run.open].filter(
      ({ state }) => state === 'running' || state === 'canceling',
    );
    const next = open[Math.floor(random() * open.length)];
    if (next === undefined) break;
    if (next.state === 'canceling') run.fail(next.id, { code: 'task.canceled' });
    else if (
      left > 0 &&
      next.node.task.hook === undefined &&
      (left === failures || random() < 0.4)
    ) {
      left -= 1;
      run.fail(next.id, NEVER);
    } else run.succeed(next.id, outputOf(next.id));
  }
  return run;
}

/** What a run has done, whatever it took. */
function done(run: PureRun): unknown {
  const tasks = Object.entries(run.report().tasks).map(([id, { status, output, rounds }]) => ({
    ...{ id, status, output, rounds },
  }));
  return { state: run.state, tasks };
}

/** Attempts of one activation never have one number twice, whatever runs they belong to. */
function expectNewNumbers(run: PureRun): void {
  const last = new Map<string, number>();
  for (const { event } of run.history) {
    if (event.type !== 'task.scheduled' && event.type !== 'task.started') continue;
    const { taskId, attempt } = event.data;
    const isNext = event.type === 'task.scheduled';
    const before = last.get(taskId) ?? 0;
    expect(attempt, `${event.type} ${taskId}`).toBeGreaterThanOrEqual(isNext ? before + 1 : before);
    last.set(taskId, attempt);
  }
}

function forked(
  origin: PureRun,
  options: { at?: number; data?: JsonObject; isFolded?: boolean } = {},
): PureRun {
  const { at = origin.history.length, data = {}, isFolded = true } = options;
  const onStep: PureOptions = isFolded ? { onStep: expectFoldsToAgree } : {};
  return new PureRun({}, { forkOf: { history: origin.history, at, data }, ...onStep });
}

describe.each(Object.entries(plans))('%s', (_name, plan) => {
  describe.each(['stop', 'continue'])('on_failure: %s', (mode) => {
    const definition = { name: 'x', settings: { max_parallel: 9, on_failure: mode }, ...plan };
    const expected = done(play(new PureRun(definition), { random: seededRandom(1), failures: 0 }));

    it.each([1, 2])(
      'a retried run, forked at every other version and retried again, seed %i',
      async (seed) => {
        const random = seededRandom(seed);
        const origin = play(new PureRun(definition), { random, failures: MAX_FAILURES });
        expect(done(origin)).toEqual(expected);
        expect(origin.lines()).toContain('run.retried');
        for (let at = seed; at <= origin.history.length; at += 2) {
          const isFolded = at % (2 * Math.ceil(origin.history.length / FOLDED / 2)) === seed;
          const fork = forked(origin, { at, isFolded });
          play(fork, { random, failures: at % 3 });
          expect(done(fork), `forked at version ${at}`).toEqual(expected);
          expectNewNumbers(fork);
          if (isFolded) await expectSnapshotsToAgree(fork.history);
        }
      },
    );
  });
});

describe('a fork of a retried run', () => {
  it('goes on with what was reset and had not begun again', async () => {
    const origin = new PureRun(
      workflow([
        agent('a'),
        agent('b', { dependencies: ['a'] }),
        agent('c', { dependencies: ['b'] }),
      ]),
    );
    origin.succeed('a');
    origin.fail('b', NEVER);
    origin.command({ type: 'retry' });
    const retriedAt = origin.lines().indexOf('run.retried') + 1;
    const run = forked(origin, { at: retriedAt });
    expect(run.lines()).toEqual([
      'run.forked',
      'task.reset b',
      'task.reset c',
      'task.scheduled b',
      'task.started b',
    ]);
    expect(run.last('task.scheduled')).toMatchObject({ attempt: 2, retryBase: 1 });
    const later = forked(origin);
    expect(later.last('task.scheduled')).toMatchObject({
      taskId: 'b',
      attempt: 3,
      retryBase: 2,
    });
    expect(finish(later)).toEqual(['b', 'c']);
    expect(finish(run)).toEqual(['b', 'c']);
  });

  it('may set the output of what was reset, and of what came back', () => {
    const each = agent('each', { foreach: '${[1, 2]}' });
    const origin = new PureRun(workflow([each, agent('end', { dependencies: ['each'] })]));
    origin.fail('each~0', NEVER);
    origin.succeed('each~1', 'kept');
    expect(origin.state).toBe('failed');
    origin.command({ type: 'retry' });
    const run = forked(origin, { data: { overrides: { outputs: { 'each~0': 'set' } } } });
    expect(finish(run)).toEqual(['end']);
    expect(run.report().tasks['each']?.output).toEqual(['set', 'kept']);
  });

  it('begins again what a hard pause was interrupting, and has no names of its origin', () => {
    const origin = new PureRun(workflow([agent('a')]));
    origin.command({ type: 'checkpoint', name: 'here' });
    origin.command({ type: 'pause', hard: true });
    expect(origin.run.activations.get('a')?.resumes).toBe(true);
    const run = forked(origin);
    expect(run.report().checkpoints).toBeUndefined();
    expect(run.lines()).toEqual(['run.forked', 'task.scheduled a', 'task.started a']);
    run.command({ type: 'checkpoint', name: 'here' });
    expect(run.rejection).toBeUndefined();
    expect(finish(run)).toEqual(['a']);
  });
});

describe('a retry of a fork', () => {
  it('begins again what came back and was skipped because the fork stopped', () => {
    const origin = new PureRun(
      workflow([agent('each', { foreach: '${[1, 2, 3]}' }), agent('busy')]),
    );
    origin.succeed('each~1', 'kept');
    const run = forked(origin, { data: { dueAt: 1 } });
    expect(run.expire()).toContain('run.stopping');
    for (const { id } of [...run.run.open]) {
      if (run.run.activations.get(id)?.state === 'canceling' && !id.startsWith('each~')) continue;
      run.fail(id, { code: 'task.canceled' });
    }
    for (const { id, state } of [...run.run.open])
      if (state === 'canceling') run.fail(id, { code: 'task.canceled' });
    expect(run.state).toBe('failed');
    run.command({ type: 'retry' });
    expect(finish(run, (id) => id).sort()).toEqual(['busy', 'each~0', 'each~2']);
    expect(run.state).toBe('succeeded');
    expect(run.report().tasks['each']?.output).toEqual(['each~0', 'kept', 'each~2']);
  });

  it('tells who depends on a detached foreach that waited for its turn in the origin', () => {
    const each = agent('each', { foreach: '${[1]}', detach: true, mutex: 'm' });
    const origin = new PureRun(
      workflow([agent('one', { mutex: 'm' }), each, agent('end', { dependencies: ['each'] })]),
    );
    const run = forked(origin);
    expect(run.attempt('each')).toBe(2);
    expect(finish(run)).toEqual(['one', 'end', 'each~0']);
    expect(run.state).toBe('succeeded');
  });
});
