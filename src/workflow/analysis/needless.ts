/**
 * Dependencies that say nothing new: a task waits for `a`, and for `b`, which runs only after `a` succeeded. Only
 * between triggers that want every success, where leaving one out changes nothing; never for tasks with rounds.
 *
 * N1 Exact: 32 dependencies are followed at a time, each one bit, through the part of the order where they can matter.
 * N2 What is followed is bounded; beyond the bound the rest is not looked at, and the answer says so.
 * N3 A path is searched for only where it is shown: the shortest one, nearest first.
 */
import type { FlowModel, FlowTask } from './flow-model.ts';

/** Edges followed for one definition. 50,000 among 10,000 tasks need at most 16 million. */
const MAX_STEPS = 50_000_000;
/** Edges followed for the paths that are shown. */
const MAX_PATH_STEPS = 5_000_000;
/** Bits of one mask. */
const AT_ONCE = 32;

export interface NeedlessDependency {
  readonly task: number;
  readonly dependency: number;
  /** From the dependency over the tasks that wait for it already. */
  readonly path: readonly number[];
}

export interface Needless {
  /** Those with a path, the first ones in the order of the run. */
  readonly shown: readonly NeedlessDependency[];
  readonly found: number;
  /** False where not all dependencies were looked at. */
  readonly isComplete: boolean;
  /** Edges that were followed. */
  readonly steps: number;
}

/** At most `limit` are shown. */
export function needlessDependencies(model: FlowModel, limit: number): Needless {
  const { marks, found, steps, isComplete } = new Marking(model).run();
  const shown = found === 0 ? [] : pathsOf(model, { marks, limit });
  return { shown, found, isComplete, steps };
}

/** The tasks by rank: their place in the order of the run. */
class Marking {
  readonly #model: FlowModel;
  readonly #rank: Int32Array;
  /** By rank: where its dependencies begin in `#before`, which holds ranks. */
  readonly #begin: Int32Array;
  readonly #before: Int32Array;
  /** By rank: 1 where it runs only after all its dependencies succeeded. */
  readonly #wantsAll: Uint8Array;
  /** By rank: the last task of which the dependency on it may be needless; 0 where there is none. */
  readonly #last: Int32Array;
  /** By rank: the followed dependencies that come before it, itself not counted. */
  readonly #through: Int32Array;
  readonly #own: Int32Array;
  /** By dependency as in `#before`: 1 for a needless one. */
  readonly #marks: Uint8Array;
  #found = 0;

  constructor(model: FlowModel) {
    const { tasks, order } = model;
    this.#model = model;
    this.#rank = ranksOf(model);
    this.#begin = new Int32Array(order.length + 1);
    for (const [at, index] of order.entries())
      this.#begin[at + 1] =
        (this.#begin[at] as number) + (tasks[index] as FlowTask).dependencies.length;
    this.#before = new Int32Array(this.#begin[order.length] as number);
    this.#wantsAll = new Uint8Array(order.length);
    this.#last = new Int32Array(order.length);
    this.#through = new Int32Array(order.length);
    this.#own = new Int32Array(order.length);
    this.#marks = new Uint8Array(this.#before.length);
  }

  run(): { marks: Uint8Array; found: number; steps: number; isComplete: boolean } {
    const followed = this.#followed();
    let steps = 0;
    for (let at = 0; at < followed.length; at += AT_ONCE) {
      const some = followed.slice(at, at + AT_ONCE);
      const from = some[0] as number;
      const to = some.reduce((last, rank) => Math.max(last, this.#last[rank] as number), from);
      steps += (this.#begin[to + 1] as number) - (this.#begin[from] as number);
      if (steps > MAX_STEPS) break;
      this.#follow(some, from, to);
    }
    const isComplete = steps <= MAX_STEPS;
    return {
      marks: this.#marks,
      found: this.#found,
      steps: Math.min(steps, MAX_STEPS),
      isComplete,
    };
  }

  /** Ranks of what has two ways out at least, one of them to a task with two ways in. */
  #followed(): number[] {
    const { tasks, order } = this.#model;
    const ways = new Int32Array(order.length);
    let edge = 0;
    for (const [at, index] of order.entries()) {
      const flow = tasks[index] as FlowTask;
      const isPlain = wantsAll(flow);
      if (isPlain) this.#wantsAll[at] = 1;
      const isJoin = isPlain && flow.dependencies.length > 1;
      for (const dependency of flow.dependencies) {
        const before = this.#rank[dependency] as number;
        this.#before[edge] = before;
        edge += 1;
        ways[before] = (ways[before] as number) + 1;
        if (isJoin) this.#last[before] = at;
      }
    }
    const followed: number[] = [];
    for (const [rank, count] of ways.entries())
      if (count > 1 && (this.#last[rank] as number) > 0) followed.push(rank);
    return followed;
  }

  #follow(some: readonly number[], from: number, to: number): void {
    for (const [bit, rank] of some.entries()) this.#own[rank] = 1 << bit;
    for (let rank = from + 1; rank <= to; rank += 1) {
      if (this.#wantsAll[rank] === 0) continue;
      const end = this.#begin[rank + 1] as number;
      let direct = 0;
      let through = 0;
      for (let edge = this.#begin[rank] as number; edge < end; edge += 1) {
        const before = this.#before[edge] as number;
        direct |= this.#own[before] as number;
        through |= this.#through[before] as number;
      }
      this.#through[rank] = direct | through;
      if ((direct & through) !== 0) this.#mark(rank, through);
    }
    this.#through.fill(0, from, to + 1);
    for (const rank of some) this.#own[rank] = 0;
  }

  #mark(rank: number, through: number): void {
    for (
      let edge = this.#begin[rank] as number;
      edge < (this.#begin[rank + 1] as number);
      edge += 1
    ) {
      if (((this.#own[this.#before[edge] as number] as number) & through) === 0) continue;
      this.#marks[edge] = 1;
      this.#found += 1;
    }
  }
}

function ranksOf({ tasks, order }: FlowModel): Int32Array {
  const rank = new Int32Array(tasks.length);
  for (const [at, index] of order.entries()) rank[index] = at;
  return rank;
}

function wantsAll({ task, hasRounds }: FlowTask): boolean {
  return task.trigger === 'all_success' && !hasRounds;
}

function pathsOf(
  model: FlowModel,
  { marks, limit }: { marks: Uint8Array; limit: number },
): NeedlessDependency[] {
  const { tasks, order } = model;
  const shown: NeedlessDependency[] = [];
  const search = new PathSearch(model);
  let edge = 0;
  for (const index of order) {
    const { dependencies } = tasks[index] as FlowTask;
    const needless = dependencies.filter((_, at) => marks[edge + at] === 1);
    edge += dependencies.length;
    if (needless.length === 0) continue;
    const paths = search.from(index, needless);
    for (const path of paths) {
      if (shown.length === limit) return shown;
      shown.push({ task: index, dependency: path[0] as number, path });
    }
    if (search.isSpent) return shown;
  }
  return shown;
}

/** Backwards from a task to what it depends on, nearest first. */
class PathSearch {
  readonly #model: FlowModel;
  readonly #rank: Int32Array;
  readonly #seenBy: Int32Array;
  readonly #towards: Int32Array;
  #left = MAX_PATH_STEPS;

  constructor(model: FlowModel) {
    this.#model = model;
    this.#rank = ranksOf(model);
    this.#seenBy = new Int32Array(model.tasks.length).fill(-1);
    this.#towards = new Int32Array(model.tasks.length);
  }

  get isSpent(): boolean {
    return this.#left <= 0;
  }

  /** A path from each of `wanted` that goes over another dependency; none once the bound is reached. */
  from(index: number, wanted: readonly number[]): number[][] {
    const { tasks } = this.#model;
    const { dependencies } = tasks[index] as FlowTask;
    const given = new Set(dependencies);
    const missing = new Set(wanted);
    const lowest = wanted.reduce(
      (low, at) => Math.min(low, this.#rank[at] as number),
      this.#rank.length,
    );
    const open = [...dependencies];
    for (const at of open) {
      const before = tasks[at] as FlowTask;
      if (!wantsAll(before)) continue;
      for (const dependency of before.dependencies) {
        this.#left -= 1;
        const isLower = (this.#rank[dependency] as number) < lowest;
        if (isLower || this.#seenBy[dependency] === index) continue;
        this.#seenBy[dependency] = index;
        this.#towards[dependency] = at;
        missing.delete(dependency);
        if (!given.has(dependency)) open.push(dependency);
      }
      if (missing.size === 0 || this.isSpent) break;
    }
    return missing.size > 0 ? [] : wanted.map((dependency) => this.#path(dependency, index));
  }

  #path(from: number, to: number): number[] {
    const path = [from];
    for (let at = from; this.#seenBy[at] === to; ) {
      at = this.#towards[at] as number;
      path.push(at);
    }
    return [...path, to];
  }
}
