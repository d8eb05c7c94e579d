/**
 * The blob store of a log: the backend, and the blobs of accepted commits that are not stored yet.
 *
 * B1 Bytes are verified against their name on every read.
 * B2 The blobs of a group are durable before its commits are (L6).
 */
import type { BlobReference } from '../workflow/value.ts';
import {
  type BlobBackend,
  type BlobSweepResult,
  blobName,
  digestOf,
  hashOf,
} from './blob-backend.ts';
import { BlobCorruptError, BlobNotFoundError } from './errors.ts';
import type { BlobStore, PendingBlob } from './event-log.ts';

/** Blob files written at the same time. */
const MAX_PARALLEL_WRITES = 8;

export class LogBlobs implements BlobStore {
  readonly #backend: BlobBackend;
  readonly #now: () => number;
  /** How many waiting commits name each blob that waits with them. */
  readonly #pending = new Map<string, { bytes: Uint8Array; holders: number }>();

  constructor(backend: BlobBackend, now: () => number) {
    this.#backend = backend;
    this.#now = now;
  }

  reference(bytes: Uint8Array, type: string): BlobReference {
    return { $blob: blobName(hashOf(bytes)), size: bytes.length, type };
  }

  async put(bytes: Uint8Array, type: string): Promise<BlobReference> {
    const digest = hashOf(bytes);
    await this.#backend.put(digest, bytes);
    return { $blob: blobName(digest), size: bytes.length, type };
  }

  async get(reference: BlobReference): Promise<Uint8Array> {
    const digest = digestOf(reference.$blob);
    if (digest === undefined) throw new BlobNotFoundError(reference.$blob);
    const bytes = this.#pending.get(digest)?.bytes ?? (await this.#backend.read(digest));
    if (bytes === undefined) throw new BlobNotFoundError(reference.$blob);
    if (hashOf(bytes) !== digest) throw new BlobCorruptError(reference.$blob);
    return bytes;
  }

  async has(sha256: string): Promise<boolean> {
    const digest = digestOf(sha256);
    return digest !== undefined && (this.#pending.has(digest) || this.#backend.has(digest));
  }

  async touch(sha256: string): Promise<boolean> {
    const digest = digestOf(sha256);
    return digest !== undefined && (this.#pending.has(digest) || this.#backend.touch(digest));
  }

  async sweep(options: {
    marked: Pick<ReadonlySet<string>, 'has'>;
    olderThanMs: number;
    dryRun?: boolean;
  }): Promise<BlobSweepResult> {
    return this.#backend.sweep({
      isMarked: (digest) =>
        this.#pending.has(digest) ||
        options.marked.has(digest) ||
        options.marked.has(blobName(digest)),
      beforeMs: this.#now() - options.olderThanMs,
      dryRun: options.dryRun === true,
    });
  }

  /** Every stored blob, `sha256:...`. */
  async *list(): AsyncGenerator<string> {
    for await (const digest of this.#backend.list()) yield blobName(digest);
  }

  diskBytes(): Promise<number> {
    return this.#backend.diskBytes();
  }

  /** How many are stored, and their bytes. */
  measure(): Promise<{ count: number; bytes: number }> {
    return this.#backend.measure();
  }

  /** Takes the blobs of an accepted commit; they can be read from now on. */
  hold(blobs: readonly PendingBlob[]): void {
    for (const { reference, bytes } of blobs) {
      const digest = requireDigest(reference);
      const held = this.#pending.get(digest);
      if (held === undefined) this.#pending.set(digest, { bytes, holders: 1 });
      else held.holders += 1;
    }
  }

  /** Stores blobs that are held. */
  async store(blobs: readonly PendingBlob[]): Promise<void> {
    for (let start = 0; start < blobs.length; start += MAX_PARALLEL_WRITES) {
      const some = blobs.slice(start, start + MAX_PARALLEL_WRITES);
      await Promise.all(
        some.map(({ reference, bytes }) => this.#backend.put(requireDigest(reference), bytes)),
      );
    }
  }

  /** Lets go of the blobs of a durable commit. */
  release(blobs: readonly PendingBlob[]): void {
    for (const { reference } of blobs) {
      const digest = requireDigest(reference);
      const held = this.#pending.get(digest);
      if (held === undefined) continue;
      held.holders -= 1;
      if (held.holders === 0) this.#pending.delete(digest);
    }
  }

  /** Lets go of everything, after a failure. */
  releaseAll(): void {
    this.#pending.clear();
  }
}

function requireDigest(reference: BlobReference): string {
  const digest = digestOf(reference.$blob);
  if (digest === undefined) throw new RangeError(`${reference.$blob} is no blob reference`);
  return digest;
}
