/**
 * How task events change the aggregate: the activation's cell, then what follows for dependents, for the parent
 * of an instance, for slots, the ready list and open failures.
 * Size: these follow from one event together; apart, nobody would see the order.
 */
import type { TaskEvent } from '../../events/task-events.ts';
import { demandOf } from '../../policies/demand.ts';
import type { persistedOf } from '../cell.ts';
import { invariant } from '../errors.ts';
import {
  openStates,
  slotStates,
  type TaskContext,
  type TaskState,
  taskMachine,
} from '../task/machine.ts';
import { type ActivationName, parseActivation, roundOf, undoneId } from './activation.ts';
import { type Activation, type Outcome, type RunAggregate, valueKey } from './aggregate.ts';
import { noteChild, runsChild } from './children.ts';
import { followCompensation } from './compensate.ts';
import { noteCrash } from './crashes.ts';
import { isDelay } from './effects.ts';
import { countError } from './errors-of-run.ts';
import { beginRound, endRepeat, noteEnded, repeatedOf, repeatRound } from './rounds.ts';
import { foldWait } from './signals.ts';
import { adoptSteering, followSteering, hasBegun } from './steering.ts';
import { setOutcome } from './task-outcome.ts';
import { goesOn, newExpansion, valueRef, wakeExpansion } from './values.ts';

/** An event as `evolve` takes it. */
export interface FoldedEvent {
  type: string;
  data: unknown;
  at: number;
  streamVersion: number;
}

type TaskFold = FoldedEvent & { data: { taskId: string } };

/** True for events that the task machine takes. */
export function isTaskType(type: string): boolean {
  return type.startsWith('task.') || type.startsWith('escalation.');
}

export function evolveTask(run: RunAggregate, event: TaskFold): void {
  const activation = run.activations.get(event.data.taskId) ?? newActivation(run, event);
  const before = activation.state;
  const hadBegun = hasBegun(activation);
  const cell = activation.cell ?? revive(run, activation);
  const isNew = !run.activations.has(activation.id);
  cell.take({ type: event.type, at: event.at, data: event.data });
  activation.cell = cell;
  run.activations.set(activation.id, activation);
  activation.state = cell.snapshot.value as TaskState;
  activation.context = cell.snapshot.context as TaskContext;
  run.touched.add(activation);
  const hasMoved = before !== activation.state;
  if (hasMoved) {
    activation.shiftMs = 0;
    activation.enteredAt = event.at;
    if (activation.state !== 'backoff') activation.leaving = undefined;
    if (before === 'pending') run.fork?.returned.delete(activation);
    moveBetweenSets(run, activation, before);
  }
  recordData(run, activation, event as unknown as TaskEvent & FoldedEvent);
  foldWait(run, activation, { before, event });
  if (hasMoved) noteDelay(run, activation);
  const isRound = activation.parent === undefined && activation.undoOf === undefined;
  if (isNew && isRound) beginRound(run, activation, event.type);
  const wasOpen = before === 'pending' || openStates.has(before);
  const folded = event as unknown as TaskEvent & FoldedEvent;
  followState(run, activation, { event: folded, wasOpen, isNew });
  const repeats = (event.data as { repeats?: boolean }).repeats === true;
  const isOpen = openStates.has(activation.state);
  const becameReady = activation.state === 'scheduled' && before !== 'scheduled';
  const change = { repeats, wasOpen, isOpen, hadBegun, becameReady };
  for (const woken of followSteering(run, activation, change)) becomeReady(run, woken);
}

function newActivation(run: RunAggregate, event: TaskFold): Activation {
  const id = event.data.taskId;
  const name = parseActivation(id);
  invariant(name !== undefined, 'an event has no activation id', { id });
  const { node, parent, undoOf } = relationsOf(run, id, name);
  const cell = run.cells.create(taskMachine, { parent: run.cell });
  const activation: Activation = {
    id,
    node,
    parent,
    index: name.indexes.at(-1) ?? 0,
    undoOf,
    cell,
    state: cell.snapshot.value as TaskState,
    context: cell.snapshot.context as TaskContext,
    output: undefined,
    error: undefined,
    reason: undefined,
    expansion: undefined,
    shiftMs: 0,
    enteredAt: event.at,
    startedVersion: 0,
    failedAttempt: undefined,
    child: undefined,
  };
  return activation;
}

/** What an activation belongs to, by its id. A compensation is no instance: nothing waits for it but the run. */
export function relationsOf(
  run: RunAggregate,
  id: string,
  name: ActivationName,
): Pick<Activation, 'node' | 'parent' | 'undoOf'> {
  const node = run.plan.byId(name.taskId);
  invariant(node !== undefined, 'an activation of a task that does not exist', { id });
  if (name.undo) {
    const undoOf = run.activations.get(undoneId(id));
    invariant(node.undo !== undefined && undoOf !== undefined, 'nothing to undo', { id });
    return { node: node.undo, parent: undefined, undoOf };
  }
  const separator = id.lastIndexOf('~');
  const parent = separator === -1 ? undefined : run.activations.get(id.slice(0, separator));
  return { node, parent, undoOf: undefined };
}

/** Takes over an activation from a snapshot, with all that follows from its state. Its own counts came with it. */
export function adoptActivation(run: RunAggregate, activation: Activation): void {
  run.activations.set(activation.id, activation);
  moveBetweenSets(run, activation, 'pending');
  noteDelay(run, activation);
  const outcome = outcomes[activation.state];
  if (activation.parent === undefined && activation.undoOf === undefined) {
    leavePending(run, activation.node.index);
    // Of a plan with rounds the outcomes came with the tokens: a round that was repeated is none.
    if (run.flow === undefined) adoptOutcome(run, activation, outcome);
  }
  if (outcome !== undefined) close(run, activation);
  else if (activation.expansion !== undefined) wakeExpansion(run, activation);
  adoptSteering(run, activation, openStates.has(activation.state));
  if (activation.state === 'scheduled' && run.steering.mutexes.isGranted(activation))
    becomeReady(run, activation);
}

function adoptOutcome(run: RunAggregate, activation: Activation, outcome?: Outcome): void {
  const { index } = activation.node;
  const isKnown = hasDetached(activation);
  if (isKnown) setOutcome(run, { index, outcome: 'succeeded', reason: undefined });
  if (outcome !== undefined)
    setOutcome(run, { index, outcome, reason: activation.reason, isKnown });
}

/** True once the dependents of a detached `foreach` go on without its instances. */
function hasDetached({ node, expansion }: Activation): boolean {
  return node.task.detach === true && expansion !== undefined;
}

/** True for the end of a detached `foreach` whose dependents went on before, in this round or an earlier one. */
function wasTold(run: RunAggregate, activation: Activation): boolean {
  const { task, index } = activation.node;
  return hasDetached(activation) || (task.detach === true && repeatedOf(run, index) > 0);
}

/** An ended activation gets a cell again for the few events that may follow: skipped after failed, reset, compensation. */
function revive(run: RunAggregate, activation: Activation): NonNullable<Activation['cell']> {
  const snapshot = { status: 'active', value: activation.state, context: activation.context };
  const persisted = { ...snapshot, historyValue: {}, children: {} };
  return run.cells.create(taskMachine, {
    persisted: persisted as unknown as ReturnType<typeof persistedOf>,
    parent: run.cell,
  });
}

export function moveBetweenSets(
  run: RunAggregate,
  activation: Activation,
  before: TaskState,
): void {
  const { state, node } = activation;
  const needsSlot = node.task.workflow === undefined;
  const held = needsSlot && slotStates.has(before);
  const holds = needsSlot && slotStates.has(state);
  if (held !== holds) {
    run.slots += holds ? 1 : -1;
    if (!node.task.parallel) run.exclusiveSlots += holds ? 1 : -1;
  }
  if (openStates.has(state)) run.open.add(activation);
  else run.open.delete(activation);
  if (before === 'scheduled') {
    run.ready.remove(activation.id);
    run.startingChildren.delete(activation);
  }
  if (state === 'scheduled' && !run.steering.mutexes.needs(activation))
    becomeReady(run, activation);
}

/** Once it is known what the activation waits for. */
export function noteDelay(run: RunAggregate, activation: Activation): void {
  if (isDelay(activation)) run.delayed.add(activation);
  else run.delayed.delete(activation);
}

/**
 * An instance needs an agent although its task is a `foreach`; the `foreach` activation itself needs none. What needs
 * no agent begins in the same turn.
 */
export function becomeReady(run: RunAggregate, activation: Activation): void {
  const { node } = activation;
  if (runsChild(activation)) {
    run.startingChildren.add(activation);
    return;
  }
  const isAgentWork =
    node.kind === 'agent' || (node.kind === 'foreach' && activation.parent !== undefined);
  if (!isAgentWork || node.demand === undefined) {
    if (activation.parent === undefined) run.steering.startable.add(activation);
    return;
  }
  run.ready.add({
    activation: activation.id,
    demand: demandOfActivation(activation) ?? node.demand,
    order: [node.index, run.flow === undefined ? 1 : roundOf(activation.id), activation.index],
  });
}

/** What its next attempt needs: the agent that it was handed to, or what its task says; undefined where none does it. */
export function demandOfActivation({ node, context }: Activation): string | undefined {
  const { agent, handOffs } = context;
  const isHandedOff = agent !== null && handOffs > 0 && node.demand !== undefined;
  return isHandedOff ? demandOf('agent', agent, node.task.limit) : node.demand;
}

// Length: one case for each event that carries data.
function recordData(
  run: RunAggregate,
  activation: Activation,
  event: TaskEvent & FoldedEvent,
): void {
  switch (event.type) {
    case 'task.succeeded':
    case 'task.reused':
      activation.output = valueRef(event.data.output, event.streamVersion, 'output');
      activation.error = undefined;
      if (event.type === 'task.succeeded' && event.data.exhausted !== undefined)
        activation.exhausted = event.data.exhausted;
      break;
    case 'task.failed':
    case 'task.attemptFailed':
      countError(run, activation, event);
      if (event.type === 'task.attemptFailed') noteCrash(run, activation, event.data);
      activation.error = event.data.error;
      if (event.type === 'task.attemptFailed' && event.data.leaves !== undefined)
        activation.leaving = event.data.leaves.runId;
      if (event.type === 'task.failed' && event.data.output !== undefined)
        activation.output = valueRef(event.data.output, event.streamVersion, 'output');
      break;
    case 'task.cancelRequested':
      activation.reason = event.data.reason;
      if (event.data.join === true && activation.parent?.expansion !== undefined)
        activation.parent.expansion.isHeld = true;
      if (activation.expansion !== undefined) wakeExpansion(run, activation);
      break;
    case 'task.skipped':
      activation.reason = event.data.reason;
      break;
    case 'task.canceled':
      activation.reason = event.data.reason;
      if (event.data.terminates !== undefined) run.terminating = event.data.terminates;
      break;
    case 'task.started':
      activation.startedVersion = event.streamVersion;
      break;
    case 'task.waiting':
      noteChild(activation, event);
      break;
    case 'task.expanded': {
      const items = valueRef(event.data.items, event.streamVersion, 'items');
      activation.expansion = newExpansion(items, event.data.count);
      wakeExpansion(run, activation);
      break;
    }
    case 'task.reset':
      activation.output = undefined;
      activation.error = undefined;
      activation.reason = undefined;
      break;
    default:
      break;
  }
}

const outcomes: Partial<Record<TaskState, Outcome>> = {
  succeeded: 'succeeded',
  failed: 'failed',
  skipped: 'skipped',
  canceled: 'canceled',
  compensating: 'succeeded',
  compensated: 'succeeded',
  compensationFailed: 'succeeded',
};

/** After these the task has ended as before: its dependents learn nothing. */
const compensationTypes: ReadonlySet<string> = new Set([
  'task.compensating',
  'task.compensated',
  'task.compensationFailed',
]);

function followState(
  run: RunAggregate,
  activation: Activation,
  { event, wasOpen, isNew }: { event: TaskEvent & FoldedEvent; wasOpen: boolean; isNew: boolean },
): void {
  const outcome = outcomes[activation.state];
  followCompensation(run, activation, event.type);
  if (activation.undoOf !== undefined || compensationTypes.has(event.type)) {
    if (outcome !== undefined) close(run, activation);
    return;
  }
  if (activation.parent === undefined) {
    leavePending(run, activation.node.index);
    noteEnded(run, activation, outcome);
    if (event.type === 'task.succeeded' && event.data.repeats === true)
      repeatRound(run, activation, event.data);
    else if (outcome !== undefined) endRound(run, activation, outcome);
    else if (activation.state === 'expanded' && hasDetached(activation))
      setOutcome(run, {
        index: activation.node.index,
        outcome: 'succeeded',
        reason: undefined,
        isKnown: repeatedOf(run, activation.node.index) > 0,
      });
    else if (activation.state === 'pending')
      setOutcome(run, { index: activation.node.index, outcome: undefined, reason: undefined });
  } else if (isNew && event.type === 'task.scheduled') {
    countNewInstance(activation, event.data.signal !== undefined);
  }
  if (outcome !== undefined) {
    if (activation.parent !== undefined && wasOpen) countInstance(run, activation, outcome);
    close(run, activation);
  }
}

/** The last round of this time through the task has ended. */
function endRound(run: RunAggregate, activation: Activation, outcome: Outcome): void {
  const { node, reason } = activation;
  const { index, task } = node;
  setOutcome(run, { index, outcome, reason, isKnown: wasTold(run, activation) });
  // A failure that becomes a skip has not ended yet.
  if (outcome !== 'failed' || task.onFailure !== 'skip') endRepeat(run, index);
}

export function leavePending(run: RunAggregate, index: number): void {
  run.pending.delete(index);
  run.pendingCleanup.delete(index);
  run.runnable.delete(index);
  run.skippable.delete(index);
}

function countNewInstance(activation: Activation, isFed: boolean): void {
  const expansion = activation.parent?.expansion;
  invariant(expansion !== undefined, 'an instance without an expanded parent', {
    id: activation.id,
  });
  expansion.next = Math.max(expansion.next, activation.index + 1);
  if (isFed) expansion.count = Math.max(expansion.count, expansion.next);
  expansion.open += 1;
}

function countInstance(run: RunAggregate, activation: Activation, outcome: Outcome): void {
  const parent = activation.parent as Activation;
  const expansion = parent.expansion;
  invariant(expansion !== undefined, 'an instance without an expanded parent', {
    id: activation.id,
  });
  expansion.open -= 1;
  if (outcome === 'succeeded') expansion.succeeded += 1;
  else {
    expansion.unsuccessful += 1;
    expansion.firstFailure ??= activation.error ?? null;
  }
  if (openStates.has(parent.state) || goesOn(parent)) wakeExpansion(run, parent);
}

/** A2: the cell of an ended activation goes. */
function close(run: RunAggregate, activation: Activation): void {
  activation.cell?.stop();
  activation.cell = undefined;
  activation.shiftMs = 0;
  if (activation.expansion !== undefined) {
    if (goesOn(activation)) wakeExpansion(run, activation);
    else run.expansions.delete(activation);
    if (activation.expansion.items.at !== 'inline')
      run.values.delete(valueKey(activation.expansion.items));
  }
}

/** Ends every open activation's cell: nothing is owed once the run has ended. */
export function leaveAll(run: RunAggregate): void {
  run.startingChildren.clear();
  for (const activation of run.open) {
    run.ready.remove(activation.id);
    activation.cell?.stop();
    run.touched.add(activation);
  }
}
