/** What a run touches that went wrong: the query `blast_radius`, `runs show` of a run in quarantine, `runs blast-radius`. */
import type { ReportedRunStatus } from './report.ts';

export interface TouchedRun {
  runId: string;
  name: string;
  status: ReportedRunStatus;
}

/** A run that comes from it, or from one that does. */
export interface FamilyRun extends TouchedRun {
  relation: 'child' | 'fork' | 'job';
  /** The run that it is a child, a fork or a job of. */
  of: string;
}

/** An activation that has begun and goes on when the run is released. */
export interface HeldTask {
  task: string;
  /** Of its chart. */
  state: string;
  attempt: number;
  agent: string | null;
  /** Ms since the epoch. */
  dueAt: number | null;
}

export interface CrashedAttempt {
  runId: string;
  task: string;
  attempt: number;
  agent: string | null;
  worker: string | null;
  code: string;
}

export interface BlastRadius extends TouchedRun {
  definitionHash: string | null;
  /** Where it is in quarantine: what isolated it, and the evidence as it was recorded. */
  quarantine: { code: string; message: string; streamVersion: number; evidence: unknown } | null;
  /** Runs that wait for it, its parent first. */
  ancestors: TouchedRun[];
  /** Children, forks and jobs, and what comes from those; a run comes before what comes from it. At most 10,000. */
  family: FamilyRun[];
  /** Others with the same definition that have not ended: what broke this one may break them. At most 1,000. */
  alike: TouchedRun[];
  /** How many there are. */
  alikeCount: number;
  /** Schedules that start this workflow. */
  schedules: { name: string; status: string; nextDueAt: number | null; startedIt: boolean }[];
  /** At most 1,000; null where its history cannot be folded. */
  held: HeldTask[] | null;
  /** Tasks that are open, and tasks that have not begun. */
  open: number;
  pending: number;
  /** Its attempts that crashed, the newest first; looked for among the newest 5,000 of each kind. */
  crashed: CrashedAttempt[];
  /** Attempts of other runs that were lost with the same workers. */
  collateral: CrashedAttempt[];
  /** False where the family is larger than what is listed. */
  isWhole: boolean;
}
