/**
 * The run in which everything goes well: no task fails, and each condition holds that is asked first. What runs there
 * can run, so only the rest has to be searched for. Linear.
 */
import { decideTrigger, isOnlyInactive, noCounters, type TriggerCounters } from '../triggers.ts';
import { Choices } from './choices.ts';
import type { FlowModel, FlowTask } from './flow-model.ts';
import { FAILED, INACTIVE, SKIPPED, SUCCEEDED } from './outcomes.ts';

export interface BestRun {
  /** By task: its outcome; 0 for what is not known because of loops and threads. */
  readonly outcomes: Uint8Array;
  /** By task: 1 where it begins. */
  readonly runs: Uint8Array;
  readonly choices: Choices;
}

export function bestRunOf(model: FlowModel): BestRun {
  const { length } = model.tasks;
  const best = {
    outcomes: new Uint8Array(length),
    runs: new Uint8Array(length),
    choices: new Choices(),
  };
  const tracksActivation = model.tasks.some(
    ({ task: { trigger } }) => trigger === 'activated' || trigger === 'reachable',
  );
  for (const index of model.order) {
    const flow = model.tasks[index];
    if (flow === undefined || flow.hasRounds || flow.isOpen) continue;
    best.outcomes[index] = outcomeOf(flow, { best, model, tracksActivation });
  }
  return best;
}

interface Setting {
  readonly best: BestRun;
  readonly model: FlowModel;
  readonly tracksActivation: boolean;
}

function outcomeOf(flow: FlowTask, { best, model, tracksActivation }: Setting): number {
  const counters = countersOf(flow, { best, model });
  const { trigger } = flow.task;
  const isCounted = typeof trigger === 'object' && 'merge' in trigger;
  const answer = decideTrigger(isCounted ? { count: trigger.merge } : trigger, counters);
  if (answer !== 'run') {
    return tracksActivation && isOnlyInactive(counters) ? INACTIVE : SKIPPED;
  }
  if (!wants(flow, best, model)) return INACTIVE;
  // Whether that comes before it is asked in the search.
  if (flow.canceledBy.some((other) => best.outcomes[other] === SUCCEEDED)) return SKIPPED;
  best.runs[flow.index] = 1;
  return SUCCEEDED;
}

/** A success that ends the run leaves nothing behind it: as if it had been skipped. */
function countersOf(
  { dependencies }: FlowTask,
  { best, model }: Omit<Setting, 'tracksActivation'>,
): TriggerCounters {
  const counters = noCounters(dependencies.length);
  for (const dependency of dependencies) {
    const outcome = best.outcomes[dependency] ?? 0;
    if (outcome === SUCCEEDED && model.tasks[dependency]?.endsRun !== true) counters.succeeded += 1;
    else if (outcome === FAILED) counters.failed += 1;
    else counters.skipped += 1;
    if (outcome === INACTIVE) counters.notActivated += 1;
  }
  return counters;
}

function wants({ parts }: FlowTask, { outcomes, choices }: BestRun, { graph }: FlowModel): boolean {
  for (const part of parts) {
    if (part.kind === 'never') return false;
    if (part.kind === 'value') {
      if (!choices.allows(part)) return false;
    } else {
      const target = graph.indexOf.get(part.task);
      if (target === undefined || ((outcomes[target] ?? 0) & part.outcomes) === 0) return false;
    }
  }
  for (const part of parts) if (part.kind === 'value') choices.choose(part);
  return true;
}
