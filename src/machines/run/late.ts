/**
 * Tasks that counting cannot decide: behind a cycle a skip is not final, and `reachable` asks what can still come.
 * They are decided once nothing that runs or waits can reach them; what did not arrive counts as not activated.
 * Costs the number of late tasks times that of open activations, in plans that have such tasks.
 */
import { event } from '../../events/catalogue.ts';
import { decideTrigger, endedOf } from '../../workflow/triggers.ts';
import { roundId } from './activation.ts';
import type { RunAggregate, TaskProgress } from './aggregate.ts';
import { isPending } from './counting.ts';
import { type Decision, events, type TurnInput } from './decision.ts';
import { identityOf } from './identity.ts';
import { scheduleTask } from './schedule.ts';

/** The next task that nothing can reach any more; undefined when there is none. */
export function decideLate(run: RunAggregate, input: TurnInput): Decision | undefined {
  const { flow, plan } = run;
  if (flow === undefined) return undefined;
  const active = plan.late.some((index) => isPending(run, index)) ? activeTasks(run) : [];
  for (const late of plan.late) {
    if (!isPending(run, late)) continue;
    const ancestors = plan.flow.ancestorsOf(late);
    if (active.some((index) => index === late || ancestors.has(index))) continue;
    const first = plan.flow.order.find(
      (index) => isPending(run, index) && (index === late || ancestors.has(index)),
    );
    if (first !== undefined) return decideUnreached(run, first, input);
  }
  const isStuck = run.open.size === 0 && run.runnable.size === 0 && flow.due.size === 0;
  const first = isStuck ? plan.flow.order.find((index) => isPending(run, index)) : undefined;
  if (first !== undefined) return decideUnreached(run, first, input);
  return undefined;
}

function activeTasks(run: RunAggregate): number[] {
  const active = new Set<number>(run.flow?.due);
  for (const activation of run.open) active.add(activation.node.index);
  for (const index of run.runnable) active.add(index);
  return [...active];
}

function decideUnreached(run: RunAggregate, index: number, input: TurnInput): Decision {
  const node = run.plan.at(index);
  const counters = { ...(run.progress[index] as TaskProgress).counters };
  const missing = Math.max(0, counters.total - endedOf(counters));
  counters.skipped += missing;
  counters.notActivated += missing;
  const id = roundId(node.task.id, 1);
  const isMerge = typeof node.task.trigger === 'object' && 'merge' in node.task.trigger;
  if (!isMerge && decideTrigger(node.task.trigger, counters) === 'run')
    return scheduleTask(run, { node, id }, input);
  return events(event('task.skipped', { ...identityOf(id, node.task), reason: 'unreached' }));
}
