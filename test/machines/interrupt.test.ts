/** `pause` with `hard`: what runs is interrupted and starts again; and how far a cancellation is. */
import { describe, expect, it } from 'vitest';
import { agent, finish, workflow } from './play.ts';
import { PureRun } from './pure-run.ts';

const pauseHard = { type: 'pause', hard: true };
const stopped = { code: 'task.canceled' };

describe('a hard pause', () => {
  it('asks what runs to stop, and starts it again when the run is resumed', () => {
    const run = new PureRun(workflow([agent('a'), agent('b', { dependencies: ['a'] })]));
    expect(run.command(pauseHard)).toEqual(['run.paused', 'task.cancelRequested a']);
    expect(run.fail('a', stopped)).toEqual([
      'task.cancelAcknowledged a',
      'task.reset a',
      'task.scheduled a',
    ]);
    expect(run.statuses()).toEqual({ a: 'pending', b: 'pending' });
    expect(run.command({ type: 'resume' })).toEqual(['run.resumed', 'task.started a']);
    expect(run.last('task.started').attempt).toBe(2);
    expect(finish(run)).toEqual(['a', 'b']);
    expect(run.state).toBe('succeeded');
  });

  it('gives up what does not stop in time, also after the run goes on', () => {
    const run = new PureRun(workflow([agent('a')]));
    run.command(pauseHard);
    expect(run.command({ type: 'resume' })).toEqual(['run.resumed']);
    expect(run.fire('a')).toEqual([
      'task.cancelForced a',
      'task.reset a',
      'task.scheduled a',
      'task.started a',
    ]);
    expect(finish(run)).toEqual(['a']);
  });

  it('takes a success that comes all the same', () => {
    const run = new PureRun(workflow([agent('a')]));
    run.command(pauseHard);
    run.succeed('a', 'in time');
    run.command({ type: 'resume' });
    expect(run.report()).toMatchObject({ status: 'succeeded', tasks: { a: { attempts: 1 } } });
    finish(run);
  });

  it('does not count for the retry policy', () => {
    const run = new PureRun(workflow([agent('a', { retry: { max_attempts: 2, delay: 0 } })]));
    run.fail('a');
    run.command(pauseHard);
    run.fail('a', stopped);
    run.command({ type: 'resume' });
    expect(run.attempt('a')).toBe(3);
    run.fail('a');
    expect(run.state).toBe('failed');
    finish(run);
  });

  it('may follow a soft one, and a soft one changes nothing after it', () => {
    const run = new PureRun(workflow([agent('a')]));
    run.command({ type: 'pause' });
    expect(run.command(pauseHard)).toEqual(['run.resumed', 'run.paused', 'task.cancelRequested a']);
    expect(run.command(pauseHard)).toEqual([]);
    expect(run.command({ type: 'pause' })).toEqual([]);
    expect(run.rejection).toBeUndefined();
    finish(run);
  });

  it('ends in a cancellation, of the run or of the task', () => {
    const run = new PureRun(
      workflow([agent('a'), agent('b')], { settings: { on_failure: 'continue' } }),
    );
    run.command(pauseHard);
    expect(run.command({ type: 'cancel', task: 'a' })).toEqual([
      'task.cancelForced a',
      'task.canceled a',
    ]);
    run.command({ type: 'cancel' });
    expect(run.fail('b', stopped)).toEqual([
      'task.cancelAcknowledged b',
      'task.canceled b',
      'run.canceled',
    ]);
    finish(run);
  });

  it('interrupts instances, rounds and hooks', () => {
    const run = new PureRun(
      workflow(
        [
          agent('each', { foreach: '${[1, 2]}', dependencies: ['loop'] }),
          agent('loop', { repeat: { until: 'loop.output == 2', max: 3 } }),
        ],
        { hooks: { on_start: [agent('first')] }, outputs: { all: '${each.output}' } },
      ),
    );
    const interrupt = (...ids: string[]): void => {
      run.command(pauseHard);
      for (const id of ids) run.fail(id, stopped);
      run.command({ type: 'resume' });
    };
    interrupt('first');
    run.succeed('first');
    interrupt('loop');
    run.succeed('loop', 1);
    interrupt('loop@2');
    run.succeed('loop@2', 2);
    run.succeed('each~0', 'x');
    interrupt('each~1');
    expect(finish(run, (id) => id)).toEqual(['each~1']);
    expect(run.report().output).toEqual({ all: ['x', 'each~1'] });
  });
});

describe('a cancellation is three facts', () => {
  it.each([
    ['acknowledged', (run: PureRun) => run.fail('a', stopped)],
    ['forced', (run: PureRun) => run.fire('a')],
    ['forced', (run: PureRun) => run.lose('a')],
  ] as const)('asked, then %s', (how, end) => {
    const run = new PureRun(workflow([agent('a'), agent('b', { dependencies: ['a'] })]));
    run.command({ type: 'cancel' });
    expect(run.report().tasks.a).toMatchObject({ status: 'running', cancel: 'requested' });
    end(run);
    expect(run.report().tasks.a).toMatchObject({ status: 'canceled' });
    expect(run.report().tasks.a?.cancel).toBe(how);
    expect(run.report().tasks.b).not.toHaveProperty('cancel');
    expect(run.state).toBe('canceled');
    finish(run);
  });
});

describe('checkpoints', () => {
  it('name a point of a run that has not ended, once', () => {
    const run = new PureRun(workflow([agent('a')]));
    expect(run.command({ type: 'checkpoint', name: 'here' })).toEqual(['run.checkpointed']);
    run.command({ type: 'checkpoint' });
    expect(run.report().checkpoints).toEqual([
      { name: 'here', streamVersion: 5 },
      { name: 'checkpoint-6', streamVersion: 6 },
    ]);
    run.command({ type: 'checkpoint', name: 'here' });
    expect(run.rejection).toMatchObject({ code: 'run.conflict', details: { streamVersion: 5 } });
    finish(run);
    run.command({ type: 'checkpoint' });
    expect(run.rejection?.code).toBe('run.conflict');
  });
});
