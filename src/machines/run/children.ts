/**
 * What tasks that run other workflows have in common (workflow-language.md, Child runs). What is decided about them
 * stands in `child-runs.ts`.
 */
import type { TaskEvent } from '../../events/task-events.ts';
import type { Activation } from './aggregate.ts';

/** True for an activation that runs a workflow itself: not for a `foreach` task, whose instances do. */
export function runsChild({ node, parent }: Activation): boolean {
  return node.task.workflow !== undefined && (node.kind !== 'foreach' || parent !== undefined);
}

/** The child run that an activation waits for and leaves behind, where it is to end with it; else nothing. */
export function leavingChild(
  { node, state, child, leaving }: Activation,
  how: 'cancel' | 'terminate',
): { leaves?: { runId: string; how: 'cancel' | 'terminate' } } {
  // It was told to cancel what it does; to end at once is more than that.
  if (state === 'backoff' && leaving !== undefined && how === 'terminate')
    return { leaves: { runId: leaving, how } };
  const isLeft = state === 'waiting' || state === 'canceling';
  if (!isLeft || child === undefined || node.task.workflow?.onCancel !== 'cancel') return {};
  return { leaves: { runId: child, how } };
}

/** The child run that an attempt waits for. Between two attempts there is none: a result of the last one is over. */
export function noteChild(
  activation: Activation,
  {
    data,
    streamVersion,
  }: { data: Extract<TaskEvent, { type: 'task.waiting' }>['data']; streamVersion: number },
): void {
  if (data.kind === 'run') {
    activation.startedVersion = streamVersion;
    activation.child = (data.details as { runId: string }).runId;
  } else if (activation.child !== undefined) {
    activation.startedVersion = 0;
    activation.child = undefined;
  }
}
