/** A run of which nothing is known but what `run.created` says: where every fold and every restoring begins. */
import type { WorkflowDefinition } from '../../workflow/definition.ts';
import { noCounters } from '../../workflow/triggers.ts';
import type { Cell, CellFactory } from '../cell.ts';
import type { RunAggregate, RunHeader, ValueRef } from './aggregate.ts';
import { enterPhase } from './hooks.ts';
import { KeptSignals } from './kept-signals.ts';
import { planOf } from './plan.ts';
import { ReadyList } from './ready-list.ts';
import { emptyFlow } from './rounds.ts';
import { SteeringState } from './steering.ts';

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
    adaptations: [],
    touched: new Set(),
    values: new Map(),
  };
  enterPhase(run, run.phase);
  return run;
}
