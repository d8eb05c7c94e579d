/**
 * What a run that stops leaves alone (workflow-language.md, "What the run does").
 */
import { failureCodes } from '../../messages/failure.ts';
import { type Activation, type RunAggregate, runContext } from './aggregate.ts';

/** What the cancellation of a task says that ended because its run stopped. */
export const stopReason = {
  failure: 'the run stopped after a failure',
  timeout: 'the run timed out',
  /** It would have started again, had the run gone on. */
  pause: 'the run was paused',
} as const;
export const stopReasons: ReadonlySet<string> = new Set(Object.values(stopReason));

/** True when the run's time is over: then nothing is spared, so that it ends. */
export function isTimedOut(run: RunAggregate, now: number): boolean {
  const { failureCode, dueAt } = runContext(run);
  return failureCode === failureCodes.runTimeout || (dueAt !== null && now >= dueAt);
}

/** Clean-up (`all_done`) goes on in a run that stops after a failure, as long as the run has time. */
export function isSpared(run: RunAggregate, activation: Activation, now: number): boolean {
  return activation.node.task.trigger === 'all_done' && !isTimedOut(run, now);
}
