/**
 * Stream snapshots of a run: a cache of the fold. What is derived (counters, agenda, ready list) is made again on
 * restoring; only activations, the run's own cell and the order of the agenda are written.
 * Size: each field of the aggregate, how it is written and how it comes back.
 */
import type { Snapshot } from 'xstate';
import type { Failure } from '../../messages/failure.ts';
import type { WorkflowDefinition } from '../../workflow/definition.ts';
import type { JsonValue } from '../../workflow/value.ts';
import { type CellFactory, persistedOf } from '../cell.ts';
import { invariant } from '../errors.ts';
import type { TaskContext, TaskState } from '../task/machine.ts';
import { taskMachine } from '../task/machine.ts';
import { parseActivation } from './activation.ts';
import { agendaOf, type StoredAgenda } from './agenda.ts';
import type {
  Activation,
  Adaptation,
  ErrorCount,
  Expansion,
  Quarantine,
  RunAggregate,
  RunHeader,
  ToldEnd,
  ValueRef,
  WaitState,
} from './aggregate.ts';
import type { Crashes } from './crashes.ts';
import { emptyAggregate } from './empty-run.ts';
import { relationsOf } from './evolve-task.ts';
import { restoreFork, type StoredFork, storeFork } from './fork-state.ts';
import { runMachine } from './machine.ts';
import type { Phase } from './plan.ts';
import type { StoredSteering } from './steering.ts';
import { type NamedSignal, type StoredRounds, storeRounds, takeOver } from './take-over.ts';

/**
 * Changes whenever the same events would fold into another snapshot: machines, upcasters or this file.
 * A snapshot with another hash is ignored. `test/replay/histories.test.ts` keeps the states that belong to it.
 */
export const FOLD_HASH = 'run-fold-14';

interface StoredActivation {
  id: string;
  state: TaskState;
  context: TaskContext;
  output?: ValueRef;
  error?: Failure;
  reason?: string;
  expansion?: Expansion;
  shiftMs: number;
  enteredAt: number;
  startedVersion: number;
  wait?: WaitState;
  item?: ValueRef;
  failedAttempt?: number;
  child?: string;
  leaving?: string;
  exhausted?: string;
  told?: ToldEnd;
  resumes?: true;
  stopped?: 'acknowledged' | 'forced';
}

type StoredSignal = { name: string; streamVersion: number; payload?: ValueRef; closes?: true };

interface StoredRun {
  header: RunHeader;
  /** Or a blob reference to it. */
  definition: unknown;
  cell: Snapshot<unknown>;
  inputs: ValueRef;
  streamVersion: number;
  at: number;
  output?: ValueRef;
  error?: Failure;
  activations: StoredActivation[];
  /** Indexes of failed tasks that nothing handled, in the order in which that became certain. */
  unhandled: number[];
  steering?: StoredSteering;
  /** Those that nobody took. */
  signals?: StoredSignal[];
  phase: Phase;
  outcome?: RunAggregate['outcome'];
  terminating?: string;
  /** Ids, in the order of completion. */
  completed: string[];
  undoing?: string;
  isolatedAttempt: number;
  errors: ErrorCount[];
  crashes?: [string, Crashes][];
  isHardPause?: true;
  checkpoints?: [string, number][];
  /** Ids of what is to be reset. */
  retrying?: string[];
  quarantine?: Quarantine;
  /** `definition` is the one after them. */
  adaptations?: Adaptation[];
  agenda?: StoredAgenda;
  fork?: StoredFork;
  /** Of plans with rounds: tokens cannot be counted again from the activations. */
  rounds?: StoredRounds;
}

/** What is stored; `definition` is what `run.created` holds, a blob reference where it has one. */
export function snapshotOf(run: RunAggregate, extra: { definition: unknown }): JsonValue {
  const steering = run.steering.stored();
  const agenda = agendaOf(run);
  const stored: StoredRun = {
    header: run.header,
    definition: extra.definition,
    cell: persistedOf(run.cell),
    inputs: run.inputs,
    streamVersion: run.streamVersion,
    at: run.at,
    ...(run.output === undefined ? {} : { output: run.output }),
    ...(run.error === undefined ? {} : { error: run.error }),
    activations: [...run.activations.values()].map(store),
    unhandled: [...run.unhandled],
    ...(steering === undefined ? {} : { steering }),
    ...(run.signals.size === 0 ? {} : { signals: run.signals.kept().map(storeSignal) }),
    phase: run.phase,
    ...(run.outcome === undefined ? {} : { outcome: run.outcome }),
    ...(run.terminating === undefined ? {} : { terminating: run.terminating }),
    completed: run.completed.map(({ id }) => id),
    ...(run.undoing === undefined ? {} : { undoing: run.undoing.id }),
    isolatedAttempt: run.isolatedAttempt,
    ...(run.crashes.size === 0 ? {} : { crashes: [...run.crashes].map(copyCrashes) }),
    errors: [...run.errors.values()].map((line) => ({ ...line })),
    ...(run.isHardPause ? { isHardPause: true } : {}),
    ...(run.checkpoints.size === 0 ? {} : { checkpoints: [...run.checkpoints] }),
    ...(run.retrying.size === 0 ? {} : { retrying: [...run.retrying].map(({ id }) => id) }),
    ...(run.quarantine === undefined ? {} : { quarantine: run.quarantine }),
    ...(run.adaptations.length === 0 ? {} : { adaptations: [...run.adaptations] }),
    ...(agenda === undefined ? {} : { agenda }),
    ...(run.fork === undefined ? {} : { fork: storeFork(run.fork) }),
    ...(run.flow === undefined ? {} : { rounds: storeRounds(run, run.flow) }),
  };
  return stored as unknown as JsonValue;
}

function copyCrashes([task, crashes]: [string, Crashes]): [string, Crashes] {
  return [task, { ...crashes }];
}

function storeSignal(signal: ReturnType<RunAggregate['signals']['kept']>[number]): StoredSignal {
  const { name, streamVersion, payload, closes } = signal;
  return {
    name,
    streamVersion,
    ...(payload === undefined ? {} : { payload }),
    ...(closes ? { closes } : {}),
  };
}

// Length: one line a field.
function store(activation: Activation): StoredActivation {
  const {
    id,
    state,
    context,
    output,
    error,
    reason,
    expansion,
    shiftMs,
    enteredAt,
    startedVersion,
    wait,
    item,
    failedAttempt,
    child,
    leaving,
    exhausted,
    told,
    resumes,
    stopped,
  } = activation;
  return {
    id,
    state,
    context,
    shiftMs,
    enteredAt,
    startedVersion,
    ...(child === undefined ? {} : { child }),
    ...(leaving === undefined ? {} : { leaving }),
    ...(exhausted === undefined ? {} : { exhausted }),
    ...(output === undefined ? {} : { output }),
    ...(error === undefined ? {} : { error }),
    ...(reason === undefined ? {} : { reason }),
    ...(expansion === undefined ? {} : { expansion: storeExpansion(expansion) }),
    ...(told === undefined ? {} : { told }),
    ...(resumes === undefined ? {} : { resumes }),
    ...(stopped === undefined ? {} : { stopped }),
    ...(wait === undefined ? {} : { wait: storeWait(wait) }),
    ...(item === undefined ? {} : { item }),
    ...(failedAttempt === undefined ? {} : { failedAttempt }),
  };
}

function storeWait({ reminders, ...wait }: WaitState): WaitState {
  return {
    ...wait,
    votes: [...wait.votes],
    ...(reminders === undefined ? {} : { reminders: { ...reminders } }),
  };
}

function storeExpansion({ again, ...expansion }: Expansion): Expansion {
  return { ...expansion, ...(again === undefined ? {} : { again: [...again] }) };
}

// Length: one line a field, in the order in which one needs the other.
/** The aggregate behind a snapshot. */
export async function restoreRun(
  state: JsonValue,
  options: {
    cells: CellFactory;
    definitionOf(stored: { definition: unknown }): Promise<WorkflowDefinition>;
  },
): Promise<{ run: RunAggregate; quarantine: Quarantine | undefined }> {
  const stored = state as unknown as StoredRun;
  const { cells } = options;
  const run = emptyAggregate({
    header: { ...emptyHeader, ...stored.header },
    definition: await options.definitionOf(stored),
    cells,
    cell: cells.create(runMachine, { persisted: stored.cell }),
    inputs: stored.inputs,
  });
  run.outcome = stored.outcome;
  run.terminating = stored.terminating;
  takeOver(run, {
    steering: stored.steering,
    signals: (stored.signals ?? []).map(keptSignal),
    phase: stored.phase,
    rounds: stored.rounds,
    activations: restoreActivations(run, stored.activations),
    returned: new Set(stored.fork?.returned),
    agenda: stored.agenda,
    onActivations: () => restoreFork(run, stored.fork),
  });
  run.unhandled.clear();
  for (const index of stored.unhandled) run.unhandled.add(index);
  run.isHardPause = stored.isHardPause === true;
  for (const [name, version] of stored.checkpoints ?? []) run.checkpoints.set(name, version);
  for (const id of stored.retrying ?? []) run.retrying.add(run.activations.get(id) as Activation);
  for (const id of stored.completed) run.completed.push(run.activations.get(id) as Activation);
  if (stored.undoing !== undefined) run.undoing = run.activations.get(stored.undoing);
  run.isolatedAttempt = stored.isolatedAttempt;
  for (const line of stored.errors) run.errors.set(`${line.task} ${line.code}`, { ...line });
  for (const [task, crashes] of stored.crashes ?? []) run.crashes.set(task, { ...crashes });
  run.quarantine = stored.quarantine;
  run.adaptations = stored.adaptations ?? [];
  run.streamVersion = stored.streamVersion;
  run.at = stored.at;
  run.output = stored.output;
  run.error = stored.error;
  run.touched.clear();
  return { run, quarantine: stored.quarantine };
}

function keptSignal({ closes, payload, ...signal }: StoredSignal): NamedSignal {
  return { ...signal, payload, closes: closes === true };
}

/** One by one: an instance finds its `foreach` among those that were taken over before. */
function* restoreActivations(
  run: RunAggregate,
  stored: readonly StoredActivation[],
): Generator<Activation> {
  for (const entry of stored) yield restoreActivation(run, entry);
}

/** Fields that JSON leaves out when they are undefined. */
const emptyHeader = {
  session: undefined,
  tenant: undefined,
  requestId: undefined,
  requestHash: undefined,
  deadline: undefined,
  startAt: undefined,
  debounce: undefined,
  parent: undefined,
  root: undefined,
  trace: undefined,
};

function restoreActivation(run: RunAggregate, stored: StoredActivation): Activation {
  const name = parseActivation(stored.id);
  invariant(name !== undefined, 'a snapshot has no activation id', { id: stored.id });
  return {
    id: stored.id,
    ...relationsOf(run, stored.id, name),
    index: name.indexes.at(-1) ?? 0,
    cell: run.cells.create(taskMachine, {
      persisted: {
        status: 'active',
        value: stored.state,
        context: stored.context,
        historyValue: {},
        children: {},
      } as unknown as Snapshot<unknown>,
      parent: run.cell,
    }),
    state: stored.state,
    context: stored.context,
    output: stored.output,
    error: stored.error,
    reason: stored.reason,
    expansion: stored.expansion,
    shiftMs: stored.shiftMs,
    enteredAt: stored.enteredAt,
    startedVersion: stored.startedVersion,
    ...(stored.wait === undefined ? {} : { wait: stored.wait }),
    ...(stored.item === undefined ? {} : { item: stored.item }),
    failedAttempt: stored.failedAttempt,
    child: stored.child,
    ...(stored.leaving === undefined ? {} : { leaving: stored.leaving }),
    ...(stored.exhausted === undefined ? {} : { exhausted: stored.exhausted }),
    ...(stored.told === undefined ? {} : { told: stored.told }),
    ...(stored.resumes === undefined ? {} : { resumes: stored.resumes }),
    ...(stored.stopped === undefined ? {} : { stopped: stored.stopped }),
  };
}
