/** Tasks that stand in the same place of a graph: the same dependencies, the same dependents. Pure. */
import type { TaskGraph } from '../graph.ts';

/** Fewer are drawn one by one. */
const LEAST_SIBLINGS = 8;

/**
 * Groups of at least 8 tasks with equal dependencies, equal dependents and an equal `kindOf`, in file order; a task is
 * in one group at most. One line to the group says what a line to each of them would. Linear in tasks plus dependencies.
 */
export function siblingGroups(graph: TaskGraph, kindOf: (index: number) => string): number[][] {
  const byPlace = new Map<string, number[]>();
  for (const [index, dependencies] of graph.dependencies.entries()) {
    const before = [...dependencies].sort(ascending).join(' ');
    const after = [...(graph.dependents[index] ?? [])].sort(ascending).join(' ');
    const place = `${before}|${after}|${kindOf(index)}`;
    const group = byPlace.get(place);
    if (group === undefined) byPlace.set(place, [index]);
    else group.push(index);
  }
  return [...byPlace.values()].filter(({ length }) => length >= LEAST_SIBLINGS);
}

function ascending(left: number, right: number): number {
  return left - right;
}
