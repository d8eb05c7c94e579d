/** An option that is a time, as durations are written in workflows. */
import { parseDuration } from '../workflow/durations.ts';
import type { Arguments } from './arguments.ts';
import { UsageError } from './errors.ts';

/** Milliseconds; undefined where it was not given. Throws `cli.usage`. */
export function durationOption(given: Arguments, name: string): number | undefined {
  const text = given.text(name);
  if (text === undefined) return undefined;
  const milliseconds = parseDuration(text);
  if (milliseconds !== undefined) return milliseconds;
  throw new UsageError(`--${name} is no time: "${text}"`, 'Write 90s, 15m, 24h or 30d.');
}
