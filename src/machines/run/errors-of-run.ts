/** What went wrong in a run, counted by task and code: a `foreach` with 10,000 failures is one line. */
import type { TaskEvent } from '../../events/task-events.ts';
import { undoId } from './activation.ts';
import type { Activation, ErrorCount, RunAggregate } from './aggregate.ts';

/** Lines; what is beyond them is counted under `other`. */
const MAX_LINES = 1_000;

type FailureEvent = Extract<TaskEvent, { type: 'task.attemptFailed' | 'task.failed' }>;

/** Counts a failed attempt, and a task that failed without one. Before the activation takes over the error. */
export function countError(run: RunAggregate, activation: Activation, event: FailureEvent): void {
  const { attempt, error } = event.data;
  const isCounted = event.type === 'task.failed' && activation.failedAttempt === attempt;
  if (event.type === 'task.attemptFailed') activation.failedAttempt = attempt;
  if (isCounted && attempt !== undefined) return;
  const { node, undoOf } = activation;
  const task = undoOf === undefined ? node.task.id : undoId(node.task.id);
  const known = lineOf(run, task, error.code);
  if (known.count === 0) known.message = error.message;
  known.count += 1;
}

function lineOf(run: RunAggregate, task: string, code: string): ErrorCount {
  const key = `${task} ${code}`;
  const known = run.errors.get(key);
  if (known !== undefined) return known;
  if (run.errors.size >= MAX_LINES && code !== 'other') return lineOf(run, 'other', 'other');
  const line = { task, code, count: 0, message: '' };
  run.errors.set(key, line);
  return line;
}
