/** What dependents and the run do when tasks end (workflow-language.md, Time, failure, joins). */
import { describe, expect, it } from 'vitest';
import type { JsonObject } from '../../src/workflow/value.ts';
import { PureRun } from './pure-run.ts';

const task = (id: string, dependencies: string[] = [], rest: JsonObject = {}): JsonObject => ({
  id,
  agent: 'echo',
  dependencies,
  ...rest,
});
const flow = (tasks: JsonObject[], settings: JsonObject = {}): JsonObject => ({
  name: 'w',
  settings: { max_parallel: 10, ...settings },
  tasks,
});

/** `a` and `b` are roots that end as said, `t` depends on both; what became of `t`. */
function triggered(trigger: string | JsonObject, ends: [string, string]): string {
  const tasks = [
    task('a', [], ends[0] === 'skipped' ? { on_failure: 'skip' } : {}),
    task('b', [], ends[1] === 'skipped' ? { on_failure: 'skip' } : {}),
    task('t', ['a', 'b'], { trigger }),
  ];
  const run = new PureRun(flow(tasks, { on_failure: 'continue' }));
  for (const [index, id] of ['a', 'b'].entries()) {
    if (ends[index] === 'open') continue;
    if (ends[index] === 'succeeded') run.succeed(id);
    else run.fail(id);
  }
  return run.statuses().t ?? '';
}

describe('triggers', () => {
  it.each([
    ['all_success', 'succeeded', 'succeeded', 'running'],
    ['all_success', 'succeeded', 'open', 'pending'],
    ['all_success', 'failed', 'open', 'skipped'],
    ['all_success', 'skipped', 'open', 'skipped'],
    ['none_failed', 'skipped', 'succeeded', 'running'],
    ['none_failed', 'failed', 'open', 'skipped'],
    ['all_done', 'failed', 'open', 'pending'],
    ['all_done', 'failed', 'skipped', 'running'],
    ['one_success', 'succeeded', 'open', 'running'],
    ['one_success', 'failed', 'open', 'pending'],
    ['one_success', 'failed', 'skipped', 'skipped'],
    ['any', 'failed', 'open', 'running'],
    ['one_failed', 'failed', 'open', 'running'],
    ['one_failed', 'succeeded', 'open', 'pending'],
    ['one_failed', 'succeeded', 'skipped', 'skipped'],
    ['activated', 'succeeded', 'succeeded', 'running'],
    ['activated', 'skipped', 'succeeded', 'skipped'],
    [{ count: 1 }, 'succeeded', 'open', 'running'],
    [{ count: 2 }, 'succeeded', 'open', 'pending'],
    [{ count: 2 }, 'failed', 'open', 'skipped'],
  ])('%j with %s and %s: %s', (trigger, first, second, expected) => {
    expect(triggered(trigger as string, [first, second])).toBe(expected);
  });

  it('activated: a dependency whose own condition was false is not waited for', () => {
    const tasks = [
      task('a', [], { condition: 'false' }),
      task('b'),
      task('t', ['a', 'b'], { trigger: 'activated' }),
    ];
    const run = new PureRun(flow(tasks));
    run.succeed('b');
    expect(run.statuses()).toEqual({ a: 'skipped', b: 'success', t: 'running' });
  });

  it('a skip goes on through the graph in the same commit', () => {
    const run = new PureRun(
      flow([task('a', [], { condition: 'false' }), task('b', ['a']), task('c', ['b'])]),
    );
    expect(run.lines().slice(-4)).toEqual([
      'task.skipped a',
      'task.skipped b',
      'task.skipped c',
      'run.succeeded',
    ]);
  });
});

describe('conditions', () => {
  it.each([
    ['1 / a.output.zero > 1', 'expression.'],
    ['a.output.nothing.here > 1', 'expression.'],
    ['[1 + 1][0]', 'expression.failed'],
  ])('`%s` that gives no answer fails the task', (condition, code) => {
    const run = new PureRun(flow([task('a'), task('b', ['a'], { condition })]));
    run.succeed('a', { zero: 0 });
    expect(run.statuses().b).toBe('failed');
    expect(run.report().tasks.b?.error?.code).toContain(code);
    expect(run.report().tasks.b?.attempts).toBeLessThanOrEqual(1);
    expect(run.state).toBe('failed');
  });

  it('that fails under `on_failure: skip` skips', () => {
    const run = new PureRun(flow([task('a', [], { condition: '[1 + 1][0]', on_failure: 'skip' })]));
    expect(run.statuses().a).toBe('skipped');
    expect(run.state).toBe('succeeded');
  });

  it('parameters that cannot be computed fail the task without an attempt at an agent', () => {
    const run = new PureRun(
      flow([task('a'), task('b', ['a'], { parameters: { x: '${a.output.y.z}' } })]),
    );
    run.succeed('a', {});
    expect(run.lines()).not.toContain('task.started b');
    expect(run.state).toBe('failed');
  });
});

describe('on_failure of the run', () => {
  const tasks = [
    task('a'),
    task('b'),
    task('after-a', ['a']),
    task('after-b', ['b']),
    task('clean-up', ['b'], { trigger: 'all_done' }),
  ];

  it('stop: cancels what runs, skips what has not started, keeps clean-up', () => {
    const run = new PureRun(flow(tasks));
    expect(run.fail('a')).toEqual([
      'task.attemptFailed a',
      'task.failed a',
      'run.stopping',
      'task.skipped after-a',
      'task.skipped after-b',
      'task.cancelRequested b',
    ]);
    expect(run.fail('b', { code: 'task.canceled' })).toEqual([
      'task.cancelAcknowledged b',
      'task.canceled b',
      'task.scheduled clean-up',
      'task.started clean-up',
    ]);
    expect(run.succeed('clean-up', 'clean')).toEqual(['task.succeeded clean-up', 'run.failed']);
    expect(run.report()).toMatchObject({ status: 'failed', partial: true });
  });

  it('stop: clean-up that takes longer than the run may is canceled', () => {
    const run = new PureRun(flow(tasks));
    run.fail('a');
    run.fail('b', { code: 'task.canceled' });
    expect(run.expire()).toEqual(['task.cancelRequested clean-up']);
    expect(run.fail('clean-up', { code: 'task.canceled' })).toEqual([
      'task.cancelAcknowledged clean-up',
      'task.canceled clean-up',
      'run.failed',
    ]);
    expect(run.report().error?.message).toContain('task "a" failed');
  });

  it('stop: a success that comes while it is canceled is kept', () => {
    const run = new PureRun(flow([task('a'), task('b')]));
    run.fail('a');
    run.succeed('b', 7);
    expect(run.report()).toMatchObject({
      status: 'failed',
      tasks: { b: { status: 'success', output: 7 } },
    });
  });

  it('continue: runs all that still can, then fails with the first failure', () => {
    const run = new PureRun(
      flow([task('a'), task('b'), task('c', ['a'])], { on_failure: 'continue' }),
    );
    run.fail('b', { code: 'first' });
    expect(run.state).toBe('running');
    run.succeed('a');
    run.succeed('c');
    expect(run.report()).toMatchObject({
      status: 'failed',
      error: { code: 'first' },
      partial: true,
    });
  });

  it('continue: the order of failures decides', () => {
    const run = new PureRun(flow([task('a'), task('b'), task('c')], { on_failure: 'continue' }));
    run.fail('b', { code: 'first' });
    run.fail('a', { code: 'second' });
    expect([...run.run.unhandled]).toEqual([1, 0]);
  });
});

describe('handlers (`one_failed`)', () => {
  it('a failure whose handler succeeds is handled: the run succeeds', () => {
    const run = new PureRun(flow([task('a'), task('fix', ['a'], { trigger: 'one_failed' })]));
    expect(run.fail('a').slice(-2)).toEqual(['task.scheduled fix', 'task.started fix']);
    expect(run.succeed('fix')).toEqual(['task.succeeded fix', 'run.succeeded']);
  });

  it('it is unhandled as soon as the last handler cannot succeed any more', () => {
    const tasks = [
      task('a'),
      task('one', ['a'], { trigger: 'one_failed' }),
      task('two', ['a'], { trigger: 'one_failed' }),
      task('long'),
    ];
    const run = new PureRun(flow(tasks));
    run.fail('a');
    run.fail('one');
    expect(run.state, 'its own failure is unhandled').toBe('stopping');
  });

  it('a handler that is skipped by its condition handles nothing', () => {
    const tasks = [
      task('a'),
      task('fix', ['a'], { trigger: 'one_failed', condition: 'false' }),
      task('b'),
    ];
    const run = new PureRun(flow(tasks));
    expect(run.fail('a')).toContain('run.stopping');
  });

  it('two handlers: the failure stays open until one has succeeded', () => {
    const skip = { trigger: 'one_failed', on_failure: 'skip' };
    const run = new PureRun(flow([task('a'), task('one', ['a'], skip), task('two', ['a'], skip)]));
    run.fail('a');
    run.fail('one');
    expect(run.state).toBe('running');
    run.succeed('two');
    expect(run.state).toBe('succeeded');
  });

  it('without a failure the handler is skipped', () => {
    const run = new PureRun(flow([task('a'), task('fix', ['a'], { trigger: 'one_failed' })]));
    expect(run.succeed('a')).toEqual(['task.succeeded a', 'task.skipped fix', 'run.succeeded']);
  });
});

describe('the end', () => {
  it('has the outputs, computed from the tasks', () => {
    const run = new PureRun({ ...flow([task('a')]), outputs: { twice: '${a.output * 2}' } });
    run.succeed('a', 21);
    expect(run.report()).toMatchObject({ status: 'succeeded', output: { twice: 42 } });
  });

  it('outputs that cannot be computed fail the run and keep the results', () => {
    const run = new PureRun({ ...flow([task('a')]), outputs: { x: '${a.output.b.c}' } });
    run.succeed('a', {});
    expect(run.report()).toMatchObject({ status: 'failed', tasks: { a: { status: 'success' } } });
    expect(run.report().error?.message).toContain('outputs: ');
  });

  it('max_parallel 1 is dependency order, then file order', () => {
    const run = new PureRun(flow([task('a'), task('b', ['a']), task('c')], { max_parallel: 1 }));
    const started = () => run.lines().filter((line) => line.startsWith('task.started'));
    for (const id of ['a', 'b', 'c']) run.succeed(id);
    expect(started()).toEqual(['task.started a', 'task.started b', 'task.started c']);
  });

  it('parallel: false never runs beside another task', () => {
    const run = new PureRun(flow([task('a'), task('b', [], { parallel: false }), task('c')]));
    expect(run.statuses()).toEqual({ a: 'running', b: 'pending', c: 'pending' });
    run.succeed('a');
    expect(run.statuses()).toMatchObject({ b: 'running', c: 'pending' });
    run.succeed('b');
    expect(run.statuses()).toMatchObject({ c: 'running' });
  });
});
