/** A run that waits for a pause between requests: each one lets it wait anew, with the inputs of that request. */
import { describe, expect, it } from 'vitest';
import { foldedCells } from '../../src/machines/cell.ts';
import { effectsOf } from '../../src/machines/run/effects.ts';
import { digestOf, expectSnapshotsToAgree, foldRecorded, PureRun } from './pure-run.ts';

const one = {
  name: 'w',
  inputs: { change: { type: 'number', default: 0 } },
  tasks: [{ id: 'a', agent: 'echo', parameters: { change: '${inputs.change}' } }],
};
const waiting = (latest?: number) =>
  new PureRun(one, {
    startAt: 60_000,
    debounce: { key: 'k', ...(latest === undefined ? {} : { latest }) },
  });

function postpone(run: PureRun, startAt: number, change = 1, hash = run.run.header.definitionHash) {
  return run.send({ type: 'postpone', startAt, inputs: { change }, definitionHash: hash });
}

describe('a run that waits for a pause', () => {
  it('waits anew, and has the inputs of the last request', () => {
    const run = waiting();
    expect(postpone(run, 70_000, 1)).toEqual(['run.postponed']);
    postpone(run, 80_000, 2);
    expect([...effectsOf(run.run).keys()]).toEqual(['timer:run-start:80000']);
    expect(run.begin(80_000)).toEqual(['run.started', 'task.scheduled a', 'task.started a']);
    expect(run.last('task.started').parameters).toEqual({ change: 2 });
  });

  it('does not start by the timer of before', () => {
    const run = waiting();
    postpone(run, 90_000);
    run.now = 60_000;
    expect(run.send({ type: 'timer', timerId: 'run-start', dueAt: 60_000 })).toEqual([]);
  });

  it('waits no longer than until its latest time', () => {
    const run = waiting(65_000);
    postpone(run, 90_000);
    expect(run.last('run.postponed').startAt).toBe(65_000);
  });

  it('refuses when it has started, when it is canceled, and when it would run something else', () => {
    const other = waiting();
    expect(postpone(other, 70_000, 1, 'another')).toEqual([]);
    expect(other.rejection).toMatchObject({ code: 'run.conflict', details: { key: 'k' } });
    for (const command of ['start', 'cancel'] as const) {
      const run = waiting();
      run.command({ type: command });
      expect(postpone(run, 70_000)).toEqual([]);
      expect(run.rejection).toMatchObject({ status: 409, code: 'run.conflict' });
    }
    const plain = new PureRun(one, { startAt: 60_000 });
    expect(postpone(plain, 70_000)).toEqual([]);
  });

  it('comes back from events and from snapshots as it was', async () => {
    const run = waiting(90_000);
    postpone(run, 70_000);
    expect(effectsOf(foldRecorded(run.history, foldedCells))).toEqual(effectsOf(run.run));
    run.begin(70_000);
    run.succeed('a');
    await expectSnapshotsToAgree(run.history);
    expect(digestOf(foldRecorded(run.history, foldedCells))).toEqual(digestOf(run.run));
  });
});
