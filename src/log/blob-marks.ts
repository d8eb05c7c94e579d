/**
 * Which blobs are named, in a bounded number of bytes: a Bloom filter over their hashes. It never forgets a mark; about
 * one unmarked blob in ten thousand looks marked and stays until a collection with other numbers.
 */
import { digestOf } from './blob-backend.ts';

const BITS_PER_BLOB = 20;
const MIN_BITS = 1 << 16;
const MAX_BITS = 2 ** 31;
/** Bits set for each; the words of the hash are as good as independent hashes. */
const PROBES = 7;
const HEX_DIGITS_PER_PROBE = 8;

export class BlobMarks {
  readonly #bits: Uint8Array;
  readonly #size: number;

  /** `expected`: blobs that will be marked, about. */
  constructor(expected: number) {
    this.#size = Math.min(MAX_BITS, Math.max(MIN_BITS, expected * BITS_PER_BLOB));
    this.#bits = new Uint8Array(Math.ceil(this.#size / 8));
  }

  /** `sha256:<64 hex digits>`; anything else is passed over. */
  add(name: string): void {
    const digest = digestOf(name);
    if (digest === undefined) return;
    for (let probe = 0; probe < PROBES; probe += 1) {
      const bit = this.#bitOf(digest, probe);
      this.#bits[bit >>> 3] = (this.#bits[bit >>> 3] as number) | (1 << (bit & 7));
    }
  }

  /** Also of the digits alone. */
  has(name: string): boolean {
    const digest = digestOf(name);
    if (digest === undefined) return false;
    for (let probe = 0; probe < PROBES; probe += 1) {
      const bit = this.#bitOf(digest, probe);
      if (((this.#bits[bit >>> 3] as number) & (1 << (bit & 7))) === 0) return false;
    }
    return true;
  }

  #bitOf(digest: string, probe: number): number {
    const start = probe * HEX_DIGITS_PER_PROBE;
    return Number.parseInt(digest.slice(start, start + HEX_DIGITS_PER_PROBE), 16) % this.#size;
  }
}
