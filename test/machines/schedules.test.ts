/** The decider of schedules where no world is needed: jitter, changes, what is told of times that pass. */
import { describe, expect, it } from 'vitest';
import { loadSchedule, snapshotOfSchedule } from '../../src/actors/host/schedule-actor.ts';
import type { ScheduleEvent } from '../../src/events/schedule-events.ts';
import { createMemoryLog } from '../../src/log/memory-log.ts';
import { foldedCells } from '../../src/machines/cell.ts';
import {
  decideSchedule,
  type ScheduleDefinition,
  type ScheduleInput,
  type ScheduleView,
  scheduleContext,
} from '../../src/machines/schedule/decide.ts';
import { nextOf, readDueTimes } from '../../src/machines/schedule/due-times.ts';
import { scheduleMachine } from '../../src/machines/schedule/machine.ts';
import { type ScheduleTiming, timingSchema } from '../../src/messages/schedule.ts';
import fc from '../support/property.ts';

const MINUTE = 60_000;
const START = Date.parse('2026-01-01T00:00Z');

/** A schedule that takes messages; `now` is passed each time. */
class Told {
  readonly view: ScheduleView = {
    name: 's',
    cell: foldedCells.create(scheduleMachine),
    definition: undefined,
  };

  tell(input: ScheduleInput, now: number): ScheduleEvent[] {
    const events = decideSchedule(this.view, input, now);
    for (const { type, data } of events) this.view.cell.take({ type, data, at: now });
    const set = events.find(
      ({ type }) => type === 'schedule.created' || type === 'schedule.changed',
    );
    if (set !== undefined) this.view.definition = set.data as unknown as ScheduleDefinition;
    return events;
  }

  add(timing: Partial<ScheduleTiming>, now = START, hash = JSON.stringify(timing)) {
    const definition = { timing: timingSchema.parse(timing), request: {}, workflow: 'w', hash };
    return this.tell({ type: 'add', replace: true, ...definition }, now);
  }

  due(now: number, isRunning = false): ScheduleEvent[] {
    return this.tell({ type: 'due', isRunning, runId: `run_${now}` }, now);
  }

  /** The time comes and its run is there. */
  started(now: number): void {
    expect(this.due(now).map(({ type }) => type)).toEqual(['schedule.fired']);
    this.tell({ type: 'started', runId: `run_${now}` }, now);
  }
}

describe('a run that is asked for', () => {
  const run = (told: Told, now: number, isRunning = false): ScheduleEvent[] =>
    told.tell({ type: 'run', by: 'ann', key: `k${now}`, isRunning, runId: `run_${now}` }, now);

  it('starts at once, says who asked, and leaves the next time as it was', () => {
    const told = new Told();
    told.add({ every: '1h', overlap: 'queue' });
    const before = scheduleContext(told.view);
    const [fired] = run(told, START + MINUTE);
    expect(fired).toMatchObject({
      type: 'schedule.fired',
      data: {
        ...{ dueAt: START + MINUTE, runId: `run_${START + MINUTE}`, asked: { by: 'ann' } },
        ...{ nextDueAt: before.nextDueAt, wakeAt: before.wakeAt },
        requestId: `schedule:s/1/asked/k${START + MINUTE}`,
      },
    });
    told.tell({ type: 'started', runId: `run_${START + MINUTE}` }, START + MINUTE);
    expect(scheduleContext(told.view)).toEqual({
      ...before,
      lastRunId: `run_${START + MINUTE}`,
    });
    told.started(START + 60 * MINUTE);
  });

  it('leaves a time that waits for the end of a run where it is', () => {
    const told = new Told();
    told.add({ every: '1h', overlap: 'queue' });
    told.started(START + 60 * MINUTE);
    told.due(START + 120 * MINUTE, true);
    run(told, START + 121 * MINUTE);
    expect(scheduleContext(told.view).queuedDueAt).toBe(START + 120 * MINUTE);
  });

  it.each(['skip', 'queue'] as const)('is refused beside another with overlap %s', (overlap) => {
    const told = new Told();
    told.add({ every: '1h', overlap });
    told.started(START + 60 * MINUTE);
    const again = (): unknown => run(told, START + 61 * MINUTE, true);
    expect(again).toThrow(expect.objectContaining({ code: 'schedule.overlap' }));
    expect(run(told, START + 62 * MINUTE, false)).toHaveLength(1);
  });

  it('is refused of a schedule that is paused or gone, and taken of one that is done', () => {
    const told = new Told();
    told.add({ at: '2026-01-01T01:00Z' });
    told.started(START + 60 * MINUTE);
    expect(run(told, START + 61 * MINUTE)).toHaveLength(1);
    told.tell({ type: 'started', runId: `run_${START + 61 * MINUTE}` }, START + 61 * MINUTE);
    told.tell({ type: 'pause', reason: 'no' }, START);
    expect(() => run(told, START)).toThrow(expect.objectContaining({ code: 'schedule.paused' }));
    told.tell({ type: 'remove' }, START);
    expect(() => run(told, START)).toThrow(expect.objectContaining({ code: 'schedule.not-found' }));
  });
});

describe('jitter', () => {
  const timings = fc.constantFrom<ScheduleTiming>(
    timingSchema.parse({ every: '10s', jitter: '1h' }),
    timingSchema.parse({ cron: '*/5 * * * *', jitter: '2m' }),
    timingSchema.parse({ cron: '30 2 * * *', jitter: '12h' }),
  );

  it('starts a run within its bound and before the next time, and always at the same moment', () => {
    fc.assert(
      fc.property(timings, fc.integer({ min: 0, max: 1_000_000 }), (timing, minutes) => {
        const times = readDueTimes('s', timing, START);
        const at = START + minutes * MINUTE;
        const { nextDueAt = 0, wakeAt = 0 } = nextOf(times, at);
        const following = nextOf(times, nextDueAt).nextDueAt ?? 0;
        expect(wakeAt).toBeGreaterThanOrEqual(nextDueAt);
        expect(wakeAt - nextDueAt).toBeLessThanOrEqual(times.jitterMs);
        expect(wakeAt).toBeLessThan(following);
        expect(nextOf(times, at)).toEqual({ nextDueAt, wakeAt });
      }),
    );
  });

  it('spreads schedules of one time', () => {
    const timing = timingSchema.parse({ cron: '0 0 * * *', jitter: '10m' });
    const names = Array.from({ length: 200 }, (_, index) => `s${index}`);
    const late = names.map((name) => {
      const { nextDueAt = 0, wakeAt = 0 } = nextOf(readDueTimes(name, timing, START), START);
      return wakeAt - nextDueAt;
    });
    expect(Math.min(...late)).toBeLessThan(MINUTE);
    expect(Math.max(...late)).toBeGreaterThan(9 * MINUTE);
  });

  it('a time whose jitter is not over is not missed, and starts in its turn', () => {
    const told = new Told();
    told.add({ every: '10m', jitter: '9m', catchUp: 'all' });
    const { wakeAt = 0, nextDueAt = 0 } = nextOf(
      readDueTimes('s', timingSchema.parse({ every: '10m', jitter: '9m' }), START),
      START + 10 * MINUTE,
    );
    expect(wakeAt).toBeGreaterThan(nextDueAt);
    const [fired, ...more] = told.due(nextDueAt);
    expect(more).toEqual([]);
    expect(fired).toMatchObject({ data: { dueAt: START + 10 * MINUTE, nextDueAt, wakeAt } });
  });

  it.each(['2d', 'soon'])('of %s is refused', (jitter) => {
    expect(() => new Told().add({ every: '1h', jitter })).toThrow(/no jitter/);
  });
});

describe('a change', () => {
  it('of what is started keeps the interval; another interval begins anew', () => {
    const told = new Told();
    told.add({ every: '10m' });
    const later = START + 13 * MINUTE;
    expect(told.add({ every: '10m' }, later, 'other request')).toMatchObject([
      { type: 'schedule.changed', data: { nextDueAt: START + 20 * MINUTE } },
    ]);
    expect(told.add({ every: '5m' }, later)).toMatchObject([
      { data: { nextDueAt: later + 5 * MINUTE } },
    ]);
  });

  it('never makes a time come again that was taken, though the clock went back', () => {
    const told = new Told();
    told.add({ cron: '* * * * *' });
    told.started(START + MINUTE);
    const [changed] = told.add({ cron: '* * * * *', overlap: 'skip' }, START - 5 * MINUTE);
    expect(changed).toMatchObject({ data: { nextDueAt: START + 2 * MINUTE } });
  });

  it('to a time that has passed is refused', () => {
    const at = '2025-12-31T23:59Z';
    expect(() => new Told().add({ at })).toThrow(`${at} has passed`);
  });
});

describe('times that pass', () => {
  it('are counted up to a bound, and said to be at least so many', () => {
    const told = new Told();
    told.add({ every: '1s' });
    const [skipped, fired] = told.due(START + 90 * 86_400_000);
    expect(skipped).toMatchObject({
      type: 'schedule.skipped',
      data: { reason: 'missed', count: 1_000, isAtLeast: true, from: START + 1_000 },
    });
    expect(fired).toMatchObject({ data: { dueAt: START + 90 * 86_400_000 } });
  });

  it('a queued one that a pause takes away is told', () => {
    const told = new Told();
    told.add({ every: '1m', overlap: 'queue' });
    told.started(START + MINUTE);
    expect(told.due(START + 2 * MINUTE, true)).toMatchObject([{ type: 'schedule.queued' }]);
    expect(told.due(START + 3 * MINUTE, true)).toMatchObject([
      { type: 'schedule.skipped', data: { reason: 'overlap' } },
    ]);
    expect(told.tell({ type: 'pause', reason: 'r' }, START + 4 * MINUTE)).toMatchObject([
      { type: 'schedule.skipped', data: { reason: 'paused', dueAt: START + 2 * MINUTE } },
      { type: 'schedule.paused' },
    ]);
    expect(told.tell({ type: 'pause', reason: 'r' }, START + 4 * MINUTE)).toEqual([]);
  });

  it('before their time nothing happens, and an answer that comes twice is taken once', () => {
    const told = new Told();
    told.add({ every: '1m' });
    expect(told.due(START + MINUTE - 1)).toEqual([]);
    told.started(START + MINUTE);
    expect(told.tell({ type: 'started', runId: `run_${START + MINUTE}` }, START)).toEqual([]);
  });
});

it('a snapshot and the events after it are the whole history', async () => {
  const log = createMemoryLog();
  const told = new Told();
  let version = 0;
  const record = (events: ScheduleEvent[], at: number): void => {
    const from = { correlationId: 'c', causationId: 'c', actor: { kind: 'system' as const } };
    log.append({ stream: 'schedule_s', expectedVersion: version, events, at, ...from });
    version += events.length;
  };
  record(told.add({ every: '1s' }), START);
  for (let count = 1; count <= 150; count += 1) {
    const now = START + count * 1_000;
    record(told.due(now), now);
    record(told.tell({ type: 'started', runId: `run_${now}` }, now), now);
    if (count === 120) {
      const snapshot = snapshotOfSchedule(await loadSchedule(log, 's'));
      expect(snapshot.streamVersion).toBe(241);
      await log.saveSnapshot('schedule_s', snapshot);
    }
  }
  const loaded = await loadSchedule(log, 's');
  expect([loaded.snapshotVersion, loaded.streamVersion]).toEqual([241, 301]);
  expect(loaded.cell.snapshot.value).toBe('waiting');
  expect(loaded.cell.snapshot.context).toEqual(told.view.cell.snapshot.context);
  expect(loaded.definition).toMatchObject({ timing: { every: '1s' }, workflow: 'w' });
  await log.close();
});
