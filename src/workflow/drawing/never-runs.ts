/** What is certain not to run before anything has run. Pure. */
import type { WorkflowDefinition } from '../definition.ts';
import { buildGraph } from '../graph.ts';
import { decideTrigger } from '../triggers.ts';

/**
 * Tasks that no run of this definition starts, with the reason: a condition that is the literal `false`, or a trigger
 * that cannot hold because of such tasks. Linear.
 */
export function neverRuns(definition: WorkflowDefinition): Map<string, string> {
  const { tasks } = definition;
  const graph = buildGraph(tasks);
  const found = new Map<string, string>();
  for (const index of graph.order) {
    const task = tasks[index];
    if (task === undefined) continue;
    const dependencies = (graph.dependencies[index] ?? []).flatMap((at) => tasks[at] ?? []);
    const skipped = dependencies.filter(({ id }) => found.has(id));
    const answer = decideTrigger(task.trigger, {
      total: dependencies.length,
      succeeded: 0,
      failed: 0,
      skipped: skipped.length,
      canceled: 0,
      notActivated: skipped.filter(({ condition }) => isNever(condition)).length,
    });
    if (answer === 'skip') found.set(task.id, triggerReason(skipped.map(({ id }) => id)));
    else if (isNever(task.condition)) found.set(task.id, 'its condition is false');
  }
  return found;
}

function isNever(condition: string | undefined): boolean {
  return condition?.trim() === 'false';
}

function triggerReason(ids: readonly string[]): string {
  return ids.length === 0 ? 'its trigger cannot hold' : `${ids[0]} never runs`;
}
