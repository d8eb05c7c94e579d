/** Where `retry` makes no sense it is refused, and says what would be possible. */
import { describe, expect, it } from 'vitest';
import { agent, finish, workflow } from './play.ts';
import { PureRun } from './pure-run.ts';

const NEVER = { retryable: false };

describe('refused', () => {
  it('where the run has not failed', () => {
    const run = new PureRun(workflow([agent('a')]));
    run.command({ type: 'retry' });
    expect(run.rejection).toMatchObject({ code: 'run.conflict' });
    run.succeed('a');
    run.command({ type: 'retry' });
    expect(run.rejection).toMatchObject({ code: 'run.conflict', details: { status: 'succeeded' } });
  });

  it('where what it did was undone', () => {
    const run = new PureRun(
      workflow(
        [agent('a', { compensate: agent('undo') }), agent('b', { dependencies: ['a'] })].map(
          (task) => {
            const { compensate, ...rest } = task as { compensate?: { agent: string } };
            return compensate === undefined ? rest : { ...rest, compensate: { agent: 'echo' } };
          },
        ),
        { settings: { on_failure: 'compensate' } },
      ),
    );
    run.succeed('a');
    run.fail('b', NEVER);
    run.succeed('a!undo');
    expect(run.state).toBe('failed');
    run.command({ type: 'retry' });
    expect(run.rejection).toMatchObject({ code: 'run.conflict', details: { undone: 'a' } });
  });

  it('of a child run, naming the run at the top', () => {
    const run = new PureRun(workflow([agent('a')]));
    run.fail('a', NEVER);
    Object.assign(run.run.header, {
      parent: { runId: 'run_p', activation: 'x', attempt: 1 },
      root: 'run_top',
    });
    run.command({ type: 'retry' });
    expect(run.rejection?.hint).toContain('run_top');
  });

  it('where threads ended beside each other', () => {
    const run = new PureRun(
      workflow([
        agent('split', { emit: 2 }),
        agent('work', { dependencies: ['split'] }),
        agent('merge', { dependencies: ['work'], trigger: { merge: 2 } }),
      ]),
    );
    run.succeed('split');
    run.fail('work', NEVER);
    run.succeed('work@2');
    expect(run.state).toBe('failed');
    run.command({ type: 'retry' });
    expect(run.rejection).toMatchObject({ code: 'run.conflict', details: { task: 'work' } });
  });

  it('where nothing failed but the outputs', () => {
    const run = new PureRun(workflow([agent('a')], { outputs: { x: '${a.output.b.c}' } }));
    run.succeed('a', {});
    expect(run.state).toBe('failed');
    run.command({ type: 'retry' });
    expect(run.rejection?.message).toContain('no task');
  });

  it('for a task that did not fail, or that is not there, saying what could be named', () => {
    const run = new PureRun(workflow([agent('good'), agent('bad', { dependencies: ['good'] })]));
    run.succeed('good');
    run.fail('bad', NEVER);
    run.command({ type: 'retry', tasks: ['good'] });
    expect(run.rejection).toMatchObject({ code: 'run.conflict', details: { retriable: ['bad'] } });
    run.command({ type: 'retry', tasks: ['bat'] });
    expect(run.rejection).toMatchObject({ code: 'task.not-found' });
    expect(run.rejection?.hint).toContain('Did you mean "bad"');
  });

  it('where what is left out would stop the run again', () => {
    const run = new PureRun(workflow([agent('a'), agent('b')]));
    run.fail('a', NEVER);
    run.fail('b', NEVER);
    expect(run.statuses()).toEqual({ a: 'failed', b: 'canceled' });
    const both = new PureRun(
      workflow([agent('a'), agent('b', { trigger: 'all_done', dependencies: ['a'] })]),
    );
    both.fail('a', NEVER);
    both.fail('b', NEVER);
    expect(both.state).toBe('failed');
    both.command({ type: 'retry', tasks: ['b'] });
    expect(both.rejection).toMatchObject({ details: { failed: ['a'] } });
    both.command({ type: 'retry', tasks: ['a', 'b'] });
    expect(finish(both)).toEqual(['a', 'b']);
    expect(both.state).toBe('succeeded');
  });
});
