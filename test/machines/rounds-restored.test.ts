/** Rounds together with what was built beside them: detached instances, open failures, regions, and restarts between. */
import { describe, expect, it } from 'vitest';
import { evolve } from '../../src/machines/run/evolve.ts';
import { agent, finish, workflow } from './play.ts';
import { digestOf, PureRun, restoredAt } from './pure-run.ts';

describe('a detached foreach that is repeated', () => {
  const each = (more: object) => agent('each', { foreach: [1], detach: true, ...more });
  const next = agent('next', { dependencies: ['each'] });

  it('has as many rounds as its bound says; dependents go on once, with the first', () => {
    const run = new PureRun(workflow([each({ repeat: { max: 3 } }), next]));
    expect(finish(run)).toEqual(['next', 'each~0', 'each@2~0', 'each@3~0']);
    expect(run.state).toBe('succeeded');
  });

  it('ends also where a round has no instance', () => {
    const run = new PureRun(workflow([each({ foreach: [], repeat: { max: 2 } }), next]));
    expect(finish(run)).toEqual(['next']);
    expect(run.state).toBe('succeeded');
  });

  it('fails at its bound, which its dependents do not hear of', () => {
    const repeat = { max: 2, until: 'false' };
    const run = new PureRun(
      workflow([each({ repeat }), next], { settings: { on_failure: 'continue' } }),
    );
    expect(finish(run)).toEqual(['next', 'each~0', 'each@2~0']);
    expect(run.last('run.failed').error.code).toBe('loop.exhausted');
  });
});

describe('a snapshot between two rounds', () => {
  it('knows a failure that its handler is still handling', async () => {
    const run = new PureRun(
      workflow([
        agent('work'),
        agent('mend', {
          dependencies: ['work'],
          trigger: 'one_failed',
          repeat: { max: 2, until: 'false' },
          on_failure: 'skip',
        }),
      ]),
    );
    run.fail('work', { retryable: false });
    run.succeed('mend');
    const { run: again } = await restoredAt(run.history, run.history.length);
    expect([...again.openFailures]).toEqual([0]);
    run.succeed('mend@2');
    expect(run.state).toBe('failed');
    finish(run);
  });

  it('keeps a region until its repeated member has ended', async () => {
    const run = new PureRun(
      workflow(
        [
          agent('long', { region: 'room', repeat: { max: 2, delay: 1 } }),
          agent('short', { region: 'room' }),
          agent('other', { mutex: 'key' }),
        ],
        { regions: { room: { mutex: 'key' } } },
      ),
    );
    run.succeed('long');
    const cut = run.history.length;
    run.succeed('short');
    run.fire('long@2');
    finish(run);
    const { run: again, before } = await restoredAt(run.history, cut);
    for (const { event, at, streamVersion } of run.history.slice(cut)) {
      for (const each of [again, before])
        evolve(each, { type: event.type, data: event.data, at, streamVersion });
      expect(digestOf(again), `at version ${streamVersion}`).toEqual(digestOf(before));
    }
  });
});
