/** Loops that end because of their bound: the history says so, and the author says what then happens. */
import { describe, expect, it } from 'vitest';
import type { JsonObject } from '../../src/workflow/value.ts';
import { agent, finish, workflow } from './play.ts';
import { expectSnapshotsToAgree, PureRun } from './pure-run.ts';

/** `b` leads back to `a` while its output is "again". */
const loop = (bound: JsonObject, more: object = {}, condition: object = {}) =>
  workflow([agent('a'), agent('b', { dependencies: ['a'], ...more })], {
    edges: [{ from: 'b', to: 'a', loop: bound, condition: 'b.output == "again"', ...condition }],
  });

describe('an edge that leads back, when its bound is used up', () => {
  it('says so where its condition still holds, and the run goes on', async () => {
    const run = new PureRun(loop({ max: 2 }));
    expect(finish(run, () => 'again')).toEqual(['a', 'b', 'a@2', 'b@2', 'a@3', 'b@3']);
    expect(run.last('task.succeeded')).toMatchObject({ taskId: 'b@3', exhausted: 'a' });
    expect(run.last('task.succeeded').repeats).toBeUndefined();
    expect(run.report().tasks['b']).toMatchObject({ status: 'success', exhausted: 'a' });
    expect(run.state).toBe('succeeded');
    await expectSnapshotsToAgree(run.history);
  });

  it('says nothing where its condition ended it, or where it has none', () => {
    const run = new PureRun(loop({ max: 2 }));
    finish(run, (id) => (id === 'b@3' ? 'enough' : 'again'));
    expect(run.last('task.succeeded').exhausted).toBeUndefined();
    expect(run.report().tasks['b']).not.toHaveProperty('exhausted');
    const counted = workflow([agent('a'), agent('b', { dependencies: ['a'] })], {
      edges: [{ from: 'b', to: 'a', loop: { max: 2 } }],
    });
    const bounded = new PureRun(counted);
    finish(bounded);
    expect(bounded.last('task.succeeded')).toMatchObject({ taskId: 'b@3' });
    expect(bounded.last('task.succeeded').exhausted).toBeUndefined();
  });

  it('fails its task with on_max: fail, which keeps the output', () => {
    const run = new PureRun(loop({ max: 1, on_max: 'fail' }));
    finish(run, () => 'again');
    expect(run.last('task.failed')).toMatchObject({
      taskId: 'b@2',
      output: 'again',
      error: {
        code: 'loop.exhausted',
        message: 'the loop to "a" was taken 1 times and its condition still holds',
        retryable: false,
      },
    });
    expect(run.state).toBe('failed');
  });

  it('is no failure with on_max: fail where the condition ended it in time', () => {
    const run = new PureRun(loop({ max: 1, on_max: 'fail' }));
    finish(run, (id) => (id === 'b@2' ? 'enough' : 'again'));
    expect(run.state).toBe('succeeded');
  });

  it('is a failure that can be handled, or skipped', () => {
    const handled = workflow(
      [
        agent('a'),
        agent('b', { dependencies: ['a'] }),
        agent('give-up', { dependencies: ['b'], trigger: 'one_failed' }),
      ],
      { edges: [{ from: 'b', to: 'a', condition: 'true', loop: { max: 1, on_max: 'fail' } }] },
    );
    const run = new PureRun(handled);
    expect(finish(run).at(-1)).toBe('give-up');
    expect(run.state).toBe('succeeded');
    const skipped = new PureRun(loop({ max: 1, on_max: 'fail' }, { on_failure: 'skip' }));
    finish(skipped, () => 'again');
    expect(skipped.statuses()['b']).toBe('skipped');
    expect(skipped.state).toBe('succeeded');
  });

  it('is over where another edge of the task still leads back', () => {
    const run = new PureRun(
      workflow(
        [agent('a'), agent('b', { dependencies: ['a'] }), agent('c', { dependencies: ['b'] })],
        {
          edges: [
            { from: 'c', to: 'b', condition: 'true', loop: { max: 1 } },
            { from: 'c', to: 'a', condition: 'true', loop: { max: 1 } },
          ],
        },
      ),
    );
    finish(run);
    const ends = run.history.flatMap(({ event }) =>
      event.type === 'task.succeeded' && event.data.taskId.startsWith('c') ? [event.data] : [],
    );
    expect(ends.map(({ loop: to, exhausted }) => [to, exhausted])).toEqual([
      ['b', undefined],
      ['a', 'b'],
      [undefined, 'b'],
    ]);
    expect(run.report().tasks['c']).toMatchObject({ exhausted: 'b', rounds: 3 });
  });

  it('fails where its condition cannot be computed, as before', () => {
    const run = new PureRun(loop({ max: 1 }, {}, { condition: 'b.output.again' }));
    run.succeed('a');
    run.succeed('b', { again: true });
    run.succeed('a@2');
    run.succeed('b@2', {});
    expect(run.last('task.failed').error.code).toMatch(/^expression\./);
    finish(run);
  });
});

describe('`repeat` with on_max: accept', () => {
  it('says that its bound ended it, and not where its condition did', () => {
    const repeat = { until: 'a.output == 7', max: 2, on_max: 'accept' };
    const bounded = new PureRun(workflow([agent('a', { repeat })]));
    finish(bounded, () => 1);
    expect(bounded.last('task.succeeded').exhausted).toBe('a');
    expect(bounded.report().tasks['a']).toMatchObject({ exhausted: 'a', status: 'success' });
    const ended = new PureRun(workflow([agent('a', { repeat })]));
    finish(ended, () => 7);
    expect(ended.last('task.succeeded').exhausted).toBeUndefined();
    const counted = new PureRun(workflow([agent('a', { repeat: { max: 2 } })]));
    finish(counted);
    expect(counted.last('task.succeeded').exhausted).toBeUndefined();
  });
});

describe('the times of a task with several rounds', () => {
  it('are those of all of them: the first start, the last end, and how long each took', () => {
    const run = new PureRun(
      workflow([
        agent('a', { repeat: { max: 3, delay: 10 } }),
        agent('b', { dependencies: ['a'] }),
      ]),
    );
    const start = run.now;
    for (const id of ['a', 'a@2', 'a@3']) {
      if (id !== 'a') run.fire(id);
      run.now += 100;
      run.succeed(id);
    }
    const { a, b } = run.report().tasks;
    expect(a).toMatchObject({
      rounds: 3,
      startedAt: start,
      endedAt: start + 20_300,
      workMs: 300,
    });
    expect(b).not.toHaveProperty('workMs');
    run.now += 50;
    run.succeed('b');
  });

  it('count a round that goes on until now', () => {
    const run = new PureRun(workflow([agent('a', { repeat: { max: 2 } })]));
    run.now += 100;
    run.succeed('a');
    run.now += 30;
    expect(run.report().tasks['a']).toMatchObject({ rounds: 2, workMs: 130, status: 'running' });
    finish(run);
  });
});
