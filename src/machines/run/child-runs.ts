/**
 * Decisions about child runs: when one begins, and what its end means for the task that waits for it.
 *
 * K1 The id of the child is recorded before the child exists (`task.waiting`), so that it can be asked for again and
 *    again and begins once.
 * K2 An end counts only for the child that the activation waits for; any other, and a repetition, changes nothing.
 * K3 The next attempt begins when the child of the one before has ended, so that no two do the same work at the same
 *    time; with `on_cancel: leave` nobody ends the child or waits for it.
 */
import { event } from '../../events/catalogue.ts';
import { type Failure, failureCodes } from '../../messages/failure.ts';
import type { JsonObject } from '../../workflow/value.ts';
import { acknowledgeCancel, afterFailure, endOfAttempt, finalFailure } from '../task/decide.ts';
import { type Activation, dueAtOf, type RunAggregate, runContext, runState } from './aggregate.ts';
import { type ChildEnd, type Decision, events, nothing, type TurnInput } from './decision.ts';
import { identity } from './identity.ts';
import { endedRunStates } from './machine.ts';
import { parametersOf } from './recorded.ts';

/** The id under which the intake takes the child once (architecture.md, law 8). */
export function childRequestId(place: {
  runId: string;
  activation: string;
  attempt: number;
}): string {
  return `child:${place.runId}/${place.activation}/${place.attempt}`;
}

/** A scheduled activation begins to wait for a run of its own. */
export function startChild(
  run: RunAggregate,
  message: { activation: string; runId: string },
  input: TurnInput,
): Decision {
  const activation = run.activations.get(message.activation);
  const child = activation?.node.task.workflow;
  if (activation?.state !== 'scheduled' || child === undefined) return nothing;
  const { runId, depth } = run.header;
  if (depth + 1 > child.maxDepth) {
    return events(...finalFailure(activation, { error: tooDeep(child.name, child.maxDepth) }));
  }
  const inputs = parametersOf(run, activation);
  if (inputs.kind === 'needs') return inputs;
  if (inputs.kind === 'failed') {
    return events(...finalFailure(activation, { error: inputs.failure }));
  }
  const { attempt } = activation.context;
  const { timeoutMs } = activation.node.task;
  const requestId = childRequestId({ runId, activation: activation.id, attempt });
  return events(
    event('task.waiting', {
      ...identity(activation),
      attempt,
      kind: 'run',
      details: { runId: message.runId, workflow: child.name, requestId },
      inputs: inputs.value as JsonObject,
      ...(timeoutMs === undefined ? {} : { dueAt: input.now + timeoutMs }),
    }),
  );
}

function tooDeep(name: string, maxDepth: number): Failure {
  return {
    code: failureCodes.runTooDeep,
    message: `a run of "${name}" here would be more than ${maxDepth} levels deep`,
    retryable: false,
  };
}

/** A child run has ended, or could not begin. */
export function decideChildEnd(
  run: RunAggregate,
  message: { activation: string; runId: string; end: ChildEnd },
  input: TurnInput,
): Decision {
  const activation = run.activations.get(message.activation);
  if (activation === undefined || endedRunStates.has(runState(run))) return nothing;
  const { end } = message;
  if (activation.state === 'backoff')
    return activation.leaving === message.runId
      ? leftChildEnded(run, { activation, end }, input)
      : nothing;
  const isAwaited = activation.state === 'waiting' || activation.state === 'canceling';
  if (!isAwaited || activation.child !== message.runId) return nothing;
  if (end.status === 'succeeded') {
    const { output } = end;
    return events(event('task.succeeded', { ...endOfAttempt(activation, undefined), output }));
  }
  if (activation.state === 'canceling') return events(...acknowledgeCancel(activation));
  return events(...afterFailure(activation, { error: failureOfChild(activation, end) }, input));
}

/** K3: it was not wanted any more. What it achieved all the same is taken; else the next attempt is due as it was decided. */
function leftChildEnded(
  run: RunAggregate,
  { activation, end }: { activation: Activation; end: ChildEnd },
  { now }: TurnInput,
): Decision {
  if (end.status === 'succeeded') {
    const { output } = end;
    return events(event('task.succeeded', { ...endOfAttempt(activation, undefined), output }));
  }
  const attempt = activation.context.attempt + 1;
  const own = identity(activation);
  const scheduled = event('task.scheduled', { ...own, attempt });
  // Time in which the run is paused does not count.
  const { pausedAt } = runContext(run);
  const since = pausedAt === null ? now : Math.max(pausedAt, activation.enteredAt);
  const leftMs = (dueAtOf(activation) ?? since) - since;
  if (leftMs <= 0) return events(scheduled);
  const details = { round: true, retry: true };
  const dueAt = now + leftMs;
  return events(scheduled, event('task.waiting', { ...own, kind: 'timer', dueAt, details }));
}

/** Characters kept of the beginning and of the end of what a child says: the first cause stands at the end. */
const MESSAGE_HEAD = 80;
const MESSAGE_TAIL = 160;

/**
 * Another run may do better, so the policy of the task decides; not where it would meet the same bound, and not against
 * the will of whoever canceled the child.
 */
function failureOfChild(
  { node }: Activation,
  end: Exclude<ChildEnd, { status: 'succeeded' }>,
): Failure {
  const name = node.task.workflow?.name ?? '';
  if (end.status === 'canceled') {
    const message = `the run of "${name}" was canceled: ${end.reason}`;
    return { code: failureCodes.runCanceled, message, retryable: false };
  }
  const { code, message } = end.error;
  return {
    code,
    message:
      end.status === 'refused'
        ? shortened(`"${name}" could not be started: ${message}`)
        : shortened(`"${name}" failed: ${message}`),
    retryable: end.status === 'failed' && code !== failureCodes.runTooDeep,
  };
}

/** Each level adds to the message of the one below; what is in the middle says the least. */
function shortened(message: string): string {
  if (message.length <= MESSAGE_HEAD + MESSAGE_TAIL) return message;
  return `${message.slice(0, MESSAGE_HEAD)} [...] ${message.slice(-MESSAGE_TAIL)}`;
}
