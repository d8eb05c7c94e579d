/**
 * A sorted map of text keys for the memory store: chunks of sorted keys, so that an insertion moves at most
 * one chunk. Keys sort by their UTF-8 bytes, as in LevelDB.
 */
import type { KeyRange } from './key-value.ts';

const MAX_CHUNK = 512;

export class OrderedMap<Value> {
  readonly #values = new Map<string, Value>();
  #chunks: string[][] = [];

  get(key: string): Value | undefined {
    return this.#values.get(key);
  }

  set(key: string, value: Value): void {
    if (!this.#values.has(key)) this.#insert(key);
    this.#values.set(key, value);
  }

  delete(key: string): void {
    if (!this.#values.delete(key)) return;
    const index = this.#chunkOf(key);
    const chunk = this.#chunks[index];
    if (chunk === undefined) return;
    chunk.splice(lowerBound(chunk, key), 1);
    if (chunk.length === 0) this.#chunks.splice(index, 1);
  }

  /** The keys of a range in order, as they are now. */
  keys(range: KeyRange): string[] {
    const found: string[] = [];
    for (let index = this.#chunkOf(range.from); index < this.#chunks.length; index += 1) {
      const chunk = this.#chunks[index] ?? [];
      const start = lowerBound(chunk, range.from);
      const end = lowerBound(chunk, range.below);
      for (let at = start; at < end; at += 1) found.push(chunk[at] as string);
      if (end < chunk.length) break;
    }
    return found;
  }

  copy(): OrderedMap<Value> {
    const other = new OrderedMap<Value>();
    for (const [key, value] of this.#values) other.#values.set(key, value);
    other.#chunks = this.#chunks.map((chunk) => [...chunk]);
    return other;
  }

  get size(): number {
    return this.#values.size;
  }

  #insert(key: string): void {
    const index = this.#chunkOf(key);
    const chunk = this.#chunks[index];
    if (chunk === undefined) {
      this.#chunks.push([key]);
      return;
    }
    chunk.splice(lowerBound(chunk, key), 0, key);
    if (chunk.length > MAX_CHUNK) {
      this.#chunks.splice(index + 1, 0, chunk.splice(MAX_CHUNK >> 1));
    }
  }

  /** The last chunk that starts at or below the key, else the first. */
  #chunkOf(key: string): number {
    let low = 0;
    let high = this.#chunks.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (compareKeys(this.#chunks[middle]?.[0] ?? '', key) <= 0) low = middle + 1;
      else high = middle;
    }
    return Math.max(0, low - 1);
  }
}

function lowerBound(chunk: readonly string[], key: string): number {
  let low = 0;
  let high = chunk.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (compareKeys(chunk[middle] as string, key) < 0) low = middle + 1;
    else high = middle;
  }
  return low;
}

const FIRST_SURROGATE = 0xd800;
const AFTER_SURROGATES = 0xe000;

/** Negative, zero or positive, by UTF-8 bytes: code units order the same but for surrogates. */
export function compareKeys(left: string, right: string): number {
  if (left === right) return 0;
  const length = Math.min(left.length, right.length);
  for (let index = 0; index < length; index += 1) {
    const a = left.charCodeAt(index);
    const b = right.charCodeAt(index);
    if (a !== b) return rank(a) - rank(b);
  }
  return left.length - right.length;
}

function rank(unit: number): number {
  const isSurrogate = unit >= FIRST_SURROGATE && unit < AFTER_SURROGATES;
  return isSurrogate ? unit + 0x10000 : unit;
}
