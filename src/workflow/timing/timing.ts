/**
 * When something is due again and again: by cron expression, at an interval, or once. A pure function of what was given;
 * a time is ms since the epoch.
 */
import { parseDuration } from '../durations.ts';
import { type Cron, parseCron } from './cron.ts';
import { nextCronTime } from './cron-times.ts';
import { ScheduleInvalid } from './errors.ts';
import { checkZone, stretchAt } from './zone.ts';

/** Exactly one of `cron`, `every` and `at`. */
export interface TimingSpec {
  cron?: string | undefined;
  /** A duration: seconds, or a text such as `15m`. */
  every?: string | number | undefined;
  /** ISO 8601; without an offset it is the wall clock of `zone`. */
  at?: string | undefined;
  /** IANA name; default UTC. */
  zone?: string | undefined;
}

export type Timing =
  | { kind: 'cron'; cron: Cron; zone: string }
  | { kind: 'every'; everyMs: number; anchorAt: number }
  | { kind: 'at'; at: number };

const LEAST_EVERY_MS = 1_000;
const DAY_MS = 86_400_000;
const ISO =
  /^\d{4}-\d{2}-\d{2}[Tt ]\d{2}:\d{2}(?::\d{2}(?:\.\d{1,3})?)?(?<offset>[Zz]|[+-]\d{2}:?\d{2})?$/;

/** Understands what was given; intervals count from `anchorAt`. Throws `schedule.invalid`. */
export function readTiming(spec: TimingSpec, anchorAt: number): Timing {
  const zone = spec.zone === undefined ? 'UTC' : checkZone(spec.zone);
  const given = [spec.cron, spec.every, spec.at].filter((part) => part !== undefined);
  if (given.length !== 1) {
    throw new ScheduleInvalid(
      `${given.length === 0 ? 'none' : 'more than one'} of cron, every and at is given`,
      {
        hint: 'Give exactly one: cron: "0 6 * * *", every: 15m, or at: 2030-01-31T09:00Z.',
        field: 'schedule',
      },
    );
  }
  if (spec.cron !== undefined) return { kind: 'cron', cron: parseCron(spec.cron), zone };
  if (spec.every !== undefined) return { kind: 'every', everyMs: readEvery(spec.every), anchorAt };
  return { kind: 'at', at: readTime(spec.at ?? '', zone) };
}

function readEvery(every: string | number): number {
  const everyMs = parseDuration(every);
  if (everyMs === undefined || everyMs < LEAST_EVERY_MS) {
    throw new ScheduleInvalid(`"${String(every).slice(0, 100)}" is no interval`, {
      hint: 'Write at least one second: every: 30s, 15m, 1h, 1d.',
      field: 'every',
    });
  }
  return everyMs;
}

/** A wall-clock time that does not exist or comes twice: rules Z1 and Z2 of `cron-times.ts`. */
function readTime(text: string, zone: string): number {
  const match = ISO.exec(text.trim());
  const offset = match?.groups?.['offset'];
  const written = text.trim().replace(' ', 'T').toUpperCase();
  const wall =
    match === null ? Number.NaN : Date.parse(offset === undefined ? `${written}Z` : written);
  // the 30th of February is the 2nd of March to some
  const isDay = match !== null && isDate(written.slice(0, 10));
  if (Number.isNaN(wall) || !isDay) {
    throw new ScheduleInvalid(`"${text.slice(0, 100)}" is no time`, {
      hint: 'Write ISO 8601: 2030-01-31T09:00:00Z, 2030-01-31T09:00+01:00, or 2030-01-31T09:00 with a zone.',
      field: 'at',
    });
  }
  return offset === undefined ? instantOf(wall, zone) : wall;
}

function isDate(day: string): boolean {
  const time = Date.parse(`${day}T00:00Z`);
  return !Number.isNaN(time) && new Date(time).toISOString().startsWith(day);
}

/** The first instant at which the wall clock of a zone shows at least a time. */
function instantOf(wall: number, zone: string): number {
  for (let stretch = stretchAt(zone, wall - DAY_MS); ; stretch = stretchAt(zone, stretch.until)) {
    if (wall - stretch.offset < stretch.until) return Math.max(wall - stretch.offset, stretch.from);
  }
}

/** The first time after `after`; undefined where none comes any more. */
export function nextTime(timing: Timing, after: number): number | undefined {
  if (timing.kind === 'cron') return nextCronTime(timing.cron, timing.zone, after);
  if (timing.kind === 'at') return timing.at > after ? timing.at : undefined;
  const { everyMs, anchorAt } = timing;
  const count = Math.max(1, Math.floor((after - anchorAt) / everyMs) + 1);
  return anchorAt + count * everyMs;
}

/** The next times after `after`, at most `count`. */
export function nextTimes(timing: Timing, after: number, count: number): number[] {
  const times: number[] = [];
  for (let time = nextTime(timing, after); time !== undefined; time = nextTime(timing, time)) {
    times.push(time);
    if (times.length >= count) break;
  }
  return times;
}

const FIRST_WINDOW_MS = 3_600_000;
const WINDOW_GROWTH = 24;

/** The newest times after `after` and up to `until`, in order, at most `limit`: looked for backwards in growing windows. */
export function newestTimes(
  timing: Timing,
  range: { after: number; until: number; limit: number },
): number[] {
  const { after, until, limit } = range;
  const first =
    timing.kind === 'every' ? Math.max(FIRST_WINDOW_MS, limit * timing.everyMs) : FIRST_WINDOW_MS;
  for (let window = first; ; window *= WINDOW_GROWTH) {
    const from = Math.max(after, until - window);
    const times = timesWithin(timing, from, until);
    if (times.length >= limit || from === after) return times.slice(-limit);
  }
}

function timesWithin(timing: Timing, after: number, until: number): number[] {
  const times: number[] = [];
  for (let time = nextTime(timing, after); time !== undefined && time <= until; ) {
    times.push(time);
    time = nextTime(timing, time);
  }
  return times;
}

/** How many times lie after `after` and below `before`; of more than `most` it is `most`. */
export function countTimes(
  timing: Timing,
  range: { after: number; before: number; most: number },
): number {
  const { after, before, most } = range;
  let count = 0;
  let time = nextTime(timing, after);
  while (time !== undefined && time < before && count < most) {
    count += 1;
    time = nextTime(timing, time);
  }
  return count;
}
