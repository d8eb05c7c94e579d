/** Patches of runs that are steered as well: tried again, paused hard, marked, forked, rehearsed. Every fold agrees. */
import { describe, expect, it } from 'vitest';
import { runContext } from '../../src/machines/run/aggregate.ts';
import { Rehearsal } from '../../src/machines/run/rehearse.ts';
import { compileWorkflow, definitionHash } from '../../src/workflow/parse.ts';
import type { JsonObject } from '../../src/workflow/value.ts';
import { agent, finish, workflow } from './play.ts';
import { expectSnapshotsToAgree, PureRun, type Recorded } from './pure-run.ts';

const NEVER = { retryable: false };
const HOUR_MS = 3_600_000;
const goesOn = { settings: { max_parallel: 20, on_failure: 'continue' } };
const round = { agent: 'echo', dependencies: ['slow'], repeat: { max: 2 } };

function adapt(run: PureRun, patch: JsonObject): void {
  run.command({ type: 'adapt', patch });
  expect(run.rejection).toBeUndefined();
}

function starts(run: PureRun, task: string): number {
  return run.lines().filter((line) => line.split('@')[0] === `task.started ${task}`).length;
}

describe('a retry after a patch', () => {
  it('takes back what an end told new dependents, in a plan with rounds', () => {
    const repeats = agent('again', { repeat: { max: 2 }, dependencies: ['slow'] });
    const run = new PureRun(workflow([agent('a'), agent('slow'), repeats], goesOn));
    run.fail('a', NEVER);
    adapt(run, {
      tasks: {
        first: { agent: 'echo', dependencies: ['a'] },
        cleanup: { agent: 'echo', dependencies: ['a'], trigger: 'all_done' },
      },
    });
    finish(run);
    expect(run.state).toBe('failed');
    run.command({ type: 'retry' });
    expect(run.rejection).toBeUndefined();
    finish(run);
    expect(run.state).toBe('succeeded');
    expect(['a', 'first', 'cleanup'].map((task) => starts(run, task))).toEqual([2, 1, 1]);
  });

  it('takes back what was told by counting before a patch brought rounds', () => {
    const run = new PureRun(
      workflow(
        [
          agent('a'),
          agent('slow'),
          agent('next', { dependencies: ['a'] }),
          agent('cleanup', { dependencies: ['a'], trigger: 'all_done' }),
        ],
        goesOn,
      ),
    );
    run.fail('a', NEVER);
    run.succeed('cleanup');
    adapt(run, { tasks: { round } });
    finish(run);
    expect(run.state).toBe('failed');
    run.command({ type: 'retry' });
    finish(run);
    expect(run.state).toBe('succeeded');
    expect(['a', 'next', 'cleanup', 'round'].map((task) => starts(run, task))).toEqual([
      2, 1, 1, 2,
    ]);
  });

  it('lets a patch change what waits behind the task that is tried again', () => {
    const run = new PureRun(
      workflow([
        agent('a'),
        agent('b', { dependencies: ['a'] }),
        agent('side', { dependencies: ['a'], trigger: 'all_success' }),
      ]),
    );
    run.fail('a', NEVER);
    run.command({ type: 'retry' });
    adapt(run, { tasks: { c: { agent: 'echo', dependencies: ['b'] } } });
    run.command({ type: 'adapt', patch: { tasks: { a: { parameters: { n: 1 } } } } });
    expect(run.rejection).toMatchObject({ code: 'adapt.conflict', status: 409 });
    expect(finish(run)).toEqual(['a', 'b', 'side', 'c']);
    expect(run.state).toBe('succeeded');
  });

  it('counts a new timeout from the retry, and leaves a deadline aside that the retry has', () => {
    const run = new PureRun(
      workflow([agent('a')], { settings: { max_parallel: 1, timeout: '1h' } }),
      { deadline: Date.UTC(2026, 0, 1) },
    );
    run.fail('a', NEVER);
    run.now = Date.UTC(2026, 0, 2);
    run.command({ type: 'retry' });
    expect(runContext(run.run).dueAt).toBe(run.now + HOUR_MS);
    const retriedAt = run.now;
    run.now += HOUR_MS / 2;
    adapt(run, { settings: { timeout: '2h' } });
    expect(runContext(run.run).dueAt).toBe(retriedAt + 2 * HOUR_MS);
    finish(run);
  });
});

describe('a patch of a paused run', () => {
  it('leaves a hard pause hard: what it interrupts starts again with what the patch says beside it', () => {
    const run = new PureRun(workflow([agent('a'), agent('b', { dependencies: ['a'] })]));
    run.command({ type: 'pause', hard: true });
    expect(run.run.isHardPause).toBe(true);
    adapt(run, {
      tasks: { b: { parameters: { n: 2 } }, c: { agent: 'echo', dependencies: ['a'] } },
    });
    expect(run.run.isHardPause).toBe(true);
    run.fail('a', { code: 'task.canceled' });
    expect(run.run.activations.get('a')?.state).toBe('scheduled');
    run.command({ type: 'resume' });
    expect(run.last('task.started')).toMatchObject({ taskId: 'a', attempt: 2 });
    expect(finish(run)).toEqual(['a', 'b', 'c']);
  });

  it('keeps the names of checkpoints', () => {
    const run = new PureRun(workflow([agent('a')]));
    run.command({ type: 'checkpoint', name: 'before' });
    adapt(run, { tasks: { b: { agent: 'echo' } } });
    run.command({ type: 'checkpoint', name: 'before' });
    expect(run.rejection).toMatchObject({ code: 'run.conflict', details: { streamVersion: 5 } });
    finish(run);
  });

  it('is named among what is possible, but not once the run ends', () => {
    const run = new PureRun(workflow([agent('a')]));
    run.command({ type: 'release' });
    expect(run.rejection?.details?.['possible']).toContain('adapt');
    run.command({ type: 'cancel' });
    run.command({ type: 'adapt', patch: { tasks: { b: { agent: 'echo' } } } });
    expect(run.rejection).toMatchObject({ code: 'run.conflict' });
    expect(run.rejection?.details?.['possible']).not.toContain('adapt');
  });
});

/** Adapted, failed, tried again and adapted once more. */
function steered(): PureRun {
  const run = new PureRun(
    workflow([agent('a'), agent('slow'), agent('b', { dependencies: ['a'] })], goesOn),
  );
  run.fail('a', NEVER);
  adapt(run, { tasks: { round, more: { agent: 'echo', dependencies: ['a'] } } });
  finish(run);
  run.command({ type: 'retry' });
  adapt(run, { tasks: { last: { agent: 'echo', dependencies: ['b', 'more'] } } });
  finish(run);
  return run;
}

it('a run that was adapted and tried again is forked at every version, and ends', async () => {
  const origin = steered();
  expect(origin.state).toBe('succeeded');
  for (let at = 1; at <= origin.history.length; at += 1) {
    const run = new PureRun({}, { forkOf: { history: origin.history, at, data: {} } });
    finish(run);
    expect(['succeeded', 'failed'], `at version ${at}`).toContain(run.state);
    await expectSnapshotsToAgree(run.history);
  }
});

function rehearsed(history: readonly Recorded[], tasks: JsonObject[], upTo = history.length) {
  const [first, ...later] = history.slice(0, upTo);
  const [created, ...before] = first?.origin ?? [first];
  if (created?.event.type !== 'run.created') throw new Error('a run begins with `run.created`');
  const { data } = created.event;
  const { definition: next } = compileWorkflow(workflow(tasks, goesOn));
  if (next === undefined) throw new Error('the new version is no workflow');
  const rehearsal = new Rehearsal({
    envelope: { at: created.at, streamVersion: 1, correlationId: 'c' },
    data,
    definition: data.definition,
    next,
    nextHash: definitionHash(next),
  });
  const take = ({ event, at, streamVersion }: Recorded): void =>
    rehearsal.take({ ...event, at, streamVersion });
  for (const recorded of before) if (recorded !== undefined) take(recorded);
  if (first?.event.type === 'run.forked')
    rehearsal.fork({ envelope: { at: first.at, correlationId: 'c' }, data: first.event.data });
  for (const recorded of later) take(recorded);
  return rehearsal.verdict({ keep: false, now: history.at(-1)?.at ?? 0 });
}

describe('a rehearsal over a run that was adapted and tried again', () => {
  const old = [agent('a'), agent('slow'), agent('b', { dependencies: ['a'] })];
  const whole = [
    ...old,
    { id: 'round', ...round },
    agent('more', { dependencies: ['a'] }),
    agent('last', { dependencies: ['b', 'more'] }),
  ];

  it('folds it through a version that has its tasks', () => {
    expect(rehearsed(steered().history, whole)).toMatchObject({ verdict: 'folds', problems: [] });
  });

  it('says where it breaks without one of them', () => {
    const { history } = steered();
    const verdict = rehearsed(history, old);
    const at = history.find(({ event }) => (event.data as { taskId?: string }).taskId === 'more');
    expect(verdict).toMatchObject({
      verdict: 'breaks',
      at: { streamVersion: at?.streamVersion, task: 'more' },
      problems: [{ code: 'adapt.history' }],
    });
  });

  it('goes on in its forks: what the origin did is their first event', () => {
    const origin = steered();
    for (const at of [8, 14, origin.history.length]) {
      const { history } = new PureRun({}, { forkOf: { history: origin.history, at, data: {} } });
      const where = `fork at version ${at}`;
      expect(rehearsed(history, whole).verdict, where).not.toBe('breaks');
      const broken = rehearsed(history, [agent('z')]);
      expect(broken, where).toMatchObject({ verdict: 'breaks', at: { streamVersion: 1 } });
    }
  });

  it('moves it while it lives, at every version from its retry on', () => {
    const { history } = steered();
    const retried = history.findIndex(({ event }) => event.type === 'run.retried') + 1;
    const next = [...whole, agent('end', { dependencies: ['last'] })];
    const verdicts = history
      .slice(retried)
      .map((_, index) => rehearsed(history, next, retried + index).verdict);
    expect(new Set(verdicts)).toEqual(new Set(['moves']));
  });
});
