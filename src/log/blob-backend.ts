/** What keeps the bytes of blobs. Files and memory implement it; `LogBlobs` adds what waits for the disk. */
import { createHash } from 'node:crypto';

/** `sha256` is 64 hex digits everywhere below the port. */
export interface BlobBackend {
  /** Durable when it resolves; the same bytes again only refresh their age. Throws `log.io`. */
  put(sha256: string, bytes: Uint8Array): Promise<void>;
  /** Unverified. Undefined when there is none. */
  read(sha256: string): Promise<Uint8Array | undefined>;
  has(sha256: string): Promise<boolean>;
  /** As `has`; what is there is as young as if it had been stored again. */
  touch(sha256: string): Promise<boolean>;
  list(): AsyncIterable<string>;
  /** Removes blobs for which `isMarked` is false and that were last stored before `beforeMs`. */
  sweep(options: BlobSweepRange): Promise<BlobSweepResult>;
  diskBytes(): Promise<number>;
  measure(): Promise<{ count: number; bytes: number }>;
}

export interface BlobSweepRange {
  isMarked(sha256: string): boolean;
  beforeMs: number;
  /** Counts what would be removed. */
  dryRun: boolean;
}

export interface BlobSweepResult {
  removed: number;
  /** Bytes freed. */
  bytes: number;
}

/** 64 lower-case hex digits. */
export function hashOf(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

const DIGEST = /^[0-9a-f]{64}$/;
const SCHEME = 'sha256:';

export const blobName = (sha256: string): string => SCHEME + sha256;

/** The digits of `sha256:<64 hex digits>` or of the digits alone; undefined when it is neither. */
export function digestOf(name: string): string | undefined {
  const digest = name.startsWith(SCHEME) ? name.slice(SCHEME.length) : name;
  return DIGEST.test(digest) ? digest : undefined;
}
