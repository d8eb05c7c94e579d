/**
 * The saga: what succeeded is undone in reverse order of completion, one at a time, each as an activation of its own
 * (contracts.md, Activations). Its attempts are those of any task: retry, timeout and loss are handled alike.
 *
 * S1 An activation is undone at most once: it leaves `completed` when its compensation begins.
 * S2 A compensation that failed for good isolates the run with the evidence; once released it is tried again.
 */
import { event, type RunEvent } from '../../events/catalogue.ts';
import type { JsonObject } from '../../workflow/value.ts';
import { undoId } from './activation.ts';
import type { Activation, RunAggregate } from './aggregate.ts';
import { nextAttempt } from './attempts.ts';
import { type Decision, events, nothing } from './decision.ts';
import { identity } from './identity.ts';

/** Folds what an event means for the order of undoing. */
export function followCompensation(run: RunAggregate, activation: Activation, type: string): void {
  if (activation.undoOf !== undefined) {
    // The chart has no way back from `compensationFailed`: what a later try undid is known by its own success.
    const isDone = activation.undoOf.state === 'compensationFailed';
    if (type === 'task.succeeded' && isDone && run.undoing === activation.undoOf)
      run.undoing = undefined;
    return;
  }
  switch (type) {
    case 'task.succeeded':
      if (isUndoable(activation)) run.completed.push(activation);
      break;
    case 'task.compensating':
      forget(run, activation);
      run.undoing = activation;
      run.isolatedAttempt = 0;
      break;
    case 'task.compensated':
      run.undoing = undefined;
      break;
    case 'task.reset':
      forget(run, activation);
      if (run.undoing === activation) run.undoing = undefined;
      break;
    default:
      break;
  }
}

/** What the run was isolated after, so that a release tries it again and a new failure isolates anew. */
export function noteIsolation(run: RunAggregate): void {
  const undo = run.undoing === undefined ? undefined : run.activations.get(undoId(run.undoing.id));
  run.isolatedAttempt = undo?.context.attempt ?? 0;
}

/** A `foreach` task is undone instance by instance. */
function isUndoable({ node, expansion }: Activation): boolean {
  return node.task.compensate !== undefined && expansion === undefined;
}

function forget(run: RunAggregate, activation: Activation): void {
  const at = run.completed.lastIndexOf(activation);
  if (at !== -1) run.completed.splice(at, 1);
}

/** True when a run that has stopped has something to undo; a fork may have begun in the middle of it. */
export function mustCompensate(run: RunAggregate): boolean {
  const isLeft = run.completed.length > 0 || run.undoing !== undefined;
  return run.plan.definition.settings.onFailure === 'compensate' && isLeft;
}

/** The next step of undoing; undefined once everything is undone. */
export function advanceCompensating(run: RunAggregate): Decision | undefined {
  const { undoing } = run;
  if (undoing === undefined) return begin(run);
  const undo = run.activations.get(undoId(undoing.id));
  switch (undo?.state) {
    case 'succeeded':
      return events(event('task.compensated', identity(undoing)));
    case 'failed':
      return run.isolatedAttempt === undo.context.attempt
        ? again(undo)
        : isolate(run, undoing, undo);
    case undefined:
    case 'pending':
      // The run is a fork, and the compensation was going on in its origin.
      return events(scheduled(run, undoing));
    default:
      return nothing;
  }
}

function begin(run: RunAggregate): Decision | undefined {
  const next = run.completed.at(-1);
  if (next === undefined) return undefined;
  return events(event('task.compensating', identity(next)), scheduled(run, next));
}

function scheduled(run: RunAggregate, { id, node }: Activation): RunEvent {
  const undo = { taskId: undoId(id), definitionTaskId: node.task.id };
  return event('task.scheduled', { ...undo, ...nextAttempt(run, undo.taskId) });
}

function isolate(run: RunAggregate, undone: Activation, undo: Activation): Decision {
  const error = undo.error ?? { code: 'task.canceled', message: 'no result', retryable: false };
  const message = `"${undone.id}" could not be undone: ${error.code}: ${error.message}`;
  // Of what failed again after a release the chart takes no second `task.compensationFailed`.
  const isFirst = undone.state === 'compensating';
  return events(
    ...(isFirst ? [event('task.compensationFailed', { ...identity(undone), error })] : []),
    event('run.quarantined', {
      error: { code: 'compensation.failed', message },
      streamVersion: run.streamVersion,
      message: {
        taskId: undone.id,
        undo: undo.id,
        attempts: undo.context.attempt,
        error: { ...error } as JsonObject,
        left: run.completed.length,
      },
    }),
  );
}

/** S2: the attempts count on, and the retry policy counts anew. */
function again(undo: Activation): Decision {
  const { attempt } = undo.context;
  return events(
    event('task.reset', { ...identity(undo), reason: 'the run was released' }),
    event('task.scheduled', { ...identity(undo), attempt: attempt + 1, retryBase: attempt }),
  );
}
