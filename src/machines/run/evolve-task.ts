/**
 * How task events change the aggregate: the activation's cell, then what follows for dependents, for the parent
 * of an instance, for slots, the ready list and open failures.
 * Size: these follow from one event together; apart, nobody would see the order.
 */
import type { TaskEvent } from '../../events/task-events.ts';
import type { Failure } from '../../messages/failure.ts';
import type { persistedOf } from '../cell.ts';
import { invariant } from '../errors.ts';
import {
  openStates,
  slotStates,
  type TaskContext,
  type TaskState,
  taskMachine,
} from '../task/machine.ts';
import { parseActivation, roundId } from './activation.ts';
import {
  type Activation,
  type Outcome,
  type RunAggregate,
  type TaskProgress,
  valueKey,
} from './aggregate.ts';
import { bump, judgeTrigger } from './counting.ts';
import { beginRound, noteEnded, repeatRound, sendTokens } from './rounds.ts';
import { newExpansion, valueRef } from './values.ts';

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
  const cell = activation.cell ?? revive(run, activation);
  const isNew = !run.activations.has(activation.id);
  cell.take({ type: event.type, at: event.at, data: event.data });
  activation.cell = cell;
  run.activations.set(activation.id, activation);
  activation.state = cell.snapshot.value as TaskState;
  activation.context = cell.snapshot.context as TaskContext;
  run.touched.add(activation);
  if (before !== activation.state) {
    activation.shiftMs = 0;
    activation.enteredAt = event.at;
    moveBetweenSets(run, activation, before);
  }
  recordData(run, activation, event as unknown as TaskEvent & FoldedEvent);
  if (isNew && activation.parent === undefined) beginRound(run, activation, event.type);
  followState(run, activation, {
    event: event as unknown as TaskEvent & FoldedEvent,
    wasOpen: before === 'pending' || openStates.has(before),
  });
}

function newActivation(run: RunAggregate, event: TaskFold): Activation {
  const id = event.data.taskId;
  const name = parseActivation(id);
  invariant(name !== undefined, 'an event has no activation id', { id });
  const node = run.plan.byId(name.taskId);
  invariant(node !== undefined, 'an event names a task that does not exist', { id });
  const separator = id.lastIndexOf('~');
  const parent = separator === -1 ? undefined : run.activations.get(id.slice(0, separator));
  const cell = run.cells.create(taskMachine, { parent: run.cell });
  const activation: Activation = {
    id,
    node,
    parent,
    index: name.indexes.at(-1) ?? 0,
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
  };
  return activation;
}

/** Takes over an activation from a snapshot, with all that follows from its state. Its own counts came with it. */
export function adoptActivation(run: RunAggregate, activation: Activation): void {
  run.activations.set(activation.id, activation);
  moveBetweenSets(run, activation, 'pending');
  const outcome = outcomes[activation.state];
  if (activation.parent === undefined) {
    leavePending(run, activation.node.index);
    if (outcome !== undefined) {
      setOutcome(run, { index: activation.node.index, outcome, reason: activation.reason });
    }
  }
  if (outcome !== undefined) close(run, activation);
  else if (activation.expansion !== undefined) run.expansions.add(activation);
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

function moveBetweenSets(run: RunAggregate, activation: Activation, before: TaskState): void {
  const { state, node } = activation;
  const held = slotStates.has(before);
  const holds = slotStates.has(state);
  if (held !== holds) {
    run.slots += holds ? 1 : -1;
    if (!node.task.parallel) run.exclusiveSlots += holds ? 1 : -1;
  }
  if (openStates.has(state)) run.open.add(activation);
  else run.open.delete(activation);
  if (state === 'backoff' || state === 'waiting') run.delayed.add(activation);
  else run.delayed.delete(activation);
  if (before === 'scheduled') run.ready.remove(activation.id);
  if (state === 'scheduled') becomeReady(run, activation);
}

/** An instance needs an agent although its task is a `foreach`; the `foreach` activation itself needs none. */
function becomeReady(run: RunAggregate, activation: Activation): void {
  const { node } = activation;
  const isAgentWork =
    node.kind === 'agent' || (node.kind === 'foreach' && activation.parent !== undefined);
  if (!isAgentWork || node.demand === undefined) return;
  const agent = activation.context.agent;
  const handedOff = agent !== null && activation.context.retryBase > 0;
  run.ready.add({
    activation: activation.id,
    demand: handedOff ? `agent:${agent}` : node.demand,
    order: [node.index, activation.index],
  });
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
      break;
    case 'task.failed':
      if (event.data.output !== undefined)
        activation.output = valueRef(event.data.output, event.streamVersion, 'output');
      activation.error = event.data.error;
      break;
    case 'task.attemptFailed':
      activation.error = event.data.error;
      break;
    case 'task.skipped':
    case 'task.cancelRequested':
    case 'task.canceled':
      activation.reason = event.data.reason;
      break;
    case 'task.started':
      activation.startedVersion = event.streamVersion;
      break;
    case 'task.expanded': {
      const items = valueRef(event.data.items, event.streamVersion, 'items');
      activation.expansion = newExpansion(items, event.data.count);
      run.expansions.add(activation);
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
};

function followState(
  run: RunAggregate,
  activation: Activation,
  { event, wasOpen }: { event: TaskEvent & FoldedEvent; wasOpen: boolean },
): void {
  const outcome = outcomes[activation.state];
  if (activation.parent === undefined) {
    leavePending(run, activation.node.index);
    noteEnded(run, activation, outcome);
    if (event.type === 'task.succeeded' && event.data.repeats === true)
      repeatRound(run, activation, event.data);
    else if (outcome !== undefined)
      setOutcome(run, { index: activation.node.index, outcome, reason: activation.reason });
    else if (activation.state === 'pending')
      setOutcome(run, { index: activation.node.index, outcome: undefined, reason: undefined });
  } else if (event.type === 'task.scheduled' && activation.context.attempt === 1) {
    countNewInstance(activation);
  }
  if (outcome !== undefined) {
    if (activation.parent !== undefined && wasOpen) countInstance(run, activation, outcome);
    close(run, activation);
  }
}

function leavePending(run: RunAggregate, index: number): void {
  run.pending.delete(index);
  run.pendingCleanup.delete(index);
  run.runnable.delete(index);
  run.skippable.delete(index);
}

function countNewInstance(activation: Activation): void {
  const expansion = activation.parent?.expansion;
  invariant(expansion !== undefined, 'an instance without an expanded parent', {
    id: activation.id,
  });
  expansion.next = Math.max(expansion.next, activation.index + 1);
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
  if (openStates.has(parent.state)) run.expansions.add(parent);
}

/** A2: the cell of an ended activation goes. */
function close(run: RunAggregate, activation: Activation): void {
  activation.cell?.stop();
  activation.cell = undefined;
  activation.shiftMs = 0;
  if (activation.expansion !== undefined) {
    run.expansions.delete(activation);
    if (activation.expansion.items.at !== 'inline')
      run.values.delete(valueKey(activation.expansion.items));
  }
}

/** Ends every open activation's cell: nothing is owed once the run has ended. */
export function leaveAll(run: RunAggregate): void {
  for (const activation of run.open) {
    run.ready.remove(activation.id);
    activation.cell?.stop();
    run.touched.add(activation);
  }
}

function setOutcome(
  run: RunAggregate,
  change: { index: number; outcome: Outcome | undefined; reason: string | undefined },
): void {
  const progress = run.progress[change.index];
  invariant(progress !== undefined, 'an index outside the plan');
  const before = { outcome: progress.outcome, isInactive: progress.isInactive };
  if (before.outcome === change.outcome && run.flow === undefined) return;
  progress.outcome = change.outcome;
  progress.isInactive = change.outcome === 'skipped' && inactiveReasons.has(change.reason);
  const node = run.plan.at(change.index);
  if (run.flow !== undefined) {
    const { outcome } = change;
    // A failure that becomes a skip sends what it becomes; that is the next event of its commit.
    const isPassing = outcome === 'failed' && node.task.onFailure === 'skip';
    if (outcome !== undefined && !isPassing)
      sendTokens(run, node, { outcome, isInactive: progress.isInactive });
  } else {
    for (const dependent of node.dependents) {
      const { counters } = run.progress[dependent] as TaskProgress;
      if (before.outcome !== undefined)
        bump(counters, before.outcome, { isInactive: before.isInactive, by: -1 });
      if (change.outcome !== undefined)
        bump(counters, change.outcome, { isInactive: progress.isInactive, by: 1 });
      judgeTrigger(run, dependent);
    }
  }
  if (change.outcome === 'failed') judgeFailure(run, change.index);
  else {
    run.openFailures.delete(change.index);
    run.unhandled.delete(change.index);
  }
  for (const dependency of node.dependencies) {
    if (run.openFailures.has(dependency)) judgeFailure(run, dependency);
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
