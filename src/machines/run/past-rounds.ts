/**
 * Rounds that are over and that nothing looks at any more leave the aggregate, so that a run which goes round for ever
 * holds constant memory and its snapshots stay small. Expressions see the last round that began and the last one that
 * succeeded, a failure is told by its round: these stay. What a report says of all rounds together is summed up.
 *
 * Rounds of a `foreach` stay, for reports list their instances, and so do those that a compensation would undo, and those
 * that a retry of the run may take back: of a hook, and what was skipped once a task has failed or was canceled.
 */
import { parseActivation, roundId } from './activation.ts';
import type { Activation, RunAggregate, TaskFlow } from './aggregate.ts';
import type { PlanNode } from './plan.ts';

/** Rounds of a task that are forgotten, in sum. */
export interface PastRounds {
  /** All before this one are forgotten. */
  from: number;
  workMs: number;
  /** When the first of them started; null where none did. */
  startedAt: number | null;
  exhausted?: string;
}

/** A round has ended, and these before it may be over for good. */
export function forgetRounds(
  run: RunAggregate,
  node: PlanNode,
  ended: { round: number; endedBefore: number },
): void {
  const flow = run.flow?.tasks[node.index];
  const { compensate, hook } = node.task;
  if (flow === undefined || compensate !== undefined || hook !== undefined) return;
  const { round, endedBefore } = ended;
  for (const past of new Set([endedBefore, round - 2, round - 1]))
    if (past > 0 && past < round) forget(run, { node, flow, round: past });
}

function forget(
  run: RunAggregate,
  { node, flow, round }: { node: PlanNode; flow: TaskFlow; round: number },
): void {
  const id = roundId(node.task.id, round);
  const activation = run.activations.get(id);
  if (activation === undefined || round === flow.ended || round === flow.failed) return;
  if (!isOver(activation)) return;
  if (activation.state === 'skipped' && hasFailures(run)) return;
  run.activations.delete(id);
  flow.past ??= { from: 1, workMs: 0, startedAt: null };
  addUp(flow.past, activation);
  while (flow.past.from < round + 1 && !run.activations.has(roundId(node.task.id, flow.past.from)))
    flow.past.from += 1;
}

function isOver({ state, expansion, leaving }: Activation): boolean {
  if (expansion !== undefined || leaving !== undefined) return false;
  return state === 'succeeded' || state === 'skipped';
}

/** O(tasks). */
function hasFailures(run: RunAggregate): boolean {
  return (
    run.flow?.tasks.some(({ failed }) => failed > 0) === true ||
    run.progress.some(({ outcome }) => outcome === 'canceled')
  );
}

function addUp(past: PastRounds, { context, exhausted }: Activation): void {
  const { firstStartedAt, endedAt } = context;
  if (exhausted !== undefined) past.exhausted ??= exhausted;
  if (firstStartedAt === null) return;
  past.startedAt = Math.min(past.startedAt ?? firstStartedAt, firstStartedAt);
  past.workMs += Math.max(0, (endedAt ?? firstStartedAt) - firstStartedAt);
}

/** True for the id of a round that was forgotten: whatever it was told, it has taken. */
export function isForgotten(run: RunAggregate, id: string): boolean {
  const name = parseActivation(id);
  if (name === undefined || name.undo || name.indexes.length > 0) return false;
  const node = run.plan.byId(name.taskId);
  const flow = node === undefined ? undefined : run.flow?.tasks[node.index];
  if (flow?.past === undefined || run.activations.has(id)) return false;
  return name.round < flow.begun;
}
