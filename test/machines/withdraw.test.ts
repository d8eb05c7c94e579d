/**
 * What a success or a start does to other tasks: milestone, cancel, complete, end (P18 to P20, P25 to P27, P43).
 * Size: the cases of each field side by side.
 */
import { describe, expect, it } from 'vitest';
import { liveCells } from '../../src/machines/cell.ts';
import type { JsonObject } from '../../src/workflow/value.ts';
import { digestOf, PureRun, restoredAt } from './pure-run.ts';

const task = (id: string, rest: JsonObject = {}): JsonObject => ({ id, agent: 'echo', ...rest });
const flow = (tasks: JsonObject[], rest: JsonObject = {}): JsonObject => ({
  name: 'w',
  settings: { max_parallel: 10 },
  tasks,
  ...rest,
});

describe('milestone', () => {
  const open = task('open');
  const note = task('note', { milestone: { after: 'open', until: 'close' } });

  it('lets a task start between `after` and the start of `until`', () => {
    const run = new PureRun(flow([open, note, task('close', { dependencies: ['open'] })]));
    expect(run.statuses().note).toBe('pending');
    run.succeed('open');
    expect(run.statuses()).toMatchObject({ note: 'running', close: 'running' });
    run.succeed('close');
    run.succeed('note');
    expect(run.state).toBe('succeeded');
  });

  it('skips it in the commit in which `until` starts, and its dependents by their triggers', () => {
    const late = { milestone: { until: 'close' }, dependencies: ['slow'] };
    const run = new PureRun(
      flow([
        task('slow'),
        task('open'),
        task('late', late),
        task('close', { dependencies: ['open'] }),
        task('after', { dependencies: ['late'], trigger: 'all_done' }),
      ]),
    );
    expect(run.succeed('open')).toEqual([
      'task.succeeded open',
      'task.scheduled close',
      'task.started close',
      'task.skipped late',
      'task.scheduled after',
      'task.started after',
    ]);
    expect(run.last('task.skipped')).toEqual({ taskId: 'late', reason: 'milestone', by: 'close' });
  });

  it('withdraws one that is ready and has not started', () => {
    const run = new PureRun(
      flow([
        task('a', { mutex: 'm' }),
        task('b', { mutex: 'm', milestone: { until: 'close' } }),
        task('open'),
        task('close', { dependencies: ['open'] }),
      ]),
    );
    expect(run.succeed('open').slice(-2)).toEqual(['task.cancelRequested b', 'task.canceled b']);
    expect(run.report().tasks.b).toMatchObject({ status: 'canceled', reason: 'milestone' });
    run.succeed('a');
    run.succeed('close');
    expect(run.state).toBe('succeeded');
  });

  it.each([{ wait: { timer: 5 } }, { agent: 'echo', foreach: [1] }])(
    'ends with the start of %j too',
    (until) => {
      const run = new PureRun(
        flow([
          task('a'),
          task('b', { milestone: { after: 'a', until: 'u' } }),
          { id: 'u', ...until },
        ]),
      );
      expect(run.statuses().b).toBe('skipped');
    },
  );
});

describe('cancel', () => {
  it('of a task that runs asks its agent; the run goes on and has not failed', () => {
    const run = new PureRun(
      flow([
        task('fast', { cancel: ['slow'] }),
        task('slow'),
        task('after-slow', { dependencies: ['slow'] }),
        task('either', { dependencies: ['fast', 'slow'], trigger: 'one_success' }),
      ]),
    );
    expect(run.succeed('fast')).toEqual([
      'task.succeeded fast',
      'task.cancelRequested slow',
      'task.scheduled either',
      'task.started either',
    ]);
    expect(run.last('task.cancelRequested').reason).toBe('canceled by task "fast"');
    run.fail('slow');
    expect(run.statuses()).toMatchObject({ slow: 'canceled', 'after-slow': 'skipped' });
    run.succeed('either');
    expect(run.state).toBe('succeeded');
  });

  it('takes a success that was on its way', () => {
    const run = new PureRun(flow([task('fast', { cancel: ['slow'] }), task('slow')]));
    run.succeed('fast');
    run.succeed('slow', 'late');
    expect(run.report().tasks.slow).toMatchObject({ status: 'success', output: 'late' });
  });

  it('of a region: what is open is canceled, what has not started is skipped, what has ended is left', () => {
    const region = { region: 'search' };
    const run = new PureRun(
      flow([
        task('done', region),
        task('open', region),
        { id: 'waits', wait: { timer: 60 }, ...region },
        task('next', { ...region, dependencies: ['open'] }),
        task('found', { cancel: ['search'], dependencies: ['done'] }),
      ]),
    );
    run.succeed('done');
    expect(run.succeed('found')).toEqual([
      'task.succeeded found',
      'task.cancelRequested open',
      'task.cancelRequested waits',
      'task.canceled waits',
      'task.skipped next',
    ]);
    expect(run.last('task.skipped')).toMatchObject({ reason: 'canceled', by: 'found' });
    run.fire('open');
    expect(run.statuses()).toMatchObject({ done: 'success', open: 'canceled', next: 'skipped' });
    expect(run.state).toBe('succeeded');
  });

  it('of a foreach task cancels its instances, then the task; the rest never begins', () => {
    const each = task('each', { foreach: [1, 2, 3, 4], max_parallel: 2 });
    const run = new PureRun(flow([each, task('stop', { cancel: ['each'] })]));
    expect(run.succeed('stop')).toEqual([
      'task.succeeded stop',
      'task.cancelRequested each',
      'task.cancelRequested each~0',
      'task.cancelRequested each~1',
    ]);
    run.succeed('each~0');
    expect(run.statuses().each).toBe('running');
    expect(run.fail('each~1')).toEqual([
      'task.cancelAcknowledged each~1',
      'task.canceled each~1',
      'task.canceled each',
      'run.succeeded',
    ]);
    expect(run.lines()).not.toContain('task.scheduled each~2');
  });

  it('of a foreach task whose instances still answer does not keep a canceled run alive', () => {
    const run = new PureRun(
      flow([task('each', { foreach: [1] }), task('stop', { cancel: ['each'] }), task('x')]),
    );
    run.succeed('stop');
    run.command({ type: 'cancel' });
    run.fail('each~0');
    run.fail('x');
    expect(run.state).toBe('canceled');
    expect(run.statuses().each).toBe('canceled');
  });

  it('of the run names the task', () => {
    const run = new PureRun(
      flow([task('a', { cancel: 'run' }), task('b'), task('c', { dependencies: ['a'] })]),
    );
    run.succeed('a');
    expect(run.state).toBe('canceling');
    run.fail('b');
    expect(run.state).toBe('canceled');
    expect(run.last('run.canceled').reason).toBe('task "a" canceled the run');
    expect(run.statuses()).toEqual({ a: 'success', b: 'canceled', c: 'skipped' });
  });

  it('happens on success alone', () => {
    const run = new PureRun(flow([task('a', { cancel: ['b'], on_failure: 'skip' }), task('b')]));
    run.fail('a');
    expect(run.statuses().b).toBe('running');
  });
});

describe('complete', () => {
  const each = task('each', { foreach: [1, 2, 3, 4], max_parallel: 2 });

  it('ends a foreach task with the results it has', () => {
    const run = new PureRun(
      flow([each, task('enough', { complete: ['each'] }), task('sum', { dependencies: ['each'] })]),
    );
    run.succeed('each~0', 'one');
    run.succeed('enough');
    expect(run.statuses().each).toBe('running');
    run.fail('each~1');
    run.fail('each~2');
    expect(run.report().tasks.each).toMatchObject({ status: 'success', output: ['one'] });
    run.succeed('sum');
    expect(run.state).toBe('succeeded');
    expect(run.lines()).not.toContain('task.scheduled each~3');
  });

  it('before it has begun: it ends with an empty list when it would begin', () => {
    const later = { ...each, dependencies: ['a'] };
    const run = new PureRun(flow([task('a'), later, task('enough', { complete: ['each'] })]));
    run.succeed('enough');
    expect(run.statuses().each).toBe('pending');
    run.succeed('a');
    expect(run.report().tasks.each).toMatchObject({ status: 'success', output: [] });
    expect(run.state).toBe('succeeded');
  });

  it('leaves one alone that has ended', () => {
    const run = new PureRun(
      flow([task('each', { foreach: [] }), task('enough', { complete: ['each'] })]),
    );
    run.succeed('enough');
    expect(run.state).toBe('succeeded');
  });
});

describe('end: terminate', () => {
  const tasks = [
    task('done', { end: 'terminate' }),
    task('open'),
    task('next', { dependencies: ['open'] }),
    task('clean', { dependencies: ['open'], trigger: 'all_done' }),
  ];

  it('ends the run with success: agents are asked first, the rest is skipped', () => {
    const outputs = { next: '${default(next.output, "none")}', done: '${done.output}' };
    const run = new PureRun(flow(tasks, { outputs }));
    expect(run.succeed('done', 7)).toEqual([
      'task.succeeded done',
      'task.skipped next',
      'task.skipped clean',
      'task.cancelRequested open',
    ]);
    expect(run.state).toBe('running');
    expect(run.fail('open').at(-1)).toBe('run.succeeded');
    expect(run.last('run.succeeded').output).toEqual({ next: 'none', done: 7 });
  });

  it('waits for `resume` in a paused run', () => {
    const run = new PureRun(flow(tasks));
    run.command({ type: 'pause' });
    run.succeed('done');
    run.fail('open');
    expect(run.state).toBe('paused');
    run.command({ type: 'resume' });
    expect(run.state).toBe('succeeded');
  });

  it('does not save a run that is stopping after a failure', () => {
    const run = new PureRun(
      flow([
        task('bad'),
        task('done', { end: 'terminate', dependencies: ['bad'], trigger: 'all_done' }),
      ]),
    );
    run.fail('bad');
    run.succeed('done');
    expect(run.state).toBe('failed');
  });
});

describe('the command `cancel` with a task', () => {
  const workflow = flow([
    task('a'),
    task('b', { dependencies: ['a'] }),
    task('c', { dependencies: ['b'], trigger: 'all_done' }),
    task('each', { foreach: [1, 2] }),
  ]);

  it('cancels what runs and skips what has not started', () => {
    const run = new PureRun(workflow);
    expect(run.command({ type: 'cancel', task: 'b' })).toEqual([
      'task.skipped b',
      'task.scheduled c',
      'task.started c',
    ]);
    expect(run.command({ type: 'cancel', task: 'a', reason: 'no' })).toEqual([
      'task.cancelRequested a',
    ]);
    expect(run.command({ type: 'cancel', task: 'a' })).toEqual([]);
    expect(run.command({ type: 'cancel', task: 'each~1' })).toEqual([
      'task.cancelRequested each~1',
    ]);
    expect(run.state).toBe('running');
  });

  it('is refused with what would be possible', () => {
    const run = new PureRun(workflow);
    run.succeed('a');
    run.command({ type: 'cancel', task: 'a' });
    expect(run.rejection).toMatchObject({ status: 409, code: 'run.conflict' });
    expect(run.rejection?.message).toContain('already ended: success');
    expect(run.rejection?.hint).toContain('each, b, c');
    run.command({ type: 'cancel', task: 'eahc' });
    expect(run.rejection).toMatchObject({ status: 404, code: 'task.not-found' });
    expect(run.rejection?.hint).toContain('`each`');
  });

  it('is refused where nothing runs', () => {
    const run = new PureRun(workflow, { start: false });
    run.command({ type: 'cancel', task: 'a' });
    expect(run.rejection?.hint).toBe('Start the run first.');
  });
});

it('a snapshot at any version goes on as the run did', async () => {
  const run = new PureRun(
    flow([
      task('each', { foreach: [1, 2, 3], mutex: 'm' }),
      task('late', { mutex: 'm', milestone: { until: 'two' } }),
      task('one', { complete: ['each'], cancel: ['x'] }),
      task('x'),
      task('two', { dependencies: ['one'], end: 'terminate' }),
      task('y'),
    ]),
  );
  for (const id of ['one', 'two']) run.succeed(id);
  for (const id of ['x', 'each~0', 'each~1', 'each~2', 'y']) run.fail(id);
  expect(run.state).toBe('succeeded');
  for (let cut = 1; cut < run.history.length; cut += 1) {
    const { run: restored, before } = await restoredAt(run.history, cut, liveCells);
    expect(digestOf(restored)).toEqual(digestOf(before));
  }
});
