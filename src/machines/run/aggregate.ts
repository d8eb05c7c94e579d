/**
 * The run aggregate: what a run's decider sees. The run's cell, a table of activations, counters of open
 * dependencies, the ready list. Changed in place by `evolve` alone; deciders read it.
 *
 * A1 Everything here is folded from the stream's events, but `values`, which is a cache.
 * A2 An activation has a cell only while it is open; afterwards a summary is left.
 * A3 No event costs more than its own out-degree, except those that change the state of the whole run.
 * Size: every field with what it means.
 */
import type { Failure } from '../../messages/failure.ts';
import type { DefinitionChange } from '../../workflow/change/definition-change.ts';
import type { Priority } from '../../workflow/definition.ts';
import type { TriggerCounters } from '../../workflow/triggers.ts';
import type { BlobReference, JsonObject, JsonValue } from '../../workflow/value.ts';
import type { Cell, CellFactory } from '../cell.ts';
import { BrokenInvariant } from '../errors.ts';
import type { TaskContext, TaskState } from '../task/machine.ts';
import { roundId } from './activation.ts';
import type { Crashes } from './crashes.ts';
import { type ForkState, isReturning } from './fork-state.ts';
import type { KeptSignals } from './kept-signals.ts';
import type { RunContext, RunState } from './machine.ts';
import type { PastRounds } from './past-rounds.ts';
import type { Phase, PlanNode, RunPlan } from './plan.ts';
import type { ReadyList } from './ready-list.ts';
import type { SteeringState } from './steering.ts';

/** Outputs up to this size (as JSON, about) stay in memory; larger ones are read from the log when needed. */
export const INLINE_BYTES = 4 * 1024;

/**
 * Where a value is: at hand, in the event of a version, or in a blob. In a fork the versions of its origin end with 0:
 * the last event before `run.forked` is 0, the one before that -1.
 */
export type ValueRef =
  | { at: 'inline'; value: JsonValue }
  | { at: 'event'; streamVersion: number; field: 'output' | 'items' | 'inputs' | 'payload' }
  | { at: 'blob'; blob: BlobReference };

/** What stays of a `foreach` activation's items and instances. */
export interface Expansion {
  items: ValueRef;
  count: number;
  /** Index of the next instance to schedule. */
  next: number;
  open: number;
  succeeded: number;
  /** Failed, skipped or canceled. */
  unsuccessful: number;
  firstFailure: Failure | null;
  /** A task ended it: what has not succeeded is left out. */
  completed?: true;
  /** The join was decided, and the rest is canceled. */
  isHeld?: true;
  /** Instances that were reset and begin again, before those that have not begun, in order. */
  again?: number[];
}

/** What an answer of a person says. */
export interface Vote {
  by: string;
  approves: boolean;
  comment?: string;
  /** Whose answer it was before it was handed on. */
  for?: string;
}

/** An answer that was handed on. */
export interface Delegation {
  from: string;
  to: string;
  comment?: string;
}

/** Of an approval that reminds. */
export interface Reminders {
  count: number;
  /** When the next one is due; absent after the last. */
  nextAt?: number;
}

/** Of an activation that waits, or of a `foreach` that is fed. */
export interface WaitState {
  /** Version of the event that began it: a transient wait counts later signals alone. */
  since: number;
  /** As recorded. */
  kind: string;
  details: JsonValue;
  votes: Vote[];
  /** In order. */
  delegations?: Delegation[];
  reminders?: Reminders;
}

/** How a task of the definition ended, as dependents see it. */
export type Outcome = 'succeeded' | 'failed' | 'skipped' | 'canceled';

export interface Activation {
  readonly id: string;
  /** Another one of the same task once the run was adapted. */
  node: PlanNode;
  /** Of an instance: the `foreach` activation and its index. */
  readonly parent: Activation | undefined;
  readonly index: number;
  /** Of a compensation: the activation that it undoes. */
  readonly undoOf: Activation | undefined;
  /** Present while open. */
  cell: Cell | undefined;
  state: TaskState;
  /** The last context; of an ended activation, what is left of it. */
  context: TaskContext;
  output: ValueRef | undefined;
  error: Failure | undefined;
  reason: string | undefined;
  expansion: Expansion | undefined;
  /** Milliseconds by which pauses have moved the due time of the present state. */
  shiftMs: number;
  /** When the present state was entered. */
  enteredAt: number;
  /**
   * Version of the `task.started` of the current attempt, or of the `task.waiting` of its child run; 0 before the first.
   * Its parameters are there.
   */
  startedVersion: number;
  /** While it waits, but for a child run. */
  wait?: WaitState | undefined;
  /** Of an instance whose item came with a signal. */
  item?: ValueRef | undefined;
  /** The last attempt whose failure was counted. */
  failedAttempt: number | undefined;
  /** The child run of the current attempt, or of the last one. */
  child: string | undefined;
  /** In backoff: the child run of the attempt before, which was told to end and has not ended as far as is known. */
  leaving?: string | undefined;
  /** The task that its loop led back to until its bound ended that. */
  exhausted?: string | undefined;
  /** In canceling: it starts again afterwards, for its run was paused. */
  resumes?: true | undefined;
  /** How its cancellation ended: its worker said that it stopped, or nobody did in time. */
  stopped?: 'acknowledged' | 'forced' | undefined;
  /** What an end without success said in a plan with rounds, so that a reset can take it back. */
  told?: ToldEnd | undefined;
}

/** Of a round that failed, was skipped or canceled. */
export interface ToldEnd {
  outcome: Outcome;
  isInactive: boolean;
  /** The number of its token on the edge to each dependent; 0 where it sent none. */
  tokens: number[];
  /** Repetitions in a row before it. */
  repeated: number;
}

/** Errors of one task with one code, those of attempts that were retried included. */
export interface ErrorCount {
  /** The task of the definition; `!undo` behind it for its compensation. */
  task: string;
  code: string;
  count: number;
  /** Of the first one. */
  message: string;
}

/** What isolated the run; read by the host. */
export interface Quarantine {
  code: string;
  message: string;
  /** The version after which the defect showed. */
  streamVersion: number;
}

/** Per task of the definition. */
export interface TaskProgress {
  /** Of the first token on each edge; see `rounds.ts` for the others. */
  counters: TriggerCounters;
  /** Of the last round that ended. */
  outcome: Outcome | undefined;
  /** Skipped because nothing asked for it: its condition, or those of all before it. */
  isInactive: boolean;
}

/** The tokens of one round of a task's trigger. */
export interface TokenGroup {
  counters: TriggerCounters;
  isDecided: boolean;
}

/** Per task of a plan with rounds. */
export interface TaskFlow {
  /** Rounds that have begun. */
  begun: number;
  /** The last round that ended; 0 before. */
  ended: number;
  /** The last round that failed; 0 for none. Rounds may run beside each other. */
  failed: number;
  /** The trigger has decided about the first tokens. */
  isFirstDecided: boolean;
  /** Tokens so far, by dependency. */
  tokens: number[];
  /** Tokens after the first on each edge, by their number. */
  groups: Map<number, TokenGroup>;
  /** Successes so far, for `merge`. */
  merged: number;
  /** Rounds to begin, and rounds to skip. */
  due: number;
  dueSkips: number;
  /** Repetitions in a row that `repeat` has made. */
  repeated: number;
  /** How often each loop was taken. */
  taken: number[];
  /** Rounds that have left `activations`. */
  past?: PastRounds;
  /** Rounds that were reset and begin again, in order. */
  again?: number[];
  /** By dependency: numbers of tokens that were taken back, for those that come next. */
  freed?: number[][];
  /** Complete groups with a token that may be taken back. */
  settled?: Map<number, TokenGroup>;
}

export interface FlowState {
  readonly tasks: TaskFlow[];
  /** Tasks with something due. */
  readonly due: Set<number>;
}

/** The task of another run that waits for this one. */
export interface ParentRef {
  runId: string;
  activation: string;
  attempt: number;
}

/** Scalars of `run.created` that deciding needs. */
export interface RunHeader {
  runId: string;
  name: string;
  definitionHash: string;
  priority: Priority;
  session: string | undefined;
  tenant: string | undefined;
  requestId: string | undefined;
  requestHash: string | undefined;
  deadline: number | undefined;
  debounce: { key: string; latest?: number | undefined } | undefined;
  /** While it is pending: when it starts. */
  startAt: number | undefined;
  /** Of a child run: who waits for it, the run at the top, the number of runs above. */
  parent: ParentRef | undefined;
  root: string | undefined;
  depth: number;
  correlationId: string;
  trace: string | undefined;
}

/** A change of the definition that can be taken back. */
export interface Adaptation {
  /** Of its `run.adapted`. */
  streamVersion: number;
  /** From the definition after it to the one before. */
  reverse: DefinitionChange;
}

export interface RunAggregate {
  /** Exchanged once, where the run is a fork. */
  header: RunHeader;
  /** Of a fork; also of one that a fork was made of. */
  fork: ForkState | undefined;
  /** Makes the cells of new activations; `enliven` exchanges it. */
  cells: CellFactory;
  readonly plan: RunPlan;
  cell: Cell;
  inputs: ValueRef;
  /** Of the last event folded. */
  streamVersion: number;
  at: number;
  readonly progress: TaskProgress[];
  /** Only where tasks may have more than one round. */
  readonly flow: FlowState | undefined;
  readonly activations: Map<string, Activation>;
  /** Open activations. */
  readonly open: Set<Activation>;
  /** Those of them that run, and those that are being canceled and will end by themselves: no `foreach` with instances. */
  readonly running: Set<Activation>;
  readonly canceling: Set<Activation>;
  /** Open activations whose due time moves with a pause: in backoff or waiting. */
  readonly delayed: Set<Activation>;
  /** Tasks whose trigger is certain, and what it says. */
  readonly runnable: Set<number>;
  readonly skippable: Set<number>;
  /** Tasks without an outcome that were not scheduled either: the ordinary ones, and those with `all_done`. */
  readonly pending: Set<number>;
  readonly pendingCleanup: Set<number>;
  /** `foreach` activations with something to decide: more instances, or the end. */
  readonly expansions: Set<Activation>;
  /** Signals that were kept, and who waits for which. */
  signals: KeptSignals;
  /** Failed tasks that a dependent may still handle. */
  readonly openFailures: Set<number>;
  /** Failed tasks that nothing handles, in order. */
  readonly unhandled: Set<number>;
  readonly ready: ReadyList;
  /** Mutexes, milestones, and what tasks cancel, complete and end. */
  readonly steering: SteeringState;
  /** Scheduled activations that start a child run next: they need no slot. */
  readonly startingChildren: Set<Activation>;
  /** Activations in states that hold a slot. */
  slots: number;
  /** How many of them may not run beside others (`parallel: false`). */
  exclusiveSlots: number;
  /** The run's own output, once it has ended. */
  output: ValueRef | undefined;
  error: Failure | undefined;
  /** The hook whose tasks may start, or `tasks` between the hooks. */
  phase: Phase;
  /** What the closing hooks come after: how the run ends. */
  outcome: 'succeeded' | 'failed' | 'canceled' | undefined;
  /** Why the run, which closes or undoes, ends at once; undefined where it does not. */
  terminating: string | undefined;
  /** Succeeded activations that a compensation would undo, in the order of completion. */
  readonly completed: Activation[];
  /** The activation that is being undone, until its undo has succeeded. */
  undoing: Activation | undefined;
  /** The attempt of its compensation after which the run was isolated last; 0 before. */
  isolatedAttempt: number;
  /** By task and code. */
  readonly errors: Map<string, ErrorCount>;
  /** By task; only of workflows with `settings.quarantine`. */
  readonly crashes: Map<string, Crashes>;
  /** The pause interrupts what runs. */
  isHardPause: boolean;
  /** Versions by name. */
  readonly checkpoints: Map<string, number>;
  /** What `run.retried` takes back and has not taken back yet; nothing else is decided before. */
  readonly retrying: Set<Activation>;
  /** While it holds nothing is decided. */
  quarantine: Quarantine | undefined;
  /** Oldest first; those that were taken back are left out. */
  adaptations: Adaptation[];
  /** Activations whose state or due time changed since the host last looked. */
  readonly touched: Set<Activation>;
  /** Cache of values that were fetched: by `valueKey`. Not folded. */
  readonly values: Map<string, JsonValue>;
}

export function runState(run: RunAggregate): RunState {
  return run.cell.snapshot.value as RunState;
}

export function runContext(run: RunAggregate): RunContext {
  return run.cell.snapshot.context as RunContext;
}

/** The cache key of a value that is not inline. */
export function valueKey(ref: Exclude<ValueRef, { at: 'inline' }>): string {
  return ref.at === 'event' ? `v${ref.streamVersion}.${ref.field}` : ref.blob.$blob;
}

/** When the present state of an activation is due, pauses included; null when never. */
export function dueAtOf(activation: Activation): number | null {
  const { dueAt } = activation.context;
  return dueAt === null ? null : dueAt + activation.shiftMs;
}

/** True when every task has an outcome and nothing is open. */
export function isExhausted(run: RunAggregate): boolean {
  if (run.pending.size > 0 || run.pendingCleanup.size > 0 || run.open.size > 0) return false;
  if (isReturning(run)) return false;
  return run.flow === undefined || run.flow.due.size === 0;
}

/** The round of a task that expressions and reports see: the last one that has begun. */
export function lastActivation(run: RunAggregate, node: PlanNode): Activation | undefined {
  const rounds = run.flow?.tasks[node.index]?.begun ?? 1;
  return run.activations.get(roundId(node.task.id, rounds));
}

/** The inputs when they are at hand. */
export function inlineObject(value: JsonValue): JsonObject {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new BrokenInvariant('an object was expected');
  }
  return value;
}
