/** The saga: what succeeded is undone in reverse order of completion (workflow-language.md, "What the run does"). */
import { describe, expect, it } from 'vitest';
import { foldedCells } from '../../src/machines/cell.ts';
import type { JsonObject } from '../../src/workflow/value.ts';
import { digestOf, expectSnapshotsToAgree, foldRecorded, PureRun } from './pure-run.ts';

const undoable = (id: string, rest: JsonObject = {}, compensate: JsonObject = {}): JsonObject => ({
  id,
  agent: 'echo',
  compensate: { agent: 'undoer', parameters: { of: `\${${id}.output}` }, ...compensate },
  ...rest,
});
const failing = (...dependencies: string[]): JsonObject => ({
  id: 'bad',
  agent: 'echo',
  dependencies,
});
const saga = (tasks: JsonObject[], rest: JsonObject = {}): JsonObject => ({
  name: 'saga',
  settings: { max_parallel: 10, on_failure: 'compensate' },
  tasks,
  ...rest,
});

/** `a`, `b`, `c` end in the order c, a, b; then `bad` fails. */
function broken(rest: JsonObject = {}, compensate: JsonObject = {}): PureRun {
  const tasks = ['a', 'b', 'c'].map((id) => undoable(id, {}, compensate));
  const run = new PureRun(saga([...tasks, failing('a', 'b', 'c')], rest));
  for (const id of ['c', 'a', 'b']) run.succeed(id, `did ${id}`);
  return run;
}

async function expectFoldToAgree({ history, run }: PureRun): Promise<void> {
  expect(digestOf(foldRecorded(history, foldedCells))).toEqual(digestOf(run));
  await expectSnapshotsToAgree(history);
}

describe('compensation', () => {
  it('ORCH-007: undoes what succeeded, the last first and one at a time, and fails with the first failure', () => {
    const run = broken();
    expect(run.fail('bad', { code: 'bad.broken', retryable: false })).toEqual([
      'task.attemptFailed bad',
      'task.failed bad',
      'run.stopping',
      'run.compensationStarted',
      'task.compensating b',
      'task.scheduled b!undo',
      'task.started b!undo',
    ]);
    expect(run.last('task.started')).toMatchObject({
      taskId: 'b!undo',
      definitionTaskId: 'b',
      agent: 'undoer',
      parameters: { of: 'did b' },
    });
    expect(run.succeed('b!undo')).toEqual([
      'task.succeeded b!undo',
      'task.compensated b',
      'task.compensating a',
      'task.scheduled a!undo',
      'task.started a!undo',
    ]);
    run.succeed('a!undo');
    expect(run.succeed('c!undo')).toEqual([
      'task.succeeded c!undo',
      'task.compensated c',
      'run.failed',
    ]);
    const report = run.report();
    expect(report.error).toMatchObject({ code: 'bad.broken' });
    for (const id of ['a', 'b', 'c'])
      expect(report.tasks[id]).toMatchObject({ status: 'success', compensated: true });
    expect(report.tasks['bad']).not.toHaveProperty('compensated');
  });

  it('is the same after a snapshot at every step', async () => {
    const run = broken();
    await expectFoldToAgree(run);
    run.fail('bad');
    await expectFoldToAgree(run);
    run.succeed('b!undo');
    await expectFoldToAgree(run);
    run.fail('a!undo');
    await expectFoldToAgree(run);
    run.release();
    await expectFoldToAgree(run);
  });

  it('undoes nothing where nothing can be undone', () => {
    const run = new PureRun(saga([{ id: 'a', agent: 'echo' }, failing('a')]));
    run.succeed('a');
    expect(run.fail('bad').slice(-2)).toEqual(['run.stopping', 'run.failed']);
  });

  it('undoes each instance of a foreach with its own item and its own output', () => {
    const each = undoable(
      'each',
      { foreach: [10, 20], as: 'n', join: { count: 1 } },
      { parameters: { n: '${n}', did: '${each.output}', index: '${index}' } },
    );
    const run = new PureRun(saga([each, failing('each')]));
    run.succeed('each~1', 'second');
    run.succeed('each~0', 'first');
    run.fail('bad');
    expect(run.last('task.started').parameters).toEqual({ n: 10, did: 'first', index: 0 });
    run.succeed('each~0!undo');
    expect(run.last('task.started').parameters).toEqual({ n: 20, did: 'second', index: 1 });
    run.succeed('each~1!undo');
    expect(run.state).toBe('failed');
    expect(run.report().tasks['each']).toMatchObject({
      compensated: true,
      instances: [{ compensated: true }, { compensated: true }],
    });
  });

  it('undoes the instances that succeeded of a foreach that failed', () => {
    const each = undoable('each', { foreach: [1, 2] });
    const run = new PureRun(saga([each]));
    run.succeed('each~0', 'kept');
    run.fail('each~1', { retryable: false });
    run.succeed('each~0!undo');
    expect(run.state).toBe('failed');
    expect(run.report().tasks['each']?.instances).toMatchObject([{ compensated: true }, {}]);
  });

  it('undoes a success that came after the cancellation had been asked for', () => {
    const run = new PureRun(saga([undoable('slow'), failing()]));
    expect(run.fail('bad')).toContain('task.cancelRequested slow');
    expect(run.state).toBe('stopping');
    expect(run.succeed('slow', 'late')).toEqual([
      'task.succeeded slow',
      'run.compensationStarted',
      'task.compensating slow',
      'task.scheduled slow!undo',
      'task.started slow!undo',
    ]);
  });

  it('retries, times out and replaces lost workers as for every task', () => {
    const policy = { retry: { max_attempts: 2, delay: 5 }, timeout: 7 };
    const run = broken({}, policy);
    run.fail('bad');
    expect(run.fail('b!undo')).toEqual(['task.attemptFailed b!undo', 'task.retryScheduled b!undo']);
    expect(run.fire('b!undo')).toEqual(['task.scheduled b!undo', 'task.started b!undo']);
    expect(run.last('task.started')).toMatchObject({ attempt: 2, dueAt: run.now + 7_000 });
    expect(run.lose('b!undo').slice(-1)).toEqual(['task.started b!undo']);
    expect(run.fire('b!undo')).toEqual([
      'task.attemptFailed b!undo',
      'task.failed b!undo',
      'task.compensationFailed b',
      'run.quarantined',
    ]);
  });

  it('isolates the run with the evidence when a compensation fails for good, and tries it again once released', () => {
    const run = broken();
    run.fail('bad');
    expect(run.fail('b!undo', { code: 'undo.broken', message: 'no way' })).toEqual([
      'task.attemptFailed b!undo',
      'task.failed b!undo',
      'task.compensationFailed b',
      'run.quarantined',
    ]);
    expect(run.last('run.quarantined')).toMatchObject({
      error: {
        code: 'compensation.failed',
        message: '"b" could not be undone: undo.broken: no way',
      },
      message: { taskId: 'b', undo: 'b!undo', attempts: 1, left: 2 },
    });
    expect(run.send({ type: 'proceed' })).toEqual([]);
    expect(run.release()).toEqual([
      'run.released',
      'task.reset b!undo',
      'task.scheduled b!undo',
      'task.started b!undo',
    ]);
    expect(run.last('task.started').attempt).toBe(2);
    expect(run.succeed('b!undo').slice(0, 2)).toEqual([
      'task.succeeded b!undo',
      'task.compensating a',
    ]);
    run.succeed('a!undo');
    run.succeed('c!undo');
    expect(run.state).toBe('failed');
    expect(run.report().tasks['b']).toMatchObject({ status: 'success', compensated: true });
    expect(run.report().error).toMatchObject({ code: 'agent.failed' });
  });

  it('a compensation that fails again after a release isolates the run again', () => {
    const run = broken();
    run.fail('bad');
    run.fail('b!undo');
    run.release();
    expect(run.fail('b!undo').slice(-2)).toEqual(['task.failed b!undo', 'run.quarantined']);
    expect(run.send({ type: 'proceed' })).toEqual([]);
  });

  it('a run that timed out is compensated too, and no deadline ends that', () => {
    const run = new PureRun(
      saga([undoable('a'), { id: 'long', agent: 'echo', dependencies: ['a'] }]),
    );
    run.succeed('a');
    run.expire();
    run.send({
      type: 'result',
      activation: 'long',
      result: { status: 'failed', attempt: 1, error: { code: 'x', message: '', retryable: false } },
    });
    expect(run.state).toBe('compensating');
    expect(run.expire()).toEqual([]);
    run.succeed('a!undo');
    expect(run.report()).toMatchObject({ status: 'failed', error: { code: 'run.timeout' } });
  });

  it('refuses to cancel while it compensates, and ends at once when terminated', () => {
    const run = broken();
    run.fail('bad');
    run.command({ type: 'cancel', reason: 'stop' });
    expect(run.rejection).toMatchObject({ code: 'run.conflict' });
    expect(run.command({ type: 'terminate', reason: 'enough' })).toEqual([
      'task.cancelRequested b!undo',
      'task.canceled b!undo',
      'run.canceled',
    ]);
    expect(run.run.open.size).toBe(0);
  });

  it('a run whose outputs cannot be computed is compensated', () => {
    const run = new PureRun(saga([undoable('a')], { outputs: { x: '${a.output.missing.field}' } }));
    expect(run.succeed('a', {}).slice(1, 3)).toEqual(['run.stopping', 'run.compensationStarted']);
    run.succeed('a!undo');
    expect(run.state).toBe('failed');
  });
});
