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

export function criticalPathOf(model: FlowModel): CriticalPath {
  const { tasks, order } = model;
  const own = ownLengths(model);
  const length = new Float64Array(tasks.length);
  const before = new Int32Array(tasks.length).fill(-1);
  let last = -1;
  for (const index of order) {
    const { dependencies } = tasks[index] as (typeof tasks)[number];
    let longest = 0;
    for (const dependency of dependencies) {
      const reached = length[dependency] ?? 0;
      if (before[index] !== -1 && reached <= longest) continue;
      longest = reached;
      before[index] = dependency;
    }
    length[index] = longest + (own.of[index] as number);
    if (last === -1 || (length[index] ?? 0) > (length[last] ?? 0)) last = index;
  }
  const path: number[] = [];
  for (let at = last; at !== -1; at = before[at] ?? -1) path.push(at);
  path.reverse();
  return { tasks: path, by: own.isTimed ? 'time' : 'steps', ...measure(path, tasks) };
}

/** What each task adds to a way: its time, or 1 for what does something. */
export function ownLengths({ tasks }: FlowModel): { of: Float64Array; isTimed: boolean } {
  const isTimed = tasks.every(({ task }) => knownMs(task) !== undefined);
  const lengthOf = ({ task }: FlowModel['tasks'][number]): number =>
    isTimed ? (knownMs(task) ?? 0) : isStep(task) ? 1 : 0;
  return { of: Float64Array.from(tasks, lengthOf), isTimed };
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
