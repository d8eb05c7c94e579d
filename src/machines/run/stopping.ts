/**
 * What a run that stops leaves alone (workflow-language.md, "What the run does").
 */
import { failureCodes } from '../../messages/failure.ts';
import { type Activation, type RunAggregate, runContext } from './aggregate.ts';

/** True when the run stops because its time is over: then nothing is spared, so that it ends. */
export function isTimedOut(run: RunAggregate): boolean {
  return runContext(run).failureCode === failureCodes.runTimeout;
}

/** Clean-up (`all_done`) goes on in a run that stops after a failure. */
export function isSpared(run: RunAggregate, activation: Activation): boolean {
  return activation.node.task.trigger === 'all_done' && !isTimedOut(run);
}
