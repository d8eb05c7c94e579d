/** What a run came to, for people: tasks by state, attempts, failures with what to do about them. Pure. */
import { outcomeOf, type RunError } from '../../client/run-outcome.ts';
import type { ReportedTaskStatus, RunReport, TaskReport } from '../../messages/report.ts';
import { asTyped } from '../own-command.ts';
import { adviceForCode } from './advice.ts';
import { counted } from './format.ts';
import { plainText } from './painted.ts';
import { countsText, failureText } from './words.ts';

/** Failures that are told one by one; `runs show` has the others. */
const MAX_FAILURES = 10;

const STATUS_ORDER: readonly ReportedTaskStatus[] = [
  'success',
  'failed',
  'skipped',
  'canceled',
  'running',
  'waiting',
  'pending',
];

/** `3 tasks: 2 succeeded, 1 failed; 1 hook: 1 succeeded; 5 attempts, 1 retry`. */
export function tasksText(
  report: RunReport,
  counts: { attempts: number; retries: number },
): string {
  const all = Object.values(report.tasks);
  const tasks = all.filter(({ hook }) => hook === undefined);
  const hooks = all.filter(({ hook }) => hook !== undefined);
  const instances = all.reduce((sum, task) => sum + (task.instances?.length ?? 0), 0);
  return [
    `${counted(tasks.length, 'task')}: ${statusesText(tasks)}`,
    ...(hooks.length === 0 ? [] : [`${counted(hooks.length, 'hook')}: ${statusesText(hooks)}`]),
    [
      ...(instances === 0 ? [] : [counted(instances, 'instance')]),
      counted(counts.attempts, 'attempt'),
      counted(counts.retries, 'retry', 'retries'),
    ].join(', '),
  ].join('; ');
}

function statusesText(tasks: readonly TaskReport[]): string {
  const byStatus = STATUS_ORDER.flatMap((status) => {
    const count = tasks.filter((task) => task.status === status).length;
    return count === 0 ? [] : [[status, count] as const];
  });
  return countsText(byStatus) || 'none';
}

/**
 * What failed, where, and what to do: two lines a failure, the run's own error first. `command` is how this program is
 * called.
 */
export function failureLines(report: RunReport, command = 'troupe'): string[] {
  const errors = toldOnce(outcomeOf(report).errors);
  const shown = errors.slice(0, MAX_FAILURES);
  const lines = shown.flatMap((error) => [
    `error: ${error.taskId === undefined ? '' : `${error.taskId}: `}${plainText(failureText(error))}`,
    `  hint: ${asTyped(adviceForCode(error.code) ?? replayHint(report, error.taskId), command)}`,
  ]);
  const hidden = errors.length - shown.length;
  return hidden === 0
    ? lines
    : [
        ...lines,
        asTyped(`and ${hidden} more; \`troupe runs show ${report.runId}\` has them`, command),
      ];
}

/** Without the run's own error where it only repeats that of a task, which is told with its place. */
function toldOnce(errors: readonly RunError[]): readonly RunError[] {
  const [first, ...others] = errors;
  if (first === undefined || first.taskId !== undefined) return errors;
  const repeats = ({ taskId, code, message }: RunError): boolean =>
    code === first.code && first.message === `task "${taskId}" failed: ${message}`;
  return others.some(repeats) ? others : errors;
}

function replayHint(report: RunReport, taskId = failedTask(report)): string {
  const task = taskId === undefined ? '' : ` --task ${taskId}`;
  return `See what the attempts were given and answered: \`troupe replay ${report.runId}${task}\``;
}

function failedTask({ tasks }: RunReport): string | undefined {
  const isFailed = ([, task]: [string, TaskReport]): boolean => task.status === 'failed';
  return Object.entries(tasks).find(isFailed)?.[0];
}
