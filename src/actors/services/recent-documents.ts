/**
 * A bounded cache of documents in two generations: what was not touched while one generation filled is forgotten.
 * It costs one map look-up for a hot key, where a list in order of use would change with every look-up.
 */

/** Between two calls of `trim` nothing is forgotten; after it there are at most `2 * capacity` values and what was set since. */
export class RecentDocuments<Value> {
  readonly #capacity: number;
  #young = new Map<string, Value>();
  #old = new Map<string, Value>();

  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  get(key: string): Value | undefined {
    const value = this.#young.get(key);
    if (value !== undefined) return value;
    const older = this.#old.get(key);
    if (older !== undefined) this.#young.set(key, older);
    return older;
  }

  set(key: string, value: Value): void {
    this.#young.set(key, value);
  }

  /** Forgets the older generation once the younger one is full. */
  trim(): void {
    if (this.#young.size < this.#capacity) return;
    this.#old = this.#young;
    this.#young = new Map();
  }

  /** Forgets some, wherever they are. */
  deleteWhere(isGone: (key: string) => boolean): void {
    for (const values of [this.#young, this.#old])
      for (const key of values.keys()) if (isGone(key)) values.delete(key);
  }

  get size(): number {
    return this.#young.size + this.#old.size;
  }
}
