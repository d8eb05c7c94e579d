/** A time in the future, as options name it. */
import { MAX_DURATION_MS } from '../workflow/limits.ts';
import { now } from './clock.ts';
import { UsageError } from './errors.ts';

const WITH_ZONE = /^\d{4}-\d{2}-\d{2}T.*(Z|[+-]\d{2}:?\d{2})$/;

/** Milliseconds since the epoch of an ISO 8601 time with its zone. Throws `cli.usage`, also for one after ten years. */
export function readTime(option: string, text: string): number {
  const time = Date.parse(text);
  if (Number.isNaN(time) || !WITH_ZONE.test(text))
    throw new UsageError(
      `${option} ${text} is no time with its zone`,
      `Write ${option}=2031-05-01T08:00:00Z.`,
    );
  if (time - now() > MAX_DURATION_MS)
    throw new UsageError(
      `${option} ${text} is more than ten years away`,
      'Choose an earlier time.',
    );
  return time;
}
