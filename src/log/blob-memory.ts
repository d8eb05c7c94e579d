/** Blobs in memory, for the memory log. */
import type { BlobBackend, BlobSweepRange, BlobSweepResult } from './blob-backend.ts';

export class BlobMemory implements BlobBackend {
  readonly #blobs: Map<string, { bytes: Uint8Array; storedAt: number }>;
  readonly #now: () => number;

  constructor(now: () => number, from?: BlobMemory) {
    this.#now = now;
    this.#blobs = new Map(from === undefined ? [] : from.#blobs);
  }

  async put(sha256: string, bytes: Uint8Array): Promise<void> {
    this.#blobs.set(sha256, { bytes: Uint8Array.from(bytes), storedAt: this.#now() });
  }

  async read(sha256: string): Promise<Uint8Array | undefined> {
    return this.#blobs.get(sha256)?.bytes;
  }

  async has(sha256: string): Promise<boolean> {
    return this.#blobs.has(sha256);
  }

  async touch(sha256: string): Promise<boolean> {
    const blob = this.#blobs.get(sha256);
    if (blob !== undefined) blob.storedAt = this.#now();
    return blob !== undefined;
  }

  async *list(): AsyncGenerator<string> {
    yield* [...this.#blobs.keys()].sort();
  }

  async sweep(range: BlobSweepRange): Promise<BlobSweepResult> {
    const result: BlobSweepResult = { removed: 0, bytes: 0 };
    for (const [sha256, blob] of this.#blobs) {
      if (range.isMarked(sha256) || blob.storedAt >= range.beforeMs) continue;
      if (!range.dryRun) this.#blobs.delete(sha256);
      result.removed += 1;
      result.bytes += blob.bytes.length;
    }
    return result;
  }

  async diskBytes(): Promise<number> {
    return 0;
  }

  async measure(): Promise<{ count: number; bytes: number }> {
    let bytes = 0;
    for (const blob of this.#blobs.values()) bytes += blob.bytes.length;
    return { count: this.#blobs.size, bytes };
  }
}
