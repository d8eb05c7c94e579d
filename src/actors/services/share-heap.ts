/** A binary heap of items that know where they stand in it, so that any of them can leave in O(log n). */

export interface HeapItem {
  /** Index in its heap; -1 outside. */
  heapIndex: number;
}

export class ShareHeap<Item extends HeapItem> {
  readonly #items: Item[] = [];
  readonly #compare: (a: Item, b: Item) => number;

  constructor(compare: (a: Item, b: Item) => number) {
    this.#compare = compare;
  }

  get size(): number {
    return this.#items.length;
  }

  /** The first by order. */
  peek(): Item | undefined {
    return this.#items[0];
  }

  push(item: Item): void {
    this.#items.push(item);
    this.#rise(item, this.#items.length - 1);
  }

  remove(item: Item): void {
    const index = item.heapIndex;
    const last = this.#items.pop() as Item;
    item.heapIndex = -1;
    if (last === item) return;
    this.#rise(last, index);
    this.#sink(last, last.heapIndex);
  }

  /** After an item has moved back in the order. */
  sink(item: Item): void {
    this.#sink(item, item.heapIndex);
  }

  #put(item: Item, index: number): void {
    this.#items[index] = item;
    item.heapIndex = index;
  }

  #rise(item: Item, from: number): void {
    let index = from;
    while (index > 0) {
      const parent = (index - 1) >> 1;
      const above = this.#items[parent] as Item;
      if (this.#compare(item, above) >= 0) break;
      this.#put(above, index);
      index = parent;
    }
    this.#put(item, index);
  }

  #sink(item: Item, from: number): void {
    const items = this.#items;
    let index = from;
    for (;;) {
      let child = 2 * index + 1;
      if (child >= items.length) break;
      const right = items[child + 1];
      if (right !== undefined && this.#compare(right, items[child] as Item) < 0) child += 1;
      const below = items[child] as Item;
      if (this.#compare(below, item) >= 0) break;
      this.#put(below, index);
      index = child;
    }
    this.#put(item, index);
  }
}
