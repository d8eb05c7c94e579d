/** Waits between two rounds or two attempts: the task itself waits for nothing. */
import { isObject } from '../../workflow/loose.ts';
import type { JsonValue } from '../../workflow/value.ts';

/** True for the details of a `task.waiting` that is about a delay: of `repeat`, or of `retry` where another run had to end first. */
export function isRoundDelay(details: JsonValue | undefined): boolean {
  return isObject(details) && details.round === true;
}

/** True for the details of one that is about the delay of `retry`. */
export function isRetryDelay(details: JsonValue | undefined): boolean {
  return isRoundDelay(details) && isObject(details) && details.retry === true;
}
