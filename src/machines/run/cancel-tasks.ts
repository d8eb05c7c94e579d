/** How tasks of a run are canceled, whoever asks: a join that is decided, another task, a person. */
import { event, type RunEvent } from '../../events/catalogue.ts';
import { cancelTask } from '../task/decide.ts';
import type { Activation, RunAggregate } from './aggregate.ts';
import { isPending } from './counting.ts';
import { identityOfTask } from './identity.ts';

/**
 * What ends all rounds of a task: an agent is asked, what waits ends at once, what has not begun is skipped. Nothing for
 * a task that has ended. `spares` are open activations that go on.
 */
export function cancelWholeTask(
  run: RunAggregate,
  index: number,
  options: {
    reason: string;
    now: number;
    /** What the skip says. */
    skip?: { reason: 'canceled' | 'milestone'; by: string };
    spares?: (activation: Activation) => boolean;
  },
): RunEvent[] {
  const { reason, now, skip = { reason: 'canceled' }, spares } = options;
  const list: RunEvent[] = [];
  for (const activation of run.steering.open.get(index) ?? [])
    if (spares?.(activation) !== true) list.push(...cancelTask(activation, { reason, now }));
  if (isPending(run, index))
    list.push(event('task.skipped', { ...identityOfTask(run.plan.at(index)), ...skip }));
  return list;
}
