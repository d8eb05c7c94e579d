/**
 * Reminders of an approval: a timer beside the state, one event each (`timer.fired`, kind `reminder`), until there were
 * enough, the time is over, or the task waits no more.
 *
 * R1 The event says when the next one is due, so each is due once, whatever is restarted and when.
 * R2 Those that fell due while nothing ran become one, and the next comes a whole interval after it.
 */
import { event, type RunEvent } from '../../events/catalogue.ts';
import type { JsonValue } from '../../workflow/value.ts';
import { type Activation, dueAtOf, type Reminders, type RunAggregate } from './aggregate.ts';
import { type Decision, events, nothing, type TurnInput } from './decision.ts';
import type { ApprovalDetails } from './schedule-wait.ts';

const REMINDER = 'reminder';

type FiredData = Extract<RunEvent, { type: 'timer.fired' }>['data'];

/** The timer of an approval's reminders. */
export function reminderIdOf({ id, context }: Pick<Activation, 'id' | 'context'>): string {
  return `${REMINDER}:${id}:${context.attempt}`;
}

/** Of a wait that begins. */
export function firstReminder(details: JsonValue | undefined): Reminders | undefined {
  const { remind } = (details ?? {}) as Partial<ApprovalDetails>;
  return remind === undefined ? undefined : { count: 0, nextAt: remind.dueAt };
}

export function foldReminder(run: RunAggregate, data: FiredData): void {
  const activation = run.activations.get(data.taskId ?? '');
  if (data.kind !== REMINDER || activation?.wait?.reminders === undefined) return;
  const { count, nextAt } = data;
  activation.wait.reminders = {
    count: count ?? activation.wait.reminders.count + 1,
    ...(nextAt === undefined ? {} : { nextAt }),
  };
  run.touched.add(activation);
}

/** The timer fell due; one that is not armed any more is ignored. */
export function decideReminder(activation: Activation, { now }: TurnInput): Decision {
  const { reminders, details } = activation.wait ?? {};
  const { remind } = (details ?? {}) as Partial<ApprovalDetails>;
  if (reminders?.nextAt === undefined || reminders.nextAt > now || remind === undefined)
    return nothing;
  const endsAt = dueAtOf(activation) ?? Number.POSITIVE_INFINITY;
  // The time is over as well: what happens then is decided by the timer of the state.
  if (endsAt <= now) return nothing;
  const count = reminders.count + 1;
  const onTime = reminders.nextAt + remind.everyMs;
  const nextAt = onTime > now ? onTime : now + remind.everyMs;
  const isLast = count >= remind.max || nextAt >= endsAt;
  return events(
    event('timer.fired', {
      timerId: reminderIdOf(activation),
      kind: REMINDER,
      taskId: activation.id,
      count,
      ...(isLast ? {} : { nextAt }),
    }),
  );
}
