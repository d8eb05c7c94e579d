/**
 * What tasks that run other workflows have in common (workflow-language.md, Child runs). What is decided about them
 * stands in `child-runs.ts`.
 */
import type { Activation } from './aggregate.ts';

/** True for an activation that runs a workflow itself: not for a `foreach` task, whose instances do. */
export function runsChild({ node, parent }: Activation): boolean {
  return node.task.workflow !== undefined && (node.kind !== 'foreach' || parent !== undefined);
}

/** The child run that an activation waits for and leaves behind, where it is to end with it; else nothing. */
export function leavingChild(
  { node, state, child }: Activation,
  how: 'cancel' | 'terminate',
): { leaves?: { runId: string; how: 'cancel' | 'terminate' } } {
  const isLeft = state === 'waiting' || state === 'canceling';
  if (!isLeft || child === undefined || node.task.workflow?.onCancel !== 'cancel') return {};
  return { leaves: { runId: child, how } };
}
