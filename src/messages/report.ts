/**
 * The report of a run: what `troupe run --json`, `runs show` and `replay` print (contracts.md, Command line).
 * Built from a run aggregate by `machines/run/report.ts`, or asked of the orchestrator with the query `run_report`.
 */
import type { JsonObject, JsonValue } from '../workflow/value.ts';
import type { Failure } from './failure.ts';

/** The words of the workflow specification. */
export type ReportedTaskStatus =
  | 'pending'
  | 'running'
  | 'waiting'
  | 'success'
  | 'failed'
  | 'skipped'
  | 'canceled';

/** Every status that a report may have; a quarantine lies over the others. */
export const runStatuses = [
  'pending',
  'running',
  'paused',
  'stopping',
  'compensating',
  'canceling',
  'finishing',
  'succeeded',
  'failed',
  'canceled',
  'quarantined',
] as const;
export type ReportedRunStatus = (typeof runStatuses)[number];

export interface TaskReport {
  status: ReportedTaskStatus;
  output?: JsonValue;
  error?: Failure;
  /** Why it was skipped or canceled. */
  reason?: string;
  attempts: number;
  /** Rounds that have begun, where there is more than one; the rest is about the last. */
  rounds?: number;
  /** The one that gave the result. */
  agent?: string;
  /** Milliseconds since the epoch. */
  startedAt?: number;
  endedAt?: number;
  compensated?: boolean;
  /** What it waits for now. */
  waitsFor?: JsonObject;
  /** Of a `foreach` task, in input order. */
  instances?: TaskReport[];
}

export interface RunReport {
  runId: string;
  name: string;
  status: ReportedRunStatus;
  output: JsonValue;
  error?: Failure;
  durationMs: number;
  tasks: Record<string, TaskReport>;
  /** True when the run did not succeed and some tasks did. */
  partial?: boolean;
}
