/**
 * Which ended runs leave the log, and what keeps one that would be due. A run leaves with all its descendants, or not at
 * all: a family is what is judged.
 */
export interface RetentionPolicy {
  /** `archive`: written to a file first. */
  action: 'archive' | 'delete';
  /** Families whose top ended longer ago. */
  olderThanMs?: number;
  /** Families beyond this many that ended, the newest first. */
  beyond?: number;
}

/** A run as the policy sees it; times are ms since the epoch. */
export interface JudgedRun {
  runId: string;
  /** `succeeded`, `failed`, `canceled`, or anything else for one that has not ended. */
  status: string;
  endedAt: number | null;
}

/** True for a family that the policy names. `rank`: its place among the families that ended, the newest is 0. */
export function isDue(
  top: JudgedRun,
  policy: RetentionPolicy,
  { now, rank }: { now: number; rank: number | undefined },
): boolean {
  if (!endedStatuses.has(top.status) || top.endedAt === null) return false;
  const { olderThanMs, beyond } = policy;
  if (olderThanMs !== undefined && top.endedAt <= now - olderThanMs) return true;
  return beyond !== undefined && rank !== undefined && rank >= beyond;
}

/** From which only `retry`, `release` or a fork leads on. */
export const endedStatuses: ReadonlySet<string> = new Set(['succeeded', 'failed', 'canceled']);

export type StayReason = 'goes-on' | 'forked' | 'family-too-large' | 'not-published' | 'changed';

/**
 * Why a family has to stay whatever the policy says: the one place that says what others need. `forks` are runs outside
 * the family whose history begins in it.
 */
export function whyItStays(family: {
  runs: readonly JudgedRun[];
  forks: readonly string[];
  isWhole: boolean;
}): StayReason | undefined {
  if (!family.isWhole) return 'family-too-large';
  if (family.runs.some(({ status }) => !endedStatuses.has(status))) return 'goes-on';
  return family.forks.length > 0 ? 'forked' : undefined;
}
