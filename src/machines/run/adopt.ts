/** Takes over the activations of a snapshot. */
import { openStates, type TaskState } from '../task/machine.ts';
import type { Activation, Outcome, RunAggregate } from './aggregate.ts';
import { leavePending } from './counting.ts';
import { becomeReady, close, moveBetweenSets, noteDelay, outcomes } from './evolve-task.ts';
import { adoptDetached, adoptReset, hasDetached } from './reopen.ts';
import { adoptSteering } from './steering.ts';
import { setOutcome } from './task-outcome.ts';
import { wakeExpansion } from './values.ts';

/**
 * Takes over an activation from a snapshot, with all that follows from its state. Its own counts came with it.
 * `isReturned`: of a fork, and not scheduled again yet (`ForkState.returned`).
 */
export function adoptActivation(
  run: RunAggregate,
  activation: Activation,
  isReturned: boolean,
): void {
  run.activations.set(activation.id, activation);
  moveBetweenSets(run, activation, 'pending');
  noteDelay(run, activation);
  const outcome = outcomes[activation.state];
  if (activation.state === 'pending' && activation.undoOf === undefined && !isReturned) {
    adoptReset(run, activation);
    return;
  }
  if (activation.parent === undefined && activation.undoOf === undefined) {
    leavePending(run, activation.node.index);
    // Of a plan with rounds the outcomes came with the tokens: a round that was repeated is none.
    if (run.flow === undefined) adoptOutcome(run, activation, outcome);
  }
  if (outcome !== undefined) close(run, activation);
  else if (activation.expansion !== undefined && !notYet.has(activation.state))
    wakeExpansion(run, activation);
  adoptSteering(run, activation, openStates.has(activation.state));
  if (activation.state === 'scheduled' && run.steering.mutexes.isGranted(activation))
    becomeReady(run, activation);
}

/** A `foreach` that was reset has the instances of before, and looks at them once it is expanded again. */
const notYet: ReadonlySet<TaskState> = new Set(['pending', 'scheduled']);

function adoptOutcome(run: RunAggregate, activation: Activation, outcome?: Outcome): void {
  const { index } = activation.node;
  const isKnown = hasDetached(activation);
  if (isKnown) adoptDetached(run, activation);
  if (outcome !== undefined)
    setOutcome(run, { index, outcome, reason: activation.reason, isKnown });
}
