/** Tarjan's algorithm (1972), with a stack of its own instead of recursion: O(nodes + edges) at any depth. */

interface Frame<Node> {
  node: Node;
  targets: Iterator<Node>;
}

/** The components with a cycle: of two nodes or more, or one that leads to itself. In the order they are closed. */
export function stronglyConnected<Node>(edges: ReadonlyMap<Node, ReadonlySet<Node>>): Node[][] {
  const walk = new Walk(edges);
  for (const node of edges.keys()) walk.from(node);
  return walk.found;
}

class Walk<Node> {
  readonly found: Node[][] = [];
  readonly #edges: ReadonlyMap<Node, ReadonlySet<Node>>;
  readonly #order = new Map<Node, number>();
  readonly #low = new Map<Node, number>();
  readonly #open: Node[] = [];
  readonly #isOpen = new Set<Node>();

  constructor(edges: ReadonlyMap<Node, ReadonlySet<Node>>) {
    this.#edges = edges;
  }

  from(start: Node): void {
    if (this.#order.has(start)) return;
    const frames = [this.#enter(start)];
    for (let frame = frames.at(-1); frame !== undefined; frame = frames.at(-1)) {
      const next = frame.targets.next();
      if (next.done === true) {
        frames.pop();
        this.#leave(frame.node, frames.at(-1)?.node);
      } else if (!this.#order.has(next.value)) frames.push(this.#enter(next.value));
      else if (this.#isOpen.has(next.value))
        this.#lower(frame.node, this.#order.get(next.value) ?? 0);
    }
  }

  #enter(node: Node): Frame<Node> {
    this.#low.set(node, this.#order.size);
    this.#order.set(node, this.#order.size);
    this.#open.push(node);
    this.#isOpen.add(node);
    return { node, targets: (this.#edges.get(node) ?? new Set<Node>()).values() };
  }

  #lower(node: Node, to: number): void {
    this.#low.set(node, Math.min(this.#low.get(node) ?? to, to));
  }

  #leave(node: Node, outer: Node | undefined): void {
    const low = this.#low.get(node) ?? 0;
    if (outer !== undefined) this.#lower(outer, low);
    if (low !== this.#order.get(node)) return;
    const component = this.#open.splice(this.#open.lastIndexOf(node));
    for (const one of component) this.#isOpen.delete(one);
    const isCycle = component.length > 1 || this.#edges.get(node)?.has(node) === true;
    if (isCycle) this.found.push(component);
  }
}
