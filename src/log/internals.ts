/** Verification and export look below the port; both kinds of log are built on the same class. */
import type { EventLog } from './event-log.ts';
import { SequencedLog } from './sequenced-log.ts';

/** The log as the class behind the port. Throws `TypeError` for another implementation. */
export function internalsOf(log: EventLog): SequencedLog {
  if (log instanceof SequencedLog) return log;
  throw new TypeError('this works on logs made by openLevelLog and createMemoryLog only');
}
