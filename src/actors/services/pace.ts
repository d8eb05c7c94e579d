/** How often something passes, by how the last ones did: what one that has to wait is told. */

/** The shortest and the longest time after which somebody is told to come again. */
const SOONEST_MS = 100;
export const LATEST_MS = 60_000;
/** Before anything is known. */
const UNKNOWN_MS = 1_000;
/** How much the newest one says about the next one. */
const NEWEST = 0.2;

export class Pace {
  #at = 0;
  #intervalMs = 0;

  /** `count` of them have passed by now. */
  passed(now: number, count = 1): void {
    if (this.#at > 0) {
      const newest = Math.max(0, now - this.#at) / count;
      this.#intervalMs += (newest - this.#intervalMs) * (this.#intervalMs === 0 ? 1 : NEWEST);
    }
    this.#at = now;
  }

  /** Milliseconds until about as many more have passed. */
  wait(now: number, count = 1): number {
    if (this.#intervalMs === 0) return UNKNOWN_MS;
    const left = this.#at + count * this.#intervalMs - now;
    return Math.ceil(Math.min(LATEST_MS, Math.max(SOONEST_MS, left)));
  }
}
