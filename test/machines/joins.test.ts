/** Joins that count, cancel, or ask what can still come; pass tasks; the graph form. */
import { describe, expect, it } from 'vitest';
import { agent, finish, workflow } from './play.ts';
import { PureRun } from './pure-run.ts';

describe('joins', () => {
  it('rest: cancel ends the branches that did not make it', () => {
    const run = new PureRun(
      workflow([
        agent('a'),
        agent('b'),
        agent('b2', { dependencies: ['b'] }),
        agent('j', { dependencies: ['a', 'b2'], trigger: { count: 1, rest: 'cancel' } }),
      ]),
    );
    expect(run.succeed('a')).toEqual([
      'task.succeeded a',
      'task.scheduled j',
      'task.cancelRequested b',
      'task.skipped b2',
      'task.started j',
    ]);
    run.fail('b');
    run.succeed('j');
    expect(run.statuses()).toEqual({ a: 'success', b: 'canceled', b2: 'skipped', j: 'success' });
    expect(run.state).toBe('succeeded');
  });

  it('rest: cancel ends a branch with instances as every cancellation does: it goes after them', () => {
    const run = new PureRun(
      workflow([
        agent('a'),
        agent('each', { foreach: [1, 2] }),
        agent('j', { dependencies: ['a', 'each'], trigger: { count: 1, rest: 'cancel' } }),
      ]),
    );
    expect(run.succeed('a')).toEqual([
      'task.succeeded a',
      'task.scheduled j',
      'task.cancelRequested each',
      'task.cancelRequested each~0',
      'task.cancelRequested each~1',
      'task.started j',
    ]);
    run.fail('each~0');
    expect(run.fail('each~1').at(-1)).toBe('task.canceled each');
    run.succeed('j');
    expect(run.statuses()).toMatchObject({ a: 'success', each: 'canceled', j: 'success' });
    expect(run.state).toBe('succeeded');
  });

  it('activated waits for the branches that a choice took, through dead paths', () => {
    const run = new PureRun(
      workflow(
        [
          agent('pick'),
          agent('x'),
          agent('x2', { dependencies: ['x'] }),
          agent('y'),
          agent('y2', { dependencies: ['y'] }),
          agent('j', { dependencies: ['x2', 'y2'], trigger: 'activated' }),
        ],
        {
          edges: [
            { from: 'pick', to: 'x', condition: 'pick.output == 1' },
            { from: 'pick', to: 'y', condition: 'pick.output != 1' },
          ],
        },
      ),
    );
    expect(finish(run, () => 1)).toEqual(['pick', 'x', 'x2', 'j']);
    expect(run.report().tasks['y2']).toMatchObject({ status: 'skipped', reason: 'inactive' });
    expect(run.state).toBe('succeeded');
  });

  it('reachable runs once nothing can reach the other edges any more', () => {
    const run = new PureRun(
      workflow(
        [
          agent('a'),
          agent('b', { dependencies: ['a'] }),
          agent('slow'),
          agent('j', { dependencies: ['b', 'exit'], trigger: 'reachable' }),
          agent('exit', { dependencies: ['a'], condition: 'a.output == "x"' }),
        ],
        { edges: [{ from: 'b', to: 'a', loop: { max: 2 }, condition: 'b.output == "again"' }] },
      ),
    );
    run.succeed('a');
    run.succeed('b', 'again');
    run.succeed('a@2');
    expect(run.succeed('b@2', 'done')).toContain('task.started j');
    finish(run);
    expect(run.state).toBe('succeeded');
  });
});

describe('a pass task', () => {
  it('succeeds at once, without an agent', () => {
    const run = new PureRun(workflow([{ id: 'p', pass: true }]));
    expect(run.lines()).toEqual([
      'run.created',
      'run.started',
      'task.scheduled p',
      'task.succeeded p',
      'run.succeeded',
    ]);
  });
});

describe('the graph form', () => {
  it('has edges, a start and an end', () => {
    const run = new PureRun(
      workflow(
        [
          { id: 'start', pass: true },
          agent('a'),
          agent('b'),
          agent('c'),
          { id: 'end', pass: true },
        ],
        {
          start: 'start',
          end: 'end',
          edges: [
            {
              from: 'a',
              to: 'b',
              condition: { type: 'field_value', field: 'a.output.n', operator: '>', value: 1 },
            },
            { from: 'a', to: 'c', condition: { type: 'field_exists', field: 'a.output.m' } },
          ],
        },
      ),
    );
    expect(finish(run, () => ({ n: 2 }))).toEqual(['a', 'b']);
    expect(run.statuses()).toEqual({
      start: 'success',
      a: 'success',
      b: 'success',
      c: 'skipped',
      end: 'success',
    });
  });

  it('ends after the tasks without a way out, not after its start', () => {
    const run = new PureRun(
      workflow(
        [
          { id: 'start', pass: true },
          agent('a'),
          agent('b'),
          { id: 'end', pass: true, trigger: 'one_success' },
        ],
        { start: 'start', end: 'end', edges: [{ from: 'a', to: 'b' }] },
      ),
    );
    run.succeed('a');
    expect(run.statuses()).toMatchObject({ start: 'success', end: 'pending' });
    run.succeed('b');
    expect(run.statuses().end).toBe('success');
  });
});

describe('on_failure: skip beside rounds', () => {
  it('counts once, as a skip', () => {
    const run = new PureRun(
      workflow([
        agent('a', { repeat: { max: 2 } }),
        agent('b', { on_failure: 'skip' }),
        { id: 'any', pass: true, dependencies: ['a', 'b'], trigger: 'any' },
        { id: 'none', pass: true, dependencies: ['a', 'b'], trigger: 'none_failed' },
        { id: 'each', pass: true, dependencies: ['a', 'b'], trigger: 'each' },
      ]),
    );
    run.fail('b');
    finish(run);
    expect(run.statuses()).toEqual({
      a: 'success',
      b: 'skipped',
      any: 'success',
      none: 'success',
      each: 'success',
    });
    expect([...run.run.activations.keys()]).toEqual(['b', 'any', 'a@2', 'none', 'each']);
  });
});
