/**
 * What tasks that run other workflows do, without the world: when a child begins, and what its end means.
 * Size: one test for each rule of child runs.
 */
import { describe, expect, it } from 'vitest';
import { effectsOf } from '../../src/machines/run/effects.ts';
import type { JsonObject } from '../../src/workflow/value.ts';
import { PureRun } from './pure-run.ts';

const child: JsonObject = {
  name: 'child',
  inputs: { n: { type: 'integer', default: 0 } },
  tasks: [{ id: 'work', agent: 'echo' }],
};
const flow = (tasks: JsonObject[], settings: JsonObject = {}): JsonObject => ({
  name: 'parent',
  settings: { max_parallel: 10, ...settings },
  tasks,
  workflows: { child },
});
const task = (rest: JsonObject = {}): JsonObject => ({ id: 'c', workflow: 'child', ...rest });
const retry = { max_attempts: 3, delay: 1 };
const owed = (run: PureRun) =>
  [...effectsOf(run.run).keys()].filter((key) => !key.includes('run-deadline'));

describe('a child run', () => {
  it('begins without a slot, with the parameters as its inputs and an id that is recorded', () => {
    const run = new PureRun(flow([task({ parameters: { n: '${1 + 2}' } })]), { slots: 0 });
    expect(run.last('task.waiting')).toEqual({
      taskId: 'c',
      attempt: 1,
      kind: 'run',
      details: { runId: 'run_child1', workflow: 'child', requestId: 'child:run_1/c/1' },
      inputs: { n: 3 },
    });
    expect(owed(run)).toEqual(['child:c:1']);
    expect(run.report().tasks.c).toMatchObject({ status: 'waiting', runId: 'run_child1' });
  });

  it('gives its outputs to the task', () => {
    const run = new PureRun(
      flow([
        task(),
        { id: 'after', agent: 'echo', dependencies: ['c'], parameters: { x: '${c.output.y}' } },
      ]),
    );
    expect(run.childEnds('c', { status: 'succeeded', output: { y: 7 } })).toEqual([
      'task.succeeded c',
      'task.scheduled after',
      'task.started after',
    ]);
    expect(run.last('task.started').parameters).toEqual({ x: 7 });
    expect(run.last('task.succeeded').child).toBe('run_child1');
  });

  it('is taken once: a repeated end, and the end of another run, change nothing', () => {
    const run = new PureRun(flow([task()]));
    expect(run.childEnds('c', { status: 'succeeded', output: 1 }, 'run_other')).toEqual([]);
    run.childEnds('c', { status: 'succeeded', output: 1 });
    expect(run.childEnds('c', { status: 'succeeded', output: 2 })).toEqual([]);
    expect(run.report().tasks.c?.output).toBe(1);
  });

  it('no result of a worker is taken for it', () => {
    const run = new PureRun(flow([task()]));
    run.succeed('c', 'forged');
    expect(run.rejection?.code).toBe('attempt.unknown');
  });
});

describe('a child that fails', () => {
  const failed = {
    status: 'failed',
    error: { code: 'x.y', message: 'no', retryable: false },
  } as const;

  it('fails its task with its error', () => {
    const run = new PureRun(flow([task()]));
    expect(run.childEnds('c', failed)).toEqual([
      'task.attemptFailed c',
      'task.failed c',
      'run.stopping',
      'run.failed',
    ]);
    expect(run.last('task.failed')).toMatchObject({
      child: 'run_child1',
      error: { code: 'x.y', message: '"child" failed: no' },
    });
  });

  it('is followed by a new child where the task has a retry policy', () => {
    const run = new PureRun(flow([task({ retry })]));
    expect(run.childEnds('c', failed)).toEqual(['task.attemptFailed c', 'task.retryScheduled c']);
    expect(owed(run)).toEqual([expect.stringMatching(/^timer:backoff:c/)]);
    expect(run.fire('c')).toEqual(['task.scheduled c', 'task.waiting c']);
    expect(run.last('task.waiting').details).toMatchObject({
      runId: 'run_child2',
      requestId: 'child:run_1/c/2',
    });
    expect(run.childEnds('c', { status: 'succeeded', output: 1 }, 'run_child1')).toEqual([]);
    run.childEnds('c', { status: 'succeeded', output: 2 });
    expect(run.report()).toMatchObject({
      status: 'succeeded',
      tasks: { c: { output: 2, attempts: 2, runId: 'run_child2' } },
    });
  });

  it.each([
    ['canceled by somebody', { status: 'canceled', reason: 'enough' }, 'run.canceled'],
    [
      'too deep',
      { status: 'failed', error: { code: 'run.too-deep', message: 'deep', retryable: false } },
      'run.too-deep',
    ],
    [
      'not startable',
      { status: 'refused', error: { code: 'workflow.invalid', message: 'n', retryable: false } },
      'workflow.invalid',
    ],
  ] as const)('that was %s is not tried again', (_what, end, code) => {
    const run = new PureRun(flow([task({ retry })]));
    run.childEnds('c', end);
    expect(run.report()).toMatchObject({
      status: 'failed',
      tasks: { c: { status: 'failed', error: { code } } },
    });
  });

  it('is skipped by `on_failure: skip`', () => {
    const run = new PureRun(flow([task({ on_failure: 'skip' })]));
    run.childEnds('c', failed);
    expect(run.report()).toMatchObject({
      status: 'succeeded',
      tasks: { c: { status: 'skipped' } },
    });
  });
});

describe('the timeout of the task', () => {
  it('fails it, and tells the child to end', () => {
    const run = new PureRun(flow([task({ timeout: 5 })]));
    expect(run.fire('c')).toEqual([
      'task.attemptFailed c',
      'task.failed c',
      'run.stopping',
      'run.failed',
    ]);
    expect(run.last('task.attemptFailed')).toMatchObject({
      error: { code: 'task.timeout' },
      leaves: { runId: 'run_child1', how: 'cancel' },
    });
  });

  it('goes on while the run pauses, as the child does', () => {
    const run = new PureRun(flow([task({ timeout: 5 })]));
    run.command({ type: 'pause' });
    expect(owed(run)).toEqual(['child:c:1', expect.stringMatching(/^timer:waiting:c/)]);
    run.now += 1_000;
    run.command({ type: 'resume' });
    expect(run.run.activations.get('c')?.shiftMs).toBe(0);
  });
});

describe('cancellation', () => {
  it('waits for the end of the child', () => {
    const run = new PureRun(flow([task()]));
    expect(run.command({ type: 'cancel' })).toEqual([
      'run.cancelRequested',
      'task.cancelRequested c',
    ]);
    expect(run.last('task.cancelRequested')).toMatchObject({
      leaves: { runId: 'run_child1', how: 'cancel' },
    });
    expect(run.run.slots).toBe(0);
    expect(run.childEnds('c', { status: 'canceled', reason: 'asked' })).toEqual([
      'task.cancelAcknowledged c',
      'task.canceled c',
      'run.canceled',
    ]);
  });

  it('keeps a success that came meanwhile', () => {
    const run = new PureRun(flow([task()]));
    run.command({ type: 'cancel' });
    run.childEnds('c', { status: 'succeeded', output: 3 });
    expect(run.report()).toMatchObject({
      status: 'canceled',
      tasks: { c: { status: 'success', output: 3 } },
    });
  });

  it('waits no longer than its patience, and leaves a child alone that takes its time', () => {
    const run = new PureRun(flow([task()]));
    run.command({ type: 'cancel' });
    expect(run.fire('c')).toEqual(['task.cancelForced c', 'task.canceled c', 'run.canceled']);
    expect(run.last('task.cancelForced').leaves).toBeUndefined();
  });

  it('terminate ends a child at once that was asked before', () => {
    const run = new PureRun(flow([task()]));
    run.command({ type: 'cancel' });
    run.command({ type: 'terminate' });
    expect(run.last('task.cancelForced').leaves).toEqual({ runId: 'run_child1', how: 'terminate' });
    expect(run.state).toBe('canceled');
  });

  it('terminate waits for nothing and passes on', () => {
    const run = new PureRun(flow([task()]));
    expect(run.command({ type: 'terminate' })).toEqual([
      'run.cancelRequested',
      'task.cancelRequested c',
      'task.canceled c',
      'run.canceled',
    ]);
    expect(run.last('task.cancelRequested').leaves).toEqual({
      runId: 'run_child1',
      how: 'terminate',
    });
  });

  it('leaves the child alone where the task says so', () => {
    const run = new PureRun(
      flow([task({ workflow: { name: 'child', on_cancel: 'leave' }, timeout: 9 })]),
    );
    run.command({ type: 'cancel' });
    expect(run.last('task.cancelRequested').leaves).toBeUndefined();
    expect(run.state).toBe('canceled');
  });
});

describe('depth', () => {
  it('is bounded by the task: not started, and not tried again', () => {
    const run = new PureRun(flow([task({ workflow: { name: 'child', max_depth: 2 }, retry })]), {
      depth: 2,
    });
    expect(run.report()).toMatchObject({
      status: 'failed',
      tasks: { c: { error: { code: 'run.too-deep' } } },
    });
    expect(run.lines()).not.toContain('task.waiting c');
  });

  it('counts from the root', () => {
    const run = new PureRun(flow([task({ workflow: { name: 'child', max_depth: 2 } })]), {
      depth: 1,
    });
    expect(run.lines()).toContain('task.waiting c');
  });
});

describe('foreach', () => {
  const each = (rest: JsonObject = {}) =>
    task({ foreach: [1, 2, 3], parameters: { n: '${item}' }, ...rest });

  it('has one child an instance, as many at a time as the window', () => {
    const run = new PureRun(flow([each({ max_parallel: 2 })]));
    expect(run.lines().filter((line) => line.startsWith('task.waiting'))).toEqual([
      'task.waiting c~0',
      'task.waiting c~1',
    ]);
    expect(run.childEnds('c~1', { status: 'succeeded', output: 'b' })).toEqual([
      'task.succeeded c~1',
      'task.scheduled c~2',
      'task.waiting c~2',
    ]);
    run.childEnds('c~0', { status: 'succeeded', output: 'a' });
    run.childEnds('c~2', { status: 'succeeded', output: 'c' });
    expect(run.report()).toMatchObject({
      status: 'succeeded',
      tasks: {
        c: {
          output: ['a', 'b', 'c'],
          instances: [{ runId: 'run_child1' }, { runId: 'run_child2' }, { runId: 'run_child3' }],
        },
      },
    });
  });

  it('cancels the others once the join is decided', () => {
    const run = new PureRun(flow([each({ join: { count: 1, rest: 'cancel' } })]));
    expect(run.childEnds('c~0', { status: 'succeeded', output: 'a' })).toEqual([
      'task.succeeded c~0',
      'task.cancelRequested c~1',
      'task.cancelRequested c~2',
    ]);
  });
});

describe('pause and step', () => {
  it('start no child while paused; a step starts one', () => {
    const run = new PureRun(
      flow([
        { id: 'a', agent: 'echo' },
        task({ dependencies: ['a'] }),
        task({ id: 'd', dependencies: ['a'] }),
      ]),
    );
    run.command({ type: 'pause' });
    expect(run.succeed('a')).toEqual(['task.succeeded a', 'task.scheduled c', 'task.scheduled d']);
    expect(run.command({ type: 'step' })).toEqual(['run.resumed', 'task.waiting c', 'run.paused']);
    expect(run.command({ type: 'resume' })).toEqual(['run.resumed', 'task.waiting d']);
  });
});

describe('complete', () => {
  it('asks a child that is open to end, and waits for none, also not for one that was asked before', () => {
    const run = new PureRun(flow([task(), task({ id: 'd' })]));
    run.command({ type: 'cancel', task: 'd', reason: 'no' });
    expect(run.command({ type: 'complete', reason: 'done' })).toEqual([
      'task.cancelRequested c',
      'task.canceled c',
      'task.cancelForced d',
      'task.canceled d',
      'run.succeeded',
    ]);
    expect(run.last('task.cancelRequested').leaves).toEqual({ runId: 'run_child1', how: 'cancel' });
    expect(run.statuses()).toEqual({ c: 'canceled', d: 'canceled' });
  });

  it('leaves a child alone that is to go on', () => {
    const run = new PureRun(flow([task({ workflow: { name: 'child', on_cancel: 'leave' } })]));
    run.command({ type: 'complete', reason: 'done' });
    expect(run.last('task.cancelRequested').leaves).toBeUndefined();
    expect(run.state).toBe('succeeded');
  });
});

describe('repeat', () => {
  it('has a child a round, and waits between them', () => {
    const run = new PureRun(flow([task({ repeat: { max: 3, until: 'c.output.done', delay: 2 } })]));
    expect(run.childEnds('c', { status: 'succeeded', output: { done: false } })).toEqual([
      'task.succeeded c',
      'task.scheduled c@2',
      'task.waiting c@2',
    ]);
    expect(owed(run)).toEqual([expect.stringMatching(/^timer:waiting:c@2/)]);
    expect(run.fire('c@2').slice(-2)).toEqual(['task.scheduled c@2', 'task.waiting c@2']);
    expect(run.last('task.waiting').details).toMatchObject({ requestId: 'child:run_1/c@2/1' });
    run.childEnds('c@2', { status: 'succeeded', output: { done: true } });
    expect(run.report()).toMatchObject({ status: 'succeeded', output: null });
  });
});
