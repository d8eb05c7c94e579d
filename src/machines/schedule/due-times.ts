/**
 * Which times of a schedule come next, and which of those that have come count.
 *
 * D1 A time is taken once: what comes next lies after the newest time that was taken, whatever the clock says.
 * D2 Jitter moves the start of a run, never beyond the next time. It follows from name and time, so it is no chance.
 */
import type { ScheduleTiming } from '../../messages/schedule.ts';
import { parseDuration } from '../../workflow/durations.ts';
import { ScheduleInvalid } from '../../workflow/timing/errors.ts';
import {
  newestTimes,
  nextTime,
  nextTimes,
  readTiming,
  type Timing,
} from '../../workflow/timing/timing.ts';

/** A time that comes so much too late was missed. */
const MISSED_AFTER_MS = 60_000;
/** The start of a run keeps this distance from the next time. */
const LEAST_DISTANCE_MS = 1_000;
const MAX_JITTER_MS = 86_400_000;

/** The times of one schedule, understood. */
export interface DueTimes {
  name: string;
  timing: Timing;
  policy: ScheduleTiming;
  jitterMs: number;
}

export interface NextTime {
  nextDueAt?: number;
  wakeAt?: number;
}

/** Understands what was given. Throws `schedule.invalid`. */
export function readDueTimes(name: string, policy: ScheduleTiming, anchorAt: number): DueTimes {
  const jitterMs = policy.jitter === undefined ? 0 : parseDuration(policy.jitter);
  if (jitterMs === undefined || jitterMs > MAX_JITTER_MS) {
    throw new ScheduleInvalid(`"${policy.jitter}" is no jitter`, {
      hint: 'Write a duration of at most a day: 30s, 5m.',
      field: 'jitter',
    });
  }
  return { name, timing: readTiming(policy, anchorAt), policy, jitterMs };
}

/** The next time after `after`, and when its run starts. */
export function nextOf(times: DueTimes, after: number): NextTime {
  const nextDueAt = nextTime(times.timing, after);
  return nextDueAt === undefined ? {} : { nextDueAt, wakeAt: wakeOf(times, nextDueAt) };
}

/** The next times after `after` as ISO 8601, without jitter, at most `count`. */
export function shownTimes(times: DueTimes, after: number, count: number): string[] {
  return nextTimes(times.timing, after, count).map((time) => new Date(time).toISOString());
}

/** When the run of a time starts. */
function wakeOf({ name, timing, jitterMs }: DueTimes, dueAt: number): number {
  if (jitterMs === 0) return dueAt;
  const following = nextTime(timing, dueAt) ?? Number.POSITIVE_INFINITY;
  const most = Math.min(jitterMs, Math.max(0, following - dueAt - LEAST_DISTANCE_MS));
  return dueAt + Math.floor(shareOf(`${name}/${dueAt}`) * (most + 1));
}

/** FNV-1a of a text as a share of one. */
function shareOf(text: string): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < text.length; index += 1) {
    hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193) >>> 0;
  }
  return hash / 2 ** 32;
}

/**
 * Of the times from `first` on that have come by `now`: the one whose run starts now, and the last that passes without a
 * run before it. `first` has come.
 */
export function takeDue(
  times: DueTimes,
  { first, now }: { first: number; now: number },
): { dueAt?: number; passedUntil?: number } {
  const { catchUp, catchUpLimit } = times.policy;
  const limit = catchUp === 'all' ? catchUpLimit : 1;
  const range = { after: first - 1, until: now };
  const come = newestTimes(times.timing, { ...range, limit: limit + 1 });
  // the newest may have come and still wait for its jitter; there is one such at most (D2)
  const newest = come.at(-1) ?? first;
  if (come.length > 1 && wakeOf(times, newest) > now) come.pop();
  const taken = come.slice(-limit);
  const last = taken.at(-1) ?? first;
  if (catchUp === 'skip' && now - wakeOf(times, last) > MISSED_AFTER_MS)
    return { passedUntil: last };
  const dueAt = taken[0] ?? first;
  if (dueAt === first) return { dueAt };
  const [passedUntil = first] = newestTimes(times.timing, {
    after: first - 1,
    until: dueAt - 1,
    limit: 1,
  });
  return { dueAt, passedUntil };
}
