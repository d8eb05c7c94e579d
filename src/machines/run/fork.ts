/**
 * Folding `run.forked` (contracts.md, Durability promise): the state of the origin becomes the first state of the fork.
 *
 * F1 The run is running. Open activations are pending and are scheduled again (`run.fork.returned`); a `foreach` parent
 *    stays expanded. Nothing waits, no timer is due, no child of the origin is a child of the fork.
 * F2 Versions of the origin become 0 and below, so that every version means one event (`ValueRef`).
 * F3 What was set follows last. With the output of a task, everything behind it is as if it had never begun.
 * F4 Hooks at the end of the origin are as if they had never begun: the fork has an end of its own.
 * Size: everything that an aggregate holds, and what becomes of it.
 */
import type { RunEvent } from '../../events/catalogue.ts';
import type { Envelope } from '../../events/envelope.ts';
import { noCounters } from '../../workflow/triggers.ts';
import { isKeptValue, type JsonValue } from '../../workflow/value.ts';
import type { Cell } from '../cell.ts';
import { invariant } from '../errors.ts';
import { openStates, type TaskContext, type TaskState, taskMachine } from '../task/machine.ts';
import type { Activation, RunAggregate, TaskFlow, ValueRef } from './aggregate.ts';
import { bump, judgeTrigger, leavePending } from './counting.ts';
import { evolveTask, moveBetweenSets, noteDelay } from './evolve-task.ts';
import type { ForkOverrides, ForkState } from './fork-state.ts';
import { emptyFlow } from './rounds.ts';
import { listenAgain } from './signals.ts';
import { withdrawFromSteering } from './steering.ts';
import { judgeFailures } from './task-outcome.ts';
import { wakeExpansion } from './values.ts';

type ForkedData = Extract<RunEvent, { type: 'run.forked' }>['data'];
type ForkedEnvelope = Pick<Envelope, 'at' | 'correlationId' | 'trace'>;

/** Hooks after the tasks. */
const CLOSING: ReadonlySet<string | undefined> = new Set([
  'on_success',
  'on_failure',
  'on_complete',
]);

/** Turns the aggregate of the origin, folded up to `data.at`, into that of the fork after `run.forked`. */
export function forkAggregate(
  run: RunAggregate,
  { envelope, data }: { envelope: ForkedEnvelope; data: ForkedData },
): void {
  invariant(run.streamVersion === data.at, 'a fork of another version', {
    at: data.at,
    found: run.streamVersion,
  });
  const { at } = envelope;
  run.cell.take({ type: 'run.forked', at, data });
  adoptHeader(run, envelope, data);
  run.fork = forkState(run, data);
  clearEnd(run);
  rebase(run, data.at);
  for (const activation of [...run.open]) comeBack(run, activation, at);
  leaveClosing(run);
  if (data.overrides !== undefined)
    setOverrides(run, data.overrides as unknown as ForkOverrides, at);
  listenAgain(run);
  for (const activation of run.activations.values())
    if (activation.state === 'expanded') wakeExpansion(run, activation);
  run.streamVersion = 1;
  run.at = at;
  run.touched.clear();
}

/** Who asked for the fork asked for it alone: nobody waits for it, and it is at the top. */
function adoptHeader(run: RunAggregate, envelope: ForkedEnvelope, data: ForkedData): void {
  run.header = {
    ...run.header,
    runId: data.runId,
    priority: data.priority ?? run.header.priority,
    session: data.session ?? run.header.session,
    requestId: data.requestId,
    requestHash: undefined,
    deadline: undefined,
    parent: undefined,
    root: undefined,
    depth: 0,
    correlationId: envelope.correlationId,
    trace: envelope.trace,
  };
}

/** What was set for the origin when it was forked itself still holds; so does what it had not scheduled again. */
function forkState(run: RunAggregate, data: ForkedData): ForkState {
  return {
    from: data.from,
    at: data.at,
    sandbox: data.sandbox,
    returned: new Set(run.fork?.returned),
    formerAttempts: new Map(run.fork?.formerAttempts),
    parameters: new Map(run.fork?.parameters),
  };
}

function clearEnd(run: RunAggregate): void {
  run.output = undefined;
  run.error = undefined;
  run.terminating = undefined;
  run.quarantine = undefined;
  run.isolatedAttempt = 0;
  run.isHardPause = false;
  // They name versions of the origin.
  run.checkpoints.clear();
  // A fork takes back what it changed itself: the versions of its origin are no versions of its own.
  run.adaptations = [];
  run.values.clear();
}

/** F2. */
function rebase(run: RunAggregate, by: number): void {
  const moved = <Ref extends ValueRef | undefined>(ref: Ref): Ref =>
    ref?.at === 'event' ? { ...ref, streamVersion: ref.streamVersion - by } : ref;
  run.inputs = moved(run.inputs);
  run.signals = run.signals.rebased(by);
  for (const activation of run.activations.values()) {
    activation.output = moved(activation.output);
    if (activation.item !== undefined) activation.item = moved(activation.item);
    if (activation.expansion !== undefined)
      activation.expansion = { ...activation.expansion, items: moved(activation.expansion.items) };
    if (activation.wait !== undefined)
      activation.wait = { ...activation.wait, since: activation.wait.since - by };
    activation.startedVersion = 0;
  }
}

/** F1: back to pending. A compensation begins again with the next step of undoing, not by itself. */
function comeBack(run: RunAggregate, activation: Activation, at: number): void {
  const before = activation.state;
  if (activation.expansion !== undefined && before !== 'scheduled') {
    stayExpanded(run, activation);
    return;
  }
  const cell = activation.cell as Cell;
  const data = { taskId: activation.id, reason: 'forked' };
  cell.take({ type: 'task.reset', at, data });
  activation.state = cell.snapshot.value as TaskState;
  activation.context = cell.snapshot.context as TaskContext;
  cell.stop();
  activation.cell = undefined;
  moveBetweenSets(run, activation, before);
  activation.wait = undefined;
  activation.child = undefined;
  activation.leaving = undefined;
  activation.reason = undefined;
  activation.resumes = undefined;
  activation.stopped = undefined;
  activation.shiftMs = 0;
  activation.enteredAt = at;
  noteDelay(run, activation);
  withdrawFromSteering(run, activation);
  if (activation.undoOf === undefined) run.fork?.returned.add(activation);
}

/** Also one that was being canceled: the fork was not asked to end. */
function stayExpanded(run: RunAggregate, activation: Activation): void {
  if (activation.state === 'expanded') return;
  const before = activation.state;
  activation.cell?.stop();
  activation.context = { ...activation.context, dueAt: null };
  const persisted = { status: 'active', value: 'expanded', context: activation.context };
  activation.cell = run.cells.create(taskMachine, {
    persisted: { ...persisted, historyValue: {}, children: {} } as never,
    parent: run.cell,
  });
  activation.state = 'expanded';
  activation.reason = undefined;
  if (activation.node.task.feed !== undefined)
    activation.wait = { since: 0, kind: 'feed', details: null, votes: [] };
  moveBetweenSets(run, activation, before);
}

/** F4. */
function leaveClosing(run: RunAggregate): void {
  if (run.outcome === undefined) return;
  run.outcome = undefined;
  const closing = run.plan.nodes.filter(({ task }) => CLOSING.has(task.hook));
  forget(run, new Set(closing.map(({ index }) => index)));
  for (const { index } of closing) leavePending(run, index);
  run.phase = 'tasks';
}

/** F3. */
function setOverrides(run: RunAggregate, overrides: ForkOverrides, at: number): void {
  const { inputs, parameters = {}, outputs = {} } = overrides;
  if (inputs !== undefined) run.inputs = refOf(inputs);
  for (const [task, list] of Object.entries(parameters)) {
    const before = run.fork?.parameters.get(task) ?? [];
    run.fork?.parameters.set(task, [...before, ...list]);
  }
  for (const [id, value] of Object.entries(outputs)) {
    const activation = run.activations.get(id);
    invariant(activation !== undefined, 'the output of a task that has not begun', { id });
    if (activation.state !== 'succeeded') succeed(run, activation, at);
    activation.output = refOf(value);
    if (run.flow === undefined) forget(run, tasksBehind(run, activation.node.index));
  }
}

/** Larger values were put into blobs before they were recorded. */
function refOf(value: JsonValue | ForkOverrides['inputs']): ValueRef {
  return isKeptValue(value)
    ? { at: 'blob', blob: value }
    : { at: 'inline', value: value as JsonValue };
}

/** A task that ended otherwise has succeeded now, with all that follows from a success. */
function succeed(run: RunAggregate, activation: Activation, at: number): void {
  const taskId = activation.id;
  const attempt = Math.max(1, activation.context.attempt);
  const fold = (type: string, data: object): void =>
    evolveTask(run, { type, data: { taskId, ...data }, at, streamVersion: 1 });
  if (activation.state !== 'pending') fold('task.reset', { reason: 'forked' });
  fold('task.scheduled', { attempt });
  fold('task.succeeded', { output: null });
  activation.error = undefined;
  activation.reason = undefined;
}

/** All tasks that come after one, directly or not. */
export function tasksBehind(run: Pick<RunAggregate, 'plan'>, index: number): Set<number> {
  const found = new Set<number>();
  const left = [...run.plan.at(index).dependents];
  for (let next = left.pop(); next !== undefined; next = left.pop()) {
    if (found.has(next) || next === index) continue;
    found.add(next);
    left.push(...run.plan.at(next).dependents);
  }
  return found;
}

/** Tasks become as if they had never begun; nothing outside depends on them. Attempts go on counting. */
function forget(run: RunAggregate, indexes: ReadonlySet<number>): void {
  for (const activation of [...run.activations.values()])
    if (indexes.has(activation.node.index)) remove(run, activation);
  const at = run.completed.filter(({ node }) => !indexes.has(node.index));
  run.completed.splice(0, run.completed.length, ...at);
  const fresh = emptyFlow(run.plan);
  for (const index of indexes) {
    const { dependencies, task } = run.plan.at(index);
    const counters = noCounters(dependencies.length);
    for (const dependency of dependencies) {
      const { outcome, isInactive } = run.progress[dependency] as RunAggregate['progress'][number];
      if (outcome !== undefined && !indexes.has(dependency))
        bump(counters, outcome, { isInactive, by: 1 });
    }
    run.progress[index] = { counters, outcome: undefined, isInactive: false };
    if (run.flow !== undefined && fresh !== undefined) {
      run.flow.tasks[index] = fresh.tasks[index] as TaskFlow;
      run.flow.due.delete(index);
    }
    run.steering.withdrawals.delete(index);
    run.steering.completed.delete(index);
    run.steering.mutexes.noteMember(index, false);
    leavePending(run, index);
    (task.trigger === 'all_done' ? run.pendingCleanup : run.pending).add(index);
    judgeTrigger(run, index);
  }
  run.openFailures.clear();
  run.unhandled.clear();
  judgeFailures(run);
}

function remove(run: RunAggregate, activation: Activation): void {
  const { id, context } = activation;
  if (openStates.has(activation.state)) {
    const before = activation.state;
    activation.cell?.stop();
    activation.cell = undefined;
    activation.state = 'pending';
    moveBetweenSets(run, activation, before);
    withdrawFromSteering(run, activation);
  }
  run.fork?.returned.delete(activation);
  run.retrying.delete(activation);
  run.fork?.formerAttempts.set(id, context.attempt);
  run.expansions.delete(activation);
  if (run.undoing === activation) run.undoing = undefined;
  run.activations.delete(id);
}
