/** A `foreach` that is still growing, that has enough, or that nobody waits for (patterns P12, P15, P36). */
import { describe, expect, it } from 'vitest';
import { foldedCells } from '../../src/machines/cell.ts';
import type { JsonObject, JsonValue } from '../../src/workflow/value.ts';
import { digestOf, foldRecorded, PureRun } from './pure-run.ts';

function fed(
  task: JsonObject = {},
  rest: { settings?: JsonObject; tasks?: JsonObject[] } = {},
): PureRun {
  return new PureRun({
    name: 'w',
    settings: { max_parallel: 100, ...rest.settings },
    tasks: [
      {
        id: 'l',
        agent: 'echo',
        foreach: { feed: 'files' },
        parameters: { n: '${item}', index: '${index}' },
        ...task,
      },
      ...(rest.tasks ?? []),
    ],
  });
}
const file = (run: PureRun, payload: JsonValue): string[] =>
  run.command({ type: 'signal', name: 'files', payload });
const close = (run: PureRun): string[] => file(run, { close: true });

describe('a feed', () => {
  it('each signal adds an instance with its payload as the item; close ends it', () => {
    const run = fed();
    expect(run.last('task.expanded')).toMatchObject({ items: [], count: 0, feed: 'files' });
    expect(file(run, 'a')).toEqual([
      'run.signalReceived',
      'task.scheduled l~0',
      'task.started l~0',
    ]);
    expect(run.last('task.started').parameters).toEqual({ n: 'a', index: 0 });
    file(run, 'b');
    run.succeed('l~1', 'B');
    run.succeed('l~0', 'A');
    expect(run.statuses()).toEqual({ l: 'running' });
    expect(close(run)).toEqual(['run.signalReceived', 'task.succeeded l', 'run.succeeded']);
    expect(run.report().tasks['l']?.output).toEqual(['A', 'B']);
    expect(run.last('task.succeeded').signal).toBe(run.history.length - 2);
  });

  it('has what is there from the start, and signals from before', () => {
    const run = fed(
      { foreach: { feed: 'files', items: '${[1, 2]}' }, dependencies: ['x'] },
      { tasks: [{ id: 'x', agent: 'echo' }] },
    );
    file(run, 3);
    close(run);
    file(run, 'after the close');
    expect(run.succeed('x').filter((line) => line.startsWith('task.scheduled l~'))).toEqual([
      'task.scheduled l~0',
      'task.scheduled l~1',
      'task.scheduled l~2',
    ]);
    for (const index of [0, 1, 2]) run.succeed(`l~${index}`, index);
    expect(run.state).toBe('succeeded');
    expect(run.run.signals.size).toBe(1);
  });

  it('closed without any instance it gives an empty list', () => {
    const run = fed();
    close(run);
    expect(run.report().tasks['l']?.output).toEqual([]);
  });

  it('an item that has a field `close` among others is an item', () => {
    const run = fed();
    expect(file(run, { close: true, name: 'x' })).toContain('task.scheduled l~0');
  });

  it('takes no more at once than its window; the rest stays kept', () => {
    const run = fed({ max_parallel: 2 });
    for (const n of [1, 2, 3, 4]) file(run, n);
    expect(run.run.signals.size).toBe(2);
    run.succeed('l~0');
    expect(run.run.signals.size).toBe(1);
    expect(run.last('task.started').parameters).toEqual({ n: 3, index: 2 });
  });

  it('waits: its report says for what', () => {
    expect(fed().report().tasks['l']?.waitsFor).toMatchObject({ kind: 'feed', signal: 'files' });
  });

  it('large payloads are read when their instance starts', () => {
    const large = 'x'.repeat(9_000);
    const run = fed({ max_parallel: 1 });
    file(run, 1);
    file(run, { large });
    run.run.values.clear();
    run.succeed('l~0');
    expect(run.last('task.started').parameters).toEqual({ n: { large }, index: 1 });
  });

  it('of a canceled run leaves nothing open', () => {
    const run = fed();
    file(run, 1);
    run.command({ type: 'terminate' });
    expect(run.statuses()).toEqual({ l: 'canceled' });
    expect(run.state).toBe('canceled');
  });

  it('one failed instance ends it where all must succeed', () => {
    const run = fed();
    file(run, 1);
    file(run, 2);
    run.fail('l~0', { retryable: false });
    expect(run.statuses()['l']).toBe('running');
    run.fail('l~1', { code: 'task.canceled' });
    expect(run.report().tasks['l']?.error?.code).toBe('join.unsatisfied');
  });

  it('`count` with `rest: cancel` ends it while it is open', () => {
    const run = fed({ join: { count: 2, rest: 'cancel' } });
    for (const n of [1, 2]) file(run, n);
    run.succeed('l~0', 'a');
    run.succeed('l~1', 'b');
    expect(run.report()).toMatchObject({
      status: 'succeeded',
      tasks: { l: { output: ['a', 'b'] } },
    });
  });

  it('a share is of all, so it is known once the feed is closed', () => {
    const run = fed({ join: { count: 0.5, rest: 'cancel' } });
    for (const n of [1, 2]) file(run, n);
    run.succeed('l~0', 'a');
    expect(run.statuses()['l']).toBe('running');
    close(run);
    expect(run.last('task.cancelRequested')).toMatchObject({ taskId: 'l~1', join: true });
  });
});

describe('join.until', () => {
  const votes = (join: JsonObject, feed: JsonValue = { feed: 'files' }): PureRun =>
    fed({ foreach: feed, join });

  it('true for the outputs so far is enough; the rest is canceled', () => {
    const run = votes({ until: 'l.output.filter(x, x.ok).size() >= 2', rest: 'cancel' });
    for (const n of [1, 2, 3, 4]) file(run, n);
    run.succeed('l~0', { ok: true });
    run.succeed('l~1', { ok: false });
    expect(run.statuses()['l']).toBe('running');
    expect(run.succeed('l~3', { ok: true })).toEqual([
      'task.succeeded l~3',
      'task.cancelRequested l~2',
    ]);
    run.fail('l~2', { code: 'task.canceled' });
    expect(run.report().tasks['l']?.output).toEqual([{ ok: true }, { ok: false }, { ok: true }]);
    expect(run.state).toBe('succeeded');
  });

  it('once it held it holds, whatever comes late', () => {
    const run = votes({ until: 'size(l.output) == 1', rest: 'cancel' }, [1, 2]);
    run.succeed('l~0', 'a');
    run.succeed('l~1', 'late');
    expect(run.report().tasks['l']?.output).toEqual(['a', 'late']);
    expect(run.state).toBe('succeeded');
  });

  it('is not asked before an instance has ended', () => {
    expect(votes({ until: 'size(l.output) == 0' }, [1]).statuses()['l']).toBe('running');
  });

  it('with `rest: wait` the others end first', () => {
    const run = votes({ until: 'size(l.output) >= 1' }, [1, 2]);
    run.succeed('l~0', 'a');
    expect(run.statuses()['l']).toBe('running');
    run.fail('l~1', { retryable: false });
    expect(run.report().tasks['l']).toMatchObject({ status: 'success', output: ['a'] });
  });

  it('that never holds is no failure when every instance succeeded', () => {
    const run = votes({ until: 'size(l.output) > 5' }, [1]);
    run.succeed('l~0', 'a');
    expect(run.state).toBe('succeeded');
  });

  it('that does not hold at the end, with failures, fails the task and says so', () => {
    const run = votes({ until: 'size(l.output) > 5' }, [1, 2]);
    run.fail('l~0', { retryable: false });
    run.succeed('l~1', 'a');
    const { error } = run.report().tasks['l'] ?? {};
    expect(error?.code).toBe('join.unsatisfied');
    expect(error?.message).toContain('`size(l.output) > 5` does not hold');
  });

  it('that cannot be evaluated fails the task', () => {
    const run = votes({ until: 'l.output[0].missing.field' }, [1, 2]);
    run.succeed('l~0', {});
    run.fail('l~1', { code: 'task.canceled' });
    expect(run.report().tasks['l']?.error?.code).toBe('expression.failed');
  });
});

describe('detach', () => {
  const detached = (task: JsonObject = {}, settings: JsonObject = {}): PureRun =>
    fed(
      { foreach: [1, 2], detach: true, ...task },
      { settings, tasks: [{ id: 'next', agent: 'echo', dependencies: ['l'] }] },
    );

  it('dependents go on at once; the run waits for the instances', () => {
    const run = detached();
    expect(run.statuses()).toEqual({ l: 'running', next: 'running' });
    run.succeed('next');
    run.succeed('l~0');
    expect(run.state).toBe('running');
    run.succeed('l~1');
    expect(run.state).toBe('succeeded');
  });

  it('a failed instance is a failure of the task, and of the run', () => {
    const run = detached({}, { on_failure: 'continue' });
    run.fail('l~0', { retryable: false });
    run.succeed('l~1');
    expect(run.statuses()).toEqual({ l: 'failed', next: 'running' });
    run.succeed('next');
    expect(run.report()).toMatchObject({ status: 'failed', error: { code: 'join.unsatisfied' } });
  });

  it('what failed before it had instances goes the usual way', () => {
    const run = detached({ foreach: '${[1][3]}' }, { on_failure: 'continue' });
    expect(run.statuses()).toEqual({ l: 'failed', next: 'skipped' });
  });

  it('a dependent that waits for others too still runs after a failure', () => {
    const run = fed(
      { foreach: [1], detach: true },
      {
        settings: { on_failure: 'continue' },
        tasks: [
          { id: 'x', agent: 'echo' },
          { id: 'next', agent: 'echo', dependencies: ['l', 'x'] },
        ],
      },
    );
    run.fail('l~0', { retryable: false });
    expect(run.succeed('x')).toContain('task.started next');
  });
});

it('every fold of a fed history is the same', () => {
  const run = fed({ max_parallel: 1 });
  for (const n of [1, 2, 3]) file(run, n);
  run.succeed('l~0');
  const folded = foldRecorded(run.history, foldedCells);
  expect(digestOf(folded)).toEqual(digestOf(run.run));
  expect(folded.signals.kept()).toEqual(run.run.signals.kept());
});

describe('two feeds of one signal', () => {
  it('pass what is left, and the end, to the one that waited behind', () => {
    const second = { id: 'm', agent: 'echo', foreach: { feed: 'files' } };
    const settings = { on_failure: 'continue' };
    const run = fed({ max_parallel: 1, on_failure: 'skip' }, { settings, tasks: [second] });
    file(run, 'a');
    file(run, 'b');
    close(run);
    expect(run.fail('l~0', { retryable: false })).toEqual([
      'task.attemptFailed l~0',
      'task.failed l~0',
      'task.scheduled l~1',
      'task.started l~1',
    ]);
    const asked = run.command({ type: 'cancel', task: 'l', reason: 'enough' });
    expect(asked).toContain('task.succeeded m');
    run.succeed('l~1');
    expect(run.state).toBe('succeeded');
  });
});
