import { MAX_DURATION_MS } from './limits.ts';

const UNIT_MS: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
};
const DURATION = /^(\d+(?:\.\d+)?)\s*(ms|s|m|h|d)$/;

/**
 * Milliseconds of a duration of the language: a number is seconds (fractions allowed), a text has
 * a unit (`250ms`, `30s`, `5m`, `1h`, `1d`). Rounded to whole milliseconds.
 * `undefined` for everything else: negative, not finite, without unit, above ten years.
 */
export function parseDuration(value: unknown): number | undefined {
  if (typeof value === 'number') return bounded(value * 1_000);
  if (typeof value !== 'string') return undefined;
  const match = DURATION.exec(value.trim());
  if (match === null) return undefined;
  const unit = UNIT_MS[match[2] ?? ''];
  return unit === undefined ? undefined : bounded(Number(match[1]) * unit);
}

function bounded(milliseconds: number): number | undefined {
  if (!(milliseconds >= 0 && milliseconds <= MAX_DURATION_MS)) return undefined;
  return Math.round(milliseconds);
}
