/**
 * Blobs that no event names are removed: mark and sweep, beside whoever uses the log.
 *
 * M1 Every durable commit is read before the sweep begins; blobs of commits that wait are held by `LogBlobs`.
 * M2 A blob that was stored, stored again or looked at by whoever is about to name it within `olderThanMs` stays, so what is
 *    written before its event is safe (`BlobStore.touch`).
 * M3 A sweep removes whole files, one at a time; one that ends in the middle has removed unmarked blobs and nothing else.
 */

import { BlobMarks } from './blob-marks.ts';
import { blobReferencesIn } from './blob-references.ts';
import type { EventLog } from './event-log.ts';
import { internalsOf } from './internals.ts';

export interface BlobCollection {
  /** Blobs that were there. */
  blobs: number;
  bytes: number;
  /** Those that were removed; of a dry run, those that would have been. */
  removed: number;
  removedBytes: number;
  commits: number;
  dryRun: boolean;
}

export interface CollectOptions {
  /** Default 24 hours. */
  olderThanMs?: number;
  dryRun?: boolean;
  /** Called between batches of commits, so that a collection in the background leaves time for others. */
  pause?: () => Promise<void>;
}

/** What contracts.md promises: younger blobs stay. */
const BLOB_AGE_MS = 24 * 60 * 60 * 1_000;

/** Removes blobs that nothing names. Throws `log.corrupt`: what cannot be read may name blobs. */
export async function collectBlobs(
  log: EventLog,
  options: CollectOptions = {},
): Promise<BlobCollection> {
  const internals = internalsOf(log);
  const { olderThanMs = BLOB_AGE_MS, dryRun = false, pause } = options;
  const { count, bytes } = await internals.blobs.measure();
  const result = { blobs: count, bytes, removed: 0, removedBytes: 0, commits: 0, dryRun };
  const isIdle =
    (await internals.blobs.sweep({ marked: new Set(), olderThanMs, dryRun: true })).removed === 0;
  if (isIdle) return result;
  const marked = new BlobMarks(count);
  let after = 0;
  while (after < log.durablePosition) {
    const upTo = log.durablePosition;
    for await (const batch of internals.readRecorded({ after, upTo })) {
      for (const { commit } of batch)
        for (const { data } of commit.events)
          for (const { $blob } of blobReferencesIn(data)) marked.add($blob);
      result.commits += batch.length;
      await pause?.();
    }
    after = upTo;
  }
  const swept = await internals.blobs.sweep({ marked, olderThanMs, dryRun });
  return { ...result, removed: swept.removed, removedBytes: swept.bytes };
}
