/**
 * How streams leave the log: what has to go with them is read beforehand, and goes in the batch of the commit that
 * says so.
 *
 * V1 Removal and its commit are one batch: after a crash both are there or neither.
 * V2 A unique key stays taken until it is old enough, also when its commit is gone.
 */
import { decodeValue, encodeValue } from './codec.ts';
import { LogVersionConflictError } from './errors.ts';
import type { ProjectionBase, Removal } from './event-log.ts';
import { putHoles } from './holes.ts';
import type { KeyValueStore, WriteBatch } from './key-value.ts';
import {
  baseKey,
  FORMAT_KEY,
  headKey,
  ORPHAN_RANGE,
  orphanAt,
  orphanKey,
  orphanName,
  streamKeyVersion,
  streamRange,
  uniqueKey,
} from './keys.ts';
import { FORMAT_WITH_HOLES } from './log-state.ts';
import { type ReadSources, readStoredAt } from './reader.ts';

/** What leaves with the streams; those without events are passed over. Throws `log.corrupt`. */
export async function prepareRemoval(
  sources: Omit<ReadSources, 'upcast'>,
  streams: readonly string[],
  options: { keepKeysSince: number },
): Promise<Omit<Removal, 'bases'>> {
  const removal = {
    streams: [] as { stream: string; version: number }[],
    positions: [] as number[],
    freedKeys: [] as string[],
    keptKeys: [] as { key: string; at: number; stream: string }[],
  };
  for (const stream of streams) {
    let version = 0;
    for await (const entries of sources.store.texts(streamRange(stream, 1))) {
      version = streamKeyVersion(entries.at(-1)?.[0] ?? '');
      const positions = entries.map(([, position]) => Number(position));
      for (const position of positions) removal.positions.push(position);
      for await (const { commit, unique } of readStoredAt(sources, positions)) {
        for (const key of unique) {
          if (commit.at < options.keepKeysSince) removal.freedKeys.push(key);
          else removal.keptKeys.push({ key, at: commit.at, stream });
        }
      }
    }
    if (version > 0) removal.streams.push({ stream, version });
  }
  return removal;
}

/** Throws `log.version-conflict` where a stream has gone on since it was looked at. */
export function assertUnchanged(removal: Removal, versionOf: (stream: string) => number): void {
  for (const { stream, version } of removal.streams) {
    const actualVersion = versionOf(stream);
    if (actualVersion !== version)
      throw new LogVersionConflictError({ stream, expectedVersion: version, actualVersion });
  }
}

/** Puts all that leaves, and the holes that stay, into the batch. */
export async function putRemovals(
  batch: WriteBatch,
  store: KeyValueStore,
  removals: readonly Removal[],
): Promise<void> {
  for (const removal of removals) {
    for (const { stream } of removal.streams) {
      batch.delete(headKey(stream));
      for await (const entries of store.texts(streamRange(stream, 1)))
        for (const [key] of entries) batch.delete(key);
    }
    for (const key of removal.freedKeys) batch.delete(uniqueKey(key));
    for (const { key, at, stream } of removal.keptKeys) batch.putText(orphanKey(at, key), stream);
    for (const base of removal.bases)
      batch.putBytes(baseKey(base.projection), encodeValue({ ...base }));
  }
  await putHoles(
    batch,
    store,
    removals.flatMap(({ positions }) => positions),
  );
  batch.putText(FORMAT_KEY, String(FORMAT_WITH_HOLES));
}

/** Frees what is old enough (V2); the keys. */
export async function releaseOrphans(store: KeyValueStore, takenBefore: number): Promise<string[]> {
  const freed: string[] = [];
  const range = { from: ORPHAN_RANGE.from, below: orphanKey(takenBefore, '') };
  for await (const entries of store.texts(range)) {
    const batch = store.batch();
    for (const [key] of entries) {
      if (orphanAt(key) >= takenBefore) continue;
      batch.delete(key);
      batch.delete(uniqueKey(orphanName(key)));
      freed.push(orphanName(key));
    }
    await store.write(batch, { sync: false });
  }
  return freed;
}

/** What was kept of a projection. */
export function readBase(store: KeyValueStore, projection: string): ProjectionBase | undefined {
  const bytes = store.getBytes(baseKey(projection));
  return bytes === undefined ? undefined : (decodeValue(bytes) as unknown as ProjectionBase);
}

/** For an import: a unique key whose commit is not there. */
export function putOrphan(
  store: KeyValueStore,
  orphan: { key: string; at: number; stream: string },
): Promise<void> {
  const batch = store.batch();
  batch.putText(orphanKey(orphan.at, orphan.key), orphan.stream);
  batch.putText(uniqueKey(orphan.key), orphan.stream);
  return store.write(batch, { sync: true });
}

/** For an import: what a projection knew. */
export function putBase(store: KeyValueStore, base: ProjectionBase): Promise<void> {
  const batch = store.batch();
  batch.putBytes(baseKey(base.projection), encodeValue({ ...base }));
  return store.write(batch, { sync: true });
}
