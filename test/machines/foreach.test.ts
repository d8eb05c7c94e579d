/** Instances of a `foreach` task: windows, joins, the rest (workflow-language.md, Instances). */
import { describe, expect, it } from 'vitest';
import type { JsonObject, JsonValue } from '../../src/workflow/value.ts';
import { PureRun } from './pure-run.ts';

function each(items: JsonValue, task: JsonObject = {}, settings: JsonObject = {}): PureRun {
  return new PureRun({
    name: 'w',
    settings: { max_parallel: 100, ...settings },
    tasks: [{ id: 'l', agent: 'echo', foreach: items, parameters: { n: '${item}' }, ...task }],
  });
}
const instance = (index: number) => `l~${index}`;
const startedOf = (run: PureRun) => run.lines().filter((line) => line.startsWith('task.started'));

describe('foreach', () => {
  it('its output is the list of the outputs in input order, whatever ended first', () => {
    const run = each([10, 20, 30]);
    for (const index of [2, 0, 1]) run.succeed(instance(index), index);
    expect(run.report().tasks.l).toMatchObject({ status: 'success', output: [0, 1, 2] });
    expect(run.report().tasks.l?.instances).toHaveLength(3);
  });

  it('each instance sees its item, its index and the name in `as`', () => {
    const parameters = { item: '${item}', named: '${file}', index: '${index}' };
    const run = each(['x', 'y'], { as: 'file', parameters });
    expect(run.last('task.started').parameters).toEqual({ item: 'y', named: 'y', index: 1 });
  });

  it('of an empty list it succeeds at once with an empty list', () => {
    const run = each([]);
    expect(run.lines().slice(-4)).toEqual([
      'task.scheduled l',
      'task.expanded l',
      'task.succeeded l',
      'run.succeeded',
    ]);
    expect(run.report().tasks.l?.output).toEqual([]);
  });

  it('of something else than a list it fails', () => {
    const run = each('${[1 + 1][0]}');
    expect(run.report()).toMatchObject({ status: 'failed', tasks: { l: { status: 'failed' } } });
  });

  it('schedules a window of `max_parallel`, and the next with each end', () => {
    const run = each([0, 1, 2, 3, 4], { max_parallel: 2 });
    expect(startedOf(run)).toHaveLength(2);
    run.succeed(instance(0));
    expect(startedOf(run).at(-1)).toBe('task.started l~2');
    expect(run.run.open.size).toBe(3);
  });

  it('never schedules more than 500 instances that have not ended', () => {
    const run = each('${range(1200)}', {}, { max_parallel: 1000 });
    expect(run.run.slots).toBe(500);
  });

  it('settings.max_parallel bounds the instances of all tasks together', () => {
    const run = new PureRun({
      name: 'w',
      settings: { max_parallel: 3 },
      tasks: ['l', 'm'].map((id) => ({ id, agent: 'echo', foreach: [1, 2, 3] })),
    });
    expect(run.run.slots).toBe(3);
    for (let count = 0; count < 6; count += 1) {
      const active = [...run.run.open].find((open) => open.state === 'running');
      run.succeed(active?.id ?? '');
      expect(run.run.slots).toBeLessThanOrEqual(3);
    }
    expect(run.state).toBe('succeeded');
  });

  it('instances are retried one by one', () => {
    const run = each([0, 1], { retry: { max_attempts: 2, delay: 0 } });
    run.fail(instance(0));
    expect(run.attempt(instance(0))).toBe(2);
    run.succeed(instance(0), 'x');
    run.succeed(instance(1), 'y');
    expect(run.report().tasks.l?.output).toEqual(['x', 'y']);
  });
});

describe('join', () => {
  it('without `count` every instance must succeed; the rest of a stopping run is canceled', () => {
    const run = each([0, 1, 2]);
    expect(run.fail(instance(1))).toEqual([
      'task.attemptFailed l~1',
      'task.failed l~1',
      'task.cancelRequested l~0',
      'task.cancelRequested l~2',
    ]);
    run.fail(instance(0), { code: 'task.canceled' });
    expect(run.fail(instance(2), { code: 'task.canceled' })).toContain('task.failed l');
    expect(run.report().error?.code).toBe('join.unsatisfied');
    expect(run.report().error?.message).toContain('agent.failed');
  });

  it('with `on_failure: continue` the others finish and keep their results', () => {
    const run = each([0, 1], {}, { on_failure: 'continue' });
    run.fail(instance(0));
    run.succeed(instance(1), 'kept');
    expect(run.report().tasks.l).toMatchObject({
      status: 'failed',
      instances: [{ status: 'failed' }, { status: 'success', output: 'kept' }],
    });
  });

  it('`count: 2` of 3: one may fail, the output has what succeeded', () => {
    const run = each([0, 1, 2], { join: { count: 2 } });
    run.fail(instance(0));
    run.succeed(instance(1), 1);
    run.succeed(instance(2), 2);
    expect(run.report().tasks.l).toMatchObject({ status: 'success', output: [1, 2] });
  });

  it.each([
    [0.5, 3, 2],
    [0.9, 10, 9],
    [0.07, 100, 7],
    [0.14, 100, 14],
    [0.001, 3, 1],
    [5, 3, 3],
  ])('a share of %f of %i instances is %i', (count, total, needed) => {
    const run = each(
      `\${range(${total})}`,
      { join: { count, rest: 'cancel' } },
      { max_parallel: 500 },
    );
    for (let index = 0; index < needed - 1; index += 1) run.succeed(instance(index));
    expect(run.lines()).not.toContain('task.cancelRequested l~99');
    expect(run.statuses().l).toBe('running');
    const last = run.succeed(instance(needed - 1));
    const isOver = last.some(
      (line) => line.startsWith('task.cancelRequested') || line === 'task.succeeded l',
    );
    expect(isOver).toBe(true);
  });

  it('`rest: cancel` cancels the others and succeeds', () => {
    const run = each([0, 1, 2], { join: { count: 1, rest: 'cancel' }, max_parallel: 2 });
    expect(run.succeed(instance(0), 'won')).toEqual([
      'task.succeeded l~0',
      'task.cancelRequested l~1',
    ]);
    expect(run.fail(instance(1), { code: 'task.canceled' })).toEqual([
      'task.cancelAcknowledged l~1',
      'task.canceled l~1',
      'task.succeeded l',
      'run.succeeded',
    ]);
    expect(run.report().tasks.l?.output).toEqual(['won']);
  });

  it('`rest: cancel`: a success that was on its way is part of the output', () => {
    const run = each([0, 1], { join: { count: 1, rest: 'cancel' } });
    run.succeed(instance(1), 'won');
    run.succeed(instance(0), 'late');
    expect(run.report().tasks.l?.output).toEqual(['late', 'won']);
  });

  it('a foreach under `on_failure: skip` is skipped, not failed', () => {
    const run = each([0], { on_failure: 'skip' });
    run.fail(instance(0));
    expect(run.report()).toMatchObject({
      status: 'succeeded',
      tasks: { l: { status: 'skipped' } },
    });
  });
});
