/**
 * What a reset means, folded: a task that ended is pending again, what it told its dependents is taken back, and an
 * instance is counted out of its `foreach`. Also what `run.retried` means for the run as a whole.
 */
import { openStates, type TaskState } from '../task/machine.ts';
import { roundOf } from './activation.ts';
import type { Activation, Expansion, RunAggregate } from './aggregate.ts';
import { followCompensation } from './compensate.ts';
import { judgeTrigger } from './counting.ts';
import { toReset } from './retry.ts';
import { listDue, repeatedOf, roundTaken, takeBackToken } from './rounds.ts';
import { setOutcome } from './task-outcome.ts';

/** The run goes on before its end: its hooks belong to an end that is over. */
export function reopenRun(run: RunAggregate, tasks: readonly string[] | undefined): void {
  run.error = undefined;
  run.output = undefined;
  run.outcome = undefined;
  run.terminating = undefined;
  run.phase = 'tasks';
  run.steering.endedBy = undefined;
  run.retrying.clear();
  for (const activation of toReset(run, tasks)) run.retrying.add(activation);
}

/** True for events after which nothing is taken back any more, whatever an older release has left. */
export function endsRetry(type: string): boolean {
  if (type.startsWith('task.')) return type !== 'task.reset';
  return type === 'run.cancelRequested' || type === 'run.stopping' || type === 'run.canceled';
}

/** What its end left behind. */
export function forgetEnd(activation: Activation): void {
  activation.output = undefined;
  activation.error = undefined;
  activation.reason = undefined;
  activation.exhausted = undefined;
  activation.stopped = undefined;
}

/** After `task.reset`, once the machine of the activation has taken it. */
export function reopen(run: RunAggregate, activation: Activation, before: TaskState): void {
  run.retrying.delete(activation);
  followCompensation(run, activation, 'task.reset');
  // Nothing is owed for what is pending, and most of what was reset waits for others first.
  activation.cell?.stop();
  activation.cell = undefined;
  run.expansions.delete(activation);
  if (activation.parent === undefined) reopenTask(run, activation, before);
  else reopenInstance(activation, before);
}

function reopenTask(run: RunAggregate, activation: Activation, before: TaskState): void {
  const { index, task } = activation.node;
  if (task.hook === 'on_start') run.phase = 'on_start';
  // A hook that closes runs from its beginning, with its next end.
  else if (task.hook !== undefined) activation.expansion = undefined;
  takeBack(run, activation);
  const isKnown = hasDetached(activation);
  if (!openStates.has(before))
    setOutcome(run, { index, outcome: undefined, reason: undefined, isKnown });
  if (run.flow !== undefined && isLaterRound(run, activation, before)) {
    beginLater(run, activation, before);
    return;
  }
  if ((task.hook ?? 'tasks') !== run.phase) return;
  (task.trigger === 'all_done' ? run.pendingCleanup : run.pending).add(index);
  judgeTrigger(run, index);
}

/** True for a round that the trigger of the first round does not begin: a later one, or a first one that a loop began. */
function isLaterRound(run: RunAggregate, activation: Activation, before: TaskState): boolean {
  const { id, node } = activation;
  if (roundOf(id) > 1) return true;
  return hadBegun(activation, before) && run.flow?.tasks[node.index]?.isFirstDecided === false;
}

/** The round begins again under its number: at once where it had begun, else when its tokens have come again. */
function beginLater(run: RunAggregate, activation: Activation, before: TaskState): void {
  const { flow } = run;
  const { id, node } = activation;
  const own = flow?.tasks[node.index];
  if (flow === undefined || own === undefined) return;
  own.again = [...(own.again ?? []), roundOf(id)].sort((a, b) => a - b);
  if (hadBegun(activation, before)) own.due += 1;
  listDue(flow, node.index);
}

/** What was skipped may have begun before: it failed, or came back with a fork that stopped. */
function hadBegun({ context }: Activation, before: TaskState): boolean {
  return before !== 'skipped' || context.attempt > 0;
}

/** What the end of a round told its dependents. */
function takeBack(run: RunAggregate, activation: Activation): void {
  const { told, node } = activation;
  activation.told = undefined;
  if (run.flow === undefined || told === undefined) return;
  const { outcome, isInactive, tokens, repeated } = told;
  roundTaken(run, node.index, repeated);
  for (const [at, dependent] of node.dependents.entries()) {
    const number = tokens[at] ?? 0;
    if (number === 0) continue;
    const slot = node.slots[at] as number;
    takeBackToken(run, { from: node.index, to: dependent, slot, outcome, isInactive }, number);
  }
}

function reopenInstance({ parent, index }: Activation, before: TaskState): void {
  const expansion = parent?.expansion;
  if (expansion === undefined) return;
  if (openStates.has(before)) expansion.open -= 1;
  else if (before === 'succeeded') expansion.succeeded -= 1;
  else expansion.unsuccessful -= 1;
  if (expansion.unsuccessful === 0) expansion.firstFailure = null;
  // In order, and at the end where they come in order.
  const again = expansion.again ?? [];
  const at = again.findLastIndex((each) => each < index);
  again.splice(at + 1, 0, index);
  expansion.again = again;
}

/** An instance that was reset begins. */
export function beginAgain(expansion: Expansion, index: number): void {
  const { again } = expansion;
  const at = again?.indexOf(index) ?? -1;
  if (again === undefined || at === -1) return;
  again.splice(at, 1);
  if (again.length === 0) delete expansion.again;
}

/** True once the dependents of a detached `foreach` go on without its instances. */
export function hasDetached({ node, expansion }: Activation): boolean {
  return node.task.detach === true && expansion !== undefined;
}

/** True for the end of a detached `foreach` whose dependents went on before, in this round or an earlier one. */
export function wasTold(run: RunAggregate, activation: Activation): boolean {
  const { task, index } = activation.node;
  return hasDetached(activation) || (task.detach === true && repeatedOf(run, index) > 0);
}

/** Takes over an activation of a snapshot that was reset and has not begun again. */
export function adoptReset(run: RunAggregate, activation: Activation): void {
  activation.cell?.stop();
  activation.cell = undefined;
  const isTask = activation.parent === undefined && activation.undoOf === undefined;
  if (isTask && run.flow === undefined && hasDetached(activation)) adoptDetached(run, activation);
}

/** Its dependents know of it, whether it has its instances now or was reset and has them not yet again. */
export function adoptDetached(run: RunAggregate, { node, state }: Activation): void {
  const { index } = node;
  setOutcome(run, { index, outcome: 'succeeded', reason: undefined });
  if (state === 'pending' || state === 'scheduled')
    setOutcome(run, { index, outcome: undefined, reason: undefined, isKnown: true });
}
