/** Writes a group of commits: its blobs first (L6), then everything else as one batch. */

import type { PendingCommit } from './committer.ts';
import type { KeyValueStore, WriteBatch } from './key-value.ts';
import {
  commitKey,
  headKey,
  LAST_POSITION_KEY,
  streamKey,
  structureKey,
  uniqueKey,
} from './keys.ts';
import type { LogBlobs } from './log-blobs.ts';
import type { LogState } from './log-state.ts';
import { putRemovals } from './removal.ts';
import { encodeHead } from './sequencer.ts';

export interface GroupTarget {
  store: KeyValueStore;
  blobs: LogBlobs;
  state: LogState;
  sync: boolean;
}

/** Resolves when the group is durable. Throws `log.io`; then its outcome is unknown. */
export async function writeGroup(
  target: GroupTarget,
  group: readonly PendingCommit[],
): Promise<void> {
  const blobs = group.flatMap((pending) => pending.blobs);
  if (blobs.length > 0) await target.blobs.store(blobs);
  const batch = target.store.batch();
  putCommits(batch, target.state, group);
  putHeads(batch, group);
  const removals = group.flatMap(({ removal }) => (removal === undefined ? [] : [removal]));
  if (removals.length > 0) await putRemovals(batch, target.store, removals);
  const structures = target.state.codec.newStructures();
  for (const { index, keys } of structures)
    batch.putText(structureKey(index), JSON.stringify(keys));
  batch.putText(LAST_POSITION_KEY, String(group.at(-1)?.commit.position));
  await target.store.write(batch, {
    sync: target.sync,
    groupOf: group.map(({ commit }) => commit),
  });
  const lastStructure = structures.at(-1);
  if (lastStructure !== undefined) target.state.codec.structuresSaved(lastStructure.index + 1);
}

function putCommits(batch: WriteBatch, state: LogState, group: readonly PendingCommit[]): void {
  for (const { commit, record, unique } of group) {
    const lastVersion = commit.firstVersion + commit.events.length - 1;
    batch.putBytes(commitKey(commit.position), record);
    batch.putText(streamKey(commit.stream, lastVersion), String(commit.position));
    for (const key of unique) batch.putText(uniqueKey(key), commit.stream);
    state.timeIndex.add(commit, batch);
  }
}

/** One head a stream: the last. */
function putHeads(batch: WriteBatch, group: readonly PendingCommit[]): void {
  const done = new Set<string>();
  for (let index = group.length - 1; index >= 0; index -= 1) {
    const commit = group[index]?.commit;
    if (commit === undefined || done.has(commit.stream)) continue;
    done.add(commit.stream);
    batch.putText(headKey(commit.stream), encodeHead(commit));
  }
}
