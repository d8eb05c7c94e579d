/**
 * A task's state in the words of the workflow specification (contracts.md, State charts).
 */
import type { ReportedTaskStatus } from '../../messages/report.ts';
import type { TaskState } from '../task/machine.ts';

const words: Record<TaskState, ReportedTaskStatus> = {
  pending: 'pending',
  scheduled: 'pending',
  preparing: 'pending',
  backoff: 'pending',
  running: 'running',
  expanded: 'running',
  escalated: 'running',
  canceling: 'running',
  waiting: 'waiting',
  succeeded: 'success',
  compensating: 'success',
  compensated: 'success',
  compensationFailed: 'success',
  failed: 'failed',
  skipped: 'skipped',
  canceled: 'canceled',
};

export function reportedStatus(state: TaskState): ReportedTaskStatus {
  return words[state];
}
