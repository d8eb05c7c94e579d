/**
 * Tasks around the tasks of a run (workflow-language.md, Hooks): which of them may start, folded from events.
 * A phase is entered as a whole: until then its tasks are not pending, so nothing starts, skips or waits for them.
 *
 * K1 `on_start` is over before the first task; a run that stops or is canceled goes on without what is left of it.
 * K2 At the end `on_success` or `on_failure`, then `on_complete`; after a cancellation `on_complete` alone.
 */
import { event } from '../../events/catalogue.ts';
import { isExhausted, type RunAggregate, runContext } from './aggregate.ts';
import { judgeTrigger } from './counting.ts';
import { type Decision, events } from './decision.ts';
import type { Phase, RunPlan } from './plan.ts';

type RunOutcome = NonNullable<RunAggregate['outcome']>;

/** Makes the tasks of a phase pending. O(tasks), once a phase. */
export function enterPhase(run: RunAggregate, phase: Phase): void {
  run.phase = phase;
  const nodes = run.plan.ofPhase(phase).filter(({ index }) => !hasEnded(run, index));
  for (const { index, task } of nodes)
    (task.trigger === 'all_done' ? run.pendingCleanup : run.pending).add(index);
  for (const { index, dependencies } of nodes)
    if (dependencies.length === 0) judgeTrigger(run, index);
}

/** `complete` skips tasks before their phase. */
function hasEnded(run: RunAggregate, index: number): boolean {
  return run.progress[index]?.outcome !== undefined;
}

/** The tasks that come first when a run ends so. */
export function firstClosingPhase(plan: RunPlan, outcome: RunOutcome): Phase {
  if (outcome === 'succeeded' && plan.hasHook('on_success')) return 'on_success';
  if (outcome === 'failed' && plan.hasHook('on_failure')) return 'on_failure';
  return 'on_complete';
}

/** K1: what is left of the first hook is skipped or canceled with the tasks. */
export function leaveStart(run: RunAggregate): void {
  if (run.phase === 'on_start') enterPhase(run, 'tasks');
}

/** When the last task of a hook has ended, the next phase begins. */
export function followHook(run: RunAggregate, activation: string): void {
  const hook = run.activations.get(activation)?.node.task.hook;
  if (hook !== run.phase || !isExhausted(run)) return;
  if (run.phase === 'on_start') enterPhase(run, 'tasks');
  else if (run.phase !== 'on_complete') enterPhase(run, 'on_complete');
}

/** Enters the phases that a stored run was in. */
export function restorePhase(run: RunAggregate, phase: Phase): void {
  if (run.phase === phase) return;
  if (run.phase === 'on_start') enterPhase(run, 'tasks');
  if (phase === 'tasks') return;
  if (phase === 'on_complete' && run.outcome !== undefined) {
    const first = firstClosingPhase(run.plan, run.outcome);
    if (first !== 'on_complete') enterPhase(run, first);
  }
  enterPhase(run, phase);
}

/** `run.finishing` where hooks have something to do at this end; undefined where the run ends at once. */
export function closing(run: RunAggregate, outcome: RunOutcome): Decision | undefined {
  const { plan } = run;
  if (runContext(run).startedAt === null) return undefined;
  const hook = firstClosingPhase(plan, outcome);
  if (hook === 'on_complete' && !plan.hasHook('on_complete')) return undefined;
  return events(event('run.finishing', { outcome }));
}
