/**
 * What should happen to a task when an attempt ends, a timer is due or the task must go: decided here,
 * folded by `machine.ts`, followed up by `run/advance.ts`.
 * Size: every way in which an attempt can end, side by side.
 */
import { event, type RunEvent } from '../../events/catalogue.ts';
import type { ResultMessage } from '../../messages/execution.ts';
import { type Failure, failureCodes } from '../../messages/failure.ts';
import { chooseRetry } from '../../policies/retry.ts';
import { type Activation, dueAtOf, type RunAggregate } from '../run/aggregate.ts';
import { leavingChild } from '../run/children.ts';
import { judgeCrash } from '../run/crashes.ts';
import { type Decision, events, nothing, rejected, type TurnInput } from '../run/decision.ts';
import { timerIdOf } from '../run/effects.ts';
import { identity } from '../run/identity.ts';
import { isForgotten } from '../run/past-rounds.ts';
import { isRetryDelay } from './delays.ts';
import { openStates } from './machine.ts';

/** Losses in a row after which a task has failed with `worker.lost`. */
const MAX_LOSSES = 3;
/** How long a canceled attempt may take to answer before it is given up. */
export const CANCEL_PATIENCE_MS = 10_000;
/** The same for a child run, which has agents of its own to wait for. */
const CHILD_PATIENCE_MS = 30_000;

/** What the end of an attempt repeats. */
export function endOfAttempt(activation: Activation, worker: string | undefined) {
  const { attempt, agent, startedAt } = activation.context;
  return {
    ...identity(activation),
    ...(attempt > 0 ? { attempt } : {}),
    ...(agent === null ? {} : { agent }),
    ...(worker === undefined ? {} : { worker }),
    ...(startedAt === null ? {} : { startedAt }),
    ...(activation.child === undefined ? {} : { child: activation.child }),
  };
}

/** A worker's result: taken, repeated, or refused for good. */
export function decideResult(
  run: RunAggregate,
  message: { activation: string; result: ResultMessage },
  input: TurnInput,
): Decision {
  const { result } = message;
  const activation = run.activations.get(message.activation);
  // A repetition: nobody knows any more what it said, and it was taken or came too late.
  if (activation === undefined && isForgotten(run, message.activation)) return nothing;
  if (activation === undefined || result.attempt > lastStarted(activation)) {
    return rejected({
      status: 404,
      code: 'attempt.unknown',
      message: `the run has no attempt ${result.attempt} of "${message.activation}"`,
      hint: 'Do not send this result again.',
      details: { activation: message.activation, attempt: result.attempt },
    });
  }
  if (!openStates.has(activation.state)) return afterEnd(activation, result);
  if (result.status === 'succeeded') return succeed(activation, result);
  // A failure counts for the current attempt only; an older one was recorded or is of no interest.
  if (result.attempt < activation.context.attempt) return nothing;
  if (activation.state === 'canceling')
    return events(...acknowledgeCancel(activation, result.worker));
  if (activation.state !== 'running') return nothing;
  const { error, worker, usage } = result;
  return events(...afterCrash(run, activation, { end: { error, worker, usage }, input }));
}

/** Number of the newest attempt that an agent was given; waits and `foreach` tasks have none. */
function lastStarted({ context, startedVersion, state, child }: Activation): number {
  if (startedVersion === 0 || child !== undefined) return 0;
  return state === 'scheduled' || state === 'preparing' ? context.attempt - 1 : context.attempt;
}

/** A repetition is acknowledged; a success that lost against another end is refused, so that the worker stops. */
function afterEnd(activation: Activation, result: ResultMessage): Decision {
  const repeated = activation.context.wonBy === result.attempt;
  if (result.status === 'failed' || repeated) return nothing;
  return rejected({
    status: 409,
    code: 'attempt.superseded',
    message: `"${activation.id}" has already ended (${activation.state})`,
    hint: 'Do not send this result again.',
    details: { activation: activation.id, state: activation.state },
  });
}

function succeed(
  activation: Activation,
  result: Extract<ResultMessage, { status: 'succeeded' }>,
): Decision {
  const isLate =
    result.attempt < activation.context.attempt && activation.context.startedAt !== null;
  return events(
    event('task.succeeded', {
      ...(isLate ? identity(activation) : endOfAttempt(activation, result.worker)),
      ...(isLate && result.worker !== undefined ? { worker: result.worker } : {}),
      ...(isLate && activation.context.agent !== null ? { agent: activation.context.agent } : {}),
      attempt: result.attempt,
      output: result.output,
      ...(isLate ? { superseded: activation.context.attempt } : {}),
      ...(result.usage === undefined ? {} : { usage: result.usage }),
    }),
  );
}

export function acknowledgeCancel(activation: Activation, worker?: string): RunEvent[] {
  return [
    event('task.cancelAcknowledged', {
      ...identity(activation),
      ...(worker === undefined ? {} : { worker }),
    }),
    event('task.canceled', {
      ...endOfAttempt(activation, worker),
      reason: activation.reason ?? 'canceled',
    }),
  ];
}

interface AttemptEnd {
  error: Failure;
  worker?: string | undefined;
  usage?: ResultMessage['usage'] | undefined;
  /** A child run that goes on although nobody waits for it any more. */
  leaves?: ReturnType<typeof leavingChild>['leaves'];
}

/** As `afterFailure`, where the attempt may have crashed: then the run may be isolated, and the task is owed again later. */
function afterCrash(
  run: RunAggregate,
  activation: Activation,
  { end, input }: { end: AttemptEnd; input: TurnInput },
): RunEvent[] {
  const judged = judgeCrash(run, activation, end);
  if (judged === undefined) return afterFailure(activation, end, input);
  const rule = 'a crashed attempt does not count';
  const again = [
    attemptFailed(activation, end),
    ...nextAttempt(activation, { rule, delayMs: 0 }, input),
  ];
  return judged === 'tolerated' ? again : [...again, judged];
}

function attemptFailed(activation: Activation, end: AttemptEnd): RunEvent {
  return event('task.attemptFailed', {
    ...endOfAttempt(activation, end.worker),
    attempt: activation.context.attempt,
    error: end.error,
    ...(end.usage === undefined ? {} : { usage: end.usage }),
    ...(end.leaves === undefined ? {} : { leaves: end.leaves }),
  });
}

/** A failed attempt and what follows: another attempt, or the end. `task.attemptFailed` is never the last. */
export function afterFailure(
  activation: Activation,
  end: AttemptEnd,
  input: TurnInput,
): RunEvent[] {
  const failed = attemptFailed(activation, end);
  const { attempt, retryBase, uncounted, losses } = activation.context;
  const isLoss = end.error.code === failureCodes.workerLost;
  if (isLoss) {
    if (losses + 1 >= MAX_LOSSES)
      return [failed, ...withoutRetry(activation, end, `${MAX_LOSSES} attempts lost in a row`)];
    return [
      failed,
      ...nextAttempt(activation, { rule: 'a lost attempt does not count', delayMs: 0 }, input),
    ];
  }
  const choice = chooseRetry({
    policy: activation.node.task.retry,
    countedAttempts: attempt - retryBase - uncounted,
    error: end.error,
    random: input.random,
    recoveryMs: input.recoveryMs,
  });
  if (choice.retry) {
    const isHeldUp = end.leaves !== undefined;
    return [failed, ...nextAttempt(activation, { ...choice, isHeldUp }, input)];
  }
  return [failed, ...withoutRetry(activation, end, choice.rule)];
}

/** The next agent of `fallback` gets the task, with the same parameters and attempts that count anew; else the end. */
function withoutRetry(activation: Activation, end: AttemptEnd, reason: string): RunEvent[] {
  const { attempt, handOffs } = activation.context;
  const { task, demand } = activation.node;
  const agent = task.fallback?.[handOffs];
  // What no agent does cannot be handed to another one.
  if (agent === undefined || demand === undefined) return finalFailure(activation, end);
  const rule = `fallback ${handOffs + 1}: ${reason}`;
  return [event('task.handedOff', { ...identity(activation), attempt: attempt + 1, agent, rule })];
}

function nextAttempt(
  activation: Activation,
  /** `isHeldUp`: what the attempt before left behind has to end first. */
  choice: { rule: string; delayMs: number; isHeldUp?: boolean },
  input: TurnInput,
): RunEvent[] {
  const attempt = activation.context.attempt + 1;
  const scheduled = event('task.retryScheduled', {
    ...identity(activation),
    attempt,
    rule: choice.rule,
    dueAt: input.now + choice.delayMs,
  });
  if (choice.delayMs > 0 || choice.isHeldUp === true) return [scheduled];
  return [scheduled, event('task.scheduled', { ...identity(activation), attempt })];
}

/** The end without a result; `on_failure: skip` turns it into a skip, which counts as no failure. */
export function finalFailure(activation: Activation, end: AttemptEnd): RunEvent[] {
  const failed = event('task.failed', {
    ...endOfAttempt(activation, end.worker),
    error: end.error,
  });
  const isSkipped = activation.parent === undefined && activation.node.task.onFailure === 'skip';
  if (!isSkipped) return [failed];
  return [failed, event('task.skipped', { ...identity(activation), reason: 'on_failure' })];
}

/** The worker of the current attempt is gone. */
export function decideLost(
  run: RunAggregate,
  message: { activation: string; attempt: number; worker?: string },
  input: TurnInput,
): Decision {
  const activation = run.activations.get(message.activation);
  if (activation === undefined || activation.context.attempt !== message.attempt) return nothing;
  if (activation.state === 'canceling') return events(...giveUp(activation, { atOnce: false }));
  if (activation.state !== 'running') return nothing;
  const error = {
    code: failureCodes.workerLost,
    message:
      message.worker === undefined
        ? 'no worker took the attempt in time'
        : `worker ${message.worker} was not heard of for too long`,
    retryable: true,
  };
  return events(...afterCrash(run, activation, { end: { error, worker: message.worker }, input }));
}

/** A timer of an activation's state; one that is not armed any more is ignored. */
export function decideTaskTimer(
  activation: Activation,
  message: { timerId: string },
  input: TurnInput,
): Decision {
  if (timerIdOf(activation) !== message.timerId) return nothing;
  const dueAt = dueAtOf(activation);
  if (dueAt === null || dueAt > input.now) return nothing;
  switch (activation.state) {
    case 'running': {
      const seconds = (activation.node.task.timeoutMs ?? 0) / 1000;
      const message = `the attempt took longer than ${seconds} s`;
      const error = { code: failureCodes.taskTimeout, message, retryable: true };
      return events(...afterFailure(activation, { error }, input));
    }
    case 'backoff':
      if (activation.leaving !== undefined) return nothing;
      return events(
        event('task.scheduled', {
          ...identity(activation),
          attempt: activation.context.attempt + 1,
        }),
      );
    case 'waiting':
      return activation.child === undefined
        ? endDelay(activation, input)
        : events(...overdueChild(activation, input));
    case 'canceling':
      return events(...giveUp(activation, { atOnce: false }));
    default:
      return nothing;
  }
}

/** The wait for a child run took too long: it is not wanted any more. */
function overdueChild(activation: Activation, input: TurnInput): RunEvent[] {
  const seconds = (activation.node.task.timeoutMs ?? 0) / 1000;
  const message = `the child run took longer than ${seconds} s`;
  const error = { code: failureCodes.taskTimeout, message, retryable: true };
  return afterFailure(activation, { error, ...leavingChild(activation, 'cancel') }, input);
}

/** The delay before a round, or before an attempt that had to wait for another run, is over: it asks for a slot, or begins as soon as it has its mutexes. */
export function endDelay(activation: Activation, input: TurnInput): Decision {
  const { attempt } = activation.context;
  const own = { ...identity(activation), attempt };
  const what = isRetryDelay(activation.wait?.details) ? 'attempt' : 'round';
  const rule = `the next ${what} is due`;
  return events(
    event('task.retryScheduled', { ...own, rule, dueAt: input.now, isDelayOver: true }),
    event('task.scheduled', own),
  );
}

/**
 * Ends it without waiting any longer. A child run that takes its time undoes something or closes: it was told, and ends by
 * itself. Only who ends the run at once ends the child at once.
 */
function giveUp(activation: Activation, { atOnce }: { atOnce: boolean }): RunEvent[] {
  return [
    event('task.cancelForced', {
      ...identity(activation),
      ...(atOnce ? leavingChild(activation, 'terminate') : {}),
    }),
    event('task.canceled', {
      ...endOfAttempt(activation, undefined),
      reason: activation.reason ?? 'canceled',
    }),
  ];
}

/**
 * Cancels an open activation. One that an agent has is asked first and has `CANCEL_PATIENCE_MS` to answer, a child run
 * `CHILD_PATIENCE_MS`;
 * the others, and all when `atOnce`, end in the same commit.
 */
export function cancelActivation(
  activation: Activation,
  options: { reason: string; now: number; atOnce: boolean; join?: boolean },
): RunEvent[] {
  const { reason, now, atOnce, join } = options;
  if (activation.state === 'canceling') {
    if (atOnce) return giveUp(activation, { atOnce });
    // A `foreach` task that was asked while its instances ran: the last of them has ended.
    if (activation.expansion === undefined) return [];
    return [
      event('task.canceled', {
        ...endOfAttempt(activation, undefined),
        reason: activation.reason ?? reason,
      }),
    ];
  }
  const child = leavingChild(activation, atOnce ? 'terminate' : 'cancel');
  const patienceMs = child.leaves === undefined ? CANCEL_PATIENCE_MS : CHILD_PATIENCE_MS;
  const isAsked = (activation.state === 'running' || child.leaves !== undefined) && !atOnce;
  const requested = event('task.cancelRequested', {
    ...identity(activation),
    reason,
    ...(isAsked ? { dueAt: now + patienceMs } : {}),
    ...(join === undefined ? {} : { join }),
    ...child,
  });
  if (isAsked) return [requested];
  return [requested, event('task.canceled', { ...endOfAttempt(activation, undefined), reason })];
}

/** Ends what no agent has, in one commit; a child run is asked to end where it should, and nobody waits for that. */
export function abandonActivation(activation: Activation, reason: string): RunEvent[] {
  if (activation.state === 'canceling') return giveUp(activation, { atOnce: false });
  const own = identity(activation);
  return [
    event('task.cancelRequested', { ...own, reason, ...leavingChild(activation, 'cancel') }),
    event('task.canceled', { ...own, reason }),
  ];
}

/** As `cancelActivation`. The instances of a `foreach` task go first, and it ends after the last of them (`expand.ts`). */
export function cancelTask(
  activation: Activation,
  options: { reason: string; now: number },
): RunEvent[] {
  // It was asked to stop already, and was to begin again.
  if (activation.resumes === true) return giveUp(activation, { atOnce: false });
  if ((activation.expansion?.open ?? 0) === 0)
    return cancelActivation(activation, { ...options, atOnce: false });
  if (activation.state === 'canceling') return [];
  return [event('task.cancelRequested', { ...identity(activation), reason: options.reason })];
}
