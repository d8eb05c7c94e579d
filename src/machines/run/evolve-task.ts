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
import { leavePending } from './counting.ts';
import { noteCrash } from './crashes.ts';
import { isDelay } from './effects.ts';
import { countError } from './errors-of-run.ts';
import { beginAgain, forgetEnd, hasDetached, reopen, wasTold } from './reopen.ts';
import { beginRound, endRepeat, noteEnded, noteTold, repeatedOf, repeatRound } from './rounds.ts';
import { foldWait } from './signals.ts';
import { followSteering, hasBegun } from './steering.ts';
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
    if (activation.resumes !== undefined) activation.resumes = undefined;
    moveBetweenSets(run, activation, before);
  }
  const begins = before === 'pending' && !comesBack(run, activation);
  const wasExpanded = activation.expansion !== undefined;
  recordData(run, activation, event as unknown as TaskEvent & FoldedEvent);
  foldWait(run, activation, { before, event });
  if (hasMoved) noteDelay(run, activation);
  const isRound = activation.parent === undefined && activation.undoOf === undefined;
  if (begins && isRound) beginRound(run, activation, event.type);
  const folded = event as unknown as TaskEvent & FoldedEvent;
  followState(run, activation, { event: folded, before, begins, wasExpanded });
  const repeats = (event.data as { repeats?: boolean }).repeats === true;
  const wasOpen = before === 'pending' || openStates.has(before);
  const isOpen = openStates.has(activation.state);
  const becameReady = activation.state === 'scheduled' && before !== 'scheduled';
  const change = { repeats, wasOpen, isOpen, hadBegun, becameReady };
  for (const woken of followSteering(run, activation, change)) becomeReady(run, woken);
}

/** True for the first event of what was open in the origin of a fork: rounds and instances have counted it already. */
function comesBack(run: RunAggregate, activation: Activation): boolean {
  return activation.state !== 'pending' && run.fork?.returned.delete(activation) === true;
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
  if (before === 'running') run.running.delete(activation);
  else if (before === 'canceling') run.canceling.delete(activation);
  if (state === 'running') run.running.add(activation);
  else if (state === 'canceling' && activation.expansion === undefined)
    run.canceling.add(activation);
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
      if (event.data.resumes === true) activation.resumes = true;
      if (event.data.join === true && activation.parent?.expansion !== undefined)
        activation.parent.expansion.isHeld = true;
      if (activation.expansion !== undefined) wakeExpansion(run, activation);
      break;
    case 'task.cancelAcknowledged':
    case 'task.cancelForced':
      activation.stopped = event.type === 'task.cancelForced' ? 'forced' : 'acknowledged';
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
      const { expansion } = activation;
      activation.expansion =
        expansion === undefined ? newExpansion(items, event.data.count) : { ...expansion, items };
      wakeExpansion(run, activation);
      break;
    }
    case 'task.reset':
      forgetEnd(activation);
      break;
    default:
      break;
  }
}

export const outcomes: Partial<Record<TaskState, Outcome>> = {
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

interface Change {
  event: TaskEvent & FoldedEvent;
  before: TaskState;
  /** It leaves pending, and nothing has counted it yet. */
  begins: boolean;
  wasExpanded: boolean;
}

function followState(run: RunAggregate, activation: Activation, change: Change): void {
  const { event, before, begins, wasExpanded } = change;
  if (event.type === 'task.reset' && activation.undoOf === undefined) {
    reopen(run, activation, before);
    return;
  }
  const outcome = outcomes[activation.state];
  const wasOpen = before === 'pending' || openStates.has(before);
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
        isKnown: wasExpanded || repeatedOf(run, activation.node.index) > 0,
      });
  } else if (event.type === 'task.scheduled' && begins) {
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
  const told = setOutcome(run, { index, outcome, reason, isKnown: wasTold(run, activation) });
  noteTold(run, activation, outcome, told);
  // A failure that becomes a skip has not ended yet.
  if (outcome !== 'failed' || task.onFailure !== 'skip') endRepeat(run, index);
}

function countNewInstance(activation: Activation, isFed: boolean): void {
  const expansion = activation.parent?.expansion;
  invariant(expansion !== undefined, 'an instance without an expanded parent', {
    id: activation.id,
  });
  expansion.next = Math.max(expansion.next, activation.index + 1);
  if (expansion.again !== undefined) beginAgain(expansion, activation.index);
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
export function close(run: RunAggregate, activation: Activation): void {
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
