/** What the end of a task means: for its dependents, for failures that are open, and for the error of the run. */
import type { Failure } from '../../messages/failure.ts';
import { invariant } from '../errors.ts';
import { roundId } from './activation.ts';
import type { Outcome, RunAggregate, TaskProgress } from './aggregate.ts';
import { bump, judgeTrigger } from './counting.ts';
import type { PlanNode } from './plan.ts';
import { sendTokens } from './rounds.ts';

/** What dependents count, or the tokens on their edges; returns the numbers of these. */
function tellDependents(
  run: RunAggregate,
  node: PlanNode,
  change: {
    before: { outcome: Outcome | undefined; isInactive: boolean };
    outcome: Outcome | undefined;
  },
): number[] | undefined {
  const { before, outcome } = change;
  const isInactive = run.progress[node.index]?.isInactive === true;
  if (run.flow !== undefined) {
    // A failure that becomes a skip sends what it becomes; that is the next event of its commit.
    const isPassing = outcome === 'failed' && node.task.onFailure === 'skip';
    return outcome === undefined || isPassing
      ? undefined
      : sendTokens(run, node, { outcome, isInactive });
  } else {
    for (const dependent of node.dependents) {
      const { counters } = run.progress[dependent] as TaskProgress;
      if (before.outcome !== undefined)
        bump(counters, before.outcome, { isInactive: before.isInactive, by: -1 });
      if (outcome !== undefined) bump(counters, outcome, { isInactive: isInactive, by: 1 });
      judgeTrigger(run, dependent);
    }
  }
  return undefined;
}

/** A task has ended, or, with `undefined`, is open again. Returns the numbers of the tokens that went out. */
export function setOutcome(
  run: RunAggregate,
  change: {
    index: number;
    outcome: Outcome | undefined;
    reason: string | undefined;
    /** True where the dependents went on before. */
    isKnown?: boolean;
  },
): number[] | undefined {
  const progress = run.progress[change.index];
  invariant(progress !== undefined, 'an index outside the plan');
  const before = { outcome: progress.outcome, isInactive: progress.isInactive };
  if (before.outcome === change.outcome && run.flow === undefined) return undefined;
  progress.outcome = change.outcome;
  progress.isInactive = change.outcome === 'skipped' && inactiveReasons.has(change.reason);
  const node = run.plan.at(change.index);
  // Dependents of a detached task went on when its instances began; how they end is none of their business.
  const told =
    change.isKnown === true
      ? undefined
      : tellDependents(run, node, { before, outcome: change.outcome });
  if (change.outcome === 'failed' && counts(node)) judgeFailure(run, change.index);
  else {
    run.openFailures.delete(change.index);
    run.unhandled.delete(change.index);
  }
  for (const dependency of node.dependencies) {
    if (run.openFailures.has(dependency)) judgeFailure(run, dependency);
  }
  return told;
}

/** A hook that fails changes nothing for the run, unless its author says so. */
function counts({ task }: PlanNode): boolean {
  return task.hook === undefined || task.isDecisive === true;
}

/** Which failures are open, from the outcomes alone: for a snapshot of a plan with rounds. */
export function judgeFailures(run: RunAggregate): void {
  for (const node of run.plan.nodes) {
    if (run.progress[node.index]?.outcome === 'failed' && counts(node))
      judgeFailure(run, node.index);
  }
}

/** Skips of tasks that nothing asked for: a join over what was activated does without them. */
const inactiveReasons: ReadonlySet<string | undefined> = new Set([
  'condition',
  'inactive',
  'unreached',
]);

/** Handled when a `one_failed` dependent succeeded; unhandled once none can any more; open in between. */
function judgeFailure(run: RunAggregate, index: number): void {
  const handlers = run.plan.at(index).handlers.map((handler) => run.progress[handler]?.outcome);
  run.openFailures.delete(index);
  if (handlers.includes('succeeded')) return;
  if (handlers.includes(undefined)) run.openFailures.add(index);
  else run.unhandled.add(index);
}

/** The failure of a task, for the run's error. */
export function failureOfTask(run: RunAggregate, index: number): Failure {
  const node = run.plan.at(index);
  const { id } = node.task;
  const failed = run.flow?.tasks[index]?.failed ?? 1;
  const error = run.activations.get(roundId(id, failed))?.error;
  invariant(error !== undefined, 'a failed task without an error', { id });
  return { ...error, message: `task "${id}" failed: ${error.message}` };
}
