/** Commands, waits and pauses. */
import { describe, expect, it } from 'vitest';
import type { JsonObject } from '../../src/workflow/value.ts';
import { PureRun } from './pure-run.ts';

const flow = (...tasks: JsonObject[]): JsonObject => ({
  name: 'w',
  settings: { max_parallel: 10 },
  tasks,
});
const echo = (id: string, ...dependencies: string[]): JsonObject => ({
  id,
  agent: 'echo',
  dependencies,
});

describe('waits', () => {
  it('a timer wait succeeds when it is due, and holds no slot', () => {
    const run = new PureRun(flow({ id: 't', wait: { timer: '5m' } }, echo('a', 't')));
    expect(run.run.slots).toBe(0);
    expect(run.last('task.waiting').dueAt).toBe(run.now + 300_000);
    expect(run.fire('t')).toEqual(['task.succeeded t', 'task.scheduled a', 'task.started a']);
  });

  it('its duration may be computed: seconds, or text', () => {
    const run = new PureRun(
      {
        ...flow({ id: 't', wait: { timer: '${inputs.d}' } }),
        inputs: { d: { type: 'any' } },
      },
      { input: { d: '2s' } },
    );
    expect(run.last('task.waiting').dueAt).toBe(run.now + 2_000);
  });

  it('a duration that is none fails the task', () => {
    const run = new PureRun(
      {
        ...flow({ id: 't', wait: { timer: '${inputs.d}' } }),
        inputs: { d: { type: 'any' } },
      },
      { input: { d: 'soon' } },
    );
    expect(run.statuses().t).toBe('failed');
  });
});

describe('pause and resume', () => {
  it('no attempt starts while the run is paused; what runs may end', () => {
    const run = new PureRun(flow(echo('a'), echo('b', 'a')));
    run.command({ type: 'pause' });
    expect(run.succeed('a')).toEqual(['task.succeeded a', 'task.scheduled b']);
    expect(run.command({ type: 'resume' })).toEqual(['run.resumed', 'task.started b']);
  });

  it('a paused run that has nothing left ends when it is resumed', () => {
    const run = new PureRun(flow(echo('a')));
    run.command({ type: 'pause' });
    expect(run.succeed('a')).toEqual(['task.succeeded a']);
    expect(run.command({ type: 'resume' })).toEqual(['run.resumed', 'run.succeeded']);
  });

  it('moves waits and retry delays by the pause, each by its own share', () => {
    const run = new PureRun(
      flow(
        { id: 't', wait: { timer: 100 } },
        { id: 'a', agent: 'echo', retry: { max_attempts: 2, delay: 50 } },
      ),
    );
    const start = run.now;
    run.command({ type: 'pause' });
    run.now += 10_000;
    run.fail('a');
    run.now += 20_000;
    run.command({ type: 'resume' });
    expect(run.last('run.resumed').pausedMs).toBe(30_000);
    run.fire('a');
    expect(run.now - start, 'began 10 s into the pause').toBe(10_000 + 50_000 + 20_000);
    run.fire('t');
    expect(run.now - start).toBe(130_000);
  });

  it('a delay that falls due in a pause waits for its end', () => {
    const run = new PureRun(flow({ id: 't', wait: { timer: 1 } }));
    run.command({ type: 'pause' });
    expect(run.fire('t')).toEqual([]);
    run.command({ type: 'resume' });
    expect(run.fire('t')).toEqual(['task.succeeded t', 'run.succeeded']);
  });

  it('an attempt that runs into its timeout in a pause is ended by it', () => {
    const run = new PureRun(flow({ id: 'a', agent: 'echo', timeout: 1 }));
    run.command({ type: 'pause' });
    expect(run.fire('a')).toContain('task.failed a');
  });

  it('the deadline of the run goes on', () => {
    const run = new PureRun(flow(echo('a')));
    run.command({ type: 'pause' });
    expect(run.expire()).toContain('run.stopping');
  });

  it('twice is once', () => {
    const run = new PureRun(flow(echo('a')));
    run.command({ type: 'pause' });
    expect(run.command({ type: 'pause' })).toEqual([]);
    run.command({ type: 'resume' });
    expect(run.command({ type: 'resume' })).toEqual([]);
    expect(run.rejection).toBeUndefined();
  });
});

describe('start and step', () => {
  it('`start: false` creates without starting', () => {
    const run = new PureRun(flow(echo('a')), { start: false });
    expect(run.lines()).toEqual(['run.created']);
    expect(run.command({ type: 'start' })).toEqual([
      'run.started',
      'task.scheduled a',
      'task.started a',
    ]);
    expect(run.command({ type: 'start' })).toEqual([]);
  });

  it('step runs one ready task and pauses again', () => {
    const run = new PureRun(flow(echo('a'), echo('b'), echo('c', 'a')), { start: false });
    expect(run.command({ type: 'step' }).slice(-2)).toEqual(['task.started a', 'run.paused']);
    expect(run.succeed('a')).toEqual(['task.succeeded a', 'task.scheduled c']);
    expect(run.command({ type: 'step' })).toEqual(['run.resumed', 'task.started b', 'run.paused']);
    expect(run.command({ type: 'step' })).toEqual(['run.resumed', 'task.started c', 'run.paused']);
    expect(run.command({ type: 'step' })).toEqual([]);
    expect(run.rejection).toMatchObject({ code: 'run.conflict', details: { status: 'paused' } });
  });
});

describe('cancel and terminate', () => {
  it('cancel asks the agents and ends when they have answered', () => {
    const run = new PureRun(flow(echo('a'), echo('b', 'a'), { id: 't', wait: { timer: 9 } }));
    expect(run.command({ type: 'cancel', reason: 'enough' })).toEqual([
      'run.cancelRequested',
      'task.skipped b',
      'task.cancelRequested a',
      'task.cancelRequested t',
      'task.canceled t',
    ]);
    expect(run.fail('a', { code: 'task.canceled' })).toEqual([
      'task.cancelAcknowledged a',
      'task.canceled a',
      'run.canceled',
    ]);
    expect(run.statuses()).toEqual({ a: 'canceled', b: 'skipped', t: 'canceled' });
  });

  it('an agent that does not answer is given up after ten seconds', () => {
    const run = new PureRun(flow(echo('a')));
    run.command({ type: 'cancel' });
    const before = run.now;
    expect(run.fire('a')).toEqual(['task.cancelForced a', 'task.canceled a', 'run.canceled']);
    expect(run.now - before).toBe(10_000);
  });

  it('a worker that is lost while it is asked to stop is given up at once', () => {
    const run = new PureRun(flow(echo('a')));
    run.command({ type: 'cancel' });
    expect(run.lose('a')).toEqual(['task.cancelForced a', 'task.canceled a', 'run.canceled']);
  });

  it('cancel twice is once; terminate then waits for nobody', () => {
    const run = new PureRun(flow(echo('a')));
    run.command({ type: 'cancel' });
    expect(run.command({ type: 'cancel' })).toEqual([]);
    expect(run.command({ type: 'terminate' })).toEqual([
      'run.cancelRequested',
      'task.cancelForced a',
      'task.canceled a',
      'run.canceled',
    ]);
  });

  it.each(['cancel', 'terminate'])('%s ends a run that has not begun', (type) => {
    const run = new PureRun(flow(echo('a')), { start: false });
    run.command({ type });
    expect(run.state).toBe('canceled');
  });

  it('cancel ends a run that is stopping, its clean-up too', () => {
    const run = new PureRun(flow(echo('a'), { ...echo('b', 'a'), trigger: 'all_done' }));
    run.fail('a');
    expect(run.state).toBe('stopping');
    run.command({ type: 'cancel' });
    run.fail('b');
    expect(run.state).toBe('canceled');
  });

  it('of a foreach: instances first, then the task that waits for them', () => {
    const run = new PureRun(flow({ id: 'l', agent: 'echo', foreach: [1, 2] }));
    expect(run.command({ type: 'terminate' }).slice(-3)).toEqual([
      'task.cancelRequested l',
      'task.canceled l',
      'run.canceled',
    ]);
  });
});

describe('complete', () => {
  it('ends a paused run: what has not started is skipped, the outputs are computed', () => {
    const run = new PureRun({
      ...flow(echo('a'), { id: 't', wait: { timer: 9 }, dependencies: ['a'] }, echo('b', 't')),
      outputs: { a: '${a.output}' },
    });
    run.succeed('a', 1);
    run.command({ type: 'pause' });
    expect(run.command({ type: 'complete' })).toEqual([
      'run.resumed',
      'task.skipped b',
      'task.cancelRequested t',
      'task.canceled t',
      'run.succeeded',
    ]);
    expect(run.report().output).toEqual({ a: 1 });
  });

  it('as failed', () => {
    const run = new PureRun(flow({ id: 't', wait: { timer: 9 } }));
    run.command({ type: 'complete', status: 'failed', reason: 'by hand' });
    expect(run.report()).toMatchObject({ status: 'failed', error: { code: 'run.completed' } });
  });

  it('is refused while attempts are in hand, and before the start', () => {
    const run = new PureRun(flow(echo('a')));
    run.command({ type: 'complete' });
    expect(run.rejection).toMatchObject({ code: 'run.conflict', details: { inHand: 1 } });
    const pending = new PureRun(flow(echo('a')), { start: false });
    pending.command({ type: 'complete' });
    expect(pending.rejection?.code).toBe('run.conflict');
  });
});

describe('every command to a run that has ended', () => {
  it.each(['start', 'step', 'pause', 'resume', 'complete', 'cancel', 'terminate', 'release'])(
    '%s is a conflict',
    (type) => {
      const run = new PureRun(flow(echo('a')));
      run.succeed('a');
      expect(run.command({ type })).toEqual([]);
      expect(run.rejection).toMatchObject({ status: 409, code: 'run.conflict' });
    },
  );
});
