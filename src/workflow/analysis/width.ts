/**
 * How many tasks can be in work at the same time: the largest set of which none comes before another (Dilworth, by a
 * matching of the order). Of a large workflow, the largest level is given instead: that many at least.
 */

import type { FlowModel } from './flow-model.ts';
import { takesSlot } from './known-durations.ts';

/** Tasks up to which the answer is exact: the order as a whole is looked at. */
const MAX_EXACT = 400;

export interface Width {
  readonly tasks: readonly number[];
  readonly isExact: boolean;
}

/** Waits and tasks that pass take no place and do not count; a `foreach` counts once. */
export function widthOf(model: FlowModel): Width {
  const counted = model.order.filter((index) => takesSlot(taskOf(model, index)));
  return model.tasks.length <= MAX_EXACT
    ? { tasks: largestAntichain(model, counted), isExact: true }
    : { tasks: largestLevel(model, counted), isExact: false };
}

function taskOf(model: FlowModel, index: number) {
  return (model.tasks[index] as FlowModel['tasks'][number]).task;
}

/** Tasks at one distance from the first ones, or from the last ones, cannot come before each other. */
function largestLevel(model: FlowModel, counted: readonly number[]): number[] {
  const early = levels(model.order, (index) => model.tasks[index]?.dependencies ?? []);
  const late = levels(model.order.toReversed(), (index) => model.tasks[index]?.dependents ?? []);
  let best: number[] = [];
  for (const level of [early, late]) {
    const groups = Map.groupBy(counted, (index) => level[index] ?? 0);
    for (const group of groups.values()) if (group.length > best.length) best = group;
  }
  return best;
}

function levels(
  order: readonly number[],
  before: (index: number) => readonly number[],
): Int32Array {
  const level = new Int32Array(order.reduce((most, index) => Math.max(most, index + 1), 0));
  for (const index of order)
    for (const other of before(index))
      level[index] = Math.max(level[index] ?? 0, (level[other] ?? 0) + 1);
  return level;
}

function largestAntichain(model: FlowModel, counted: readonly number[]): number[] {
  const behind = closure(model);
  const after = new Map(
    counted.map((index) => [index, counted.filter((other) => behind[index]?.has(other))]),
  );
  const { takenBy, takes } = matching(counted, after);
  // König: what no alternating path from an unmatched task reaches is the cover; the rest is the set.
  const left = new Set<number>();
  const right = new Set<number>();
  const open = counted.filter((index) => !takes.has(index));
  for (let at = open.pop(); at !== undefined; at = open.pop()) {
    if (left.has(at)) continue;
    left.add(at);
    for (const other of after.get(at) ?? []) {
      right.add(other);
      const next = takenBy.get(other);
      if (next !== undefined) open.push(next);
    }
  }
  return counted.filter((index) => left.has(index) && !right.has(index));
}

/** By task: everything behind it. */
function closure({ order, tasks }: FlowModel): Set<number>[] {
  const behind: Set<number>[] = tasks.map(() => new Set());
  for (const index of order.toReversed()) {
    const own = behind[index] as Set<number>;
    for (const dependent of tasks[index]?.dependents ?? []) {
      own.add(dependent);
      for (const other of behind[dependent] ?? []) own.add(other);
    }
  }
  return behind;
}

interface Matching {
  readonly takes: Map<number, number>;
  readonly takenBy: Map<number, number>;
}

function matching(
  counted: readonly number[],
  after: ReadonlyMap<number, readonly number[]>,
): Matching {
  const takes = new Map<number, number>();
  const takenBy = new Map<number, number>();
  const improve = (index: number, seen: Set<number>): boolean => {
    for (const other of after.get(index) ?? []) {
      if (seen.has(other)) continue;
      seen.add(other);
      const holder = takenBy.get(other);
      if (holder !== undefined && !improve(holder, seen)) continue;
      takes.set(index, other);
      takenBy.set(other, index);
      return true;
    }
    return false;
  };
  for (const index of counted) improve(index, new Set());
  return { takes, takenBy };
}
