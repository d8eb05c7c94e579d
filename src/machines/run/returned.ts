/** What was open in the origin of a fork: it is scheduled again, or skipped where the fork ends before. */
import { event } from '../../events/catalogue.ts';
import type { Activation, RunAggregate } from './aggregate.ts';
import { nextAttempt } from './attempts.ts';
import { type Decision, events, type TurnInput } from './decision.ts';
import { identity } from './identity.ts';
import { scheduleTask } from './schedule.ts';

/** Skipped in one step. */
const MAX_BATCH = 100;

/** The next one; its condition is asked again. An instance needs none: its item is recorded. */
export function scheduleReturned(run: RunAggregate, input: TurnInput): Decision | undefined {
  const next = run.fork?.returned.values().next();
  if (next === undefined || next.done === true) return undefined;
  const activation = next.value;
  if (activation.parent === undefined) return scheduleTask(run, activation, input);
  return events(
    event('task.scheduled', { ...identity(activation), ...nextAttempt(run, activation.id) }),
  );
}

/** The run ends before they began again. Undefined where there are none. */
export function skipReturned(
  run: RunAggregate,
  reason: 'stopped' | 'canceled' | 'completed',
  spares: (activation: Activation) => boolean = () => false,
): Decision | undefined {
  const left = [...(run.fork?.returned ?? [])].filter((each) => !spares(each)).slice(0, MAX_BATCH);
  if (left.length === 0) return undefined;
  return events(
    ...left.map((activation) => event('task.skipped', { ...identity(activation), reason })),
  );
}
