/**
 * The dependency graph of a definition, by index of the task in file order.
 * Everything here is linear in tasks plus dependencies.
 */
import type { TaskDefinition } from './definition.ts';

/** Arrays are indexed by task; unknown dependencies and repeats are left out. */
export interface TaskGraph {
  readonly indexOf: ReadonlyMap<string, number>;
  readonly dependencies: readonly (readonly number[])[];
  readonly dependents: readonly (readonly number[])[];
  /** Dependencies first, then file order; tasks on or behind a cycle are not in it. */
  readonly order: readonly number[];
  /** Each cycle once, as the tasks along it; empty for a graph that can run. */
  readonly cycles: readonly (readonly number[])[];
}

/** Builds the graph. Of two tasks with one id the first counts. */
export function buildGraph(
  tasks: readonly Pick<TaskDefinition, 'id' | 'dependencies'>[],
): TaskGraph {
  const indexOf = new Map<string, number>();
  for (const [index, task] of tasks.entries())
    if (!indexOf.has(task.id)) indexOf.set(task.id, index);
  const namedBy = new Int32Array(tasks.length).fill(-1);
  const dependencies: number[][] = tasks.map((task, of) => {
    const found: number[] = [];
    for (const id of task.dependencies) {
      const index = indexOf.get(id);
      if (index === undefined || namedBy[index] === of) continue;
      namedBy[index] = of;
      found.push(index);
    }
    return found;
  });
  const dependents: number[][] = tasks.map(() => []);
  for (const [index, list] of dependencies.entries())
    for (const other of list) dependents[other]?.push(index);
  const order = topologicalOrder(dependencies, dependents);
  return { indexOf, dependencies, dependents, order, cycles: findCycles(dependencies, order) };
}

/** Kahn's algorithm, level by level, in file order within a level. */
function topologicalOrder(
  dependencies: readonly number[][],
  dependents: readonly number[][],
): number[] {
  const open = dependencies.map((list) => list.length);
  const order: number[] = [];
  for (const [index, count] of open.entries()) if (count === 0) order.push(index);
  for (let at = 0; at < order.length; at++) {
    for (const dependent of dependents[order[at] ?? 0] ?? []) {
      const left = (open[dependent] ?? 0) - 1;
      open[dependent] = left;
      if (left === 0) order.push(dependent);
    }
  }
  return order;
}

/**
 * Every task outside the order has a dependency outside the order, so walking those backwards must
 * come back to itself: one cycle for each walk that meets no earlier one.
 */
function findCycles(dependencies: readonly number[][], order: readonly number[]): number[][] {
  const state = new Int32Array(dependencies.length);
  for (const index of order) state[index] = -1;
  const cycles: number[][] = [];
  for (let start = 0; start < dependencies.length; start++) {
    const walk = start + 1;
    const path: number[] = [];
    let at = start;
    while (state[at] === 0) {
      state[at] = walk;
      path.push(at);
      const next = (dependencies[at] ?? []).find((dependency) => state[dependency] !== -1);
      if (next === undefined) break;
      at = next;
    }
    if (state[at] === walk && path.includes(at))
      cycles.push(path.slice(path.indexOf(at)).reverse());
  }
  return cycles;
}
