/** `join.rest: detach`: a `foreach` task ends with enough results, and its other instances go on without it. */
import { describe, expect, it } from 'vitest';
import { compileWorkflow } from '../../src/workflow/parse.ts';
import { agent, finish, workflow } from './play.ts';
import { PureRun } from './pure-run.ts';

const probe = (more: object = {}) =>
  agent('p', { foreach: [1, 2, 3], join: { count: 1, rest: 'detach' }, ...more });
const next = agent('next', { dependencies: ['p'], parameters: { seen: '${p.output}' } });

describe('join.rest: detach', () => {
  it('ends the task with the results that are there, in the commit of the decisive one', () => {
    const run = new PureRun(workflow([probe(), next]));
    expect(run.succeed('p~1', 'b')).toEqual([
      'task.succeeded p~1',
      'task.succeeded p',
      'task.scheduled next',
      'task.started next',
    ]);
    expect(run.last('task.started').parameters).toEqual({ seen: ['b'] });
    expect(run.state).toBe('running');
  });

  it('lets the others go on; the run waits for them, and their ends change nothing', () => {
    const run = new PureRun(workflow([probe(), next]));
    run.succeed('p~0', 'a');
    run.succeed('next');
    run.fail('p~1', { retryable: false });
    expect(run.state).toBe('running');
    run.succeed('p~2', 'c');
    expect(run.report()).toMatchObject({
      status: 'succeeded',
      tasks: {
        p: {
          status: 'success',
          output: ['a'],
          instances: [{ status: 'success' }, { status: 'failed' }, { status: 'success' }],
        },
      },
    });
  });

  it('begins also those that had no place yet, as many at a time as before', () => {
    const run = new PureRun(workflow([probe({ max_parallel: 1 }), next]));
    expect(finish(run)).toEqual(['p~0', 'next', 'p~1', 'p~2']);
    expect(run.state).toBe('succeeded');
  });

  it('retries them as usual', () => {
    const run = new PureRun(workflow([probe({ retry: { max_attempts: 2, delay: 1 } })]));
    run.succeed('p~0');
    run.fail('p~1');
    run.fire('p~1');
    expect(finish(run)).toEqual(['p~1', 'p~2']);
    expect(run.state).toBe('succeeded');
  });

  it('cancels them with the run', () => {
    const run = new PureRun(workflow([probe(), next]));
    run.succeed('p~0');
    run.command({ type: 'cancel' });
    for (const id of ['p~1', 'p~2', 'next']) run.fail(id, { code: 'task.canceled' });
    expect(run.state).toBe('canceled');
    expect(run.report().tasks['p']).toMatchObject({ status: 'success' });
  });

  it('begins none of them once the run stops', () => {
    const run = new PureRun(workflow([probe({ max_parallel: 1 }), agent('bad')]));
    run.succeed('p~0');
    run.fail('bad', { retryable: false });
    run.fail('p~1', { code: 'task.canceled' });
    expect(run.state).toBe('failed');
    expect(run.run.activations.has('p~2')).toBe(false);
  });

  it('takes no more from a feed', () => {
    const run = new PureRun(
      workflow([
        agent('p', { foreach: { feed: 'more', items: [1] }, join: { count: 1, rest: 'detach' } }),
        next,
      ]),
    );
    run.succeed('p~0');
    run.command({ type: 'signal', name: 'more', payload: 2 });
    expect(run.run.activations.has('p~1')).toBe(false);
    finish(run);
    expect(run.state).toBe('succeeded');
  });

  it('fails where too few can succeed', () => {
    const run = new PureRun(workflow([probe({ join: { count: 3, rest: 'detach' } })]));
    run.fail('p~0', { retryable: false });
    for (const id of ['p~1', 'p~2']) run.fail(id, { code: 'task.canceled' });
    expect(run.report().tasks['p']?.error?.code).toBe('join.unsatisfied');
  });

  it('is refused beside a mutex, which would end before them', () => {
    const { problems } = compileWorkflow(workflow([probe({ mutex: 'disk' })]));
    expect(problems.map(({ code, path }) => ({ code, path }))).toEqual([
      { code: 'workflow.not-supported', path: 'tasks[0].join.rest' },
    ]);
  });
});
