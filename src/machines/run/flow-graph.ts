/**
 * The shape of a plan with loops: which tasks form cycles, an order of the others, who comes before whom.
 * Derived from the definition, shared by its runs.
 */
import { stronglyConnected } from '../../workflow/components.ts';

/** A task with its forward dependents and the tasks that its loops lead back to. */
interface FlowNode {
  readonly index: number;
  readonly dependencies: readonly number[];
  readonly dependents: readonly number[];
  readonly loops: readonly { readonly to: number }[];
  readonly task: { readonly edge?: number };
}

export class FlowGraph {
  readonly #nodes: readonly FlowNode[];
  /** By task: the cycle it is part of, as a number; -1 for none. */
  readonly cycleOf: Int32Array;
  /** Every task, those before it first; the tasks of one cycle stand together. */
  readonly order: readonly number[];
  readonly #ancestors = new Map<number, ReadonlySet<number>>();

  constructor(nodes: readonly FlowNode[]) {
    this.#nodes = nodes;
    const after = nodes.map((node) => [...node.dependents, ...node.loops.map(({ to }) => to)]);
    const components = stronglyConnected(after);
    this.cycleOf = new Int32Array(nodes.length).fill(-1);
    for (const [number, component] of components.entries()) {
      if (component.length < 2) continue;
      for (const index of component) this.cycleOf[index] = number;
    }
    this.#addExits(nodes);
    this.order = components.toReversed().flat();
  }

  /** An edge that leaves a cycle belongs to it: its condition may hold another time round. */
  #addExits(nodes: readonly FlowNode[]): void {
    for (const { index, task, dependencies } of nodes) {
      const from = this.cycleOf[dependencies[0] ?? -1] ?? -1;
      if (task.edge !== undefined && this.cycleOf[index] === -1) this.cycleOf[index] = from;
    }
  }

  /** True when both are in one cycle, so that a token goes round between them. */
  isInOneCycle(one: number, other: number): boolean {
    return this.cycleOf[one] !== -1 && this.cycleOf[one] === this.cycleOf[other];
  }

  /** Everything from which a task can be reached, loops included; without the task itself unless it is in a cycle. */
  ancestorsOf(index: number): ReadonlySet<number> {
    const known = this.#ancestors.get(index);
    if (known !== undefined) return known;
    const before = this.#before();
    const found = new Set<number>();
    const open = [...(before[index] ?? [])];
    for (let next = open.pop(); next !== undefined; next = open.pop()) {
      if (found.has(next)) continue;
      found.add(next);
      open.push(...(before[next] ?? []));
    }
    this.#ancestors.set(index, found);
    return found;
  }

  #predecessors: number[][] | undefined;

  #before(): readonly (readonly number[])[] {
    if (this.#predecessors === undefined) {
      this.#predecessors = this.#nodes.map((node) => [...node.dependencies]);
      for (const node of this.#nodes)
        for (const { to } of node.loops) this.#predecessors[to]?.push(node.index);
    }
    return this.#predecessors;
  }

  /** The tasks that lead to `index` and nowhere else: the branches before a join. */
  branchesOf(index: number): readonly number[] {
    const branch = new Set<number>();
    const open = [...(this.#nodes[index]?.dependencies ?? [])];
    for (let next = open.pop(); next !== undefined; next = open.pop()) {
      const node = this.#nodes[next];
      if (node === undefined || branch.has(next)) continue;
      if (!node.dependents.every((dependent) => dependent === index || branch.has(dependent)))
        continue;
      branch.add(next);
      open.push(...node.dependencies);
    }
    return [...branch];
  }
}
