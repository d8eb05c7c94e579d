import { describe, expect, it } from 'vitest';
import type { AnyEvent } from '../../src/events/catalogue.ts';
import { type ScheduleRecord, schedules } from '../../src/projections/schedules.ts';
import { scheduleHistory } from './schedule-history.ts';

/** The document after the first `count` events. */
function foldOf(count: number): ScheduleRecord | undefined {
  let record: ScheduleRecord | undefined;
  for (const [index, { stream, at, events }] of scheduleHistory.slice(0, count).entries()) {
    const place = { stream, at, position: index + 1, streamVersion: index + 1 };
    const seen = { ...(events[0] as AnyEvent), ...place };
    for (const key of schedules.keys(seen)) record = schedules.fold(record, seen, key);
  }
  return record;
}

describe('the document of a schedule', () => {
  it('says what is owed until the run is there, and counts what came of each time', () => {
    expect(foldOf(1)).toMatchObject({ status: 'active', nextDueAt: 2_000, wakeAt: 2_005 });
    expect(foldOf(2)).toMatchObject({ owedRunId: 'run_2000', lastRunId: null, nextDueAt: 3_000 });
    expect(foldOf(3)).toMatchObject({ owedRunId: null, lastRunId: 'run_2000', started: 1 });
    expect(foldOf(5)).toMatchObject({ queuedDueAt: 3_000, skipped: 1, nextDueAt: 5_000 });
    expect(foldOf(7)).toMatchObject({ queuedDueAt: null, started: 1, failed: 1 });
  });

  it('tells the last times, the newest first, each once', () => {
    expect(foldOf(7)?.recent.map(({ dueAt, outcome }) => [dueAt, outcome])).toEqual([
      [3_000, 'failed'],
      [4_000, 'overlap'],
      [2_000, 'started'],
    ]);
  });

  it('has no next time while it is paused, and is gone once it is withdrawn', () => {
    expect(foldOf(9)).toMatchObject({ status: 'paused', nextDueAt: null, workflow: 'other' });
    expect(foldOf(10)).toMatchObject({ status: 'active', nextDueAt: 9_000, pausedReason: null });
    expect(foldOf(11)).toBeUndefined();
  });
});
