/** A schedule from its beginning to its end, with everything that may happen to it. */
import { event } from '../../src/events/catalogue.ts';
import type { ScheduleEvent } from '../../src/events/schedule-events.ts';

const NAME = 'nightly';
const schedule = { schedule: NAME };
const definition = {
  ...schedule,
  timing: { every: '1s', catchUp: 'last', overlap: 'queue' },
  ...{ request: {}, workflow: 'w', hash: 'h', anchorAt: 1_000 },
};
const error = { code: 'workflow.invalid', message: 'no', retryable: false };
const nextAt = (time: number) => ({ nextDueAt: time, wakeAt: time + 5 });
const fired = (dueAt: number) =>
  event('schedule.fired', {
    ...{ ...schedule, dueAt, runId: `run_${dueAt}`, requestId: `schedule:${dueAt}` },
    ...nextAt(dueAt + 1_000),
  });

const events: ScheduleEvent[] = [
  event('schedule.created', { ...definition, ...nextAt(2_000) }),
  fired(2_000),
  event('schedule.started', { ...schedule, dueAt: 2_000, runId: 'run_2000' }),
  event('schedule.queued', { ...schedule, dueAt: 3_000, after: 'run_2000', ...nextAt(4_000) }),
  event('schedule.skipped', {
    ...{ ...schedule, reason: 'overlap', from: 4_000, dueAt: 4_000, count: 1 },
    ...nextAt(5_000),
  }),
  fired(3_000),
  event('schedule.startFailed', { ...schedule, dueAt: 3_000, error }),
  event('schedule.paused', { ...schedule, reason: 'asked' }),
  event('schedule.changed', { ...definition, workflow: 'other' }),
  event('schedule.resumed', { ...schedule, ...nextAt(9_000) }),
  event('schedule.removed', schedule),
];

/** One commit an event. */
export const scheduleHistory: { stream: string; at: number; events: ScheduleEvent[] }[] =
  events.map((each, index) => ({
    stream: `schedule_${NAME}`,
    at: 1_000 + index * 10,
    events: [each],
  }));
