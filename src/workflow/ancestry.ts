/**
 * Whether one task always comes before another. Definitions may have 100,000 tasks, so a plain search
 * for every reference is too slow.
 *
 * S1 A tree over first dependencies answers most questions at once: in a chain or a fan-out, all.
 * S2 What is no later in the order than the other task is never behind it.
 * S3 The rest is searched for, with a bound on all searches together; beyond the bound the answer is
 *    yes, and a wrong reference fails when it is evaluated.
 */
import type { TaskGraph } from './graph.ts';
import { MAX_REACHABILITY_STEPS } from './limits.ts';

export class Ancestry {
  private readonly graph: TaskGraph;
  private readonly rank: Int32Array;
  private readonly enter: Int32Array;
  private readonly leave: Int32Array;
  private readonly visited: Int32Array;
  private search = 0;
  private stepsLeft = MAX_REACHABILITY_STEPS;

  constructor(graph: TaskGraph) {
    const size = graph.dependencies.length;
    this.graph = graph;
    this.rank = new Int32Array(size).fill(-1);
    for (const [rank, index] of graph.order.entries()) this.rank[index] = rank;
    this.enter = new Int32Array(size);
    this.leave = new Int32Array(size);
    this.visited = new Int32Array(size);
    this.numberTree();
  }

  /** True once the bound was reached: what is answered since is a guess. */
  get isSpent(): boolean {
    return this.stepsLeft <= 0;
  }

  /** True when `task` depends on `ancestor`, directly or through others. */
  comesBefore(ancestor: number, task: number): boolean {
    if (ancestor === task) return false;
    const dependencies = this.graph.dependencies[task] ?? [];
    if (dependencies.includes(ancestor) || this.isTreeAncestor(ancestor, task)) return true;
    if ((this.rank[ancestor] ?? -1) === -1 || (this.rank[task] ?? -1) === -1)
      return dependencies.length > 0;
    if ((this.rank[ancestor] ?? 0) >= (this.rank[task] ?? 0)) return false;
    return this.searchBack(ancestor, task);
  }

  private isTreeAncestor(ancestor: number, task: number): boolean {
    const enter = this.enter[task] ?? 0;
    return enter > (this.enter[ancestor] ?? 0) && enter < (this.leave[ancestor] ?? 0);
  }

  private searchBack(ancestor: number, task: number): boolean {
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

  /** Numbers the forest whose parent is the first dependency, entering and leaving, without recursion. */
  private numberTree(): void {
    const children: number[][] = this.graph.dependencies.map(() => []);
    const roots: number[] = [];
    for (const index of this.graph.order) {
      const parent = this.graph.dependencies[index]?.[0];
      if (parent === undefined) roots.push(index);
      else children[parent]?.push(index);
    }
    let clock = 0;
    const stack = roots.map((root) => ({ index: root, isLeaving: false }));
    for (let top = stack.pop(); top !== undefined; top = stack.pop()) {
      clock += 1;
      if (top.isLeaving) {
        this.leave[top.index] = clock;
        continue;
      }
      this.enter[top.index] = clock;
      stack.push({ index: top.index, isLeaving: true });
      for (const child of children[top.index] ?? []) stack.push({ index: child, isLeaving: false });
    }
  }
}
