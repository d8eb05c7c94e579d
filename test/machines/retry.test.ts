/**
 * `retry` of a failed run: what failed runs again, what succeeded is kept.
 * Size: one test for each construct that a retry meets.
 */
import { describe, expect, it } from 'vitest';
import { agent, finish, workflow } from './play.ts';
import { PureRun } from './pure-run.ts';

const NEVER = { retryable: false };

describe('a failed run', () => {
  it('goes on from what failed, and keeps what succeeded', () => {
    const run = new PureRun(
      workflow([
        agent('a'),
        agent('b', { dependencies: ['a'] }),
        agent('c', { dependencies: ['b'] }),
      ]),
    );
    run.succeed('a', 'first');
    run.fail('b', NEVER);
    expect(run.state).toBe('failed');
    expect(run.statuses()).toEqual({ a: 'success', b: 'failed', c: 'skipped' });
    expect(run.command({ type: 'retry', reason: 'mended' })).toEqual([
      'run.retried',
      'task.reset b',
      'task.reset c',
      'task.scheduled b',
      'task.started b',
    ]);
    expect(run.last('task.scheduled')).toMatchObject({ attempt: 2, retryBase: 1 });
    expect(run.last('run.retried').reason).toBe('mended');
    expect(finish(run)).toEqual(['b', 'c']);
    expect(run.state).toBe('succeeded');
    expect(run.report().tasks.a).toMatchObject({ attempts: 1, output: 'first' });
    expect(run.report().tasks.b).toMatchObject({ attempts: 2, status: 'success' });
    expect(run.report().error).toBeUndefined();
  });

  it('counts retries of the policy anew, and begins with the first agent', () => {
    const run = new PureRun(
      workflow([agent('a', { retry: { max_attempts: 2, delay: 0 }, fallback: ['other'] })]),
    );
    for (let count = 0; count < 4; count += 1) run.fail('a');
    expect(run.state).toBe('failed');
    expect(run.last('task.started').agent).toBe('other');
    run.command({ type: 'retry' });
    expect(run.last('task.started')).toMatchObject({ agent: 'echo', attempt: 5 });
    for (let count = 0; count < 3; count += 1) run.fail('a');
    expect(run.state).toBe('running');
    expect(finish(run)).toEqual(['a']);
    expect(run.report().tasks.a?.attempts).toBe(8);
  });

  it('runs again what was canceled and skipped because it stopped', () => {
    const run = new PureRun(
      workflow([agent('bad'), agent('busy'), agent('after', { dependencies: ['busy'] })]),
    );
    run.fail('bad', NEVER);
    run.fail('busy', { code: 'task.canceled' });
    expect(run.statuses()).toEqual({ bad: 'failed', busy: 'canceled', after: 'skipped' });
    run.command({ type: 'retry' });
    expect(finish(run)).toEqual(['bad', 'busy', 'after']);
    expect(run.state).toBe('succeeded');
  });

  it('leaves alone what a person canceled, and what a handler mended', () => {
    const run = new PureRun(
      workflow(
        [
          agent('mended'),
          agent('handler', { dependencies: ['mended'], trigger: 'one_failed' }),
          agent('unwanted'),
          agent('bad'),
        ],
        { settings: { max_parallel: 9, on_failure: 'continue' } },
      ),
    );
    run.command({ type: 'cancel', task: 'unwanted', reason: 'not today' });
    run.fail('unwanted', { code: 'task.canceled' });
    run.fail('mended', NEVER);
    run.succeed('handler');
    run.fail('bad', NEVER);
    expect(run.state).toBe('failed');
    run.command({ type: 'retry' });
    expect(finish(run)).toEqual(['bad']);
    expect(run.statuses()).toMatchObject({ mended: 'failed', unwanted: 'canceled' });
    expect(run.state).toBe('succeeded');
  });

  it('may fail and be retried again and again', () => {
    const run = new PureRun(workflow([agent('a'), agent('b', { dependencies: ['a'] })]));
    for (let count = 0; count < 3; count += 1) {
      run.fail('a', NEVER);
      expect(run.state).toBe('failed');
      run.command({ type: 'retry' });
    }
    expect(finish(run)).toEqual(['a', 'b']);
    expect(run.report().tasks.a?.attempts).toBe(4);
  });

  it('of its tasks only those that are named, where the run goes on after failures', () => {
    const run = new PureRun(
      workflow([agent('a'), agent('b')], { settings: { on_failure: 'continue' } }),
    );
    run.fail('a', NEVER);
    run.fail('b', NEVER);
    run.command({ type: 'retry', tasks: ['b'] });
    expect(finish(run)).toEqual(['b']);
    expect(run.state).toBe('failed');
    expect(run.statuses()).toEqual({ a: 'failed', b: 'success' });
    run.command({ type: 'retry' });
    expect(finish(run)).toEqual(['a']);
    expect(run.state).toBe('succeeded');
  });

  it('after its timeout has its time anew', () => {
    const run = new PureRun(
      workflow([agent('a'), agent('b', { dependencies: ['a'] })], { settings: { timeout: 60 } }),
    );
    run.expire();
    run.fail('a', { code: 'task.canceled' });
    expect(run.report().error?.code).toBe('run.timeout');
    run.now += 500_000;
    run.command({ type: 'retry' });
    expect(run.last('run.retried').dueAt).toBe(run.now + 60_000);
    expect(finish(run)).toEqual(['a', 'b']);
    expect(run.state).toBe('succeeded');
  });

  it('can be paused and canceled like any other', () => {
    const run = new PureRun(workflow([agent('a'), agent('b', { dependencies: ['a'] })]));
    run.fail('a', NEVER);
    run.command({ type: 'retry' });
    run.command({ type: 'pause' });
    run.succeed('a');
    expect(run.state).toBe('paused');
    run.command({ type: 'cancel' });
    expect(run.state).toBe('canceled');
    finish(run);
  });

  it('with many tasks is taken back in steps, and nothing starts in between', () => {
    const tasks = [
      agent('z'),
      ...Array.from({ length: 250 }, (_, index) => agent(`t${index}`, { dependencies: ['z'] })),
    ];
    const run = new PureRun(workflow(tasks));
    run.fail('z', NEVER);
    const lines = run.command({ type: 'retry' });
    expect(lines.filter((line) => line.startsWith('task.reset'))).toHaveLength(251);
    expect(lines.slice(-2)).toEqual(['task.scheduled z', 'task.started z']);
    expect(run.statuses()).toMatchObject({ z: 'running', t0: 'pending', t249: 'pending' });
  });
});

describe('foreach', () => {
  const each = (more: object = {}, settings: object = {}) =>
    workflow(
      [agent('each', { foreach: '${[1, 2, 3, 4]}', parameters: { n: '${item}' }, ...more })],
      { outputs: { all: '${each.output}' }, settings: { max_parallel: 20, ...settings } },
    );

  it('only the instances that failed or were canceled run again', () => {
    const run = new PureRun(each());
    run.succeed('each~0', 'zero');
    run.succeed('each~2', 'two');
    run.fail('each~1', NEVER);
    run.fail('each~3', { code: 'task.canceled' });
    expect(run.state).toBe('failed');
    run.command({ type: 'retry' });
    expect(finish(run, (id) => id)).toEqual(['each~1', 'each~3']);
    expect(run.report().output).toEqual({ all: ['zero', 'each~1', 'two', 'each~3'] });
    expect(run.last('task.started').parameters).toEqual({ n: 4 });
  });

  it('instances that had not begun begin after those', () => {
    const run = new PureRun(each({ max_parallel: 1 }));
    run.succeed('each~0', 0);
    run.fail('each~1', NEVER);
    expect(run.state).toBe('failed');
    run.command({ type: 'retry' });
    expect(finish(run, (id) => id)).toEqual(['each~1', 'each~2', 'each~3']);
    expect(run.state).toBe('succeeded');
  });

  it('an instance may fail again', () => {
    const run = new PureRun(each({}, { on_failure: 'continue' }));
    run.fail('each~0', NEVER);
    for (const index of [1, 2, 3]) run.succeed(`each~${index}`, index);
    expect(run.state).toBe('failed');
    run.command({ type: 'retry' });
    run.fail('each~0', NEVER);
    expect(run.state).toBe('failed');
    run.command({ type: 'retry' });
    expect(finish(run, () => 'late')).toEqual(['each~0']);
    expect(run.report().output).toEqual({ all: ['late', 1, 2, 3] });
  });

  it('of a detached task: its dependents do not run twice', () => {
    const run = new PureRun(
      workflow(
        [
          agent('each', { foreach: '${[1, 2]}', detach: true }),
          agent('next', { dependencies: ['each'] }),
        ],
        { settings: { max_parallel: 9, on_failure: 'continue' } },
      ),
    );
    run.succeed('next');
    run.fail('each~0', NEVER);
    run.succeed('each~1');
    expect(run.state).toBe('failed');
    run.command({ type: 'retry' });
    expect(finish(run)).toEqual(['each~0']);
    expect(run.state).toBe('succeeded');
  });
});

describe('loops', () => {
  it('a round of `repeat` that failed runs again, and the bound counts on', () => {
    const run = new PureRun(
      workflow([
        agent('refine', { repeat: { until: 'refine.output.ok', max: 3 } }),
        agent('after', { dependencies: ['refine'] }),
      ]),
    );
    run.succeed('refine', { ok: false });
    run.fail('refine@2', NEVER);
    expect(run.state).toBe('failed');
    run.command({ type: 'retry' });
    run.succeed('refine@2', { ok: false });
    run.succeed('refine@3', { ok: false });
    expect(run.report().error?.code).toBe('loop.exhausted');
    run.command({ type: 'retry' });
    expect(finish(run, (id) => ({ ok: id === 'refine@3' }))).toEqual(['refine@3', 'after']);
    expect(run.state).toBe('succeeded');
  });

  it.each(['stop', 'continue'])('an edge that leads back goes on in its round (%s)', (mode) => {
    const run = new PureRun({
      name: 'x',
      settings: { max_parallel: 9, on_failure: mode },
      tasks: [agent('a'), agent('b'), agent('c')],
      edges: [
        { from: 'start', to: 'a' },
        { from: 'a', to: 'b' },
        { from: 'b', to: 'a', condition: 'b.output.again', loop: { max: 5 } },
        { from: 'b', to: 'c', condition: '!b.output.again' },
      ],
    } as never);
    run.succeed('a');
    run.succeed('b', { again: true });
    run.fail('a@2', NEVER);
    expect(run.state).toBe('failed');
    run.command({ type: 'retry' });
    run.succeed('a@2');
    run.succeed('b@2', { again: true });
    run.succeed('a@3');
    run.fail('b@3', NEVER);
    expect(run.state).toBe('failed');
    run.command({ type: 'retry' });
    expect(finish(run, () => ({ again: false }))).toEqual(['b@3', 'c']);
    expect(run.state).toBe('succeeded');
  });
});

describe('waits, children and hooks', () => {
  it('an approval that was denied is asked again', () => {
    const run = new PureRun(workflow([{ id: 'ask', wait: { approval: { group: 'leads' } } }]));
    run.command({ type: 'reject', task: 'ask', by: 'ann' });
    expect(run.state).toBe('failed');
    run.command({ type: 'retry' });
    expect(run.report().tasks.ask?.waitsFor).toMatchObject({ kind: 'approval', group: 'leads' });
    run.command({ type: 'approve', task: 'ask', by: 'ann' });
    expect(run.state).toBe('succeeded');
    finish(run);
  });

  it('a child run that failed is followed by another one', () => {
    const run = new PureRun(
      workflow([{ id: 'sub', workflow: 'child' }], {
        workflows: { child: { name: 'child', tasks: [agent('x')] } },
      }),
    );
    const error = { code: 'agent.failed', message: 'no', retryable: false };
    run.childEnds('sub', { status: 'failed', error });
    expect(run.state).toBe('failed');
    run.command({ type: 'retry' });
    expect(run.report().tasks.sub?.runId).toBe('run_child2');
    run.childEnds('sub', { status: 'succeeded', output: 1 });
    expect(run.state).toBe('succeeded');
    finish(run);
  });

  it('hooks at the end run again with the new end', () => {
    const run = new PureRun(
      workflow([agent('a')], {
        hooks: {
          on_start: [agent('first')],
          on_failure: [agent('sorry')],
          on_success: [agent('hooray')],
          on_complete: [agent('last')],
        },
      }),
    );
    run.succeed('first');
    run.fail('a', NEVER);
    run.succeed('sorry');
    run.succeed('last');
    expect(run.state).toBe('failed');
    run.command({ type: 'retry' });
    expect(finish(run)).toEqual(['a', 'hooray', 'last']);
    expect(run.state).toBe('succeeded');
  });

  it('a hook at the start that ended the run runs again, and then the tasks', () => {
    const run = new PureRun(
      workflow([agent('a'), agent('b', { dependencies: ['a'] })], {
        hooks: {
          on_start: [
            agent('first', { on_failure: 'fail' }),
            agent('second', { dependencies: ['first'] }),
          ],
        },
      }),
    );
    run.fail('first', NEVER);
    expect(run.state).toBe('failed');
    run.command({ type: 'retry' });
    expect(finish(run)).toEqual(['first', 'second', 'a', 'b']);
    expect(run.state).toBe('succeeded');
  });

  it('a mutex is taken again', () => {
    const run = new PureRun(workflow([agent('a', { mutex: 'm' }), agent('b', { mutex: 'm' })]));
    run.fail('a', NEVER);
    expect(run.state).toBe('failed');
    run.command({ type: 'retry' });
    expect(finish(run)).toEqual(['a', 'b']);
    expect(run.state).toBe('succeeded');
  });
});
