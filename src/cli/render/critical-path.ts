/** The chain of tasks that the end of a run waited for. Pure. */
import type { RunReport } from '../../messages/report.ts';
import type { WorkflowDefinition } from '../../workflow/definition.ts';

/** Times in ms since the epoch, lengths in ms. */
export interface PathStep {
  taskId: string;
  /** When its dependencies allowed it. */
  readyAt: number;
  endedAt: number;
  /** From ready to the start of the first attempt: for a slot, a worker. */
  waitMs: number;
  /** From the first attempt to the end, retries and their delays included; of a task with rounds all of them. */
  workMs: number;
}

/**
 * From the task that ended last back over the dependency that each was waiting for, the one that ended last before it was
 * scheduled; first task first. What has not ended counts to `now`. Linear in the tasks and dependencies on the way.
 */
export function criticalPath(
  definition: WorkflowDefinition,
  report: RunReport,
  times: { scheduledAt: ReadonlyMap<string, number>; now: number },
): PathStep[] {
  const byId = new Map(definition.tasks.map((task) => [task.id, task]));
  const endOf = (id: string): number | undefined => {
    const task = report.tasks[id];
    if (task?.startedAt === undefined) return undefined;
    return task.endedAt ?? times.now;
  };
  const steps: PathStep[] = [];
  let at = latest([...byId.keys()], endOf, Number.POSITIVE_INFINITY);
  while (at !== undefined) {
    const { startedAt: lastStart = 0, rounds = 1 } = report.tasks[at] ?? {};
    const endedAt = endOf(at) ?? lastStart;
    const readyAt = times.scheduledAt.get(at) ?? lastStart;
    const startedAt = rounds > 1 ? readyAt : lastStart;
    steps.push({
      taskId: at,
      readyAt,
      endedAt,
      waitMs: Math.max(0, startedAt - readyAt),
      workMs: Math.max(0, endedAt - startedAt),
    });
    const dependencies = byId.get(at)?.dependencies ?? [];
    // A skipped task ends at once when its own dependencies allow it: those are looked at in its place.
    at = latest(through(dependencies, { byId, report }), endOf, readyAt);
  }
  return steps.reverse();
}

function latest(
  ids: Iterable<string>,
  endOf: (id: string) => number | undefined,
  notAfter: number,
): string | undefined {
  let found: string | undefined;
  let latestEnd = Number.NEGATIVE_INFINITY;
  for (const id of ids) {
    const end = endOf(id);
    if (end === undefined || end > notAfter || end < latestEnd) continue;
    [found, latestEnd] = [id, end];
  }
  return found;
}

/** The dependencies, with those of tasks that never started in place of them. */
function through(
  dependencies: readonly string[],
  { byId, report }: { byId: ReadonlyMap<string, { dependencies: string[] }>; report: RunReport },
): Set<string> {
  const seen = new Set(dependencies);
  for (const id of seen) {
    if (report.tasks[id]?.startedAt !== undefined) continue;
    for (const before of byId.get(id)?.dependencies ?? []) seen.add(before);
  }
  return seen;
}
