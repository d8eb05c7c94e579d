/**
 * Time zones by their IANA names, from the tables of `Intl`: which offset the wall clock has, and when it changes.
 */
import { nearest } from '../suggest.ts';
import { ScheduleInvalid } from './errors.ts';

const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;
/** A formatter takes tens of kilobytes: few are kept. */
const MAX_FORMATTERS = 16;
/** Years of zones that are kept. */
const MAX_YEARS = 5_000;

/** A stretch of time with one offset: from `from` to below `until`, both ms since the epoch. */
export interface Stretch {
  from: number;
  until: number;
  /** Added to an instant it gives the wall clock. */
  offset: number;
  /** The offset just before `from`; the same where a year begins and nothing changes. */
  before: number;
}

const formatters = new Map<string, Intl.DateTimeFormat>();
const years = new Map<string, Stretch[]>();

/** The zone's name as `Intl` writes it. Throws `schedule.invalid` with the name that was meant, where one is near. */
export function checkZone(zone: string): string {
  try {
    return formatterOf(zone).resolvedOptions().timeZone;
  } catch {
    const near = nearest(zone, Intl.supportedValuesOf('timeZone'));
    const hint =
      near === undefined ? 'Write an IANA name such as Europe/Berlin.' : `Did you mean ${near}?`;
    throw new ScheduleInvalid(`there is no time zone "${zone.slice(0, 100)}"`, {
      hint,
      field: 'zone',
    });
  }
}

/** The stretch of one offset in which an instant lies; it ends with the year at the latest. */
export function stretchAt(zone: string, instant: number): Stretch {
  const year = new Date(instant).getUTCFullYear();
  const key = `${zone}/${year}`;
  let stretches = years.get(key);
  if (stretches === undefined) {
    if (years.size >= MAX_YEARS) years.clear();
    stretches = stretchesOf(zone, year);
    years.set(key, stretches);
  }
  return stretches.find(({ until }) => instant < until) as Stretch;
}

/** Changes are looked for day by day, and found to the minute. */
function stretchesOf(zone: string, year: number): Stretch[] {
  const start = Date.UTC(year, 0, 1);
  const end = Date.UTC(year + 1, 0, 1);
  if (zone === 'UTC') return [{ from: start, until: end, offset: 0, before: 0 }];
  const stretches: Stretch[] = [];
  let offset = offsetAt(zone, start);
  let from = start;
  let before = offsetAt(zone, start - MINUTE_MS);
  for (let day = start; day < end; day += DAY_MS) {
    const next = Math.min(day + DAY_MS, end - MINUTE_MS);
    const after = offsetAt(zone, next);
    if (after === offset) continue;
    const until = changeBetween(zone, day, next);
    stretches.push({ from, until, offset, before });
    [from, before, offset] = [until, offset, after];
  }
  stretches.push({ from, until: end, offset, before });
  return stretches;
}

/** The first minute with the offset of `late`; `early` has another. */
function changeBetween(zone: string, early: number, late: number): number {
  const offset = offsetAt(zone, late);
  let [low, high] = [early, late];
  while (high - low > MINUTE_MS) {
    const middle = low + Math.floor((high - low) / 2 / MINUTE_MS) * MINUTE_MS;
    if (offsetAt(zone, middle) === offset) high = middle;
    else low = middle;
  }
  return high;
}

function offsetAt(zone: string, instant: number): number {
  const fields: Record<string, number> = {};
  for (const { type, value } of formatterOf(zone).formatToParts(instant))
    fields[type] = Number(value);
  const { year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0 } = fields;
  return Date.UTC(year, month - 1, day, hour, minute, second) - instant;
}

function formatterOf(zone: string): Intl.DateTimeFormat {
  let formatter = formatters.get(zone);
  if (formatter === undefined) {
    formatter = new Intl.DateTimeFormat('en-US', {
      timeZone: zone,
      hourCycle: 'h23',
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      minute: 'numeric',
      second: 'numeric',
    });
    if (formatters.size >= MAX_FORMATTERS) formatters.clear();
    formatters.set(zone, formatter);
  }
  return formatter;
}
