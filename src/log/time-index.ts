/**
 * Finds the last position at or before a time. Clocks jump, so times do not grow with positions: the index
 * keeps the earliest time of each full block of positions, and only one block is read.
 */
import type { Commit } from '../events/envelope.ts';
import type { CommitCodec } from './codec.ts';
import { LogCorruptError } from './errors.ts';
import type { KeyValueStore, WriteBatch } from './key-value.ts';
import { commitKey, TIME_RANGE, timeBlock, timeKey } from './keys.ts';
import { readStored } from './reader.ts';

/** Commits a block. */
const TIME_BLOCK = 1024;

/** Collects the earliest time of the block that is being filled. */
export class TimeIndex {
  #earliest = Number.POSITIVE_INFINITY;

  /** Puts an entry into the batch for each block that the commit completes. */
  add(commit: Commit, batch: WriteBatch): void {
    this.#earliest = Math.min(this.#earliest, commit.at);
    if (commit.position % TIME_BLOCK !== 0) return;
    batch.putText(timeKey(commit.position / TIME_BLOCK), String(this.#earliest));
    this.#earliest = Number.POSITIVE_INFINITY;
  }

  /** Puts the entry of the started block where positions without commits complete it. */
  pass(hole: { first: number; last: number }, batch: WriteBatch): void {
    const block = Math.ceil(hole.first / TIME_BLOCK);
    if (hole.last < block * TIME_BLOCK) return;
    if (this.#earliest !== Number.POSITIVE_INFINITY)
      batch.putText(timeKey(block), String(this.#earliest));
    this.#earliest = Number.POSITIVE_INFINITY;
  }

  /**
   * Reads the started block again, after opening: at most `TIME_BLOCK - 1` records. One that is damaged
   * is left out: a log with a damaged record must open, so that it can be verified and the rest be read.
   */
  restore(sources: { store: KeyValueStore; codec: CommitCodec }, lastPosition: number): void {
    const first = lastPosition - (lastPosition % TIME_BLOCK) + 1;
    for (let position = first; position <= lastPosition; position += 1) {
      const record = sources.store.getBytes(commitKey(position));
      if (record === undefined) continue;
      const at = timeOf(sources.codec, record, position);
      this.#earliest = Math.min(this.#earliest, at);
    }
  }
}

/** The last position up to `upTo` whose commit has `at <= timeMs`, 0 for none. */
export async function findPositionAt(
  sources: { store: KeyValueStore; codec: CommitCodec },
  query: { timeMs: number; upTo: number },
): Promise<number> {
  const fullBlocks = Math.floor(query.upTo / TIME_BLOCK);
  const open = { after: fullBlocks * TIME_BLOCK, upTo: query.upTo };
  const inOpenBlock = await lastAtOrBefore(sources, open, query.timeMs);
  if (inOpenBlock > 0) return inOpenBlock;
  const range = { from: TIME_RANGE.from, below: timeKey(fullBlocks + 1) };
  for await (const entries of sources.store.texts(range, { reverse: true })) {
    for (const [key, earliest] of entries) {
      if (Number(earliest) > query.timeMs) continue;
      const block = timeBlock(key);
      const place = { after: (block - 1) * TIME_BLOCK, upTo: block * TIME_BLOCK };
      const found = await lastAtOrBefore(sources, place, query.timeMs);
      // The earliest of the block may be one that was removed.
      if (found > 0) return found;
    }
  }
  return 0;
}

async function lastAtOrBefore(
  sources: { store: KeyValueStore; codec: CommitCodec },
  range: { after: number; upTo: number },
  timeMs: number,
): Promise<number> {
  let found = 0;
  for await (const batch of readStored(sources, range)) {
    for (const { commit } of batch) if (commit.at <= timeMs) found = commit.position;
  }
  return found;
}

/** Infinity for a damaged record; whoever reads it is told. */
function timeOf(codec: CommitCodec, record: Uint8Array, position: number): number {
  try {
    return codec.decode(record, position).commit.at;
  } catch (error) {
    if (error instanceof LogCorruptError) return Number.POSITIVE_INFINITY;
    throw error;
  }
}
