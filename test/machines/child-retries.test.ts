/** A task whose child run took too long: two children of one task never do the same work at the same time. */
import { describe, expect, it } from 'vitest';
import type { Activation } from '../../src/machines/run/aggregate.ts';
import { effectsOf } from '../../src/machines/run/effects.ts';
import type { JsonObject } from '../../src/workflow/value.ts';
import { expectSnapshotsToAgree, PureRun } from './pure-run.ts';

const child: JsonObject = { name: 'child', tasks: [{ id: 'work', agent: 'echo' }] };
const flow = (tasks: JsonObject[]): JsonObject => ({ name: 'parent', tasks, workflows: { child } });
const task = (rest: JsonObject = {}): JsonObject => ({ id: 'c', workflow: 'child', ...rest });
const owed = (run: PureRun) =>
  [...effectsOf(run.run).keys()].filter((key) => !key.includes('run-deadline'));

describe('another attempt after a timeout', () => {
  const slow = { timeout: 5, retry: { max_attempts: 3, delay: 10 } };
  const canceled = { status: 'canceled', reason: 'asked' } as const;
  const failed = {
    status: 'failed',
    error: { code: 'agent.failed', message: 'undone', retryable: true },
  } as const;

  it('begins when the child of the one before has ended, and not before its delay is over', async () => {
    const run = new PureRun(flow([task(slow)]));
    expect(run.fire('c')).toEqual(['task.attemptFailed c', 'task.retryScheduled c']);
    expect(owed(run)).toEqual(['child:c:1:left']);
    expect(run.report().tasks.c?.waitsFor).toMatchObject({ kind: 'run', runId: 'run_child1' });
    run.now += 2_000;
    expect(run.childEnds('c', failed)).toEqual(['task.scheduled c', 'task.waiting c']);
    expect(run.last('task.waiting')).toMatchObject({ kind: 'timer', dueAt: run.now + 8_000 });
    expect(owed(run)).toEqual([`timer:waiting:c:2:${run.now + 8_000}`]);
    expect(run.fire('c')).toEqual(['task.retryScheduled c', 'task.scheduled c', 'task.waiting c']);
    expect(run.last('task.waiting').details).toMatchObject({ runId: 'run_child2' });
    expect(owed(run)).toContain('child:c:2');
    await expectSnapshotsToAgree(run.history);
  });

  it('begins at once when the child took longer than the delay, however long', async () => {
    const run = new PureRun(flow([task(slow)]));
    run.fire('c');
    run.now += 60_000;
    expect(run.send({ type: 'timer', timerId: 'backoff:c:1', dueAt: 16_000 })).toEqual([]);
    expect(run.childEnds('c', canceled)).toEqual(['task.scheduled c', 'task.waiting c']);
    expect(run.last('task.waiting').details).toMatchObject({ runId: 'run_child2' });
    expect(run.childEnds('c', canceled, 'run_child1')).toEqual([]);
    await expectSnapshotsToAgree(run.history);
  });

  it('is not needed where the child succeeded all the same', () => {
    const run = new PureRun(flow([task(slow)]));
    run.fire('c');
    expect(run.childEnds('c', { status: 'succeeded', output: 7 })).toEqual([
      'task.succeeded c',
      'run.succeeded',
    ]);
    expect(run.report().tasks.c).toMatchObject({ status: 'success', output: 7, attempts: 1 });
  });

  it('does not begin while the run is paused, and its delay does not pass', () => {
    const run = new PureRun(flow([task(slow)]));
    run.fire('c');
    run.now += 4_000;
    run.command({ type: 'pause' });
    run.now += 60_000;
    expect(run.childEnds('c', canceled)).toEqual(['task.scheduled c', 'task.waiting c']);
    expect(owed(run)).toEqual([]);
    run.now += 60_000;
    run.command({ type: 'resume' });
    expect(owed(run)).toEqual([`timer:waiting:c:2:${run.now + 6_000}`]);
  });

  it('begins beside the child that goes on where the task leaves it alone', () => {
    const leave = { workflow: { name: 'child', on_cancel: 'leave' } };
    const run = new PureRun(
      flow([task({ ...slow, ...leave, retry: { max_attempts: 2, delay: 0 } })]),
    );
    expect(run.fire('c')).toEqual([
      'task.attemptFailed c',
      'task.retryScheduled c',
      'task.scheduled c',
      'task.waiting c',
    ]);
  });

  it('is not waited for where there is none: a task that has failed waits for nothing', async () => {
    const run = new PureRun(flow([task({ timeout: 5 })]));
    run.fire('c');
    expect(run.report().tasks.c).toMatchObject({ status: 'failed' });
    expect(run.report().tasks.c).not.toHaveProperty('waitsFor');
    await expectSnapshotsToAgree(run.history);
  });

  it('is not handed to an agent, whatever an older definition says', () => {
    // Runs of one definition share a plan: this one has its own.
    const run = new PureRun(flow([task({ ...slow, description: 'of an older release' })]));
    const { node } = run.run.activations.get('c') as Activation;
    Object.assign(node.task, { fallback: ['echo'], retry: undefined });
    expect(run.childEnds('c', failed).at(-1)).toBe('run.failed');
  });

  it('is given up with the run, whose termination ends the child too', () => {
    const run = new PureRun(flow([task(slow)]));
    run.fire('c');
    run.command({ type: 'terminate' });
    expect(run.state).toBe('canceled');
    expect(run.last('task.cancelRequested').leaves).toEqual({
      runId: 'run_child1',
      how: 'terminate',
    });
  });
});
