/**
 * What has ended for certain when a task begins. That one task depends on another says less: behind `one_success` or
 * `any` it can begin while the other has not, and a task that is skipped ends before some of what it waits for.
 */
import type { Trigger, WorkflowDefinition } from './definition.ts';
import type { TaskGraph } from './graph.ts';

/** Answers for one task, `first`: whether it has ended whenever another one begins. Linear in the graph. */
export function endedWhenBegins(
  { definition, graph }: { definition: WorkflowDefinition; graph: TaskGraph },
  first: number,
): (task: number) => boolean {
  /** By task: `first` has ended when it begins; when it has ended, in whatever way. */
  const atStart = new Set<number>();
  const atEnd = new Set<number>([first]);
  for (const index of graph.order) {
    const before = graph.dependencies[index] ?? [];
    const trigger = definition.tasks[index]?.trigger;
    if (index === first || trigger === undefined || before.length === 0) continue;
    const known = needsSuccess(trigger) ? atStart : atEnd;
    const isKnown = (other: number): boolean => other === first || known.has(other);
    if (!(needsAll(trigger) ? before.some(isKnown) : before.every(isKnown))) continue;
    atStart.add(index);
    // It is skipped as soon as one of them ends badly, but for `all_done`, which is never skipped so.
    if (trigger === 'all_done' || before.every((other) => atEnd.has(other))) atEnd.add(index);
  }
  return (task) => atStart.has(task);
}

/** Begins when all before it have ended; else one of them, any of them, can be enough. */
function needsAll(trigger: Trigger): boolean {
  const ofAll: readonly Trigger[] = [
    'all_success',
    'none_failed',
    'all_done',
    'activated',
    'reachable',
  ];
  return ofAll.includes(trigger);
}

/** What it begins for has run, and so has begun itself. */
function needsSuccess(trigger: Trigger): boolean {
  const ofRan: readonly Trigger[] = ['all_success', 'one_success', 'one_failed', 'each'];
  return typeof trigger === 'object' || ofRan.includes(trigger);
}
