/** Cron, intervals and single times: when they are due, and what is refused. */
import { describe, expect, it } from 'vitest';
import { parseCron } from '../../../src/workflow/timing/cron.ts';
import { nextCronTime } from '../../../src/workflow/timing/cron-times.ts';
import type { ScheduleInvalid } from '../../../src/workflow/timing/errors.ts';
import {
  countTimes,
  newestTimes,
  nextTime,
  nextTimes,
  readTiming,
  type TimingSpec,
} from '../../../src/workflow/timing/timing.ts';
import fc from '../../support/property.ts';
import { bruteForce } from './oracle.ts';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const at = (text: string): number => Date.parse(text);
const iso = (time: number | undefined): string =>
  time === undefined ? 'never' : new Date(time).toISOString().replace(':00.000Z', 'Z');

/** The times of a cron expression after a time. */
function cronTimes(expression: string, zone: string, after: string, count: number): string[] {
  return nextTimes(readTiming({ cron: expression, zone }, 0), at(after), count).map(iso);
}

function refusal(spec: TimingSpec): { field: unknown; message: string; hint: string } {
  try {
    readTiming(spec, 0);
  } catch (error) {
    const { code, details, message, hint } = error as ScheduleInvalid;
    expect(code).toBe('schedule.invalid');
    return { field: details['field'], message, hint };
  }
  throw new Error(`accepted: ${JSON.stringify(spec)}`);
}

describe('cron', () => {
  it.each([
    ['*/15 * * * *', '2026-01-01T00:07Z', ['2026-01-01T00:15Z', '2026-01-01T00:30Z']],
    ['30 6 * * MON-FRI', '2026-01-02T06:30Z', ['2026-01-05T06:30Z', '2026-01-06T06:30Z']],
    ['0 0 L * *', '2028-01-31T00:00Z', ['2028-02-29T00:00Z', '2028-03-31T00:00Z']],
    ['0 12 29 feb *', '2026-01-01T00:00Z', ['2028-02-29T12:00Z', '2032-02-29T12:00Z']],
    ['5,10 9-10 1 1 *', '2026-01-01T09:05Z', ['2026-01-01T09:10Z', '2026-01-01T10:05Z']],
    // both kinds of days: either is enough
    ['0 0 13 * FRI', '2026-02-01T00:00Z', ['2026-02-06T00:00Z', '2026-02-13T00:00Z']],
    ['0 0 * * 7', '2026-01-01T00:00Z', ['2026-01-04T00:00Z', '2026-01-11T00:00Z']],
    ['0 0 * * sat-sun', '2026-01-01T00:00Z', ['2026-01-03T00:00Z', '2026-01-04T00:00Z']],
    ['@daily', '2026-12-31T00:00Z', ['2027-01-01T00:00Z', '2027-01-02T00:00Z']],
  ])('%s after %s', (expression, after, expected) => {
    expect(cronTimes(expression, 'UTC', after, 2)).toEqual(expected);
  });

  it('is due once at the end of a gap where its hour is named, and not at all where it is every hour', () => {
    const before = '2026-03-28T12:00Z';
    // Berlin: 02:00 becomes 03:00 at 01:00Z
    expect(cronTimes('30 2 * * *', 'Europe/Berlin', before, 2)).toEqual([
      '2026-03-29T01:00Z',
      '2026-03-30T00:30Z',
    ]);
    expect(cronTimes('*/20 2 29 3 *', 'Europe/Berlin', before, 2)).toEqual([
      '2026-03-29T01:00Z',
      '2027-03-29T00:00Z',
    ]);
    expect(cronTimes('30 * * * *', 'Europe/Berlin', '2026-03-29T00:00Z', 2)).toEqual([
      '2026-03-29T00:30Z',
      '2026-03-29T01:30Z',
    ]);
  });

  it('is due the first time only in an hour that comes twice, and both times where it is every hour', () => {
    // Berlin: 03:00 becomes 02:00 at 01:00Z
    expect(cronTimes('30 2 * * *', 'Europe/Berlin', '2026-10-24T12:00Z', 2)).toEqual([
      '2026-10-25T00:30Z',
      '2026-10-26T01:30Z',
    ]);
    expect(cronTimes('30 * * * *', 'Europe/Berlin', '2026-10-25T00:00Z', 3)).toEqual([
      '2026-10-25T00:30Z',
      '2026-10-25T01:30Z',
      '2026-10-25T02:30Z',
    ]);
  });

  it('finds what comes once in forty years', () => {
    // the 29th of February on a Sunday; 2100 has none
    const rare = parseCron('0 0 29 2 */7');
    expect(iso(nextCronTime(rare, 'UTC', at('2088-03-01T00:00Z')))).toBe('2128-02-29T00:00Z');
  });
});

/** Days around which clocks are moved, and quiet ones. */
const places: [zone: string, day: string][] = [
  ['UTC', '2026-02-28'],
  ['Europe/Berlin', '2026-03-29'],
  ['Europe/Berlin', '2026-10-25'],
  ['America/New_York', '2027-03-14'],
  ['America/New_York', '2027-11-07'],
  ['Australia/Lord_Howe', '2026-04-05'],
  ['Australia/Lord_Howe', '2026-10-04'],
  ['Africa/Cairo', '2026-04-24'],
  ['America/Sao_Paulo', '2018-11-04'],
  ['Pacific/Apia', '2011-12-30'],
  ['Asia/Kathmandu', '2026-12-31'],
  ['Africa/Casablanca', '2026-02-15'],
  ['Antarctica/Troll', '2026-10-25'],
];

const number = (least: number, most: number) =>
  fc.integer({ min: least, max: most }).map((value) => [value, String(value)] as const);

function field(least: number, most: number): fc.Arbitrary<string> {
  const single = number(least, most).map(([, text]) => text);
  const range = fc
    .tuple(number(least, most), number(least, most))
    .map(([[a], [b]]) => `${Math.min(a, b)}-${Math.max(a, b)}`);
  const stepped = fc
    .tuple(fc.oneof(range, fc.constant('*')), fc.integer({ min: 1, max: Math.min(most, 9) }))
    .map(([text, step]) => `${text}/${step}`);
  const list = fc
    .array(fc.oneof(single, range, stepped), { minLength: 1, maxLength: 3 })
    .map((parts) => parts.join(','));
  return fc.oneof(fc.constant('*'), single, range, stepped, list);
}

const expressions = fc
  .tuple(
    field(0, 59),
    fc.oneof({ weight: 2, arbitrary: field(0, 4) }, field(0, 23)),
    fc.oneof({ weight: 3, arbitrary: fc.constant('*') }, field(1, 28), fc.constant('L')),
    fc.oneof({ weight: 3, arbitrary: fc.constant('*') }, field(1, 12)),
    fc.oneof({ weight: 3, arbitrary: fc.constant('*') }, field(0, 6), fc.constant('fri-sun')),
  )
  .map((fields) => fields.join(' ').replace('fri-sun', '5-7'));

describe('cron against every minute of four days', () => {
  it.each(places)('%s around %s', (zone, day) => {
    const from = at(`${day}T00:00Z`) - 2 * DAY;
    const until = from + 4 * DAY;
    fc.assert(
      fc.property(expressions, (expression) => {
        const expected = bruteForce(expression, zone, { from, until });
        const cron = parseCron(expression);
        const found: number[] = [];
        for (let time = nextCronTime(cron, zone, from - 1); time !== undefined && time < until; ) {
          found.push(time);
          time = nextCronTime(cron, zone, time);
        }
        expect(found.map(iso)).toEqual(expected.map(iso));
      }),
      { numRuns: 12 },
    );
  });
});

describe('intervals and single times', () => {
  it('count from where they were set, whatever happened since', () => {
    const timing = readTiming({ every: '15m' }, at('2026-01-01T00:02Z'));
    const times = nextTimes(timing, at('2026-01-01T01:00Z'), 2).map(iso);
    expect(times).toEqual(['2026-01-01T01:02Z', '2026-01-01T01:17Z']);
    expect(iso(nextTime(timing, at('2020-01-01T00:00Z')))).toBe('2026-01-01T00:17Z');
  });

  it.each([
    [{ at: '2030-01-31T09:00:00Z' }, '2030-01-31T09:00Z'],
    [{ at: '2030-01-31T09:00+01:00' }, '2030-01-31T08:00Z'],
    [{ at: '2030-01-31T09:00', zone: 'America/New_York' }, '2030-01-31T14:00Z'],
    [{ at: '2030-01-31 09:00' }, '2030-01-31T09:00Z'],
    // 02:30 does not exist: the end of the gap; 02:30 comes twice: the first
    [{ at: '2026-03-29T02:30', zone: 'Europe/Berlin' }, '2026-03-29T01:00Z'],
    [{ at: '2026-10-25T02:30', zone: 'Europe/Berlin' }, '2026-10-25T00:30Z'],
  ])('%o is due once', (spec, expected) => {
    const timing = readTiming(spec, 0);
    expect(iso(nextTime(timing, 0))).toBe(expected);
    expect(nextTime(timing, at(expected))).toBeUndefined();
  });

  it('the newest of many are found without counting all from the start', () => {
    const every = readTiming({ every: 1 }, 0);
    const until = 1_000 * DAY;
    expect(newestTimes(every, { after: 0, until, limit: 2 })).toEqual([until - 1_000, until]);
    const yearly = readTiming({ cron: '0 0 1 1 *' }, 0);
    const newest = newestTimes(yearly, { after: 0, until: at('2026-06-01T00:00Z'), limit: 3 });
    expect(newest.map((time) => iso(time).slice(0, 4))).toEqual(['2024', '2025', '2026']);
    expect(newestTimes(yearly, { after: 0, until: 10, limit: 3 })).toEqual([]);
    expect(countTimes(every, { after: 0, before: 10_000, most: 100 })).toBe(9);
    expect(countTimes(every, { after: 0, before: until, most: 100 })).toBe(100);
  });
});

describe('what is refused', () => {
  it.each([
    [{ cron: '* * * *' }, 'cron', /has 4 fields, not 5/, /five fields/],
    [{ cron: '0 * * * * *' }, 'cron', /has 6 fields/, /every: 10s/],
    [{ cron: '60 * * * *' }, 'cron', /minute "60"/, /0 to 59/],
    [{ cron: '0 24 * * *' }, 'cron', /hour "24"/, /0 to 23/],
    [{ cron: '0 0 0 * *' }, 'cron', /day of the month "0"/, /L for the last day/],
    [{ cron: '0 0 ? * *' }, 'cron', /day of the month "\?"/, /1 to 31/],
    [{ cron: '0 0 * 13 *' }, 'cron', /month "13"/, /jan to dec/],
    [{ cron: '0 0 * * mond' }, 'cron', /day of the week "mond"/, /sun to sat/],
    [{ cron: '0 22-2 * * *' }, 'cron', /ends before it begins/, /22-23,0-2/],
    [{ cron: '5/10 * * * *' }, 'cron', /a step and no range/, /5-59\/10/],
    [{ cron: '*/0 * * * *' }, 'cron', /cannot be read/, /1 to 59/],
    [{ cron: '1,,2 * * * *' }, 'cron', /cannot be read/, /lists/],
    [{ cron: '0 0 30 2 *' }, 'cron', /never comes/, /so long/],
    [{ cron: '@reboot' }, 'cron', /not known/, /@daily/],
    [{ cron: '* * * * *', zone: 'Europe/Berln' }, 'zone', /no time zone/, /Europe\/Berlin/],
    [{ every: '0.5s' }, 'every', /no interval/, /one second/],
    [{ every: 'daily' }, 'every', /no interval/, /15m/],
    [{ at: 'tomorrow' }, 'at', /no time/, /ISO 8601/],
    [{ at: '2026-02-30T09:00Z' }, 'at', /no time/, /ISO 8601/],
    [{ at: '2026-02-20T25:00Z' }, 'at', /no time/, /ISO 8601/],
    [{}, 'schedule', /none of/, /exactly one/],
    [{ every: 1, at: '2030-01-01T00:00Z' }, 'schedule', /more than one/, /exactly one/],
  ] as [TimingSpec, string, RegExp, RegExp][])('%o', (spec, field_, message, hint) => {
    const refused = refusal(spec);
    expect(refused.field).toBe(field_);
    expect(refused.message).toMatch(message);
    expect(refused.hint).toMatch(hint);
  });
});
