/** Counting how the dependencies of a task ended, and what its trigger says of it. */
import { decideTrigger, isOnlyInactive, type TriggerCounters } from '../../workflow/triggers.ts';
import type { Outcome, RunAggregate, TaskProgress } from './aggregate.ts';

export function bump(
  counters: TriggerCounters,
  outcome: Outcome,
  { isInactive, by }: { isInactive: boolean; by: 1 | -1 },
): void {
  counters[outcome] += by;
  if (isInactive) counters.notActivated += by;
}

/** True for a task that was not scheduled and has no outcome. */
export function isPending(run: RunAggregate, index: number): boolean {
  return run.pending.has(index) || run.pendingCleanup.has(index);
}

/** It is scheduled, or over. */
export function leavePending(run: RunAggregate, index: number): void {
  run.pending.delete(index);
  run.pendingCleanup.delete(index);
  run.runnable.delete(index);
  run.skippable.delete(index);
}

/** Puts a pending task on the agenda once its trigger is certain, and takes it off again. */
export function judgeTrigger(run: RunAggregate, index: number): void {
  if (!isPending(run, index)) return;
  const progress = run.progress[index] as TaskProgress;
  const { counters } = progress;
  const { trigger } = run.plan.at(index).task;
  let answer = decideTrigger(trigger, counters);
  if (answer === 'skip' && run.plan.tracksActivation && isOnlyInactive(counters)) {
    // Whether it was not asked for or could not run is certain with the last dependency, in any order of messages.
    const isOver = counters.succeeded + counters.skipped === counters.total;
    if (!isOver) answer = 'undecided';
  }
  // In a cycle a loop may still begin the first round.
  if (answer === 'skip' && trigger === 'each' && run.plan.flow.cycleOf[index] !== -1)
    answer = 'undecided';
  if (answer === 'run') run.runnable.add(index);
  else run.runnable.delete(index);
  if (answer === 'skip') run.skippable.add(index);
  else run.skippable.delete(index);
}
