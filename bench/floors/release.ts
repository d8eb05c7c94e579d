/**
 * What both drivers of the floors share: work that waits for the disk, in order.
 */

/** Calls functions once the position they wait for is durable, in the order in which they were added. */
export class DurableQueue {
  #waiting: { position: number; run: () => void }[] = [];

  /** Positions must not fall. */
  add(position: number, run: () => void): void {
    this.#waiting.push({ position, run });
  }

  /** Everything up to `position` is durable. */
  release(position: number): void {
    let count = 0;
    for (const entry of this.#waiting) {
      if (entry.position > position) break;
      entry.run();
      count += 1;
    }
    this.#waiting.splice(0, count);
  }
}
