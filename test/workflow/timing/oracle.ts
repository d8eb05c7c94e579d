/**
 * Cron by brute force, for comparison: every minute is looked at, the wall clock is asked of `Intl` each time, and the
 * expression is matched word by word. It shares nothing with what it judges.
 */
const MINUTE_MS = 60_000;
/** The longest that a clock was ever moved in a zone of today: Samoa left out a day. */
const LOOK_BACK_MINUTES = 25 * 60;

const formatters = new Map<string, Intl.DateTimeFormat>();
/** By zone and minute: the slow part. */
const walls = new Map<string, number>();
const names = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'];
const months = 'jan feb mar apr may jun jul aug sep oct nov dec'.split(' ');

/** What the wall clock shows, as a number that grows by one a minute. */
function wallOf(zone: string, instant: number): number {
  const key = `${zone} ${instant}`;
  const known = walls.get(key) ?? askWall(zone, instant);
  walls.set(key, known);
  return known;
}

function askWall(zone: string, instant: number): number {
  let formatter = formatters.get(zone);
  if (formatter === undefined) {
    formatter = new Intl.DateTimeFormat('sv-SE', {
      timeZone: zone,
      dateStyle: 'short',
      timeStyle: 'short',
    });
    formatters.set(zone, formatter);
  }
  return Date.parse(`${formatter.format(instant).replace(' ', 'T')}Z`) / MINUTE_MS;
}

function partMatches(part: string, value: number, [least, most]: readonly [number, number]) {
  const [range = '', step = '1'] = part.split('/');
  const read = (word: string): number => {
    const index = names.indexOf(word);
    if (index >= 0) return index;
    return months.includes(word) ? months.indexOf(word) + 1 : Number(word);
  };
  const [from, to] =
    range === '*'
      ? [least, most]
      : range.includes('-')
        ? (range.split('-').map(read) as [number, number])
        : [read(range), read(range)];
  return value >= from && value <= to && (value - from) % Number(step) === 0;
}

function valuesOf(field: string, bounds: readonly [number, number]): boolean[] {
  const parts = field.split(',').filter((part) => part !== 'l');
  return Array.from({ length: 60 }, (_, value) =>
    parts.some((part) => partMatches(part, value, bounds)),
  );
}

function matcherOf(expression: string): (wall: number) => boolean {
  const [minute = '', hour = '', day = '', month = '', weekday = ''] = expression
    .toLowerCase()
    .split(' ');
  const minutes = valuesOf(minute, [0, 59]);
  const hours = valuesOf(hour, [0, 23]);
  const days = valuesOf(day, [1, 31]);
  const ofYear = valuesOf(month, [1, 12]);
  const weekdays = valuesOf(weekday, [0, 6]);
  const isSunday = valuesOf(weekday, [0, 7])[7];
  const hasLast = day.split(',').includes('l');
  const isEither = !day.startsWith('*') && !weekday.startsWith('*');
  return (wall) => {
    const date = new Date(wall * MINUTE_MS);
    const isLast = hasLast && new Date(date.getTime() + 86_400_000).getUTCDate() === 1;
    const ofMonth = isLast || days[date.getUTCDate()];
    const ofWeek = weekdays[date.getUTCDay()] || (date.getUTCDay() === 0 && isSunday);
    const isDay = isEither ? ofMonth || ofWeek : ofMonth && ofWeek;
    const isTime = minutes[date.getUTCMinutes()] && hours[date.getUTCHours()];
    return Boolean(isDay && isTime && ofYear[date.getUTCMonth() + 1]);
  };
}

/** All times of an expression from `from` to below `until`, both whole minutes. */
export function bruteForce(
  expression: string,
  zone: string,
  range: { from: number; until: number },
): number[] {
  const isAnyHour = expression.split(' ')[1]?.startsWith('*') === true;
  const matches = matcherOf(expression);
  const seen = new Set<number>();
  const start = range.from - LOOK_BACK_MINUTES * MINUTE_MS;
  const due: number[] = [];
  let previous = wallOf(zone, start - MINUTE_MS);
  for (let instant = start; instant < range.until; instant += MINUTE_MS) {
    const wall = wallOf(zone, instant);
    let isDue = matches(wall) && (isAnyHour || !seen.has(wall));
    for (let missing = previous + 1; !isAnyHour && missing < wall; missing += 1)
      isDue ||= matches(missing);
    if (isDue && instant >= range.from) due.push(instant);
    seen.add(wall);
    previous = wall;
  }
  return due;
}
