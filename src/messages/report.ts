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
  /** Of a cancellation: its agent was asked to stop, said that it stopped, or did not in time and was given up. */
  cancel?: 'requested' | 'acknowledged' | 'forced';
  attempts: number;
  /**
   * Rounds that have begun, where there is more than one. Then `startedAt` is that of the first, and all but the times is
   * about the last.
   */
  rounds?: number;
  /** Of all rounds together, where there is more than one: from the start to the end of each, in ms. */
  workMs?: number;
  /** The task that would have run again, had the bound of its loop not ended it; in any round. */
  exhausted?: string;
  /** The one that gave the result. */
  agent?: string;
  /** Milliseconds since the epoch. */
  startedAt?: number;
  endedAt?: number;
  /** Of a task that runs a child workflow: the run of its last attempt. */
  runId?: string;
  compensated?: boolean;
  /** What it waits for now. */
  waitsFor?: JsonObject;
  /** The hook that it is a task of. */
  hook?: string;
  /** Of a `foreach` task, in input order. */
  instances?: TaskReport[];
}

/** Errors of one task with one code, those of attempts that were retried included. */
export interface ErrorSummary {
  /** The task of the workflow, instances together; `<task>!undo` for its compensation. */
  task: string;
  code: string;
  count: number;
  /** Of the first one. */
  message: string;
}

export interface RunReport {
  runId: string;
  name: string;
  status: ReportedRunStatus;
  output: JsonValue;
  error?: Failure;
  durationMs: number;
  /** Of a run that waits for the time of its start: ms since the epoch. */
  startsAt?: number;
  tasks: Record<string, TaskReport>;
  /** What went wrong, also where the run went on, in the order in which it was first seen. */
  errors?: ErrorSummary[];
  /** Of a child run: the task that waits for it. */
  parent?: { runId: string; task: string };
  /** Of a fork: the last event that it has in common with the other run. */
  forkedFrom?: { run: string; at: number };
  /** Named points of its history, in order. */
  checkpoints?: { name: string; streamVersion: number }[];
  /** True when the run did not succeed and some tasks did. */
  partial?: boolean;
}
