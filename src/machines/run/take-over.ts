/**
 * An empty aggregate takes over what is known of a run: from a snapshot, or from the same run under another definition.
 * What is derived (counters, agenda, ready list) is made again from the activations and what they do not say.
 */

import { adoptActivation } from './adopt.ts';
import { restoreAgenda, type StoredAgenda } from './agenda.ts';
import type {
  Activation,
  FlowState,
  RunAggregate,
  TaskFlow,
  TaskProgress,
  TokenGroup,
} from './aggregate.ts';
import { judgeTrigger } from './counting.ts';
import { restorePhase } from './hooks.ts';
import type { KeptSignal } from './kept-signals.ts';
import type { Phase, PlanNode } from './plan.ts';
import { listenAgain } from './signals.ts';
import type { StoredSteering } from './steering.ts';
import { judgeFailures } from './task-outcome.ts';

export type NamedSignal = { name: string } & KeptSignal;

/** Of plans with rounds: tokens cannot be counted again from the activations. By task. */
export interface StoredRounds {
  progress: TaskProgress[];
  tasks: (Omit<TaskFlow, 'groups' | 'settled'> & {
    groups: [number, TokenGroup][];
    settled?: [number, TokenGroup][];
  })[];
}

export interface Carried {
  steering: StoredSteering | undefined;
  signals: Iterable<NamedSignal>;
  /** Undefined: the first one. */
  phase: Phase | undefined;
  rounds: StoredRounds | undefined;
  /** Read one by one, each when those before it were taken over. */
  activations: Iterable<Activation>;
  /** Of a fork: what was not scheduled again yet (`ForkState.returned`), by id. */
  returned: ReadonlySet<string>;
  agenda: StoredAgenda | undefined;
  /** Called once all activations are there and before the triggers are judged. */
  onActivations?: () => void;
}

/** In the order in which one needs the other. */
export function takeOver(run: RunAggregate, carried: Carried): void {
  const { steering } = carried;
  run.steering.restore(steering);
  for (const { name, streamVersion, payload, closes } of carried.signals)
    run.signals.add(name, { streamVersion, payload, closes });
  if (carried.phase !== undefined) restorePhase(run, carried.phase);
  restoreRounds(run, carried.rounds);
  for (const activation of carried.activations)
    adoptActivation(run, activation, carried.returned.has(activation.id));
  carried.onActivations?.();
  listenAgain(run);
  judgeRounds(run);
  const { waiting = [] } = steering?.mutexes ?? {};
  run.steering.mutexes.requeue(waiting.flatMap((id) => run.activations.get(id) ?? []));
  restoreAgenda(run, carried.agenda);
}

export function storeRounds(run: RunAggregate, flow: FlowState): StoredRounds {
  return {
    progress: run.progress.map(({ counters, outcome, isInactive }) => ({
      counters: { ...counters },
      outcome,
      isInactive,
    })),
    tasks: flow.tasks.map(({ settled, again, freed, past, ...task }) => ({
      ...task,
      tokens: [...task.tokens],
      taken: [...task.taken],
      ...(past === undefined ? {} : { past: { ...past } }),
      groups: storeGroups(task.groups),
      ...(again === undefined ? {} : { again: [...again] }),
      ...(freed === undefined ? {} : { freed: freed.map((numbers) => [...numbers]) }),
      ...(settled === undefined ? {} : { settled: storeGroups(settled) }),
    })),
  };
}

function storeGroups(groups: ReadonlyMap<number, TokenGroup>): [number, TokenGroup][] {
  return [...groups].map(([number, { counters, isDecided }]) => [
    number,
    { counters: { ...counters }, isDecided },
  ]);
}

/** Puts back what the activations do not say, before they are taken over: counters, tokens, what is due. */
function restoreRounds(run: RunAggregate, stored: StoredRounds | undefined): void {
  const { flow } = run;
  if (flow === undefined || stored === undefined) return;
  for (const [index, { settled, ...task }] of stored.tasks.entries()) {
    flow.tasks[index] = {
      ...task,
      groups: new Map(task.groups),
      ...(settled === undefined ? {} : { settled: new Map(settled) }),
    };
    if (task.due > 0 || task.dueSkips > 0) flow.due.add(index);
    const { counters, outcome, isInactive } = stored.progress[index] as TaskProgress;
    run.progress[index] = { counters, outcome, isInactive };
  }
}

/** A turn may end between a decision of the trigger and the event that follows from it. */
function judgeRounds(run: RunAggregate): void {
  if (run.flow === undefined) return;
  run.runnable.clear();
  run.skippable.clear();
  for (const node of run.plan.nodes) judgePending(run, node);
  judgeFailures(run);
}

function judgePending(run: RunAggregate, { index, task, dependencies }: PlanNode): void {
  const merged = run.flow?.tasks[index]?.merged ?? 0;
  const { trigger } = task;
  const isMerge = typeof trigger === 'object' && 'merge' in trigger && dependencies.length > 0;
  if (!isMerge) judgeTrigger(run, index);
  else if (run.pending.has(index) && merged >= trigger.merge) run.runnable.add(index);
}
