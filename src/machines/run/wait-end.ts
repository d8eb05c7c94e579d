/**
 * The timer of a task that waits is due: what that means for each kind of wait (workflow-language.md, Waits).
 */
import { event, type RunEvent } from '../../events/catalogue.ts';
import { type Failure, failureCodes } from '../../messages/failure.ts';
import type { ApprovalWait, SignalWait } from '../../workflow/definition.ts';
import type { JsonValue } from '../../workflow/value.ts';
import { endDelay, endOfAttempt, finalFailure } from '../task/decide.ts';
import { isRoundDelay } from '../task/delays.ts';
import { type Activation, dueAtOf, type RunAggregate } from './aggregate.ts';
import { approved, denied } from './approvals.ts';
import { type Decision, events, nothing, type TurnInput } from './decision.ts';
import { timerIdOf } from './effects.ts';
import { identity } from './identity.ts';
import { decideReminder, reminderIdOf } from './reminders.ts';
import { type ApprovalDetails, type AwaitedEvent, asksOf } from './schedule-wait.ts';

/** A timer that is not armed any more is ignored. */
export function decideWaitTimer(
  run: RunAggregate,
  { activation, timerId }: { activation: Activation; timerId: string },
  input: TurnInput,
): Decision {
  if (timerId === reminderIdOf(activation)) return decideReminder(activation, input);
  const dueAt = dueAtOf(activation);
  if (timerIdOf(activation) !== timerId || dueAt === null || dueAt > input.now) return nothing;
  const { wait } = activation.node.task;
  if (isRoundDelay(activation.wait?.details)) return endDelay(activation, input);
  switch (wait?.kind) {
    case 'signal':
      return events(...signalTimedOut(activation, wait, { signal: wait.name, payload: null }));
    case 'approval':
      return events(...approvalTimedOut(run, activation, input));
    case 'first':
      return events(...firstDue(activation));
    default:
      return events(succeeded(activation, null));
  }
}

function succeeded(activation: Activation, output: JsonValue): RunEvent {
  return event('task.succeeded', { ...endOfAttempt(activation, undefined), output });
}

function signalTimedOut(activation: Activation, wait: SignalWait, output: JsonValue): RunEvent[] {
  if (wait.onTimeout === 'continue') return [succeeded(activation, output)];
  const seconds = (wait.timeoutMs ?? 0) / 1000;
  const message = `the signal "${wait.name}" did not come within ${seconds} s`;
  const error: Failure = { code: failureCodes.signalTimeout, message, retryable: false };
  return finalFailure(activation, { error });
}

/** The event that was due first, in the order of the file where two were. */
function firstDue(activation: Activation): RunEvent[] {
  const { wait } = activation.node.task;
  const details = activation.wait?.details as unknown as { events: AwaitedEvent[] };
  const due = details.events.find(({ dueAt }) => dueAt === activation.context.dueAt);
  const name = due?.event ?? '';
  const chosen = wait?.kind === 'first' ? wait.of[name] : undefined;
  const output = { event: name, payload: null };
  return chosen?.kind === 'signal'
    ? signalTimedOut(activation, chosen, output)
    : [succeeded(activation, output)];
}

function approvalTimedOut(run: RunAggregate, activation: Activation, input: TurnInput): RunEvent[] {
  const { wait } = activation.node.task;
  if (wait?.kind !== 'approval') return [];
  const details = activation.wait?.details as unknown as ApprovalDetails;
  const message = `${details.group ?? 'nobody'} ${details.group === undefined ? 'decided' : 'did not decide'} within ${(wait.timeoutMs ?? 0) / 1000} s`;
  if (wait.onTimeout === 'approve') return [approved(activation, message)];
  if (wait.onTimeout === 'fail') return expired(activation, message);
  const { escalateTo } = wait;
  const isLast = wait.onTimeout !== 'escalate' || details.escalated === true;
  if (isLast || escalateTo === undefined) return denied(activation, message);
  return askNext(run, activation, { message, wait, group: escalateTo, input });
}

function expired(activation: Activation, message: string): RunEvent[] {
  const error: Failure = { code: failureCodes.approvalTimeout, message, retryable: false };
  return finalFailure(activation, { error });
}

/** The next group is asked the same question, as another attempt. */
function askNext(
  run: RunAggregate,
  activation: Activation,
  next: { message: string; wait: ApprovalWait; group: string; input: TurnInput },
): RunEvent[] {
  const { message, wait, group, input } = next;
  const asked = activation.wait?.details as unknown as ApprovalDetails;
  const { members: _those, remind: _then, ...details } = asked;
  const dueAt = input.now + (wait.timeoutMs ?? 0);
  const attempt = activation.context.attempt + 1;
  const error = { code: failureCodes.approvalTimeout, message, retryable: true };
  const ended = { ...endOfAttempt(activation, undefined), attempt: activation.context.attempt };
  const own = identity(activation);
  const rule = `the approval goes to ${group}`;
  return [
    event('task.attemptFailed', { ...ended, error }),
    event('task.retryScheduled', { ...own, attempt, rule, dueAt: input.now }),
    event('task.scheduled', { ...own, attempt }),
    event('task.waiting', {
      ...own,
      kind: 'approval',
      dueAt,
      details: { ...details, ...asksOf(run, { wait, group, dueAt, input }), escalated: true },
    }),
  ];
}
