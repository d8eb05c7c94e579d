/**
 * A first-in, first-out queue that lets go of what was taken.
 *
 * F1 Nothing that was taken is kept.
 * F2 The slots are at most twice the waiting items and `MIN_COMPACTED` more, however long the queue is never empty.
 */

/** Fewer empty slots than this are not worth a copy. */
const MIN_COMPACTED = 64;

/** Items in the order in which they came. Both ends take constant time, on the average. */
export class FifoQueue<Item extends object> {
  #slots: (Item | undefined)[] = [];
  #next = 0;

  /** Places in use, empty ones at the front included. */
  get slots(): number {
    return this.#slots.length;
  }

  push(item: Item): void {
    this.#slots.push(item);
  }

  /** The oldest item; undefined when there is none. */
  take(): Item | undefined {
    const item = this.#slots[this.#next];
    if (item === undefined) return undefined;
    this.#slots[this.#next] = undefined;
    this.#next += 1;
    const isEmpty = this.#next === this.#slots.length;
    if (isEmpty || (this.#next >= MIN_COMPACTED && this.#next * 2 > this.#slots.length)) {
      this.#slots = isEmpty ? [] : this.#slots.slice(this.#next);
      this.#next = 0;
    }
    return item;
  }
}
