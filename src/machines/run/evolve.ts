/**
 * How events change the run aggregate: `evolve(run, event)`. Total over the events of a run's stream;
 * it applies what was decided and decides nothing.
 *
 * E1 The machine takes the event before any table changes: an illegal event leaves the aggregate as it was.
 * E2 O(1) per event plus the out-degree of its task. `run.resumed`, `run.forked` and ends may touch all open activations.
 */
import type { RunEvent } from '../../events/catalogue.ts';
import type { Envelope } from '../../events/envelope.ts';
import type { WorkflowDefinition } from '../../workflow/definition.ts';
import { noCounters } from '../../workflow/triggers.ts';
import { type Cell, type CellFactory, type FoldEvent, persistedOf } from '../cell.ts';
import { invariant } from '../errors.ts';
import { taskMachine } from '../task/machine.ts';
import { type RunAggregate, type RunHeader, runState, type ValueRef } from './aggregate.ts';
import { noteIsolation } from './compensate.ts';
import { evolveTask, type FoldedEvent, isTaskType } from './evolve-task.ts';
import { enterPhase, firstClosingPhase, followHook, leaveStart } from './hooks.ts';
import { KeptSignals } from './kept-signals.ts';
import { runMachine } from './machine.ts';
import { planOf } from './plan.ts';
import { ReadyList } from './ready-list.ts';
import { endsRetry, reopenRun } from './reopen.ts';
import { dropDue, emptyFlow } from './rounds.ts';
import { foldSignal } from './signals.ts';
import { SteeringState } from './steering.ts';
import { valueRef } from './values.ts';

type CreatedEnvelope = Pick<Envelope, 'at' | 'streamVersion' | 'correlationId' | 'trace'>;
type CreatedData = Extract<RunEvent, { type: 'run.created' }>['data'];

// Length: one line a field of the aggregate.
/** An aggregate before any task event: every task pending, roots on the agenda. */
export function emptyAggregate(parts: {
  header: RunHeader;
  definition: WorkflowDefinition;
  cells: CellFactory;
  cell: Cell;
  inputs: ValueRef;
}): RunAggregate {
  const { header, definition, cells, cell, inputs } = parts;
  const plan = planOf(definition, header.definitionHash);
  const run: RunAggregate = {
    header,
    fork: undefined,
    cells,
    plan,
    cell,
    inputs,
    streamVersion: 0,
    at: 0,
    progress: plan.nodes.map((node) => ({
      counters: noCounters(node.dependencies.length),
      outcome: undefined,
      isInactive: false,
    })),
    flow: emptyFlow(plan),
    activations: new Map(),
    open: new Set(),
    running: new Set(),
    canceling: new Set(),
    delayed: new Set(),
    runnable: new Set(),
    skippable: new Set(),
    pending: new Set(),
    pendingCleanup: new Set(),
    expansions: new Set(),
    openFailures: new Set(),
    unhandled: new Set(),
    signals: new KeptSignals(),
    ready: new ReadyList(),
    steering: new SteeringState(plan.steering),
    startingChildren: new Set(),
    slots: 0,
    exclusiveSlots: 0,
    output: undefined,
    error: undefined,
    phase: plan.hasHook('on_start') ? 'on_start' : 'tasks',
    outcome: undefined,
    terminating: undefined,
    completed: [],
    undoing: undefined,
    isolatedAttempt: 0,
    errors: new Map(),
    crashes: new Map(),
    isHardPause: false,
    checkpoints: new Map(),
    retrying: new Set(),
    quarantine: undefined,
    touched: new Set(),
    values: new Map(),
  };
  enterPhase(run, run.phase);
  return run;
}

/**
 * The aggregate after `run.created`. `definition` is the definition itself where the event has a blob reference.
 */
export function createAggregate(options: {
  envelope: CreatedEnvelope;
  data: CreatedData;
  definition: WorkflowDefinition;
  cells: CellFactory;
}): RunAggregate {
  const { envelope, data, definition, cells } = options;
  const run = emptyAggregate({
    header: {
      runId: data.runId,
      name: data.name,
      definitionHash: data.definitionHash,
      priority: data.priority,
      session: data.session,
      tenant: data.tenant,
      requestId: data.requestId,
      requestHash: data.requestHash,
      deadline: data.deadline,
      startAt: data.startAt,
      debounce: data.debounce,
      parent: data.parent,
      root: data.root,
      depth: data.depth ?? 0,
      correlationId: envelope.correlationId,
      trace: envelope.trace,
    },
    definition,
    cells,
    cell: cells.create(runMachine),
    inputs: valueRef(data.inputs, envelope.streamVersion, 'inputs'),
  });
  run.cell.take({ type: 'run.created', at: envelope.at, data });
  run.streamVersion = envelope.streamVersion;
  run.at = envelope.at;
  return run;
}

/** Applies one event. Throws `fold.illegal-event` or `defect.invariant`; then the aggregate must be thrown away. */
export function evolve(run: RunAggregate, event: FoldedEvent): void {
  invariant(event.streamVersion === run.streamVersion + 1, 'an event out of order', {
    expected: run.streamVersion + 1,
    found: event.streamVersion,
  });
  if (run.retrying.size > 0 && endsRetry(event.type)) run.retrying.clear();
  if (isTaskType(event.type)) {
    const taken = event as FoldedEvent & { data: { taskId: string } };
    evolveTask(run, taken);
    if (run.phase !== 'tasks') followHook(run, taken.data.taskId);
  } else if (event.type === 'run.quarantined' || event.type === 'run.released')
    evolveQuarantine(run, event);
  else evolveRun(run, event);
  run.streamVersion = event.streamVersion;
  run.at = event.at;
}

/** No machine folds it: it lies over the chart. */
function evolveQuarantine(run: RunAggregate, event: FoldedEvent): void {
  const recorded = event as unknown as RunEvent;
  run.quarantine = undefined;
  if (recorded.type === 'run.released') run.crashes.clear();
  if (recorded.type !== 'run.quarantined') return;
  const { error, streamVersion } = recorded.data;
  run.quarantine = { code: error.code, message: error.message, streamVersion };
  noteIsolation(run);
}

// Length: one case for each event of a run.
function evolveRun(run: RunAggregate, event: FoldedEvent): void {
  const pausedAt = (run.cell.snapshot.context as { pausedAt: number | null }).pausedAt;
  run.cell.take({ type: event.type, at: event.at, data: event.data } satisfies FoldEvent);
  const recorded = event as unknown as RunEvent & FoldedEvent;
  // Whatever comes after a pause ends it, but for facts beside the chart.
  if (run.isHardPause && runState(run) !== 'paused') run.isHardPause = false;
  switch (recorded.type) {
    case 'run.paused':
      run.isHardPause = recorded.data.hard === true;
      break;
    case 'run.checkpointed':
      run.checkpoints.set(recorded.data.label, event.streamVersion);
      break;
    case 'run.resumed':
      shiftDelays(run, {
        pausedMs: recorded.data.pausedMs,
        pausedAt: pausedAt ?? event.at,
        at: event.at,
      });
      break;
    case 'run.postponed':
      run.header.startAt = recorded.data.startAt;
      run.inputs = valueRef(recorded.data.inputs, event.streamVersion, 'inputs');
      break;
    case 'run.retried':
      reopenRun(run, recorded.data.tasks);
      break;
    case 'run.signalReceived':
      foldSignal(run, recorded);
      break;
    case 'run.succeeded':
      run.output = valueRef(recorded.data.output, event.streamVersion, 'output');
      break;
    case 'run.failed':
      run.error = recorded.data.error;
      leaveAll(run);
      break;
    case 'run.stopping':
      run.error = recorded.data.error;
      leaveStart(run);
      dropDue(run);
      break;
    case 'run.cancelRequested':
      leaveStart(run);
      dropDue(run);
      break;
    case 'run.finishing':
      run.outcome = recorded.data.outcome;
      enterPhase(run, firstClosingPhase(run.plan, recorded.data.outcome));
      break;
    case 'run.canceled':
      run.quarantine = undefined;
      leaveAll(run);
      break;
    default:
      break;
  }
}

/** One event moves every delay, however many there are; what began during the pause moves by its own share. */
function shiftDelays(
  run: RunAggregate,
  pause: { pausedMs: number; pausedAt: number; at: number },
): void {
  for (const activation of run.delayed) {
    const own =
      activation.enteredAt > pause.pausedAt ? pause.at - activation.enteredAt : pause.pausedMs;
    activation.shiftMs += Math.max(0, Math.min(own, pause.pausedMs));
    run.touched.add(activation);
  }
}

/** Turns a folded aggregate into one whose cells are running actors, for a host. */
export function enliven(run: RunAggregate, cells: CellFactory): void {
  run.cells = cells;
  run.cell = cells.create(runMachine, { persisted: persistedOf(run.cell) });
  for (const activation of run.open) {
    if (activation.cell !== undefined) {
      activation.cell = cells.create(taskMachine, {
        persisted: persistedOf(activation.cell),
        parent: run.cell,
      });
    }
  }
}

/** Ends all running actors of an aggregate that leaves memory. */
export function stopCells(run: RunAggregate): void {
  run.cell.stop();
  for (const activation of run.open) activation.cell?.stop();
}

/** Ends every open activation's cell: nothing is owed once the run has ended. */
function leaveAll(run: RunAggregate): void {
  run.startingChildren.clear();
  for (const activation of run.open) {
    run.ready.remove(activation.id);
    activation.cell?.stop();
    run.touched.add(activation);
  }
}
