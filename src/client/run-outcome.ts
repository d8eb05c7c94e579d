/** What a finished run comes to for a caller who wants one answer. Pure. */
import type { ReportedRunStatus, RunReport, TaskReport } from '../messages/report.ts';
import type { JsonValue } from '../workflow/value.ts';

export interface RunError {
  /** The activation that failed; absent for the run's own error. */
  taskId?: string;
  code: string;
  message: string;
}

/** The answer of `runWorkflow`. */
export interface RunOutcome {
  runId: string;
  /** The name of the workflow that was run. */
  workflowId: string;
  success: boolean;
  output: JsonValue;
  /** The run's own error first, then those of failed tasks in the order of the workflow. */
  errors: RunError[];
  executionTimeMs: number;
}

const ENDED: ReadonlySet<ReportedRunStatus> = new Set(['succeeded', 'failed', 'canceled']);

/** True when the run has ended. */
export function isEnded(report: Pick<RunReport, 'status'>): boolean {
  return ENDED.has(report.status);
}

/** The outcome in a report of a run that has ended. */
export function outcomeOf(report: RunReport): RunOutcome {
  return {
    runId: report.runId,
    workflowId: report.name,
    success: report.status === 'succeeded',
    output: report.output ?? null,
    errors: errorsOf(report),
    executionTimeMs: report.durationMs,
  };
}

function errorsOf(report: RunReport): RunError[] {
  const errors: RunError[] = [];
  if (report.error !== undefined)
    errors.push({ code: report.error.code, message: report.error.message });
  for (const [taskId, task] of Object.entries(report.tasks)) {
    addErrors(errors, taskId, task);
    for (const [index, instance] of (task.instances ?? []).entries()) {
      addErrors(errors, `${taskId}~${index}`, instance);
    }
  }
  return errors;
}

function addErrors(errors: RunError[], taskId: string, task: TaskReport): void {
  if (task.status !== 'failed' || task.error === undefined) return;
  errors.push({ taskId, code: task.error.code, message: task.error.message });
}
