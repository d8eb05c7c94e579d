/**
 * When a cron expression is due in a time zone.
 *
 * Z1 A wall-clock time that does not exist (the clock goes forward over it) is due at the moment at which the clock has
 *    gone forward, once, whatever many such times there are; but not where the hour is `*`: then it is not due at all,
 *    for as many hours pass as ever.
 * Z2 A wall-clock time that comes twice (the clock goes back) is due the first time; where the hour is `*`, both times.
 */
import type { Cron } from './cron.ts';
import { stretchAt } from './zone.ts';

const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;
/** The 29th of February on a given weekday comes after 40 years at the latest. */
const HORIZON_MS = 50 * 366 * DAY_MS;

/** The first time after `after`, ms since the epoch; undefined where none comes in fifty years. */
export function nextCronTime(cron: Cron, zone: string, after: number): number | undefined {
  let time = (Math.floor(after / MINUTE_MS) + 1) * MINUTE_MS;
  const horizon = after + HORIZON_MS;
  while (time <= horizon) {
    const { from, until, offset, before } = stretchAt(zone, time);
    const isGapEnd = time === from && before < offset && !cron.isAnyHour;
    if (isGapEnd && nextWall(cron, from + before, from + offset) !== undefined) return time;
    let wall = time + offset;
    if (before > offset && !cron.isAnyHour) wall = Math.max(wall, from + before);
    const found = nextWall(cron, wall, until + offset);
    if (found !== undefined) return found - offset;
    time = until;
  }
  return undefined;
}

/** The first minute of a wall clock (as if it were UTC) from `from` to below `until`. */
function nextWall(cron: Cron, from: number, until: number): number | undefined {
  let day = Math.floor(from / DAY_MS) * DAY_MS;
  while (day < until) {
    const date = new Date(day);
    if (!cron.months.has(date.getUTCMonth() + 1)) {
      day = Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + 1, 1);
      continue;
    }
    if (isDay(cron, date)) {
      const found = nextOfDay(cron, from - day);
      if (found !== undefined) return day + found < until ? day + found : undefined;
    }
    day += DAY_MS;
  }
  return undefined;
}

function isDay(cron: Cron, date: Date): boolean {
  const day = date.getUTCDate();
  const isLast = cron.hasLastDay && new Date(date.getTime() + DAY_MS).getUTCDate() === 1;
  const isOfMonth = isLast || cron.days.has(day);
  const isOfWeek = cron.weekdays.has(date.getUTCDay());
  return cron.isEitherDay ? isOfMonth || isOfWeek : isOfMonth && isOfWeek;
}

/** Ms into the day, not before `from`, which may lie before the day. */
function nextOfDay(cron: Cron, from: number): number | undefined {
  const least = Math.ceil(Math.max(0, from) / MINUTE_MS);
  for (const hour of cron.hours) {
    if (hour * 60 + 59 < least) continue;
    for (const minute of cron.minutes) {
      if (hour * 60 + minute >= least) return (hour * 60 + minute) * MINUTE_MS;
    }
  }
  return undefined;
}
