/**
 * The keys of the log, all of them. Numbers have a fixed width, so that text order is number order;
 * names are closed by a NUL, which sorts before every other character and is refused in names.
 */
import type { KeyRange } from './key-value.ts';

const NUMBER_WIDTH = 16; // 2^53 has 16 digits
const SEPARATOR = '\0';
const AFTER_SEPARATOR = '\u0001';
const LAST_CHARACTER = '\u{10ffff}';

export const FORMAT_KEY = 'mformat';
export const LOG_ID_KEY = 'mlogId';
/** Position of the newest commit, written with every group. */
export const LAST_POSITION_KEY = 'mlast';

const fixed = (value: number): string => String(value).padStart(NUMBER_WIDTH, '0');

/** Refuses a name that cannot be part of a key: `what` says whose. A defect of the caller. */
export function assertKeyName(name: string, what: string): void {
  if (name === '' || name.includes(SEPARATOR)) {
    throw new RangeError(`a ${what} must not be empty nor contain NUL: ${JSON.stringify(name)}`);
  }
}

export const commitKey = (position: number): string => `c${fixed(position)}`;
export const commitPosition = (key: string): number => Number(key.slice(1));
export const commitRange = (after: number, upTo: number): KeyRange => ({
  from: commitKey(after + 1),
  below: commitKey(upTo + 1),
});

/** Before every commit. */
export const COMMITS_FROM = 'c';

/** A record structure of the codec, by its number. */
export const structureKey = (index: number): string => `r${fixed(index)}`;

export const headKey = (stream: string): string => `h${stream}`;
export const headStream = (key: string): string => key.slice(1);
export const HEAD_RANGE: KeyRange = { from: 'h', below: 'i' };

/** A commit by its stream and last version; the value is its position. */
export const streamKey = (stream: string, lastVersion: number): string =>
  `s${stream}${SEPARATOR}${fixed(lastVersion)}`;
export const streamKeyVersion = (key: string): number => Number(key.slice(-NUMBER_WIDTH));
export const streamKeyStream = (key: string): string => key.slice(1, -NUMBER_WIDTH - 1);
export const streamRange = (stream: string, fromVersion: number): KeyRange => ({
  from: streamKey(stream, fromVersion),
  below: `s${stream}${AFTER_SEPARATOR}`,
});
export const STREAM_INDEX_RANGE: KeyRange = { from: 's', below: 't' };

/** The earliest `at` in a full block of positions. */
export const timeKey = (block: number): string => `t${fixed(block)}`;
export const timeBlock = (key: string): number => Number(key.slice(1));
export const TIME_RANGE: KeyRange = { from: 't', below: 'u' };

export const uniqueKey = (key: string): string => `u${key}`;
export const uniqueName = (key: string): string => key.slice(1);
export const UNIQUE_RANGE: KeyRange = { from: 'u', below: 'v' };

/** A unique key whose commit was removed before it may be used again; the value is its stream. `at`: of the commit. */
export const orphanKey = (at: number, key: string): string => `o${fixed(at)}${SEPARATOR}${key}`;
export const orphanName = (key: string): string => key.slice(NUMBER_WIDTH + 2);
export const orphanAt = (key: string): number => Number(key.slice(1, NUMBER_WIDTH + 1));
export const ORPHAN_RANGE: KeyRange = { from: 'o', below: 'p' };

/** What a projection knew when history that it counts was removed. */
export const baseKey = (projection: string): string => `b${projection}`;
export const BASE_RANGE: KeyRange = { from: 'b', below: 'c' };

/** A snapshot's manifest; its chunks follow it. */
export const snapshotKey = (stream: string, version: number): string =>
  `n${stream}${SEPARATOR}${fixed(version)}`;
export const snapshotChunkKey = (chunk: {
  stream: string;
  version: number;
  index: number;
}): string => `${snapshotKey(chunk.stream, chunk.version)}${SEPARATOR}${fixed(chunk.index)}`;
export const snapshotVersion = (key: string): number => {
  const start = key.indexOf(SEPARATOR) + 1;
  return Number(key.slice(start, start + NUMBER_WIDTH));
};
/** Manifests and chunks of a stream's snapshots below `belowVersion`. */
export const snapshotRange = (stream: string, belowVersion: number): KeyRange => ({
  from: `n${stream}${SEPARATOR}`,
  below: snapshotKey(stream, belowVersion),
});
export const snapshotChunkRange = (stream: string, version: number): KeyRange => ({
  from: `${snapshotKey(stream, version)}${SEPARATOR}`,
  below: `${snapshotKey(stream, version)}${AFTER_SEPARATOR}`,
});

/** The stream of a snapshot's manifest or chunk. */
export const snapshotStream = (key: string): string => key.slice(1, key.indexOf(SEPARATOR));
/** The projection of a document or an index entry. */
export const projectionOfKey = (key: string): string => key.slice(1, key.indexOf(SEPARATOR));
/** All of a kind, whatever stream or projection they are of. */
export const RECORD_RANGES = {
  snapshots: { from: 'n', below: 'o' },
  documents: { from: 'd', below: 'e' },
  indexEntries: { from: 'x', below: 'y' },
} as const;

export const checkpointKey = (projection: string): string => `p${projection}`;
export const documentKey = (projection: string, key: string): string =>
  `d${projection}${SEPARATOR}${key}`;
export const documentName = (key: string): string => key.slice(key.indexOf(SEPARATOR) + 1);
export const documentRange = (projection: string, prefix = ''): KeyRange =>
  prefixRange(`d${projection}${SEPARATOR}`, prefix);

/** An index entry; the value is the document's key. */
export const indexKey = (entry: {
  projection: string;
  index: string;
  value: string;
  key: string;
}): string =>
  `x${entry.projection}${SEPARATOR}${entry.index}${SEPARATOR}${entry.value}${SEPARATOR}${entry.key}`;
export const indexRange = (place: {
  projection: string;
  index: string;
  prefix: string;
}): KeyRange =>
  prefixRange(`x${place.projection}${SEPARATOR}${place.index}${SEPARATOR}`, place.prefix);
/** All index entries of a projection. */
export const indexesRange = (projection: string): KeyRange =>
  prefixRange(`x${projection}${SEPARATOR}`, '');

function prefixRange(space: string, prefix: string): KeyRange {
  if (prefix === '') return { from: space, below: space.slice(0, -1) + AFTER_SEPARATOR };
  return { from: space + prefix, below: space + prefix + LAST_CHARACTER };
}
