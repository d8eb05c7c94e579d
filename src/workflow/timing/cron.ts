/**
 * Cron expressions: what they may say. Five fields as in crontab(5): minute, hour, day of the month, month, day of the
 * week (0 and 7 are Sunday); `*`, numbers, names, ranges, steps and lists; `L` for the last day of a month; `@daily` and
 * its like. What other programs add (`?`, `W`, `#`, seconds, years) is refused by name, not guessed.
 */
import { ScheduleInvalid } from './errors.ts';

export interface Cron {
  /** Each in order, without repeats. */
  readonly minutes: readonly number[];
  readonly hours: readonly number[];
  readonly days: ReadonlySet<number>;
  readonly months: ReadonlySet<number>;
  /** 0 is Sunday. */
  readonly weekdays: ReadonlySet<number>;
  /** `L`: the last day of the month is one of the days. */
  readonly hasLastDay: boolean;
  /** Both kinds of days are given, neither begins with `*`: then one of them is enough, as in crontab(5). */
  readonly isEitherDay: boolean;
  /** The hour begins with `*`: it speaks of every hour that passes, also of one that the clock shows twice. */
  readonly isAnyHour: boolean;
}

interface Field {
  readonly name: string;
  readonly least: number;
  readonly most: number;
  /** Stand for `least` and what follows. */
  readonly names?: readonly string[];
}

const MONTHS = 'jan feb mar apr may jun jul aug sep oct nov dec'.split(' ');
const WEEKDAYS = 'sun mon tue wed thu fri sat'.split(' ');
const FIELDS: readonly Field[] = [
  { name: 'minute', least: 0, most: 59 },
  { name: 'hour', least: 0, most: 23 },
  { name: 'day of the month', least: 1, most: 31 },
  { name: 'month', least: 1, most: 12, names: MONTHS },
  { name: 'day of the week', least: 0, most: 7, names: WEEKDAYS },
];
const MACROS: Readonly<Record<string, string>> = {
  '@yearly': '0 0 1 1 *',
  '@annually': '0 0 1 1 *',
  '@monthly': '0 0 1 * *',
  '@weekly': '0 0 * * 0',
  '@daily': '0 0 * * *',
  '@midnight': '0 0 * * *',
  '@hourly': '0 * * * *',
};
const MAX_CRON = 500;
const LONGEST_MONTHS = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
const FORM = 'Write five fields: minute hour day month weekday, as in "30 6 * * MON-FRI".';

/** Reads an expression. Throws `schedule.invalid` with what is wrong, also where its day can never come. */
export function parseCron(expression: string): Cron {
  const text = expression.trim().toLowerCase();
  if (text.length > MAX_CRON) refuse(`the expression has more than ${MAX_CRON} characters`, FORM);
  if (text.startsWith('@') && !Object.hasOwn(MACROS, text)) {
    refuse(`"${expression}" is not known`, `Known are ${Object.keys(MACROS).join(', ')}.`);
  }
  const words = (MACROS[text] ?? text).split(/\s+/).filter((word) => word !== '');
  if (words.length !== FIELDS.length)
    refuse(countProblem(words.length, expression), countHint(words));
  const last = { found: false };
  const [minutes, hours, days, months, weekdays] = FIELDS.map((field, index) =>
    readField(words[index] ?? '', field, last),
  ) as [number[], number[], number[], number[], number[]];
  const isStar = (index: number): boolean => words[index]?.startsWith('*') === true;
  const cron: Cron = {
    minutes,
    hours,
    days: new Set(days),
    months: new Set(months),
    weekdays: new Set(weekdays.map((day) => day % 7)),
    hasLastDay: last.found,
    isEitherDay: !isStar(2) && !isStar(4),
    isAnyHour: isStar(1),
  };
  checkPossible(cron, expression);
  return cron;
}

function countProblem(count: number, expression: string): string {
  return `"${expression.slice(0, 100)}" has ${count} ${count === 1 ? 'field' : 'fields'}, not 5`;
}

function countHint(words: readonly string[]): string {
  return words.length === 6 || words.length === 7
    ? 'There are no seconds and no years. For seconds write `every: 10s`.'
    : FORM;
}

function readField(text: string, field: Field, last: { found: boolean }): number[] {
  const found = new Set<number>();
  for (const part of text.split(',')) {
    if (part === 'l' && field.name === 'day of the month') last.found = true;
    else for (const value of readPart(part, field)) found.add(value);
  }
  return [...found].sort((a, b) => a - b);
}

function readPart(part: string, field: Field): number[] {
  const [range = '', stepText, more] = part.split('/');
  if (part === '' || more !== undefined) problemIn(field, part);
  const step = stepText === undefined ? 1 : numberIn(stepText, { ...field, least: 1 }, part);
  const [from, to] = readRange(range, field, part);
  if (stepText !== undefined && range !== '*' && !range.includes('-')) {
    const hint = `Write ${range}-${field.most}/${stepText} for every ${stepText} from ${range} on.`;
    refuse(`the ${field.name} "${part}" has a step and no range`, hint);
  }
  const values: number[] = [];
  for (let value = from; value <= to; value += step) values.push(value);
  return values;
}

function readRange(range: string, field: Field, part: string): [number, number] {
  // of 0 to 7 a star means each day once
  if (range === '*') return [field.least, field.names === WEEKDAYS ? 6 : field.most];
  const [first = '', second, more] = range.split('-');
  if (more !== undefined) problemIn(field, part);
  const from = numberIn(first, field, part);
  if (second === undefined) return [from, from];
  const to = numberIn(second, field, part);
  // SAT-SUN: a Sunday that ends a range is the seventh day
  if (to === 0 && from > 0 && field.names === WEEKDAYS) return [from, 7];
  if (to < from) {
    refuse(
      `the ${field.name} "${part}" ends before it begins`,
      `Write two ranges: ${first}-${field.most},${field.least}-${second}.`,
    );
  }
  return [from, to];
}

function numberIn(text: string, field: Field, part: string): number {
  const named = field.names?.indexOf(text) ?? -1;
  if (named >= 0) return field.names === WEEKDAYS ? named : named + field.least;
  const number = /^\d{1,4}$/.test(text) ? Number(text) : Number.NaN;
  if (!(number >= field.least && number <= field.most)) problemIn(field, part);
  return number;
}

function problemIn(field: Field, part: string): never {
  const names = field.names === undefined ? '' : ` or ${field.names[0]} to ${field.names.at(-1)}`;
  const last = field.name === 'day of the month' ? ', L for the last day' : '';
  refuse(
    `the ${field.name} "${part}" cannot be read`,
    `It takes ${field.least} to ${field.most}${names}, ranges (a-b), steps (*/n, a-b/n), lists (a,b)${last}.`,
  );
}

/** The 30th of February: said now, not never. */
function checkPossible(cron: Cron, expression: string): void {
  if (cron.hasLastDay || cron.isEitherDay) return;
  const isPossible = [...cron.months].some((month) =>
    [...cron.days].some((day) => day <= (LONGEST_MONTHS[month - 1] ?? 0)),
  );
  if (!isPossible) refuse(`the day of "${expression}" never comes`, 'No such month is so long.');
}

function refuse(message: string, hint: string): never {
  throw new ScheduleInvalid(message, { hint, field: 'cron' });
}
