/**
 * Whether one task always comes before another. Definitions may have 100,000 tasks, so a plain search
 * for every reference is too slow.
 *
 * S1 A tree over first dependencies answers most questions at once: in a chain or a fan-out, all.
 * S2 What is no later in the order than the other task is never behind it.
 * S3 The rest is searched for. Once the searches have cost as much as a table of all answers would, that is made,
 *    where it is not too large.
 * S4 Without a table all searches together are bounded; beyond the bound the answer is yes, and a wrong reference
 *    fails when it is evaluated.
 */
import type { TaskGraph } from './graph.ts';
import { MAX_REACHABILITY_STEPS } from './limits.ts';

/** Words of a table: 32 MB. Up to 22,000 tasks. */
const MAX_TABLE = 8 * 1024 * 1024;
/** Words that are put together to make one. */
const MAX_TABLE_WORK = 200_000_000;
/** Words that cost as much as a step of a search. */
const WORDS_PER_STEP = 4;

export class Ancestry {
  private readonly graph: TaskGraph;
  private readonly rank: Int32Array;
  private tree: { enter: Int32Array; leave: Int32Array } | undefined;
  private visited: Int32Array | undefined;
  private search = 0;
  private stepsLeft = MAX_REACHABILITY_STEPS;
  /** A table is made when so many steps are left; never where it would be too large. */
  private tableAfter: number | undefined;
  private table: Table | undefined;

  constructor(graph: TaskGraph) {
    this.graph = graph;
    this.rank = new Int32Array(graph.dependencies.length).fill(-1);
    for (const [rank, index] of graph.order.entries()) this.rank[index] = rank;
  }

  /** True once the bound was reached: what is answered since is a guess. */
  get isSpent(): boolean {
    return this.stepsLeft <= 0;
  }

  /** Steps of searches so far. */
  get steps(): number {
    return MAX_REACHABILITY_STEPS - this.stepsLeft;
  }

  /** True when `task` depends on `ancestor`, directly or through others. */
  comesBefore(ancestor: number, task: number): boolean {
    if (ancestor === task) return false;
    const from = this.rank[ancestor] ?? -1;
    const to = this.rank[task] ?? -1;
    if (this.table !== undefined && from !== -1 && to !== -1)
      return from < to && this.table.has(from, to);
    const dependencies = this.graph.dependencies[task] ?? [];
    if (dependencies.includes(ancestor) || this.isTreeAncestor(ancestor, task)) return true;
    if (from === -1 || to === -1) return dependencies.length > 0;
    return from < to && this.searchBack(ancestor, task);
  }

  private isTreeAncestor(ancestor: number, task: number): boolean {
    this.tree ??= numberTree(this.graph);
    const { enter, leave } = this.tree;
    const entered = enter[task] ?? 0;
    return entered > (enter[ancestor] ?? 0) && entered < (leave[ancestor] ?? 0);
  }

  private searchBack(ancestor: number, task: number): boolean {
    this.tableAfter ??=
      MAX_REACHABILITY_STEPS - workOfTable(this.graph, this.rank) / WORDS_PER_STEP;
    if (this.stepsLeft <= this.tableAfter) {
      this.table = new Table(this.graph, this.rank);
      return this.comesBefore(ancestor, task);
    }
    this.visited ??= new Int32Array(this.rank.length);
    this.search += 1;
    const lowest = this.rank[ancestor] ?? 0;
    const open = [task];
    for (let at = open.pop(); at !== undefined; at = open.pop()) {
      for (const dependency of this.graph.dependencies[at] ?? []) {
        if (this.stepsLeft-- <= 0) return true;
        if (dependency === ancestor || this.isTreeAncestor(ancestor, dependency)) return true;
        if (this.visited[dependency] === this.search || (this.rank[dependency] ?? 0) <= lowest)
          continue;
        this.visited[dependency] = this.search;
        open.push(dependency);
      }
    }
    return false;
  }
}

/** Numbers the forest whose parent is the first dependency, entering and leaving, without recursion. */
function numberTree({ dependencies, order }: TaskGraph): {
  enter: Int32Array;
  leave: Int32Array;
} {
  const { length } = dependencies;
  const enter = new Int32Array(length);
  const leave = new Int32Array(length);
  // The last child of a task, and of a child the one before it; -1 where there is none.
  const lastChild = new Int32Array(length).fill(-1);
  const sibling = new Int32Array(length).fill(-1);
  const stack: number[] = [];
  for (const index of order) {
    const parent = dependencies[index]?.[0];
    if (parent === undefined) stack.push(index);
    else {
      sibling[index] = lastChild[parent] as number;
      lastChild[parent] = index;
    }
  }
  let clock = 0;
  for (let index = stack.pop(); index !== undefined; index = stack.pop()) {
    clock += 1;
    // Left behind its children: `~index`.
    if (index < 0) {
      leave[~index] = clock;
      continue;
    }
    enter[index] = clock;
    stack.push(~index);
    for (let child = lastChild[index] as number; child !== -1; child = sibling[child] as number)
      stack.push(child);
  }
  return { enter, leave };
}

/** Words that a table costs; infinite for one that is too large. */
function workOfTable({ dependencies, order }: TaskGraph, rank: Int32Array): number {
  if (wordsBefore(order.length) > MAX_TABLE) return Number.POSITIVE_INFINITY;
  let work = 0;
  for (const index of order)
    for (const dependency of dependencies[index] ?? [])
      work += ((rank[dependency] as number) >> 5) + 1;
  return work > MAX_TABLE_WORK ? Number.POSITIVE_INFINITY : work;
}

/** Words of the rows before a rank: a row has a bit for each rank before its own. */
function wordsBefore(rank: number): number {
  const whole = rank >> 5;
  return 16 * whole * (whole + 1) + (rank & 31) * (whole + 1);
}

/** By rank: what comes before, one bit each. */
class Table {
  private readonly bits: Int32Array;

  constructor({ dependencies, order }: TaskGraph, rank: Int32Array) {
    this.bits = new Int32Array(wordsBefore(order.length));
    for (const [to, index] of order.entries()) {
      const row = wordsBefore(to);
      for (const dependency of dependencies[index] ?? [])
        this.addRow(row, rank[dependency] as number);
    }
  }

  has(from: number, to: number): boolean {
    return (((this.bits[wordsBefore(to) + (from >> 5)] as number) >> (from & 31)) & 1) === 1;
  }

  private addRow(row: number, from: number): void {
    const { bits } = this;
    const other = wordsBefore(from);
    const words = (from >> 5) + 1;
    for (let at = 0; at < words; at += 1)
      bits[row + at] = (bits[row + at] as number) | (bits[other + at] as number);
    const word = row + (from >> 5);
    bits[word] = (bits[word] as number) | (1 << (from & 31));
  }
}
