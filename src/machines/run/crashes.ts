/**
 * `settings.quarantine`: a task that crashes its worker, or fails with what nobody foresaw, is not tried for ever. Once it
 * has done so that often the run is isolated, with evidence, and the task is owed again when somebody releases it.
 *
 * Counted by task, over its rounds and instances, from the last release on; only where a workflow asks for it.
 */

import { event, type RunEvent } from '../../events/catalogue.ts';
import { type Failure, failureCodes } from '../../messages/failure.ts';
import type { JsonObject } from '../../workflow/value.ts';
import type { Activation, RunAggregate } from './aggregate.ts';

/** Of an agent that threw what is no failure record, and of invariants that broke. */
const DEFECT = 'agent.error';
const DEFECTS = 'defect.';

export interface Crashes {
  count: number;
  /** Of the `task.started` of the first one: there the shortest history ends after which it is owed. */
  startedVersion: number;
}

/** True for a lost worker that had the attempt, and for a defect of the agent. */
export function isCrash(error: Pick<Failure, 'code'>, worker: string | undefined): boolean {
  if (error.code === failureCodes.workerLost) return worker !== undefined;
  return error.code === DEFECT || error.code.startsWith(DEFECTS);
}

/** Folds the failure of an attempt. */
export function noteCrash(
  run: RunAggregate,
  activation: Activation,
  failed: { error: Failure; worker?: string | undefined },
): void {
  if (run.plan.definition.settings.quarantineAfter === undefined) return;
  if (!isCrash(failed.error, failed.worker)) return;
  const task = activation.node.task.id;
  const known = run.crashes.get(task);
  if (known === undefined)
    run.crashes.set(task, { count: 1, startedVersion: activation.startedVersion });
  else known.count += 1;
}

/** What to do with one more crash: go on, isolate the run, or (undefined) what every failure leads to. */
export function judgeCrash(
  run: RunAggregate,
  activation: Activation,
  failed: { error: Failure; worker?: string | undefined },
): 'tolerated' | RunEvent | undefined {
  const after = run.plan.definition.settings.quarantineAfter;
  if (after === undefined || !isCrash(failed.error, failed.worker)) return undefined;
  const before = run.crashes.get(activation.node.task.id);
  const count = (before?.count ?? 0) + 1;
  if (count < after) return failed.error.code === failureCodes.workerLost ? 'tolerated' : undefined;
  const { code, message } = failed.error;
  const { agent, attempt } = activation.context;
  const evidence: JsonObject = {
    taskId: activation.id,
    task: activation.node.task.id,
    crashes: count,
    attempt,
    agent,
    worker: failed.worker ?? null,
    startedVersion: before?.startedVersion ?? activation.startedVersion,
    error: { code, message },
  };
  const times = count === 1 ? 'once' : `${count} times`;
  return event('run.quarantined', {
    error: { code: 'task.crashed', message: `"${activation.id}" crashed ${times}: ${message}` },
    streamVersion: run.streamVersion,
    message: evidence,
  });
}
