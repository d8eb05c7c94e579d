/**
 * The shape of a plan with loops: which tasks form cycles, an order of the others, who comes before whom.
 * Derived from the definition, shared by its runs.
 */

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
    const components = stronglyConnected(nodes);
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

/** Tarjan's algorithm without recursion: components, the last ones of the flow first. */
function stronglyConnected(nodes: readonly FlowNode[]): number[][] {
  const number = new Int32Array(nodes.length).fill(-1);
  const low = new Int32Array(nodes.length);
  const isOnStack = new Uint8Array(nodes.length);
  const stack: number[] = [];
  const components: number[][] = [];
  const after = nodes.map((node) => [...node.dependents, ...node.loops.map(({ to }) => to)]);
  let count = 0;
  // In reverse file order, so that `order`, which is turned round, keeps the order of the file where it is free.
  for (let root = nodes.length - 1; root >= 0; root -= 1) {
    if (number[root] !== -1) continue;
    const path: { index: number; next: number }[] = [];
    const enter = (index: number): void => {
      number[index] = count;
      low[index] = count;
      count += 1;
      stack.push(index);
      isOnStack[index] = 1;
      path.push({ index, next: 0 });
    };
    enter(root);
    for (let at = path.at(-1); at !== undefined; at = path.at(-1)) {
      const { index } = at;
      const to = after[index]?.[at.next];
      if (to !== undefined) {
        at.next += 1;
        if (number[to] === -1) enter(to);
        else if (isOnStack[to] === 1)
          low[index] = Math.min(low[index] as number, number[to] as number);
        continue;
      }
      path.pop();
      const above = path.at(-1);
      if (above !== undefined)
        low[above.index] = Math.min(low[above.index] as number, low[index] as number);
      if (low[index] === number[index]) components.push(takeComponent(stack, index, isOnStack));
    }
  }
  return components;
}

function takeComponent(stack: number[], root: number, isOnStack: Uint8Array): number[] {
  const component: number[] = [];
  for (;;) {
    const index = stack.pop() as number;
    isOnStack[index] = 0;
    component.push(index);
    if (index === root) return component.sort((a, b) => a - b);
  }
}
