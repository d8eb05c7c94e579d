/**
 * The one read path: from records to commits, checked, in order, upcast (L5).
 *
 * Positions are consecutive; a missing record is `log.corrupt` with its position, never skipped. What was removed left a
 * hole (`holes.ts`), which is passed over.
 */
import type { Commit, RecordedEvent } from '../events/envelope.ts';
import type { CommitCodec, StoredCommit } from './codec.ts';
import { LogCorruptError, StreamRemovedError } from './errors.ts';
import { endOfHole, holeAt } from './holes.ts';
import type { KeyValueStore } from './key-value.ts';
import { commitKey, commitPosition, commitRange, streamKeyVersion, streamRange } from './keys.ts';

/** Turns an event of an older schema into today's; gives back the same object when there is nothing to do. */
export type Upcaster = (event: RecordedEvent) => RecordedEvent;

export interface ReadSources {
  store: KeyValueStore;
  codec: CommitCodec;
  upcast: Upcaster | undefined;
}

/** Commits with `after < position <= upTo`, decoded but not upcast, in batches. Throws `log.corrupt`. */
export async function* readStored(
  sources: Omit<ReadSources, 'upcast'>,
  range: { after: number; upTo: number },
): AsyncGenerator<StoredCommit[]> {
  let next = range.after + 1;
  if (next > range.upTo) return;
  for await (const entries of sources.store.bytes(commitRange(range.after, range.upTo))) {
    const batch: StoredCommit[] = [];
    for (const [key, record] of entries) {
      const position = commitPosition(key);
      if (position !== next) next = await afterHole(sources.store, { range, next });
      if (position !== next) throw missing(next);
      const hole = endOfHole(record, position);
      if (hole === undefined) batch.push(sources.codec.decode(record, position));
      next = (hole ?? position) + 1;
    }
    if (batch.length > 0) yield batch;
  }
  if (next <= range.upTo) next = await afterHole(sources.store, { range, next });
  if (next <= range.upTo) throw missing(next);
}

/** The first position of a range may be inside a hole: where to go on. */
async function afterHole(
  store: KeyValueStore,
  { range, next }: { range: { after: number }; next: number },
): Promise<number> {
  if (next !== range.after + 1) return next;
  return ((await holeAt(store, next))?.last ?? next - 1) + 1;
}

/** Like `readStored`, as readers see it. */
export async function* readCommits(
  sources: ReadSources,
  range: { after: number; upTo: number },
): AsyncGenerator<Commit[]> {
  for await (const batch of readStored(sources, range)) {
    yield batch.map(({ commit }) => upcastCommit(commit, sources.upcast));
  }
}

export interface StreamRead {
  stream: string;
  fromVersion: number;
  toVersion: number;
  /** Commits after it are not durable yet. */
  upTo: number;
}

/** The commits of a stream that hold any version of the range, in order, in batches. Throws `log.corrupt`. */
export async function* readStreamCommits(
  sources: ReadSources,
  read: StreamRead,
): AsyncGenerator<Commit[]> {
  if (read.fromVersion > read.toVersion) return;
  const range = streamRange(read.stream, read.fromVersion);
  for await (const entries of sources.store.texts(range)) {
    const { positions, isLast } = selectPositions(entries, read);
    if (positions.length > 0) yield await readPositions(sources, read.stream, positions);
    if (isLast) return;
  }
}

function selectPositions(
  entries: [string, string][],
  read: StreamRead,
): { positions: number[]; isLast: boolean } {
  const positions: number[] = [];
  for (const [key, text] of entries) {
    const position = Number(text);
    if (position > read.upTo) return { positions, isLast: true };
    positions.push(position);
    if (streamKeyVersion(key) >= read.toVersion) return { positions, isLast: true };
  }
  return { positions, isLast: false };
}

/** Positions of the durable commits of streams, ascending. A commit that holds a `toVersion` is the last of its stream. */
export async function positionsOf(
  sources: Omit<ReadSources, 'upcast'>,
  parts: readonly { stream: string; toVersion?: number }[],
  upTo: number,
): Promise<number[]> {
  const positions: number[] = [];
  for (const { stream, toVersion = Number.MAX_SAFE_INTEGER } of parts) {
    const read = { stream, fromVersion: 1, toVersion, upTo };
    for await (const entries of sources.store.texts(streamRange(stream, 1))) {
      const selected = selectPositions(entries, read);
      for (const position of selected.positions) positions.push(position);
      if (selected.isLast) break;
    }
  }
  return positions.sort((a, b) => a - b);
}

/** Records that are read together. */
const RECORDS_AT_ONCE = 256;

/** The commits at positions, decoded but not upcast. Throws `log.corrupt`, `stream.removed`. */
export async function* readStoredAt(
  sources: Omit<ReadSources, 'upcast'>,
  positions: readonly number[],
): AsyncGenerator<StoredCommit> {
  for (let start = 0; start < positions.length; start += RECORDS_AT_ONCE) {
    const some = positions.slice(start, start + RECORDS_AT_ONCE);
    yield* await storedAt(sources, some, `the commit at position ${some[0]}`);
  }
}

async function readPositions(
  sources: ReadSources,
  stream: string,
  positions: number[],
): Promise<Commit[]> {
  const stored = await storedAt(sources, positions, stream);
  return stored.map(({ commit }) => upcastCommit(commit, sources.upcast));
}

/** `what`: of the error where it was removed since the reading began. */
async function storedAt(
  { store, codec }: Omit<ReadSources, 'upcast'>,
  positions: readonly number[],
  what: string,
): Promise<StoredCommit[]> {
  const records = await store.getManyBytes(positions.map(commitKey));
  const found: StoredCommit[] = [];
  for (const [index, record] of records.entries()) {
    const position = positions[index] as number;
    const isThere = record !== undefined && endOfHole(record, position) === undefined;
    if (isThere) found.push(codec.decode(record, position));
    else if ((await holeAt(store, position)) === undefined) throw missing(position);
    else throw new StreamRemovedError(what);
  }
  return found;
}

/** The commit with every event upcast; the same object when nothing changed. */
export function upcastCommit(commit: Commit, upcast: Upcaster | undefined): Commit {
  if (upcast === undefined) return commit;
  let changed = false;
  const events = commit.events.map((event) => {
    const current = upcast(event);
    if (current !== event) changed = true;
    return current;
  });
  return changed ? { ...commit, events } : commit;
}

function missing(position: number): LogCorruptError {
  return new LogCorruptError('the record is missing', { position });
}
