/**
 * How `run.adapted` changes the aggregate: the run goes on under another plan. Activations and their cells stay what they
 * are and belong to the tasks of the new plan by their ids; all that is derived from the plan is made again.
 *
 * D1 Nothing that has begun changes: the decider refused that. What waited for a slot and changed is withdrawn, and is
 *    decided anew.
 * D2 The same as when the run had had this definition from the start, as far as that can be told: a new task counts what
 *    its dependencies have become.
 */
import type { RunEvent } from '../../events/catalogue.ts';
import { applyChange, changeOf } from '../../workflow/change/definition-change.ts';
import type { WorkflowDefinition } from '../../workflow/definition.ts';
import { invariant } from '../errors.ts';
import { agendaOf, type StoredAgenda } from './agenda.ts';
import type { Activation, RunAggregate, TaskProgress } from './aggregate.ts';
import { lastActivation, runState } from './aggregate.ts';
import { emptyAggregate } from './empty-run.ts';
import { becomeReady } from './evolve-task.ts';
import type { PlanNode, RunPlan } from './plan.ts';
import { sendToken } from './rounds.ts';
import type { StoredSteering } from './steering.ts';
import { type StoredRounds, storeRounds, takeOver } from './take-over.ts';

/** Adaptations that can be taken back, the newest ones. */
const MAX_UNDONE = 20;

type Adapted = Extract<RunEvent, { type: 'run.adapted' }> & { streamVersion: number };

export function evolveAdapted(run: RunAggregate, { data, streamVersion }: Adapted): void {
  const { change, definitionHash, withdrawn = [], undoes } = data;
  if (change === undefined) return;
  const before = run.plan.definition;
  const definition = applyChange(before, change);
  for (const id of withdrawn) withdraw(run, id);
  exchangePlan(run, definition, definitionHash);
  if (undoes !== undefined) {
    run.adaptations = run.adaptations.filter((known) => known.streamVersion !== undoes);
    return;
  }
  const adaptation = { streamVersion, reverse: changeOf(run.plan.definition, before) };
  run.adaptations = [...run.adaptations, adaptation].slice(-MAX_UNDONE);
}

/** It waited for a slot and never had one: it is as if it had not been scheduled. */
function withdraw(run: RunAggregate, id: string): void {
  const activation = run.activations.get(id);
  invariant(activation?.state === 'scheduled', 'only what waits for a slot is withdrawn', { id });
  run.activations.delete(id);
  run.open.delete(activation);
  run.steering.mutexes.leave(activation);
  activation.cell?.stop();
  activation.cell = undefined;
  run.touched.add(activation);
}

/** By index of the old plan: the index in the new one. */
type Moved = readonly (number | undefined)[];

// Length: what a run carries over, a field a line.
function exchangePlan(
  run: RunAggregate,
  definition: WorkflowDefinition,
  definitionHash: string,
): void {
  const { plan: old, cells, cell, inputs } = run;
  const header = { ...run.header, definitionHash };
  const fresh = emptyAggregate({ header, definition, cells, cell, inputs });
  const { plan } = fresh;
  const moved = old.nodes.map(({ task }) => plan.byId(task.id)?.index);
  for (const activation of run.activations.values()) {
    activation.told = carriedTold(run, fresh, activation);
    activation.node = nodeIn(plan, activation);
  }
  const isFirstPhase = runState(run) === 'pending';
  const rounds = carriedRounds(run, fresh);
  takeOver(fresh, {
    steering: movedSteering(run.steering.stored(), moved, plan),
    signals: run.signals.kept(),
    phase: isFirstPhase ? undefined : run.phase,
    rounds: rounds?.stored,
    activations: run.activations.values(),
    returned: new Set([...(run.fork?.returned ?? [])].map(({ id }) => id)),
    agenda: movedAgenda(agendaOf(run), moved),
    onActivations: () => rounds?.tellNew(),
  });
  releaseRegions(fresh);
  const unhandled = [...move(run.unhandled, moved), ...fresh.unhandled];
  const stillOpen = new Set(unhandled.filter((index) => fresh.unhandled.has(index)));
  Object.assign(run, fresh, {
    unhandled: stillOpen,
    outcome: run.outcome,
    terminating: run.terminating,
    output: run.output,
    error: run.error,
    completed: run.completed,
    undoing: run.undoing,
    isolatedAttempt: run.isolatedAttempt,
    errors: run.errors,
    crashes: run.crashes,
    isHardPause: run.isHardPause,
    checkpoints: run.checkpoints,
    retrying: run.retrying,
    fork: run.fork,
    quarantine: run.quarantine,
    adaptations: run.adaptations,
    touched: run.touched,
    values: run.values,
    streamVersion: run.streamVersion,
    at: run.at,
  });
}

function nodeIn(plan: RunPlan, { node, undoOf, id }: Activation): PlanNode {
  const next = plan.byId(node.task.id);
  const found = undoOf === undefined ? next : next?.undo;
  invariant(found !== undefined, 'a task that has begun is gone', { id });
  return found;
}

function move(indexes: Iterable<number>, moved: Moved): number[] {
  return [...indexes].flatMap((index) => moved[index] ?? []);
}

function movedSteering(
  stored: StoredSteering | undefined,
  moved: Moved,
  plan: RunPlan,
): StoredSteering | undefined {
  if (stored === undefined) return undefined;
  const { mutexes, withdrawals, shut, completed } = stored;
  const regions = mutexes.regions.filter(([name]) => plan.steering.regions.has(name));
  return {
    ...stored,
    mutexes: { ...mutexes, regions },
    withdrawals: withdrawals.flatMap(([index, withdrawal]) =>
      move([index], moved).map((next): (typeof withdrawals)[number] => [next, withdrawal]),
    ),
    shut: move(shut, moved),
    completed: move(completed, moved),
  };
}

function movedAgenda(agenda: StoredAgenda | undefined, moved: Moved): StoredAgenda | undefined {
  if (agenda === undefined) return undefined;
  const { runnable, skippable, due } = agenda;
  return {
    ...agenda,
    ...(runnable === undefined ? {} : { runnable: move(runnable, moved) }),
    ...(skippable === undefined ? {} : { skippable: move(skippable, moved) }),
    ...(due === undefined ? {} : { due: move(due, moved) }),
  };
}

/** A region whose last member is gone gives back what it holds. */
function releaseRegions(run: RunAggregate): void {
  for (const { members, mutexes } of run.plan.steering.regions.values()) {
    const ended = members.find((index) => run.progress[index]?.outcome !== undefined);
    if (ended === undefined || mutexes.length === 0) continue;
    for (const woken of run.steering.mutexes.noteMember(ended, true)) becomeReady(run, woken);
  }
}

/** The tokens of a run, for the tasks of a new plan with rounds; undefined where that has none. */
function carriedRounds(
  run: RunAggregate,
  fresh: RunAggregate,
): { stored: StoredRounds; tellNew(): void } | undefined {
  if (fresh.flow === undefined) return undefined;
  const known = run.flow === undefined ? undefined : storeRounds(run, run.flow);
  const stored = storeRounds(fresh, fresh.flow);
  const rewired: PlanNode[] = [];
  for (const node of fresh.plan.nodes) {
    const before = run.plan.byId(node.task.id);
    if (before === undefined || !hasSameWaysIn(run.plan, before, node)) rewired.push(node);
    if (before === undefined) continue;
    const { outcome, isInactive, counters } = run.progress[before.index] as TaskProgress;
    const isRewired = rewired.at(-1) === node;
    const empty = fresh.progress[node.index] as TaskProgress;
    stored.progress[node.index] = {
      outcome,
      isInactive,
      counters: { ...(isRewired ? empty.counters : counters) },
    };
    const flow = known?.tasks[before.index] ?? flowOfOnce(run, before);
    const blank = stored.tasks[node.index] as StoredRounds['tasks'][number];
    stored.tasks[node.index] = isRewired
      ? blank
      : withoutWithdrawn(run, { ...blank, ...flow }, node);
  }
  const tellNew = (): void => {
    for (const { index, dependencies } of rewired)
      for (const from of dependencies) noteSent(fresh, from, index, sendToken(fresh, from, index));
  };
  return { stored, tellNew };
}

/** A retry takes back what an end has told those that have become dependents since. */
function noteSent(run: RunAggregate, from: number, to: number, number: number): void {
  const node = run.plan.at(from);
  const told = lastActivation(run, node)?.told;
  if (told !== undefined) told.tokens[node.dependents.indexOf(to)] = number;
}

/** What an end told its dependents, in their order in the new plan; without rounds it is told by counting. */
function carriedTold(
  run: RunAggregate,
  fresh: RunAggregate,
  activation: Activation,
): Activation['told'] {
  const { told, node, parent, undoOf } = activation;
  if (fresh.flow === undefined || parent !== undefined || undoOf !== undefined) return undefined;
  const before = run.plan.byId(node.task.id);
  const after = fresh.plan.byId(node.task.id);
  if (before === undefined || after === undefined) return undefined;
  const numbers = new Map<string, number>();
  for (const [at, index] of before.dependents.entries())
    numbers.set(run.plan.at(index).task.id, told?.tokens[at] ?? (run.flow === undefined ? 1 : 0));
  const tokens = after.dependents.map((index) => numbers.get(fresh.plan.at(index).task.id) ?? 0);
  if (run.flow !== undefined) return told === undefined ? undefined : { ...told, tokens };
  const { outcome, isInactive } = run.progress[before.index] as TaskProgress;
  if (outcome === undefined || outcome === 'succeeded') return undefined;
  return { outcome, isInactive, tokens, repeated: 0 };
}

function hasSameWaysIn(plan: RunPlan, before: PlanNode, after: PlanNode): boolean {
  const ids = before.dependencies.map((index) => plan.at(index).task.id);
  const next = after.task.dependencies;
  return ids.length === next.length && ids.every((id, index) => id === next[index]);
}

/** What is known of a task of a plan without rounds, as the tokens of one with rounds. */
function flowOfOnce(run: RunAggregate, node: PlanNode): Partial<StoredRounds['tasks'][number]> {
  const activation = run.activations.get(node.task.id);
  const tokens = node.dependencies.map((index) =>
    run.progress[index]?.outcome === undefined ? 0 : 1,
  );
  const begun = activation === undefined ? 0 : 1;
  return {
    tokens,
    begun,
    // What was reset before it had begun waits for its trigger again.
    isFirstDecided: activation !== undefined && !isBeforeFirst(activation),
    ended: activation?.state === 'succeeded' ? 1 : 0,
    failed: activation?.error !== undefined && activation.state !== 'succeeded' ? 1 : 0,
  };
}

function isBeforeFirst({ state, context }: Activation): boolean {
  return state === 'pending' && context.attempt === 0;
}

/** A task that was withdrawn has not begun. */
function withoutWithdrawn(
  run: RunAggregate,
  flow: StoredRounds['tasks'][number],
  { task, loops }: PlanNode,
): StoredRounds['tasks'][number] {
  const taken = loops.map((_, index) => flow.taken[index] ?? 0);
  const isWithdrawn = flow.begun === 1 && !run.activations.has(task.id);
  return isWithdrawn ? { ...flow, taken, begun: 0, isFirstDecided: false } : { ...flow, taken };
}
