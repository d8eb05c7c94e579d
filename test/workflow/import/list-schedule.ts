/** What a schedule without any overhead would be, by the rule of the engine. Pure. */
import type { WorkflowSource } from '../../../src/workflow/schema.ts';

interface Running {
  index: number;
  endsAt: number;
}

/**
 * The makespan in ms of list scheduling: whenever one of `maxParallel` places is free, the first task of the file whose
 * dependencies have ended takes it. For tasks with `parameters.ms`.
 */
export function listSchedule(workflow: WorkflowSource, maxParallel: number): number {
  const { tasks } = workflow;
  const places = new Map(tasks.map(({ id }, index) => [id, index]));
  const open = tasks.map(({ dependencies = [] }) => dependencies.length);
  const dependents: number[][] = tasks.map(() => []);
  for (const [index, { dependencies = [] }] of tasks.entries())
    for (const id of dependencies) dependents[places.get(id) ?? 0]?.push(index);
  const ready = new Set(open.flatMap((count, index) => (count === 0 ? [index] : [])));
  let running: Running[] = [];
  let now = 0;
  while (ready.size + running.length > 0) {
    for (const index of [...ready].sort((a, b) => a - b).slice(0, maxParallel - running.length)) {
      ready.delete(index);
      running.push({ index, endsAt: now + Number(tasks[index]?.parameters?.['ms']) });
    }
    now = running.reduce((first, { endsAt }) => Math.min(first, endsAt), Number.POSITIVE_INFINITY);
    const ended = running.filter(({ endsAt }) => endsAt <= now);
    running = running.filter(({ endsAt }) => endsAt > now);
    for (const { index } of ended) {
      for (const dependent of dependents[index] ?? []) {
        open[dependent] = (open[dependent] ?? 0) - 1;
        if (open[dependent] === 0) ready.add(dependent);
      }
    }
  }
  return now;
}
