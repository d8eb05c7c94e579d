/**
 * The one read path: from records to commits, checked, in order, upcast (L5).
 *
 * Positions are consecutive; a missing record is `log.corrupt` with its position, never skipped.
 */
import type { Commit, RecordedEvent } from '../events/envelope.ts';
import type { CommitCodec, StoredCommit } from './codec.ts';
import { LogCorruptError } from './errors.ts';
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
      if (position !== next) throw missing(next);
      batch.push(sources.codec.decode(record, position));
      next += 1;
    }
    yield batch;
  }
  if (next <= range.upTo) throw missing(next);
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
    if (positions.length > 0) yield await readPositions(sources, positions);
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

async function readPositions(sources: ReadSources, positions: number[]): Promise<Commit[]> {
  const records = await sources.store.getManyBytes(positions.map(commitKey));
  return records.map((record, index) => {
    const position = positions[index] as number;
    if (record === undefined) throw missing(position);
    return upcastCommit(sources.codec.decode(record, position).commit, sources.upcast);
  });
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
