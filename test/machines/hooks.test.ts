/** Tasks around the tasks of a run (workflow-language.md, Hooks). */
import { describe, expect, it } from 'vitest';
import type { JsonObject } from '../../src/workflow/value.ts';
import { expectSnapshotsToAgree, PureRun } from './pure-run.ts';

const task = (id: string, rest: JsonObject = {}): JsonObject => ({ id, agent: 'echo', ...rest });
const all = {
  on_start: [task('s1'), task('s2', { dependencies: ['s1'] })],
  on_success: [task('good', { parameters: { status: '${run.status}', of: '${work.output}' } })],
  on_failure: [task('poor', { parameters: { why: '${run.error.code}' } })],
  on_complete: [task('end', { parameters: { status: '${run.status}' } })],
};
const flow = (hooks: JsonObject, rest: JsonObject = {}): JsonObject => ({
  name: 'w',
  settings: { max_parallel: 10, ...(rest['settings'] as JsonObject | undefined) },
  tasks: [task('work')],
  hooks,
});

describe('hooks', () => {
  it('on_start ends before the first task; on_success and on_complete come before the end of the run', async () => {
    const run = new PureRun(flow(all));
    expect(run.lines().slice(-2)).toEqual(['task.scheduled s1', 'task.started s1']);
    expect(run.last('task.started').hook).toBe('on_start');
    expect(run.succeed('s1')).toEqual([
      'task.succeeded s1',
      'task.scheduled s2',
      'task.started s2',
    ]);
    expect(run.succeed('s2')).toEqual([
      'task.succeeded s2',
      'task.scheduled work',
      'task.started work',
    ]);
    expect(run.last('task.started')).not.toHaveProperty('hook');
    expect(run.succeed('work', 7)).toEqual([
      'task.succeeded work',
      'run.finishing',
      'task.scheduled good',
      'task.started good',
    ]);
    await expectSnapshotsToAgree(run.history);
    expect(run.last('task.started').parameters).toEqual({ status: 'succeeded', of: 7 });
    expect(run.succeed('good')).toEqual([
      'task.succeeded good',
      'task.scheduled end',
      'task.started end',
    ]);
    await expectSnapshotsToAgree(run.history);
    expect(run.succeed('end')).toEqual(['task.succeeded end', 'run.succeeded']);
    expect(run.report().tasks).toMatchObject({
      s1: { hook: 'on_start', status: 'success' },
      end: { hook: 'on_complete' },
    });
    expect(run.report().tasks).not.toHaveProperty('poor');
  });

  it('on_failure comes after a failure, and the run fails with that failure', () => {
    const run = new PureRun(flow({ ...all, on_start: undefined } as unknown as JsonObject));
    run.fail('work', { code: 'work.broken', retryable: false });
    expect(run.state).toBe('finishing');
    expect(run.last('task.started')).toMatchObject({
      taskId: 'poor',
      parameters: { why: 'work.broken' },
    });
    run.succeed('poor');
    run.succeed('end');
    expect(run.report()).toMatchObject({ status: 'failed', error: { code: 'work.broken' } });
  });

  it('on_failure sees the failure of a run that went on', () => {
    const run = new PureRun(
      flow({ on_failure: all.on_failure }, { settings: { on_failure: 'continue' } }),
    );
    run.fail('work', { code: 'work.broken', retryable: false });
    expect(run.last('task.started').parameters).toEqual({ why: 'work.broken' });
    run.succeed('poor');
    expect(run.report()).toMatchObject({ status: 'failed', error: { code: 'work.broken' } });
  });

  it('come after the compensation', () => {
    const run = new PureRun({
      ...flow({ on_complete: all.on_complete }),
      settings: { on_failure: 'compensate' },
      tasks: [task('a', { compensate: { agent: 'echo' } }), task('bad', { dependencies: ['a'] })],
    });
    run.succeed('a');
    run.fail('bad');
    expect(run.succeed('a!undo')).toEqual([
      'task.succeeded a!undo',
      'task.compensated a',
      'run.finishing',
      'task.scheduled end',
      'task.started end',
    ]);
  });

  it('a canceled run has on_complete only, a terminated one none', () => {
    const canceled = new PureRun(flow(all));
    canceled.succeed('s1');
    canceled.succeed('s2');
    canceled.command({ type: 'cancel', reason: 'no' });
    expect(canceled.succeed('work').slice(1)).toEqual([
      'run.finishing',
      'task.scheduled end',
      'task.started end',
    ]);
    expect(canceled.last('task.started').parameters).toEqual({ status: 'canceled' });
    expect(canceled.succeed('end')).toEqual(['task.succeeded end', 'run.canceled']);
    const terminated = new PureRun(flow(all));
    terminated.command({ type: 'terminate', reason: 'no' });
    expect(terminated.lines()).not.toContain('run.finishing');
    expect(terminated.state).toBe('canceled');
  });

  it('a run that is terminated while hooks run ends at once', () => {
    const run = new PureRun(flow({ on_success: all.on_success, on_complete: all.on_complete }));
    run.succeed('work');
    run.command({ type: 'cancel', reason: 'no' });
    expect(run.rejection).toMatchObject({ code: 'run.conflict' });
    expect(run.command({ type: 'terminate', reason: 'now' }).at(-1)).toBe('run.canceled');
  });

  it('a hook that fails changes nothing, unless it says `on_failure: fail`', () => {
    const mild = new PureRun(flow({ on_start: [task('s')], on_success: [task('t')] }));
    mild.fail('s');
    mild.succeed('work');
    expect(mild.fail('t').at(-1)).toBe('run.succeeded');
    expect(mild.report().errors).toEqual([
      { task: 's', code: 'agent.failed', count: 1, message: 'no' },
      { task: 't', code: 'agent.failed', count: 1, message: 'no' },
    ]);
    const strict = new PureRun(
      flow({ on_success: [task('t', { on_failure: 'fail' })], on_complete: all.on_complete }),
    );
    strict.succeed('work');
    strict.fail('t');
    strict.succeed('end');
    expect(strict.report()).toMatchObject({ status: 'failed', error: { code: 'agent.failed' } });
  });

  it('a first hook that says `on_failure: fail` stops the run before the first task', () => {
    const run = new PureRun(
      flow({ on_start: [task('s', { on_failure: 'fail' })], on_failure: all.on_failure }),
    );
    expect(run.fail('s').slice(1)).toEqual([
      'task.failed s',
      'run.stopping',
      'task.skipped work',
      'run.finishing',
      'task.scheduled poor',
      'task.started poor',
    ]);
    expect(run.statuses()).toMatchObject({ work: 'skipped' });
  });

  it('a run canceled in its first hook skips everything and still has on_complete', async () => {
    const run = new PureRun(flow(all));
    run.command({ type: 'cancel', reason: 'no' });
    run.fire('s1');
    await expectSnapshotsToAgree(run.history);
    expect(run.statuses()).toMatchObject({
      s1: 'canceled',
      s2: 'skipped',
      work: 'skipped',
      end: 'running',
    });
  });

  it('hooks have retries, conditions, instances and dependencies of their own', () => {
    const run = new PureRun(
      flow({
        on_complete: [
          task('each', { foreach: [1, 2], retry: { max_attempts: 2, delay: 1 } }),
          task('never', { condition: 'run.status == "failed"' }),
          task('last', { dependencies: ['each'], parameters: { all: '${each.output}' } }),
        ],
      }),
    );
    run.succeed('work');
    expect(run.statuses()).toMatchObject({ never: 'skipped' });
    run.fail('each~0');
    expect(run.last('task.retryScheduled').hook).toBe('on_complete');
    run.fire('each~0');
    run.succeed('each~0', 'a');
    run.succeed('each~1', 'b');
    expect(run.last('task.started').parameters).toEqual({ all: ['a', 'b'] });
    expect(run.succeed('last').at(-1)).toBe('run.succeeded');
  });

  it('`complete` ends a run through its hooks', () => {
    const run = new PureRun(flow(all), { start: false });
    run.command({ type: 'start' });
    run.command({ type: 'pause' });
    run.succeed('s1');
    run.command({ type: 'complete', status: 'succeeded', reason: 'by hand' });
    expect(run.state).toBe('finishing');
    run.succeed('good');
    run.succeed('end');
    expect(run.state).toBe('succeeded');
  });

  it('one that is canceled before it begins says of which hook it is', () => {
    const run = new PureRun(flow(all));
    expect(run.command({ type: 'cancel', task: 's2' })).toEqual(['task.skipped s2']);
    expect(run.last('task.skipped')).toEqual({
      taskId: 's2',
      hook: 'on_start',
      reason: 'canceled',
    });
  });

  it('come after a task with `end: terminate`, and may have rounds', () => {
    const hooks = {
      on_success: [task('good', { repeat: { max: 2 } })],
      on_complete: [task('end')],
    };
    const tasks = [task('work', { end: 'terminate' }), task('rest')];
    const run = new PureRun({ ...flow(hooks), tasks });
    expect(run.succeed('work').at(-1)).toBe('task.cancelRequested rest');
    expect(run.fail('rest').slice(0, 3)).toEqual([
      'task.cancelAcknowledged rest',
      'task.canceled rest',
      'run.finishing',
    ]);
    run.succeed('good');
    run.succeed('good@2');
    expect(run.succeed('end').at(-1)).toBe('run.succeeded');
    expect(run.report().tasks).toMatchObject({ rest: { status: 'canceled' }, good: { rounds: 2 } });
  });
});

describe('a first hook whose failure counts, in a run that goes on after failures', () => {
  it('lets the run go on, and fails it at its end', async () => {
    const s2 = task('s2', { dependencies: ['s'] });
    const run = new PureRun(
      flow(
        { ...all, on_start: [task('s', { on_failure: 'fail' }), s2] },
        { settings: { on_failure: 'continue' } },
      ),
    );
    expect(run.fail('s', { code: 'lock.held' })).toEqual([
      'task.attemptFailed s',
      'task.failed s',
      'task.skipped s2',
      'task.scheduled work',
      'task.started work',
    ]);
    expect(run.succeed('work').slice(1)).toEqual([
      'run.finishing',
      'task.scheduled poor',
      'task.started poor',
    ]);
    expect(run.last('run.finishing').outcome).toBe('failed');
    expect(run.last('task.started').parameters).toEqual({ why: 'lock.held' });
    run.succeed('poor');
    expect(run.last('task.started').parameters).toEqual({ status: 'failed' });
    run.succeed('end');
    expect(run.report()).toMatchObject({
      status: 'failed',
      error: { code: 'lock.held', message: 'task "s" failed: no' },
      partial: true,
    });
    await expectSnapshotsToAgree(run.history);
  });

  it('is the error of the run also where a task fails later', () => {
    const tasks = [task('work'), task('clean', { dependencies: ['work'], trigger: 'all_done' })];
    const run = new PureRun({
      ...flow(
        { on_start: [task('s', { on_failure: 'fail' })] },
        { settings: { on_failure: 'continue' } },
      ),
      tasks,
    });
    run.fail('s', { code: 'first' });
    run.fail('work', { code: 'second' });
    run.succeed('clean');
    expect(run.report()).toMatchObject({ status: 'failed', error: { code: 'first' } });
  });
});
