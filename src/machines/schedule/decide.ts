/**
 * What should happen to a schedule: commands of clients, times that have come, and what became of its runs.
 */
import { event } from '../../events/catalogue.ts';
import type { ScheduleEvent } from '../../events/schedule-events.ts';
import type { Failure } from '../../messages/failure.ts';
import type { ScheduleStatus, ScheduleTiming } from '../../messages/schedule.ts';
import { ScheduleInvalid } from '../../workflow/timing/errors.ts';
import { countTimes } from '../../workflow/timing/timing.ts';
import type { JsonObject, JsonValue } from '../../workflow/value.ts';
import type { Cell } from '../cell.ts';
import { type DueTimes, type NextTime, nextOf, readDueTimes, takeDue } from './due-times.ts';
import { ScheduleConflict, ScheduleNotFound, ScheduleOverlap, SchedulePaused } from './errors.ts';
import type { ScheduleContext, ScheduleState } from './machine.ts';

/** Times that passed are counted up to here. */
const MAX_COUNTED = 1_000;

/** What a schedule starts, and when: of its newest `created` or `changed`. */
export interface ScheduleDefinition {
  timing: ScheduleTiming;
  /** A request, or a reference to the blob that holds it. */
  request: JsonValue;
  workflow: string;
  hash: string;
}

/** A schedule as its decider sees it. */
export interface ScheduleView {
  name: string;
  cell: Cell;
  /** Undefined before the first `created`. */
  definition: ScheduleDefinition | undefined;
}

export type ScheduleInput =
  | ({ type: 'add'; replace: boolean } & ScheduleDefinition)
  | { type: 'pause'; reason: string }
  | { type: 'resume' }
  | { type: 'remove' }
  /** The timer fired, or the newest run has ended. `runId`: for the run, if one is to start. */
  | { type: 'due' | 'ended'; isRunning: boolean; runId: string }
  /** A run now, whatever the times say; `key` makes its request id. */
  | { type: 'run'; by: string; key: string; isRunning: boolean; runId: string }
  /** Nothing happens; it is taken once no run is owed any more. */
  | { type: 'settle' }
  | { type: 'started'; runId: string }
  | { type: 'startFailed'; runId: string; error: Failure };

export function scheduleState({ cell }: ScheduleView): ScheduleState {
  return cell.snapshot.value as ScheduleState;
}

export function scheduleContext({ cell }: ScheduleView): ScheduleContext {
  return cell.snapshot.context as ScheduleContext;
}

/** In the words of clients; undefined where there is none of that name. */
export function scheduleStatus(view: ScheduleView): ScheduleStatus | undefined {
  const state = scheduleState(view);
  if (state === 'absent') return undefined;
  if (state === 'paused' || state === 'removed') return state;
  const { nextDueAt, queuedDueAt } = scheduleContext(view);
  return state === 'waiting' && nextDueAt === null && queuedDueAt === null ? 'done' : 'active';
}

/** The request id of a time's run: the same for ever, so that it starts once. */
function requestIdOf(name: string, generation: number, dueAt: number): string {
  return `${SCHEDULE_REQUEST}${name}/${generation}/${new Date(dueAt).toISOString()}`;
}

/** Request ids of scheduled runs begin so. */
export const SCHEDULE_REQUEST = 'schedule:';

/**
 * The events of one message; none where nothing changes. Throws `schedule.not-found`, `schedule.conflict`,
 * `schedule.invalid`.
 */
export function decideSchedule(
  view: ScheduleView,
  message: ScheduleInput,
  now: number,
): ScheduleEvent[] {
  switch (message.type) {
    case 'add':
      return decideAdd(view, message, now);
    case 'pause':
      return decidePause(view, message.reason);
    case 'resume':
      return decideResume(view, now);
    case 'remove':
      requireThere(view);
      return [event('schedule.removed', { schedule: view.name })];
    case 'due':
    case 'ended':
      return decideDue(view, message, now);
    case 'run':
      return decideRunNow(view, message, now);
    case 'settle':
      return [];
    case 'started':
    case 'startFailed':
      return decideOutcome(view, message);
  }
}

/** The request id of a run that was asked for by hand. */
export function askedRequestId(name: string, generation: number, key: string): string {
  return `${SCHEDULE_REQUEST}${name}/${generation}/asked/${key}`;
}

/** Beside the times: what comes next, and what waits for the end of a run, stays as it is. */
function decideRunNow(
  view: ScheduleView,
  { by, key, isRunning, runId }: Extract<ScheduleInput, { type: 'run' }>,
  now: number,
): ScheduleEvent[] {
  const { timing } = requireThere(view);
  const { name } = view;
  if (scheduleState(view) === 'paused') throw new SchedulePaused(name);
  const { generation, nextDueAt, wakeAt, lastRunId } = scheduleContext(view);
  if (isRunning && timing.overlap !== 'allow')
    throw new ScheduleOverlap(name, { overlap: timing.overlap, runId: lastRunId ?? '' });
  const requestId = askedRequestId(name, generation, key);
  const next = nextDueAt === null || wakeAt === null ? {} : { nextDueAt, wakeAt };
  const asked = { schedule: name, dueAt: now, runId, requestId, asked: { by } };
  return [event('schedule.fired', { ...asked, ...next })];
}

/** `paused` and `waiting`; in `starting` commands wait. */
function requireThere(view: ScheduleView): ScheduleDefinition {
  const status = scheduleStatus(view);
  if (view.definition === undefined || status === undefined || status === 'removed')
    throw new ScheduleNotFound(view.name);
  return view.definition;
}

function decideAdd(
  view: ScheduleView,
  message: Extract<ScheduleInput, { type: 'add' }>,
  now: number,
): ScheduleEvent[] {
  const { name } = view;
  const { timing, request, workflow, hash } = message;
  const status = scheduleStatus(view);
  const isNew = status === undefined || status === 'removed';
  if (!isNew && view.definition?.hash === hash) return [];
  if (!isNew && !message.replace) throw new ScheduleConflict(name);
  const { anchorAt: known, lastDueAt } = scheduleContext(view);
  // an interval that stays the same goes on counting from where it began
  const isSameInterval = !isNew && view.definition?.timing.every === timing.every;
  const anchorAt = isSameInterval && timing.every !== undefined ? known : now;
  const times = readDueTimes(name, timing, anchorAt);
  const next = nextOf(times, isNew ? now : Math.max(now, lastDueAt ?? 0));
  if (next.nextDueAt === undefined) throw noTimeLeft(timing);
  const stored = timing as unknown as JsonObject;
  const data = { schedule: name, timing: stored, request, workflow, hash, anchorAt };
  if (isNew) return [event('schedule.created', { ...data, ...next })];
  return [event('schedule.changed', { ...data, ...(status === 'paused' ? {} : next) })];
}

/** For a schedule that would never be due. */
export function noTimeLeft({ at, cron }: ScheduleTiming): ScheduleInvalid {
  const what = at === undefined ? `no time of "${cron}" comes in fifty years` : `${at} has passed`;
  const hint = 'Give a time to come; a time without an offset is that of `zone`, by default UTC.';
  return new ScheduleInvalid(what, { hint, field: at === undefined ? 'cron' : 'at' });
}

function decidePause(view: ScheduleView, reason: string): ScheduleEvent[] {
  requireThere(view);
  if (scheduleState(view) === 'paused') return [];
  const schedule = view.name;
  const { queuedDueAt, nextDueAt, wakeAt } = scheduleContext(view);
  const paused = event('schedule.paused', { schedule, reason });
  if (queuedDueAt === null) return [paused];
  const next = nextDueAt === null || wakeAt === null ? {} : { nextDueAt, wakeAt };
  const times = { from: queuedDueAt, dueAt: queuedDueAt, count: 1 };
  return [event('schedule.skipped', { schedule, reason: 'paused', ...times, ...next }), paused];
}

function decideResume(view: ScheduleView, now: number): ScheduleEvent[] {
  const { timing } = requireThere(view);
  if (scheduleState(view) !== 'paused') return [];
  const { anchorAt, lastDueAt } = scheduleContext(view);
  const times = readDueTimes(view.name, timing, anchorAt);
  const next = nextOf(times, Math.max(now, lastDueAt ?? 0));
  return [event('schedule.resumed', { schedule: view.name, ...next })];
}

// Length: each way on from a time that has come.
function decideDue(
  view: ScheduleView,
  { isRunning, runId }: { isRunning: boolean; runId: string },
  now: number,
): ScheduleEvent[] {
  const { name, definition } = view;
  if (scheduleState(view) !== 'waiting' || definition === undefined) return [];
  const { anchorAt, generation, nextDueAt, wakeAt, queuedDueAt, lastRunId } = scheduleContext(view);
  const fire = (dueAt: number, next: NextTime): ScheduleEvent => {
    const requestId = requestIdOf(name, generation, dueAt);
    return event('schedule.fired', { schedule: name, dueAt, runId, requestId, ...next });
  };
  const isDue = nextDueAt !== null && wakeAt !== null && wakeAt <= now;
  if (queuedDueAt !== null && !isRunning) {
    return [fire(queuedDueAt, nextDueAt === null || wakeAt === null ? {} : { nextDueAt, wakeAt })];
  }
  if (!isDue) return [];
  const times = readDueTimes(name, definition.timing, anchorAt);
  const { dueAt, passedUntil } = takeDue(times, { first: nextDueAt, now });
  const events: ScheduleEvent[] = [];
  if (passedUntil !== undefined) events.push(missed(times, { first: nextDueAt, passedUntil }));
  if (dueAt === undefined) return events;
  const next = nextOf(times, dueAt);
  const { overlap } = definition.timing;
  if (!isRunning || overlap === 'allow') events.push(fire(dueAt, next));
  else if (overlap === 'queue' && queuedDueAt === null) {
    events.push(
      event('schedule.queued', { schedule: name, dueAt, after: lastRunId ?? '', ...next }),
    );
  } else {
    const skipped = { reason: 'overlap' as const, from: dueAt, dueAt, count: 1 };
    events.push(event('schedule.skipped', { schedule: name, ...skipped, ...next }));
  }
  return events;
}

/** The times from `first` to `passedUntil` were missed. */
function missed(
  times: DueTimes,
  { first, passedUntil }: { first: number; passedUntil: number },
): ScheduleEvent {
  const range = { after: first - 1, before: passedUntil + 1, most: MAX_COUNTED };
  const count = countTimes(times.timing, range);
  return event('schedule.skipped', {
    schedule: times.name,
    reason: 'missed',
    from: first,
    dueAt: passedUntil,
    count,
    ...(count < MAX_COUNTED ? {} : { isAtLeast: true }),
    ...nextOf(times, passedUntil),
  });
}

/** Of the run that is owed; whatever else is told of is known already. */
function decideOutcome(
  view: ScheduleView,
  message: Extract<ScheduleInput, { type: 'started' | 'startFailed' }>,
): ScheduleEvent[] {
  const { dueAt, runId } = scheduleContext(view);
  if (scheduleState(view) !== 'starting' || dueAt === null || runId !== message.runId) return [];
  const data = { schedule: view.name, dueAt };
  return message.type === 'started'
    ? [event('schedule.started', { ...data, runId })]
    : [event('schedule.startFailed', { ...data, error: message.error })];
}
