/**
 * What tasks do to each other beyond dependencies, as folded from events: who holds a mutex, what is to be withdrawn,
 * which `foreach` tasks are over, what ended the run. `withdraw.ts` decides what follows.
 *
 * G1 An entry of the agenda has something to do; the event that does it takes it off.
 * G2 O(1) per event, plus what the task names in `cancel`, `complete` and in milestones.
 */
import type { Activation, RunAggregate } from './aggregate.ts';
import { runState } from './aggregate.ts';
import { isPending } from './counting.ts';
import { MutexTable, type StoredMutexes } from './mutex.ts';
import type { PlanSteering } from './plan-steering.ts';
import { dropDue } from './rounds.ts';
import { wakeExpansion } from './values.ts';

/** Why a task is withdrawn; `by` is the id of the task that did it. */
export interface Withdrawal {
  kind: 'cancel' | 'milestone';
  by: string;
}

/** What a snapshot keeps. */
export interface StoredSteering {
  mutexes: StoredMutexes;
  withdrawals: [number, Withdrawal][];
  shut: number[];
  completed: number[];
  canceledBy?: string;
  endedBy?: string;
}

export class SteeringState {
  readonly mutexes: MutexTable;
  /** By task: what is still to be withdrawn. */
  readonly withdrawals = new Map<number, Withdrawal>();
  /** Tasks whose milestone is over. */
  readonly shut = new Set<number>();
  /** `foreach` tasks that end as soon as they have begun. */
  readonly completed = new Set<number>();
  /** Activations that need no agent, have their mutexes and have not begun. */
  readonly startable = new Set<Activation>();
  /** Open activations by task, instances left out. */
  readonly open = new Map<number, Set<Activation>>();
  /** The task that canceled the run. */
  canceledBy: string | undefined;
  /** The task that ended the run. */
  endedBy: string | undefined;

  constructor(plan: PlanSteering) {
    this.mutexes = new MutexTable(plan);
  }

  /** What a snapshot keeps; undefined where there is nothing. */
  stored(): StoredSteering | undefined {
    const { canceledBy, endedBy } = this;
    const stored: StoredSteering = {
      mutexes: this.mutexes.stored(),
      withdrawals: [...this.withdrawals],
      shut: [...this.shut],
      completed: [...this.completed],
      ...(canceledBy === undefined ? {} : { canceledBy }),
      ...(endedBy === undefined ? {} : { endedBy }),
    };
    const { holders, regions, waiting } = stored.mutexes;
    const lists = [holders, regions, waiting, stored.withdrawals, stored.shut, stored.completed];
    const isEmpty = lists.every(({ length }) => length === 0);
    return isEmpty && canceledBy === undefined && endedBy === undefined ? undefined : stored;
  }

  /** Before the activations of a snapshot are taken over. */
  restore(stored: StoredSteering | undefined): void {
    if (stored === undefined) return;
    this.mutexes.restore(stored.mutexes);
    for (const [index, withdrawal] of stored.withdrawals) this.withdrawals.set(index, withdrawal);
    for (const index of stored.shut) this.shut.add(index);
    for (const index of stored.completed) this.completed.add(index);
    this.canceledBy = stored.canceledBy;
    this.endedBy = stored.endedBy;
  }
}

/** True once an activation has begun, whatever came of it. */
export function hasBegun({ context, state }: Activation): boolean {
  return state === 'succeeded' || context.firstStartedAt !== null;
}

interface Change {
  repeats: boolean;
  wasOpen: boolean;
  isOpen: boolean;
  hadBegun: boolean;
  /** It waits for its next attempt, or for its first. */
  becameReady: boolean;
}

/** After the tables of the run have taken an event of an activation. Returns who may begin because of it. */
export function followSteering(
  run: RunAggregate,
  activation: Activation,
  change: Change,
): Activation[] {
  const { steering } = run;
  const { index } = activation.node;
  if (activation.parent !== undefined || activation.undoOf !== undefined) return [];
  noteOpen(steering, activation, change.isOpen);
  if (activation.state !== 'scheduled') steering.startable.delete(activation);
  if (activation.expansion !== undefined && steering.completed.delete(index))
    activation.expansion.completed = true;
  const woken = followMutexes(run, activation, change);
  if (!change.hadBegun && hasBegun(activation)) noteBegun(run, activation);
  if (activation.state === 'succeeded' && change.wasOpen && !change.repeats)
    noteSuccess(run, activation);
  if (steering.withdrawals.has(index)) settle(run, index);
  return woken;
}

/** As `followSteering`, for an activation of a snapshot: nothing follows anew. */
export function adoptSteering(run: RunAggregate, activation: Activation, isOpen: boolean): void {
  const { steering } = run;
  if (activation.parent !== undefined || activation.undoOf !== undefined) return;
  noteOpen(steering, activation, isOpen);
  if (!steering.mutexes.needs(activation)) return;
  steering.mutexes.adopt(activation, run.progress[activation.node.index]?.outcome !== undefined);
}

/** An activation is as if it had not been scheduled: it gives back what it holds, and waits for nothing. */
export function withdrawFromSteering(run: RunAggregate, activation: Activation): void {
  const { steering } = run;
  if (activation.parent !== undefined || activation.undoOf !== undefined) return;
  noteOpen(steering, activation, false);
  steering.startable.delete(activation);
  // Whoever may begin because of it is withdrawn as well, or begins when it is scheduled again.
  if (steering.mutexes.needs(activation)) steering.mutexes.leave(activation);
}

function noteOpen(steering: SteeringState, activation: Activation, isOpen: boolean): void {
  const { index } = activation.node;
  const open = steering.open.get(index);
  if (isOpen) {
    if (open === undefined) steering.open.set(index, new Set([activation]));
    else open.add(activation);
  } else if (open?.delete(activation) === true && open.size === 0) {
    steering.open.delete(index);
  }
}

function followMutexes(run: RunAggregate, activation: Activation, change: Change): Activation[] {
  const { mutexes } = run.steering;
  const { index } = activation.node;
  if (!mutexes.needs(activation)) return [];
  const woken = change.becameReady ? mutexes.arrive(activation) : [];
  if (change.isOpen && !change.hadBegun && hasBegun(activation))
    woken.push(...mutexes.start(activation));
  const hasEnded = run.progress[index]?.outcome !== undefined;
  const isReady = activation.state === 'scheduled' || activation.state === 'preparing';
  if (!change.isOpen || !(isReady || hasBegun(activation)))
    woken.push(...mutexes.leave(activation));
  woken.push(...mutexes.noteMember(index, hasEnded));
  return woken;
}

/** The milestones that its start ends. */
function noteBegun(run: RunAggregate, activation: Activation): void {
  const { index, task } = activation.node;
  for (const target of run.plan.steering.shuts.get(index) ?? []) {
    run.steering.shut.add(target);
    withdraw(run, target, { kind: 'milestone', by: task.id });
  }
}

/** What its success cancels, completes and ends; a run that is ending already is left alone. */
function noteSuccess(run: RunAggregate, activation: Activation): void {
  const { steering, plan } = run;
  const { index, task } = activation.node;
  const state = runState(run);
  const goesOn = state === 'running' || state === 'paused';
  if (task.end === 'terminate' && goesOn) {
    steering.endedBy ??= task.id;
    dropDue(run);
  }
  const canceled = plan.steering.cancels.get(index);
  if (canceled === 'run') {
    if (goesOn) steering.canceledBy ??= task.id;
  } else {
    for (const target of canceled ?? []) withdraw(run, target, { kind: 'cancel', by: task.id });
  }
  for (const target of plan.steering.completes.get(index) ?? []) complete(run, target);
}

function withdraw(run: RunAggregate, index: number, withdrawal: Withdrawal): void {
  const known = run.steering.withdrawals.get(index);
  if (known?.kind === 'cancel') return;
  run.steering.withdrawals.set(index, withdrawal);
  settle(run, index);
}

/** G1: takes an entry off that has nothing left to do. */
function settle(run: RunAggregate, index: number): void {
  const withdrawal = run.steering.withdrawals.get(index);
  if (withdrawal === undefined || isPending(run, index)) return;
  for (const { node } of run.fork?.returned ?? []) if (node.index === index) return;
  for (const activation of run.steering.open.get(index) ?? [])
    if (isToWithdraw(activation, withdrawal)) return;
  run.steering.withdrawals.delete(index);
}

/** A milestone that is over leaves alone what has begun. */
export function isToWithdraw(activation: Activation, { kind }: Withdrawal): boolean {
  const isLeaving = activation.state === 'canceling' && activation.resumes !== true;
  return !isLeaving && (kind === 'cancel' || !hasBegun(activation));
}

function complete(run: RunAggregate, index: number): void {
  const open = run.steering.open.get(index);
  if (open === undefined && !isPending(run, index)) return;
  let hasItems = false;
  for (const activation of open ?? []) {
    if (activation.expansion === undefined) continue;
    hasItems = true;
    activation.expansion.completed = true;
    wakeExpansion(run, activation);
  }
  if (!hasItems) run.steering.completed.add(index);
}
