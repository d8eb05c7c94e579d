/**
 * Checks a whole log: every record, every stream's versions, heads, the stream index, unique keys, blobs.
 * It goes on after a problem, so that the report has the extent. Memory: one entry a stream and a unique key.
 */
import type { Commit } from '../events/envelope.ts';
import { blobReferencesIn } from './blob-references.ts';
import { CommitCodec, type StoredCommit } from './codec.ts';
import { BlobCorruptError, BlobNotFoundError, LogCorruptError } from './errors.ts';
import type { EventLog } from './event-log.ts';
import { endOfHole } from './holes.ts';
import { internalsOf } from './internals.ts';
import {
  commitPosition,
  commitRange,
  HEAD_RANGE,
  headStream,
  LAST_POSITION_KEY,
  ORPHAN_RANGE,
  orphanName,
  STREAM_INDEX_RANGE,
  streamKey,
  streamKeyStream,
  streamKeyVersion,
  structureKey,
  UNIQUE_RANGE,
  uniqueName,
} from './keys.ts';
import { openLevelLog } from './level-log.ts';
import type { SequencedLog } from './sequenced-log.ts';
import { decodeHead } from './sequencer.ts';

export interface LogProblem {
  kind:
    | 'record-corrupt'
    | 'record-missing'
    | 'version-gap'
    | 'time-order'
    | 'head'
    | 'stream-index'
    | 'unique-key'
    | 'blob';
  /** Of the commit concerned, where there is one. */
  position?: number;
  stream?: string;
  message: string;
}

export interface VerifyReport {
  ok: boolean;
  commits: number;
  events: number;
  streams: number;
  /** At most 1,000; `problemCount` counts all. */
  problems: LogProblem[];
  problemCount: number;
}

const MAX_REPORTED_PROBLEMS = 1000;

interface Progress {
  log: SequencedLog;
  report: VerifyReport;
  heads: Map<string, { version: number; at: number; position: number }>;
  unique: Map<string, string>;
  checkedBlobs: Set<string>;
}

/**
 * Verifies an open log, or the log of a data directory that nobody has open. A problem is reported, not thrown.
 * Throws `log.locked`, `log.io`, `log.newer-format`, and `log.corrupt` when the directory cannot be opened at all.
 */
export async function verifyLog(target: EventLog | string): Promise<VerifyReport> {
  if (typeof target !== 'string') return verifyOpenLog(internalsOf(target));
  const log = await openLevelLog({ directory: target });
  try {
    return await verifyOpenLog(internalsOf(log));
  } finally {
    await log.close();
  }
}

async function verifyOpenLog(log: SequencedLog): Promise<VerifyReport> {
  const report: VerifyReport = {
    ok: true,
    commits: 0,
    events: 0,
    streams: 0,
    problems: [],
    problemCount: 0,
  };
  const progress: Progress = {
    log,
    report,
    heads: new Map(),
    unique: new Map(),
    checkedBlobs: new Set(),
  };
  const upTo = log.durablePosition;
  await verifyRecords(progress, upTo);
  await verifyHeads(progress, upTo);
  await verifyStreamIndex(progress, upTo);
  await verifyUniqueKeys(progress);
  report.streams = progress.heads.size;
  report.ok = report.problemCount === 0;
  return report;
}

function add(progress: Progress, problem: LogProblem): void {
  progress.report.problemCount += 1;
  if (progress.report.problems.length < MAX_REPORTED_PROBLEMS)
    progress.report.problems.push(problem);
}

/** The records, in order, with a codec of its own that knows what is saved and nothing else. */
async function verifyRecords(progress: Progress, upTo: number): Promise<void> {
  const { store } = progress.log;
  const codec = new CommitCodec(savedStructures(progress.log));
  let next = 1;
  for await (const entries of store.bytes(commitRange(0, upTo))) {
    for (const [key, record] of entries) {
      const position = commitPosition(key);
      reportMissing(progress, next, position);
      next = position + 1;
      try {
        const hole = endOfHole(record, position);
        if (hole === undefined) await verifyCommit(progress, codec.decode(record, position));
        else next = hole + 1;
      } catch (error) {
        if (!(error instanceof LogCorruptError)) throw error;
        add(progress, { kind: 'record-corrupt', position, message: error.message });
      }
    }
  }
  reportMissing(progress, next, upTo + 1);
  const last = Number(store.getText(LAST_POSITION_KEY));
  if (last < upTo) {
    add(progress, {
      kind: 'record-missing',
      position: last,
      message: 'the last position is behind',
    });
  }
}

function savedStructures(log: SequencedLog): string[][] {
  const structures: string[][] = [];
  for (;;) {
    const text = log.store.getText(structureKey(structures.length));
    if (text === undefined) return structures;
    structures.push(JSON.parse(text) as string[]);
  }
}

function reportMissing(progress: Progress, from: number, before: number): void {
  for (let position = from; position < before; position += 1) {
    add(progress, {
      kind: 'record-missing',
      position,
      message: `the record at position ${position} is missing`,
    });
    if (progress.report.problemCount > MAX_REPORTED_PROBLEMS) return;
  }
}

async function verifyCommit(progress: Progress, stored: StoredCommit): Promise<void> {
  const { commit, unique } = stored;
  const { position, stream } = commit;
  progress.report.commits += 1;
  progress.report.events += commit.events.length;
  verifyVersions(progress, commit);
  for (const key of unique) {
    if (progress.unique.has(key)) {
      const message = `unique key ${key} was taken twice`;
      add(progress, { kind: 'unique-key', position, stream, message });
    }
    progress.unique.set(key, stream);
  }
  for (const reference of blobReferencesIn(commit.events.map((event) => event.data))) {
    if (progress.checkedBlobs.has(reference.$blob)) continue;
    progress.checkedBlobs.add(reference.$blob);
    try {
      await progress.log.blobs.get(reference);
    } catch (error) {
      if (!(error instanceof BlobNotFoundError || error instanceof BlobCorruptError)) throw error;
      add(progress, { kind: 'blob', position, stream, message: error.message });
    }
  }
}

function verifyVersions(progress: Progress, commit: Commit): void {
  const { position, stream } = commit;
  const head = progress.heads.get(stream);
  const expected = (head?.version ?? 0) + 1;
  if (commit.firstVersion !== expected) {
    const message = `${stream} goes on with version ${commit.firstVersion}, not ${expected}`;
    add(progress, { kind: 'version-gap', position, stream, message });
  }
  if (head !== undefined && commit.at < head.at) {
    const message = `${stream} goes back in time, from ${head.at} to ${commit.at}`;
    add(progress, { kind: 'time-order', position, stream, message });
  }
  const version = commit.firstVersion + commit.events.length - 1;
  progress.heads.set(stream, { version, at: commit.at, position });
  const indexed = progress.log.store.getText(streamKey(stream, version));
  if (indexed !== String(position)) {
    const message = `the index of ${stream} has ${indexed ?? 'nothing'} at version ${version}`;
    add(progress, { kind: 'stream-index', position, stream, message });
  }
}

async function verifyHeads(progress: Progress, upTo: number): Promise<void> {
  const seen = new Set<string>();
  for await (const entries of progress.log.store.texts(HEAD_RANGE)) {
    for (const [key, text] of entries) {
      const stream = headStream(key);
      const stored = decodeHead(text);
      const counted = progress.heads.get(stream);
      seen.add(stream);
      if (stored.position > upTo || stored.version === counted?.version) continue;
      const message = `the head of ${stream} says version ${stored.version}, its records ${counted?.version ?? 0}`;
      add(progress, { kind: 'head', position: stored.position, stream, message });
    }
  }
  for (const [stream, { position }] of progress.heads) {
    if (seen.has(stream)) continue;
    add(progress, { kind: 'head', position, stream, message: `${stream} has no head` });
  }
}

/** Entries without a record; entries that are wrong were found with their record. */
async function verifyStreamIndex(progress: Progress, upTo: number): Promise<void> {
  for await (const entries of progress.log.store.texts(STREAM_INDEX_RANGE)) {
    for (const [key, text] of entries) {
      const position = Number(text);
      const stream = streamKeyStream(key);
      const isKnown = streamKeyVersion(key) <= (progress.heads.get(stream)?.version ?? 0);
      if (isKnown || position > upTo) continue;
      const message = `the index names version ${streamKeyVersion(key)}, which no record has`;
      add(progress, { kind: 'stream-index', position, stream, message });
    }
  }
}

async function verifyUniqueKeys(progress: Progress): Promise<void> {
  const left = new Map(progress.unique);
  const orphans = new Map<string, string>();
  for await (const entries of progress.log.store.texts(ORPHAN_RANGE))
    for (const [key, stream] of entries) orphans.set(orphanName(key), stream);
  for await (const entries of progress.log.store.texts(UNIQUE_RANGE)) {
    for (const [key, stream] of entries) {
      const name = uniqueName(key);
      const recorded = progress.unique.get(name);
      left.delete(name);
      if (recorded === stream || orphans.get(name) === stream) continue;
      if (recorded === undefined && progress.log.appendedPosition > progress.log.durablePosition)
        continue;
      const message = `unique key ${name} belongs to ${stream}, its record says ${recorded ?? 'nobody'}`;
      add(progress, { kind: 'unique-key', stream, message });
    }
  }
  for (const [name, stream] of left) {
    add(progress, { kind: 'unique-key', stream, message: `unique key ${name} is not stored` });
  }
}
