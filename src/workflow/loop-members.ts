/**
 * Which tasks are in a loop together: those from where it begins to where it ends. 32 loops are looked at in one pass
 * over the part of the order that they span, when the first question is asked; what is kept is bounded, and beyond the
 * bound the answer is yes, as with `ancestry.ts`.
 */
import type { LoopDefinition } from './definition.ts';
import type { TaskGraph } from './graph.ts';

/** Loops of one mask. */
const AT_ONCE = 32;
/** Masks that are kept. */
const MAX_MASKS = 8_000_000;
/** Edges that are followed. */
const MAX_STEPS = 50_000_000;

/** The ranks of a loop's first and last task. */
interface Span {
  readonly first: number;
  readonly last: number;
}

/** Loops that begin near each other. */
interface Block {
  readonly from: number;
  /** From `from` on: the loops that a task is in, one bit each; undefined beyond the bound. */
  readonly masks: Int32Array | undefined;
  readonly to: number;
}

export class LoopMembers {
  readonly #loops: readonly LoopDefinition[];
  readonly #graph: TaskGraph;
  readonly #rank: Int32Array;
  #blocks: readonly Block[] | undefined;

  constructor(loops: readonly LoopDefinition[], graph: TaskGraph) {
    this.#loops = loops;
    this.#graph = graph;
    this.#rank = new Int32Array(graph.dependencies.length).fill(-1);
    for (const [rank, index] of graph.order.entries()) this.#rank[index] = rank;
  }

  /** True where some loop leads through both tasks. */
  together(one: number, other: number): boolean {
    if (this.#loops.length === 0) return false;
    const [first, second] = [this.#rank[one] as number, this.#rank[other] as number];
    // Of what is in a cycle of dependencies nothing is known; that is an error of its own.
    if (first === -1 || second === -1) return true;
    this.#blocks ??= this.#makeBlocks();
    const [low, high] = first < second ? [first, second] : [second, first];
    return this.#blocks.some(({ from, to, masks }) => {
      if (low < from || high > to) return false;
      if (masks === undefined) return true;
      return ((masks[low - from] as number) & (masks[high - from] as number)) !== 0;
    });
  }

  #makeBlocks(): Block[] {
    const spans: Span[] = [];
    for (const { from, to } of this.#loops) {
      const first = this.#rankOf(to);
      const last = this.#rankOf(from);
      if (first !== -1 && first <= last) spans.push({ first, last });
    }
    spans.sort((left, right) => left.first - right.first || left.last - right.last);
    const blocks: Block[] = [];
    let masksLeft = MAX_MASKS;
    let stepsLeft = MAX_STEPS;
    const edgesBefore = this.#edgesBefore();
    for (let at = 0; at < spans.length; at += AT_ONCE) {
      const some = spans.slice(at, at + AT_ONCE);
      const from = some[0]?.first ?? 0;
      const to = some.reduce((most, { last }) => Math.max(most, last), from);
      masksLeft -= to - from + 1;
      stepsLeft -= 2 * ((edgesBefore[to + 1] as number) - (edgesBefore[from] as number));
      const isKept = masksLeft >= 0 && stepsLeft >= 0;
      blocks.push({ from, to, masks: isKept ? this.#masks(some, from, to) : undefined });
    }
    return blocks;
  }

  #rankOf(id: string): number {
    return this.#rank[this.#graph.indexOf.get(id) ?? -1] ?? -1;
  }

  /** By rank: dependencies of the tasks before it. */
  #edgesBefore(): Int32Array {
    const { order, dependencies } = this.#graph;
    const edges = new Int32Array(order.length + 1);
    for (const [rank, index] of order.entries())
      edges[rank + 1] = (edges[rank] as number) + (dependencies[index]?.length ?? 0);
    return edges;
  }

  /** What comes behind the first task of a loop, and what before its last: a task is in the loops where it is both. */
  #masks(spans: readonly Span[], from: number, to: number): Int32Array {
    const { order, dependencies, dependents } = this.#graph;
    const behind = new Int32Array(to - from + 1);
    const before = new Int32Array(to - from + 1);
    for (const [bit, { first, last }] of spans.entries()) {
      behind[first - from] = (behind[first - from] as number) | (1 << bit);
      before[last - from] = (before[last - from] as number) | (1 << bit);
    }
    const gather = (masks: Int32Array, rank: number, others: readonly number[]): void => {
      let mask = masks[rank - from] as number;
      for (const other of others) {
        const at = (this.#rank[other] as number) - from;
        if (at >= 0 && at < masks.length) mask |= masks[at] as number;
      }
      masks[rank - from] = mask;
    };
    for (let rank = from; rank <= to; rank += 1)
      gather(behind, rank, dependencies[order[rank] as number] ?? []);
    for (let rank = to; rank >= from; rank -= 1)
      gather(before, rank, dependents[order[rank] as number] ?? []);
    for (const [at, mask] of before.entries()) behind[at] = (behind[at] as number) & mask;
    return behind;
  }
}
