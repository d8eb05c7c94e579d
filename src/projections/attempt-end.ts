/**
 * How an attempt ended, read from the event that ended it: what `agents` and `metrics` count.
 */
import type { ProjectedEventOf } from './projection.ts';
import { LOST_CODE } from './step-attempts.ts';

export type AttemptOutcome = 'succeeded' | 'reused' | 'failed' | 'lost' | 'canceled';

export type AttemptEndEvent = ProjectedEventOf<
  | 'task.succeeded'
  | 'task.reused'
  | 'task.attemptFailed'
  | 'task.failed'
  | 'task.canceled'
  | 'task.reset'
>;

/** The types that end an attempt where there was one (they name its agent then). */
export const attemptEnds: ReadonlySet<string> = new Set<AttemptEndEvent['type']>([
  'task.succeeded',
  'task.reused',
  'task.attemptFailed',
  'task.failed',
  'task.canceled',
  // Of an attempt that was interrupted.
  'task.reset',
]);

/** Counts of attempts that ended. */
export type OutcomeCounts = { [Outcome in AttemptOutcome]: number };

export const noOutcomes: OutcomeCounts = {
  succeeded: 0,
  reused: 0,
  failed: 0,
  lost: 0,
  canceled: 0,
};

/** How the attempt ended. */
export function outcomeOf(event: AttemptEndEvent): AttemptOutcome {
  switch (event.type) {
    case 'task.succeeded':
      return 'succeeded';
    case 'task.reused':
      return 'reused';
    case 'task.canceled':
    case 'task.reset':
      return 'canceled';
    default:
      return event.data.error.code === LOST_CODE ? 'lost' : 'failed';
  }
}

/** Names the attempt, to see that `task.failed` follows the `task.attemptFailed` of the same attempt. */
export function attemptOf(event: AttemptEndEvent): string {
  return `${event.stream}/${event.data.taskId}/${event.data.attempt ?? 0}`;
}

/** Milliseconds from start to end; null where nothing started. */
export function attemptDuration(event: AttemptEndEvent): number | null {
  const { startedAt } = event.data;
  return startedAt === undefined ? null : Math.max(0, event.at - startedAt);
}

/** Distinct error codes that a document counts apart; further ones are counted as `other`. */
const MAX_CODES = 50;

/** Counts one more failure under its code. */
export function countCode(
  codes: Readonly<Record<string, number>>,
  code: string,
): Record<string, number> {
  const isKnown = Object.hasOwn(codes, code) || Object.keys(codes).length < MAX_CODES;
  const key = isKnown && code !== '__proto__' ? code : 'other';
  return { ...codes, [key]: (codes[key] ?? 0) + 1 };
}
