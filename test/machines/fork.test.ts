/** A fork at any point of a run begins in the state of that point and goes on from there. */
import { describe, expect, it } from 'vitest';
import { foldedCells, liveCells } from '../../src/machines/cell.ts';
import { evolve } from '../../src/machines/run/evolve.ts';
import type { JsonObject } from '../../src/workflow/value.ts';
import fc from '../support/property.ts';
import { agent, finish, workflow } from './play.ts';
import { digestOf, foldRecorded, PureRun, type Recorded, restoredAt } from './pure-run.ts';
import { lockedWorkflow, RandomPlay, scriptedWorkflow, taskName } from './random-workflows.ts';
import { interpret } from './reference.ts';

const seed = fc.integer({ min: 1, max: 2 ** 31 });

/** A point after which nothing of its decision is missing: the skip that a failure becomes stands behind it. */
function isWhole(history: readonly Recorded[], at: number): boolean {
  const next = history[at]?.event;
  return !(next?.type === 'task.skipped' && next.data.reason === 'on_failure');
}

function fork(
  origin: { history: readonly Recorded[] },
  at = origin.history.length,
  data: JsonObject = {},
): PureRun {
  return new PureRun({}, { forkOf: { history: origin.history, at, data } });
}

/** Both ways of folding, and the fold from a snapshot at every version, give the same state. */
async function expectFoldsToAgree(run: PureRun): Promise<void> {
  const whole = digestOf(run.run);
  expect(digestOf(foldRecorded(run.history, foldedCells))).toEqual(whole);
  expect(digestOf(foldRecorded(run.history, liveCells))).toEqual(whole);
  for (let cut = 1; cut <= run.history.length; cut += 1) {
    const { run: restored, before } = await restoredAt(run.history, cut);
    expect(digestOf(restored), `at version ${cut}`).toEqual(digestOf(before));
    for (const { event, at, streamVersion } of run.history.slice(cut))
      evolve(restored, { type: event.type, data: event.data, at, streamVersion });
    expect(digestOf(restored), `from version ${cut}`).toEqual(whole);
  }
}

describe('forks of random runs', () => {
  it('end as the naive interpreter says, from every version, also as forks of forks', async () => {
    await fc.assert(
      fc.asyncProperty(fc.oneof(scriptedWorkflow, lockedWorkflow), seed, async (script, number) => {
        const whole = { ...script, onFailure: 'continue' as const };
        const origin = new RandomPlay(whole, { seed: number }).play();
        const expected = interpret(whole).ends.map((end) =>
          end === 'not activated' ? 'skipped' : end,
        );
        let { history } = origin;
        for (let at = 1; at <= history.length; at += 1) {
          if (!isWhole(history, at)) continue;
          const forkOf = { history, at };
          const run = new RandomPlay(whole, { seed: number + at, forkOf }).play();
          const { tasks } = run.report();
          const ends = whole.tasks.map((_, index) => tasks[taskName(index)]?.status);
          expect(ends, `at version ${at}`).toEqual(expected);
          if (at % 7 === 0) await expectFoldsToAgree(run);
          if (at === 5) history = run.history;
          const first = new RandomPlay(whole, {
            seed: number,
            forkOf: { history: run.history, at: 1 },
          });
          const { tasks: others } = first.play().report();
          const again = whole.tasks.map((_, index) => others[taskName(index)]?.status);
          expect(again, `at the first version of a fork at version ${at}`).toEqual(expected);
        }
      }),
      { numRuns: 30 },
    );
  });
});

// Length: one promise of a fork after the other.
describe('a fork', () => {
  const chain = workflow([
    agent('a'),
    agent('b', { dependencies: ['a'], parameters: { said: '${a.output}', n: 1 } }),
    agent('c', { dependencies: ['b'], parameters: { said: '${b.output}' } }),
  ]);

  it('of a fork that has not gone on begins with what that was to begin with', async () => {
    const origin = new PureRun(chain);
    origin.succeed('a', 'one');
    const again = fork(fork(origin), 1);
    expect(again.lines()).toEqual(['run.forked', 'task.scheduled b', 'task.started b']);
    await expectFoldsToAgree(again);
  });

  it('schedules again what was in hand, and counts its attempts on', () => {
    const origin = new PureRun(chain);
    origin.succeed('a', 'one');
    const run = fork(origin);
    expect(run.lines()).toEqual(['run.forked', 'task.scheduled b', 'task.started b']);
    expect(run.last('task.scheduled')).toMatchObject({ attempt: 2, retryBase: 1 });
    finish(run, (id) => `${id} again`);
    expect(run.report()).toMatchObject({
      runId: 'run_2',
      status: 'succeeded',
      tasks: { a: { output: 'one', attempts: 1 }, b: { output: 'b again', attempts: 2 } },
    });
  });

  it('of a run that has ended goes on where that was', () => {
    const origin = new PureRun(chain);
    finish(origin);
    const before = origin.history.findIndex(
      ({ event }) => event.type === 'task.scheduled' && event.data.taskId === 'c',
    );
    const run = fork(origin, before);
    expect(finish(run)).toEqual(['c']);
    expect(run.state).toBe('succeeded');
    expect(fork(origin).lines()).toEqual(['run.forked', 'run.succeeded']);
  });

  it('takes parameters that were set for it, and leaves its origin alone', () => {
    const origin = new PureRun(chain);
    const overrides = {
      parameters: {
        b: [
          { path: ['n'], value: 2 },
          { path: ['x', 'y'], value: 3 },
        ],
      },
    };
    const run = fork(origin, 1, { overrides });
    run.succeed('a', 'one');
    expect(run.last('task.started').parameters).toEqual({ said: 'one', n: 2, x: { y: 3 } });
    const again = fork(run, run.history.length, {
      overrides: { parameters: { b: [{ path: ['n'], value: 4 }] } },
    });
    expect(again.last('task.started').parameters).toEqual({ said: 'one', n: 4, x: { y: 3 } });
    origin.succeed('a', 'one');
    expect(origin.last('task.started').parameters).toEqual({ said: 'one', n: 1 });
  });

  it('runs again what depends on an output that was set, and nothing else', async () => {
    const origin = new PureRun(
      workflow([
        agent('a'),
        agent('other'),
        agent('each', { dependencies: ['a'], foreach: '${a.output}' }),
        agent('end', { dependencies: ['each', 'other'] }),
      ]),
    );
    finish(origin, (id) => (id === 'a' ? ['x', 'y'] : id));
    const run = fork(origin, origin.history.length, {
      overrides: { outputs: { a: ['x', 'y', 'z'] } },
    });
    expect(finish(run, (id) => id)).toEqual(['each~0', 'each~1', 'each~2', 'end']);
    expect(run.attempt('each~0')).toBe(2);
    expect(run.attempt('each~2')).toBe(1);
    expect(run.report()).toMatchObject({
      status: 'succeeded',
      tasks: { each: { output: ['each~0', 'each~1', 'each~2'] }, other: { attempts: 1 } },
    });
    await expectFoldsToAgree(run);
  });

  it('may set the output of a task that failed: then it succeeded', async () => {
    const origin = new PureRun(chain);
    origin.succeed('a');
    origin.fail('b', { retryable: false });
    expect(origin.state).toBe('failed');
    const run = fork(origin, origin.history.length, { overrides: { outputs: { b: 'by hand' } } });
    expect(run.last('task.started')).toMatchObject({
      taskId: 'c',
      parameters: { said: 'by hand' },
    });
    finish(run);
    expect(run.state).toBe('succeeded');
    await expectFoldsToAgree(run);
  });

  it('keeps a foreach expanded and begins only its open instances again', async () => {
    const origin = new PureRun(
      workflow([agent('each', { foreach: ['x', 'y', 'z'], parameters: { item: '${item}' } })]),
    );
    origin.succeed('each~1', 'done');
    const run = fork(origin);
    expect(run.lines().filter((line) => line.startsWith('task.started'))).toEqual([
      'task.started each~0',
      'task.started each~2',
    ]);
    finish(run, (id) => id);
    expect(run.report().tasks['each']?.output).toEqual(['each~0', 'done', 'each~2']);
    await expectFoldsToAgree(run);
  });

  it('keeps signals that nobody took, and asks people again', async () => {
    const origin = new PureRun(
      workflow([
        { id: 'ok', wait: { approval: { quorum: 2 } } },
        { id: 'go', wait: { signal: 'go' }, dependencies: ['ok'] },
      ]),
    );
    origin.command({ type: 'signal', name: 'go', payload: 'x'.repeat(5_000) });
    origin.command({ type: 'approve', task: 'ok', by: 'ann' });
    const run = fork(origin);
    run.command({ type: 'approve', task: 'ok', by: 'ann' });
    expect(run.state).toBe('running');
    run.command({ type: 'approve', task: 'ok', by: 'ben' });
    expect(run.state).toBe('succeeded');
    expect(run.report().tasks['go']?.output).toEqual({ signal: 'go', payload: 'x'.repeat(5_000) });
    await expectFoldsToAgree(run);
  });

  it('starts children of its own', () => {
    const origin = new PureRun({
      name: 'x',
      workflows: { sub: { name: 'sub', tasks: [agent('t')] } },
      tasks: [{ id: 'c', workflow: 'sub' }],
    } as never);
    const first = origin.run.activations.get('c')?.child;
    const run = fork(origin);
    run.childEnds('c', { status: 'succeeded', output: 1 }, `${first} of the origin`);
    expect(run.state).toBe('running');
    expect(run.last('task.waiting').attempt).toBe(2);
    run.childEnds('c', { status: 'succeeded', output: 1 });
    expect(run.state).toBe('succeeded');
  });

  it('of a run that was canceling, paused or stopping is running, with its deadline from its own beginning', () => {
    for (const command of [{ type: 'cancel' }, { type: 'pause' }]) {
      const origin = new PureRun(chain);
      origin.command(command);
      const run = fork(origin, origin.history.length, { dueAt: 99_000 });
      expect(run.state).toBe('running');
      expect(run.run.cell.snapshot.context).toMatchObject({ dueAt: 99_000, pausedAt: null });
    }
  });

  it('has closing hooks of its own', async () => {
    const origin = new PureRun(
      workflow([agent('a')], { hooks: { on_success: [agent('s')], on_complete: [agent('e')] } }),
    );
    finish(origin);
    for (let at = 1; at <= origin.history.length; at += 1) {
      const run = fork(origin, at);
      expect(finish(run).slice(-2), `at version ${at}`).toEqual(['s', 'e']);
      expect(run.state).toBe('succeeded');
      await expectFoldsToAgree(run);
    }
  });

  it('goes on undoing where its origin was', async () => {
    const origin = new PureRun(
      workflow(
        [
          agent('a', { compensate: { agent: 'undo' } }),
          agent('b', { dependencies: ['a'], compensate: { agent: 'undo' } }),
          agent('c', { dependencies: ['b'] }),
        ],
        { settings: { on_failure: 'compensate' } },
      ),
    );
    origin.succeed('a');
    origin.succeed('b');
    origin.fail('c', { retryable: false });
    origin.succeed('b!undo');
    origin.succeed('a!undo');
    expect(origin.state).toBe('failed');
    for (let at = 1; at <= origin.history.length; at += 1) {
      const run = fork(origin, at);
      for (let turn = 0; turn < 20 && run.state !== 'failed'; turn += 1) {
        const [open] = [...run.run.open].filter(({ state }) => state === 'running');
        if (open === undefined) throw new Error(`nothing runs at version ${at}: ${run.state}`);
        if (open.id === 'c') run.fail('c', { retryable: false });
        else run.succeed(open.id);
      }
      expect(run.report().tasks, `at version ${at}`).toMatchObject({
        a: { compensated: true },
        b: { compensated: true },
      });
      await expectFoldsToAgree(run);
    }
  });
});
