/**
 * How long agents need to recover: from the first failure of a row to the next success. What `retry: {delay: auto}`
 * goes by. A pure fold; the `agents` projection keeps it, and the orchestrator follows it in memory.
 */
import type { AttemptEndEvent } from './attempt-end.ts';
import { LOST_CODE } from './step-attempts.ts';

/** Times are ms since the epoch, durations ms. */
export interface Recovery {
  failingSince: number | null;
  recoveries: number;
  /** Of the last ones more than of the older ones. */
  averageRecoveryMs: number | null;
}

export const noRecovery: Recovery = {
  failingSince: null,
  recoveries: 0,
  averageRecoveryMs: null,
};

/** Recoveries among which the average spreads its weight. */
const WINDOW = 8;

/** After the end of an attempt. A failure that no other try would mend, or a lost worker, says nothing of the agent. */
export function recoveryAfter(recovery: Recovery, event: AttemptEndEvent): Recovery {
  const { failingSince, recoveries, averageRecoveryMs } = recovery;
  if (event.type === 'task.attemptFailed') {
    const { code, retryable } = event.data.error;
    if (!retryable || code === LOST_CODE || failingSince !== null) return recovery;
    return { ...recovery, failingSince: event.at };
  }
  if (event.type !== 'task.succeeded' || failingSince === null) return recovery;
  const took = Math.max(0, event.at - failingSince);
  const weight = 1 / Math.min(recoveries + 1, WINDOW);
  const before = averageRecoveryMs ?? took;
  return {
    failingSince: null,
    recoveries: recoveries + 1,
    averageRecoveryMs: Math.round(before + (took - before) * weight),
  };
}
