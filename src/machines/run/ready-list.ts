/**
 * The activations of a run that wait for a slot, per demand (`agent:<name>` or `capability:<name>`),
 * in file order, then by round, then by index of the instance. Leaving is lazy: an entry that is no more the one of its activation is
 * dropped when it comes to the head.
 */

export interface ReadyEntry {
  activation: string;
  demand: string;
  /** Index of the task in the definition, its round, index of the instance: the order of starting. No two are equal. */
  order: readonly [number, number, number];
}

function isBefore(a: ReadyEntry, b: ReadyEntry): boolean {
  if (a.order[0] !== b.order[0]) return a.order[0] < b.order[0];
  return a.order[1] !== b.order[1] ? a.order[1] < b.order[1] : a.order[2] < b.order[2];
}

/** A binary heap of entries, smallest first. */
class Heap {
  readonly #entries: ReadyEntry[] = [];

  peek(): ReadyEntry | undefined {
    return this.#entries[0];
  }

  push(entry: ReadyEntry): void {
    const entries = this.#entries;
    let index = entries.length;
    entries.push(entry);
    while (index > 0) {
      const parent = (index - 1) >> 1;
      const above = entries[parent] as ReadyEntry;
      if (!isBefore(entry, above)) break;
      entries[index] = above;
      index = parent;
    }
    entries[index] = entry;
  }

  pop(): void {
    const entries = this.#entries;
    const last = entries.pop();
    if (last === undefined || entries.length === 0) return;
    let index = 0;
    for (;;) {
      let child = 2 * index + 1;
      if (child >= entries.length) break;
      const right = entries[child + 1];
      if (right !== undefined && isBefore(right, entries[child] as ReadyEntry)) child += 1;
      if (!isBefore(entries[child] as ReadyEntry, last)) break;
      entries[index] = entries[child] as ReadyEntry;
      index = child;
    }
    entries[index] = last;
  }
}

export class ReadyList {
  readonly #heaps = new Map<string, Heap>();
  /** The entry that counts, by activation: one that left and came back may have an older one in another heap. */
  readonly #ready = new Map<string, ReadyEntry>();

  get size(): number {
    return this.#ready.size;
  }

  add(entry: ReadyEntry): void {
    if (this.#ready.has(entry.activation)) return;
    this.#ready.set(entry.activation, entry);
    let heap = this.#heaps.get(entry.demand);
    if (heap === undefined) {
      heap = new Heap();
      this.#heaps.set(entry.demand, heap);
    }
    heap.push(entry);
  }

  /** All of them, in the order of coming. */
  activations(): Iterable<string> {
    return this.#ready.keys();
  }

  remove(activation: string): void {
    this.#ready.delete(activation);
  }

  /** The first entry whose demand is not in `blocked`. */
  first(blocked: ReadonlySet<string>): ReadyEntry | undefined {
    let best: ReadyEntry | undefined;
    for (const [demand, heap] of this.#heaps) {
      if (blocked.has(demand)) continue;
      let head = heap.peek();
      while (head !== undefined && this.#ready.get(head.activation) !== head) {
        heap.pop();
        head = heap.peek();
      }
      if (head === undefined) this.#heaps.delete(demand);
      else if (best === undefined || isBefore(head, best)) best = head;
    }
    return best;
  }
}
