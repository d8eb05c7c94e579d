/** A task that fails: retries, losses, timeouts, `on_failure` (workflow-language.md, Time, failure, joins). */
import { describe, expect, it } from 'vitest';
import type { JsonObject } from '../../src/workflow/value.ts';
import { PureRun } from './pure-run.ts';

const one = (task: JsonObject, rest: JsonObject = {}): JsonObject => ({
  name: 'w',
  tasks: [{ id: 'a', agent: 'echo', ...task }],
  ...rest,
});

describe('retries', () => {
  it('without `retry` there is one attempt', () => {
    const run = new PureRun(one({}));
    expect(run.fail('a')).toEqual([
      'task.attemptFailed a',
      'task.failed a',
      'run.stopping',
      'run.failed',
    ]);
    expect(run.report()).toMatchObject({ status: 'failed', error: { code: 'agent.failed' } });
  });

  it('fixed: the same delay before each of `max_attempts`', () => {
    const run = new PureRun(one({ retry: { max_attempts: 3, delay: 2 } }));
    for (const attempt of [1, 2]) {
      expect(run.fail('a')).toEqual(['task.attemptFailed a', 'task.retryScheduled a']);
      expect(run.last('task.retryScheduled')).toMatchObject({
        attempt: attempt + 1,
        dueAt: run.now + 2_000,
      });
      expect(run.fire('a')).toEqual(['task.scheduled a', 'task.started a']);
    }
    expect(run.fail('a').slice(0, 2)).toEqual(['task.attemptFailed a', 'task.failed a']);
    expect(run.report().tasks.a?.attempts).toBe(3);
  });

  it('exponential: doubling from `delay`, never over `max_delay`', () => {
    const retry = { max_attempts: 6, delay: 1, backoff: 'exponential', max_delay: 5 };
    const run = new PureRun(one({ retry }));
    const delays: number[] = [];
    for (let attempt = 1; attempt < 6; attempt += 1) {
      run.fail('a');
      delays.push(run.last('task.retryScheduled').dueAt - run.now);
      run.fire('a');
    }
    expect(delays).toEqual([1_000, 2_000, 4_000, 5_000, 5_000]);
  });

  it.each([
    [0, 5_000],
    [0.5, 7_500],
    [0.999999, 10_000],
  ])('jitter spreads the delay by the random number of the turn (%f)', (random, expected) => {
    const retry = { max_attempts: 2, delay: 10, jitter: 0.5 };
    const run = new PureRun(one({ retry }), { random });
    run.fail('a');
    expect(run.last('task.retryScheduled').dueAt - run.now).toBe(expected);
  });

  it.each([
    [{ code: 'task.timeout' }, ['timeout'], true],
    [{ code: 'agent.unavailable' }, ['unavailable'], true],
    [{ code: 'http.503' }, ['http.503'], true],
    [{ code: 'http.500' }, ['503'], false],
    [{ code: 'x.timeout', retryable: false }, ['timeout'], true],
    [{ code: 'x.other', retryable: true }, undefined, true],
    [{ code: 'x.other', retryable: false }, undefined, false],
  ])('%j under `retry_on: %j`: retried is %s', (error, retryOn, retried) => {
    const retry = {
      max_attempts: 2,
      delay: 1,
      ...(retryOn === undefined ? {} : { retry_on: retryOn }),
    };
    const run = new PureRun(one({ retry }));
    run.fail('a', error);
    expect(run.run.activations.get('a')?.state).toBe(retried ? 'backoff' : 'failed');
  });

  it('a delay of 0 starts the next attempt in the same commit', () => {
    const run = new PureRun(one({ retry: { max_attempts: 2, delay: 0 } }));
    expect(run.fail('a')).toEqual([
      'task.attemptFailed a',
      'task.retryScheduled a',
      'task.scheduled a',
      'task.started a',
    ]);
  });

  it('`task.attemptFailed` is never the last event of its commit', () => {
    const run = new PureRun(one({ retry: { max_attempts: 2, delay: 1 } }));
    for (const lines of [run.fail('a'), run.fire('a'), run.fail('a')]) {
      expect(lines.at(-1)).not.toMatch(/^task\.attemptFailed/);
    }
  });
});

describe('lost attempts', () => {
  it('do not count: the next attempt follows at once, whatever `retry` says', () => {
    const run = new PureRun(one({ retry: { max_attempts: 2, delay: 60 } }));
    expect(run.lose('a')).toEqual([
      'task.attemptFailed a',
      'task.retryScheduled a',
      'task.scheduled a',
      'task.started a',
    ]);
    run.fail('a');
    expect(run.run.activations.get('a')?.state).toBe('backoff');
    run.fire('a');
    expect(run.fail('a')).toContain('task.failed a');
    expect(run.report().tasks.a?.attempts).toBe(3);
  });

  it('three in a row fail the task with `worker.lost`', () => {
    const run = new PureRun(one({ retry: { max_attempts: 9, delay: 0 } }));
    run.lose('a');
    run.lose('a');
    expect(run.lose('a')).toContain('task.failed a');
    expect(run.report().error?.code).toBe('worker.lost');
  });

  it('a failure in between begins the row again', () => {
    const run = new PureRun(one({ retry: { max_attempts: 9, delay: 0 } }));
    for (const end of ['lose', 'lose', 'fail', 'lose', 'lose'] as const) run[end]('a');
    expect(run.state).toBe('running');
    run.lose('a');
    expect(run.state).toBe('failed');
  });

  it('of an older attempt say nothing', () => {
    const run = new PureRun(one({}));
    run.lose('a');
    expect(run.send({ type: 'attemptLost', activation: 'a', attempt: 1 })).toEqual([]);
  });
});

describe('timeouts', () => {
  it('of a task fail the attempt with `task.timeout`, which `retry_on: [timeout]` retries', () => {
    const retry = { max_attempts: 2, delay: 0, retry_on: ['timeout'] };
    const run = new PureRun(one({ timeout: 5, retry }));
    expect(run.last('task.started').dueAt).toBe(run.now + 5_000);
    expect(run.fire('a')).toContain('task.started a');
    expect(run.last('task.attemptFailed').error.code).toBe('task.timeout');
    run.fire('a');
    expect(run.report().error?.code).toBe('task.timeout');
  });

  it('that fire too early or for another attempt say nothing', () => {
    const run = new PureRun(one({ timeout: 5, retry: { max_attempts: 2, delay: 0 } }));
    expect(run.send({ type: 'timer', timerId: 'running:a:1', dueAt: run.now + 5_000 })).toEqual([]);
    run.fail('a');
    run.now += 9_000;
    expect(run.send({ type: 'timer', timerId: 'running:a:1', dueAt: run.now })).toEqual([]);
  });

  it('of the run: skips what has not started, cancels what runs, fails with `run.timeout`', () => {
    const run = new PureRun({
      name: 'w',
      settings: { timeout: 10 },
      tasks: [
        { id: 'a', agent: 'echo' },
        { id: 'b', agent: 'echo', dependencies: ['a'] },
        { id: 'c', agent: 'echo', dependencies: ['a'], trigger: 'all_done' },
      ],
    });
    expect(run.expire()).toEqual([
      'run.stopping',
      'task.skipped b',
      'task.skipped c',
      'task.cancelRequested a',
    ]);
    expect(run.fail('a', { code: 'task.canceled' })).toEqual([
      'task.cancelAcknowledged a',
      'task.canceled a',
      'run.failed',
    ]);
    expect(run.report().error?.code).toBe('run.timeout');
    expect(run.report().error?.message).toContain('10 s');
  });

  it('of the run end it although the agent never answers', () => {
    const run = new PureRun(one({}, { settings: { timeout: 1 } }));
    run.expire();
    expect(run.fire('a')).toEqual(['task.cancelForced a', 'task.canceled a', 'run.failed']);
  });

  it('the deadline of a request counts where it is earlier', () => {
    const run = new PureRun(one({}, { settings: { timeout: 100 } }), { deadline: 5_000 });
    expect(run.last('run.started').dueAt).toBe(5_000);
    run.expire();
    expect(run.last('run.stopping').error.message).toContain('deadline');
  });
});

describe('on_failure of a task', () => {
  it('skip: recorded as failed, then skipped, and no failure of the run', () => {
    const run = new PureRun(one({ on_failure: 'skip' }));
    expect(run.fail('a')).toEqual([
      'task.attemptFailed a',
      'task.failed a',
      'task.skipped a',
      'run.succeeded',
    ]);
    expect(run.report().tasks.a).toMatchObject({ status: 'skipped', reason: 'on_failure' });
  });

  it('retry: three attempts with a growing delay where `retry` is absent', () => {
    const run = new PureRun(one({ on_failure: 'retry' }));
    const delays: number[] = [];
    for (let attempt = 1; attempt < 3; attempt += 1) {
      run.fail('a');
      delays.push(run.last('task.retryScheduled').dueAt - run.now);
      run.fire('a');
    }
    expect(delays).toEqual([1_000, 2_000]);
    run.fail('a');
    expect(run.state).toBe('failed');
  });

  it('fail: the error of the run names the task', () => {
    const run = new PureRun(one({}));
    run.fail('a', { code: 'x.y', message: 'why' });
    expect(run.report().error).toMatchObject({ code: 'x.y', message: 'task "a" failed: why' });
  });
});
