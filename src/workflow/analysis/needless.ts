/**
 * Dependencies that say nothing new: a task waits for `a`, and for `b`, which runs only after `a` succeeded. Only
 * between triggers that want every success, where leaving one out changes nothing; never for tasks with rounds.
 */
import type { FlowModel, FlowTask } from './flow-model.ts';

/** Steps taken for one definition; what is beyond is not looked at. */
const MAX_STEPS = 2_000_000;

export interface NeedlessDependency {
  readonly task: number;
  readonly dependency: number;
  /** From the dependency over the tasks that wait for it already. */
  readonly path: readonly number[];
}

export function needlessDependencies({ tasks, order }: FlowModel): NeedlessDependency[] {
  const rank = new Int32Array(tasks.length);
  for (const [at, index] of order.entries()) rank[index] = at;
  const seenBy = new Int32Array(tasks.length).fill(-1);
  const found: NeedlessDependency[] = [];
  let left = MAX_STEPS;
  for (const index of order) {
    const flow = tasks[index] as FlowTask;
    if (!wantsAll(flow) || flow.dependencies.length < 2) continue;
    const given = new Set(flow.dependencies);
    const lowest = flow.dependencies.reduce(
      (low, at) => Math.min(low, rank[at] ?? 0),
      order.length,
    );
    const towards = new Map<number, number>();
    // Nearest first, so that the path that is shown is a short one.
    const open = [...flow.dependencies];
    for (const at of open) {
      if (left <= 0) break;
      const before = tasks[at] as FlowTask;
      if (!wantsAll(before)) continue;
      for (const dependency of before.dependencies) {
        left -= 1;
        if ((rank[dependency] ?? 0) < lowest || seenBy[dependency] === index) continue;
        seenBy[dependency] = index;
        towards.set(dependency, at);
        if (!given.has(dependency)) open.push(dependency);
      }
    }
    for (const dependency of flow.dependencies) {
      if (seenBy[dependency] !== index) continue;
      found.push({ task: index, dependency, path: pathOf(dependency, towards, index) });
    }
  }
  return found;
}

function wantsAll({ task, hasRounds }: FlowTask): boolean {
  return task.trigger === 'all_success' && !hasRounds;
}

function pathOf(from: number, towards: ReadonlyMap<number, number>, to: number): number[] {
  const path = [from];
  for (let at = towards.get(from); at !== undefined; at = towards.get(at)) path.push(at);
  return [...path, to];
}
