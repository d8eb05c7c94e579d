/**
 * The events of a schedule's stream: what is started again and again, and what came of each time. Times are ms since the
 * epoch; `nextDueAt` is the next time by the clock on the wall, `wakeAt` that time with its jitter, both absent where no
 * time comes any more.
 */
import { z } from 'zod';
import { type EventOf, eventType, fields } from './event-type.ts';

const schedule = { schedule: z.string() };
const next = { nextDueAt: fields.time.optional(), wakeAt: fields.time.optional() };
const definition = {
  ...schedule,
  /** When, and what happens to times that were missed or overlap. */
  timing: fields.object,
  /** The request for each run, or a blob that holds it. */
  request: fields.value,
  workflow: z.string(),
  /** Of both. */
  hash: z.string(),
  /** Intervals count from here. */
  anchorAt: fields.time,
  ...next,
};

export const scheduleEvents = {
  created: eventType('schedule.created', 'A schedule was set up.', z.object(definition)),
  changed: eventType(
    'schedule.changed',
    'The schedule has other times or starts something else.',
    z.object(definition),
  ),
  fired: eventType(
    'schedule.fired',
    'A time came, or somebody asked for a run now, and a run is owed under this id.',
    z.object({
      ...schedule,
      dueAt: fields.time,
      runId: z.string(),
      requestId: z.string(),
      /** Who wanted a run now: no time has come, and the times to come stay as they are. */
      asked: z.object({ by: z.string() }).optional(),
      ...next,
    }),
  ),
  started: eventType(
    'schedule.started',
    'The run of a time is there.',
    z.object({ ...schedule, dueAt: fields.time, runId: z.string() }),
  ),
  startFailed: eventType(
    'schedule.startFailed',
    'The run of a time was refused; the schedule goes on.',
    z.object({ ...schedule, dueAt: fields.time, error: fields.failure }),
  ),
  skipped: eventType(
    'schedule.skipped',
    'Times passed without a run: they were missed, or the run before had not ended.',
    z.object({
      ...schedule,
      reason: z.enum(['missed', 'overlap', 'paused']),
      /** The first and the last of them. */
      from: fields.time,
      dueAt: fields.time,
      /** How many; `isAtLeast` where nobody counted all. */
      count: fields.count,
      isAtLeast: z.boolean().optional(),
      ...next,
    }),
  ),
  queued: eventType(
    'schedule.queued',
    'A time came while the run before had not ended; its run follows that end.',
    z.object({ ...schedule, dueAt: fields.time, after: z.string(), ...next }),
  ),
  paused: eventType(
    'schedule.paused',
    'No time counts until it is resumed.',
    z.object({ ...schedule, reason: z.string() }),
  ),
  resumed: eventType(
    'schedule.resumed',
    'Times count again from now on.',
    z.object({ ...schedule, ...next }),
  ),
  removed: eventType('schedule.removed', 'The schedule was withdrawn.', z.object(schedule)),
};

export type ScheduleEvent = EventOf<typeof scheduleEvents>;
