/** A run that waits for the time of its start (contracts.md, "Timers are facts"). */
import { describe, expect, it } from 'vitest';
import { foldedCells } from '../../src/machines/cell.ts';
import { effectsOf } from '../../src/machines/run/effects.ts';
import { digestOf, expectSnapshotsToAgree, foldRecorded, PureRun } from './pure-run.ts';

const one = { name: 'w', tasks: [{ id: 'a', agent: 'echo' }] };
const START_AT = 60_000;
const TIMER = `timer:run-start:${START_AT}`;
const waiting = (more = {}) => new PureRun(one, { startAt: START_AT, ...more });

describe('a run with a start in the future', () => {
  it('is pending and owes nothing but its timer', () => {
    const run = waiting();
    expect(run.state).toBe('pending');
    expect([...effectsOf(run.run).keys()]).toEqual([TIMER]);
  });

  it('says in its report when it starts, until it has', () => {
    const run = waiting();
    expect(run.report()).toMatchObject({ status: 'pending', startsAt: START_AT });
    run.begin(START_AT);
    expect(run.report().startsAt).toBeUndefined();
  });

  it('starts when its time has come, and not before', () => {
    const run = waiting();
    expect(run.begin(START_AT - 1)).toEqual([]);
    expect(run.begin(START_AT)).toEqual(['run.started', 'task.scheduled a', 'task.started a']);
    expect([...effectsOf(run.run).keys()]).not.toContain(TIMER);
  });

  it('counts its time limit from its start', () => {
    const run = waiting();
    run.begin(START_AT + 5);
    expect(run.last('run.started').dueAt).toBe(START_AT + 5 + 3_600_000);
  });

  it('is started earlier by `start`, and the timer then says nothing', () => {
    const run = waiting();
    expect(run.command({ type: 'start' })[0]).toBe('run.started');
    expect(run.begin(START_AT)).toEqual([]);
  });

  it('is canceled while it waits, and never starts', () => {
    const run = waiting();
    expect(run.command({ type: 'cancel' })).toEqual([
      'run.cancelRequested',
      'task.skipped a',
      'run.canceled',
    ]);
    expect(effectsOf(run.run).size).toBe(0);
    expect(run.begin(START_AT)).toEqual([]);
  });

  it('is not started by a timer when it has no such time', () => {
    const run = new PureRun(one, { start: false });
    expect(run.begin(START_AT)).toEqual([]);
    expect(effectsOf(run.run).size).toBe(0);
  });

  it('comes back from events and from snapshots as it was', async () => {
    const run = waiting();
    expect(effectsOf(foldRecorded(run.history, foldedCells))).toEqual(effectsOf(run.run));
    run.begin(START_AT);
    run.succeed('a');
    await expectSnapshotsToAgree(run.history);
    expect(digestOf(foldRecorded(run.history, foldedCells))).toEqual(digestOf(run.run));
  });
});
