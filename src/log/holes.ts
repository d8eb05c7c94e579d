/**
 * Places in the log whose commits were removed. A hole is a record at its first position that names its last one; the
 * keys between are gone. So positions stay what they were, and a record that is missing without a hole is still noticed.
 *
 * H1 A hole and the removal of what it stands for are in one batch.
 * H2 Holes that touch are one.
 */
import { crc32 } from 'node:zlib';
import { LogCorruptError } from './errors.ts';
import type { KeyValueStore, WriteBatch } from './key-value.ts';
import { COMMITS_FROM, commitKey, commitPosition } from './keys.ts';

const HOLE_FORMAT = 2;
const CHECKSUM_OFFSET = 1;
const LAST_OFFSET = 5;
const HOLE_BYTES = 13;

export interface Hole {
  first: number;
  last: number;
}

/** The record of a hole up to `last`. */
export function encodeHole(last: number): Uint8Array {
  const record = Buffer.alloc(HOLE_BYTES);
  record[0] = HOLE_FORMAT;
  record.writeBigUInt64LE(BigInt(last), LAST_OFFSET);
  record.writeUInt32LE(crc32(record.subarray(LAST_OFFSET)), CHECKSUM_OFFSET);
  return record;
}

/** The last position of the hole that a record is; undefined for the record of a commit. Throws `log.corrupt`. */
export function endOfHole(record: Uint8Array, position: number): number | undefined {
  if (record[0] !== HOLE_FORMAT) return undefined;
  const view = new DataView(record.buffer, record.byteOffset, record.length);
  const isIntact =
    record.length === HOLE_BYTES &&
    view.getUint32(CHECKSUM_OFFSET, true) === crc32(record.subarray(LAST_OFFSET));
  if (!isIntact) throw new LogCorruptError('the record of a hole is damaged', { position });
  return Number(view.getBigUint64(LAST_OFFSET, true));
}

/** The hole that a position is in. */
export async function holeAt(store: KeyValueStore, position: number): Promise<Hole | undefined> {
  const range = { from: COMMITS_FROM, below: commitKey(position + 1) };
  for await (const entries of store.bytes(range, { reverse: true, limit: 1 })) {
    for (const [key, record] of entries) {
      const first = commitPosition(key);
      const last = endOfHole(record, first);
      return last !== undefined && last >= position ? { first, last } : undefined;
    }
  }
  return undefined;
}

/** Puts holes in place of commits. `positions` may come in any order; all have records. */
export async function putHoles(
  batch: WriteBatch,
  store: KeyValueStore,
  positions: readonly number[],
): Promise<void> {
  const holes: Hole[] = [];
  for (const { first, last } of rangesOf(positions)) {
    for (let position = first; position <= last; position += 1) batch.delete(commitKey(position));
    const before = first === 1 ? undefined : await holeAt(store, first - 1);
    const after = await holeAt(store, last + 1);
    if (before !== undefined) batch.delete(commitKey(before.first));
    if (after !== undefined) batch.delete(commitKey(after.first));
    const hole = { first: before?.first ?? first, last: after?.last ?? last };
    const open = holes.at(-1);
    // An old hole may lie between two ranges: then it is part of both.
    if (open !== undefined && hole.first <= open.last + 1) open.last = hole.last;
    else holes.push(hole);
  }
  for (const { first, last } of holes) batch.putBytes(commitKey(first), encodeHole(last));
}

/** Consecutive positions together. */
function rangesOf(positions: readonly number[]): Hole[] {
  const ranges: Hole[] = [];
  for (const position of [...positions].sort((a, b) => a - b)) {
    const open = ranges.at(-1);
    if (open !== undefined && position <= open.last + 1) open.last = position;
    else ranges.push({ first: position, last: position });
  }
  return ranges;
}
