/** The longest way through a workflow: what the run takes at least, however many agents there are. Linear. */

import type { FlowModel } from './flow-model.ts';
import { knownMs, longestMs, takesSlot } from './known-durations.ts';

export interface CriticalPath {
  /** In the order of the run. */
  readonly tasks: readonly number[];
  /** `time`: every task of the workflow says how long it takes. `steps`: tasks are counted. */
  readonly by: 'time' | 'steps';
  /** Tasks on the path that do something. */
  readonly steps: number;
  /** What the path takes as far as its tasks say. */
  readonly knownMs: number;
  /** Tasks on the path that do not say how long they take. */
  readonly unknown: number;
  /** What the path takes at most; undefined where a task on it has no bound. */
  readonly longestMs: number | undefined;
}

/** `ignored`: a dependency that is left out, as `task` and its `dependency`. */
export function criticalPathOf(
  { tasks, order }: FlowModel,
  ignored?: { task: number; dependency: number },
): CriticalPath {
  const isTimed = tasks.every(({ task }) => knownMs(task) !== undefined);
  const length = new Float64Array(tasks.length);
  const before = new Int32Array(tasks.length).fill(-1);
  let last = -1;
  for (const index of order) {
    const { task, dependencies } = tasks[index] as (typeof tasks)[number];
    let longest = 0;
    for (const dependency of dependencies) {
      if (ignored?.task === index && ignored.dependency === dependency) continue;
      const reached = length[dependency] ?? 0;
      if (before[index] !== -1 && reached <= longest) continue;
      longest = reached;
      before[index] = dependency;
    }
    const own = isTimed ? (knownMs(task) ?? 0) : isStep(task) ? 1 : 0;
    length[index] = longest + own;
    if (last === -1 || (length[index] ?? 0) > (length[last] ?? 0)) last = index;
  }
  const path: number[] = [];
  for (let at = last; at !== -1; at = before[at] ?? -1) path.unshift(at);
  return { tasks: path, by: isTimed ? 'time' : 'steps', ...measure(path, tasks) };
}

function isStep(task: FlowModel['tasks'][number]['task']): boolean {
  return takesSlot(task) || task.wait !== undefined;
}

function measure(
  path: readonly number[],
  tasks: FlowModel['tasks'],
): Pick<CriticalPath, 'steps' | 'knownMs' | 'unknown' | 'longestMs'> {
  let steps = 0;
  let known = 0;
  let unknown = 0;
  let longest: number | undefined = 0;
  for (const index of path) {
    const { task } = tasks[index] as (typeof tasks)[number];
    if (isStep(task)) steps += 1;
    const ms = knownMs(task);
    if (ms === undefined) unknown += 1;
    else known += ms;
    const bound = longestMs(task);
    longest = longest === undefined || bound === undefined ? undefined : longest + bound;
  }
  return { steps, knownMs: known, unknown, longestMs: longest };
}
