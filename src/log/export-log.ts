/**
 * A log as text. JSON Lines: a header `{format, logId, lastPosition}`, then one line a chunk of a blob
 * `{blob, seq, last, bytes}` (base64), then one line a commit `{...commit, unique?}`. Events are as recorded,
 * not upcast. Memory is bounded by one batch of commits or one blob. Where commits were removed, or are not wanted, is a line
 * `{hole: {first, last}}`; then the format is `troupe-log-2`, with lines `{orphan: {key, at, stream}}` for unique keys that
 * are still taken and `{base: {...}}` for what projections knew.
 */
import { writeToPath } from './atomic-file.ts';
import { blobReferencesIn } from './blob-references.ts';
import { decodeValue, type StoredCommit } from './codec.ts';
import { LogIoError } from './errors.ts';
import type { EventLog } from './event-log.ts';
import { internalsOf } from './internals.ts';
import { BASE_RANGE, FORMAT_KEY, ORPHAN_RANGE, orphanAt, orphanName } from './keys.ts';
import { FORMAT_WITH_HOLES } from './log-state.ts';

/** The `format` of the header. */
export const EXPORT_FORMAT = 'troupe-log-1';
/** Of an export with holes. */
export const HOLED_FORMAT = 'troupe-log-2';
/** Bytes of a blob in one line, before base64. */
const BLOB_CHUNK_BYTES = 512 * 1024;

export interface ExportHeader {
  format: string;
  logId: string;
  /** Of the last commit in the export: a file that was cut ends before it. */
  lastPosition: number;
}

export interface BlobLine {
  blob: string;
  seq: number;
  last: boolean;
  bytes: string;
}

/** The lines of an export, each without its line break. Everything durable at the call is in it. */
export async function* exportLines(log: EventLog): AsyncGenerator<string> {
  const { durablePosition } = log;
  yield JSON.stringify(headerOf(log, durablePosition));
  for await (const line of blobLines(log)) yield JSON.stringify(line);
  for await (const lines of commitLines(log, durablePosition)) yield* lines;
}

function headerOf(log: EventLog, lastPosition: number): ExportHeader {
  const isHoled = Number(internalsOf(log).store.getText(FORMAT_KEY)) >= FORMAT_WITH_HOLES;
  return { format: isHoled ? HOLED_FORMAT : EXPORT_FORMAT, logId: log.logId, lastPosition };
}

/** Commits and holes in order, then what holes leave behind; in batches. */
async function* commitLines(log: EventLog, upTo: number): AsyncGenerator<string[]> {
  const { store } = internalsOf(log);
  let next = 1;
  for await (const batch of internalsOf(log).readRecorded({ upTo })) {
    const lines: string[] = [];
    for (const stored of batch) {
      const { position } = stored.commit;
      if (position > next) lines.push(holeLine(next, position - 1));
      lines.push(JSON.stringify(commitLine(stored)));
      next = position + 1;
    }
    yield lines;
  }
  if (next <= upTo) yield [holeLine(next, upTo)];
  for await (const entries of store.texts(ORPHAN_RANGE))
    yield entries.map(([key, stream]) =>
      JSON.stringify({ orphan: { key: orphanName(key), at: orphanAt(key), stream } }),
    );
  for await (const entries of store.bytes(BASE_RANGE))
    yield entries.map(([, bytes]) => JSON.stringify({ base: decodeValue(bytes) }));
}

const holeLine = (first: number, last: number): string => JSON.stringify({ hole: { first, last } });

/** A stream, whole or up to the commit of a version. */
export interface StreamPart {
  stream: string;
  toVersion?: number;
}

/**
 * The lines of an export of some streams alone, with the blobs that they name. Positions, versions, times and ids of events
 * are those of the log. Throws `log.corrupt`, `blob.not-found`.
 */
export async function* exportStreams(
  log: EventLog,
  parts: readonly StreamPart[],
): AsyncGenerator<string> {
  const internals = internalsOf(log);
  const positions = await internals.positionsOf(parts);
  const lastPosition = positions.at(-1) ?? 0;
  yield JSON.stringify({ format: HOLED_FORMAT, logId: log.logId, lastPosition });
  const named = new Set<string>();
  for await (const stored of internals.readAt(positions))
    for (const { $blob } of blobReferencesIn(stored.commit.events.map(({ data }) => data)))
      named.add($blob);
  for (const blob of named)
    for await (const line of linesOfBlob(log, blob)) yield JSON.stringify(line);
  let next = 1;
  for await (const stored of internals.readAt(positions)) {
    const { position } = stored.commit;
    if (position > next) yield holeLine(next, position - 1);
    yield JSON.stringify(commitLine(stored));
    next = position + 1;
  }
}

/**
 * Writes one JSON document `{format, logId, lastPosition, blobs: [line, ...], commits: [...]}` to `path`: as a whole or not at all,
 * fsynced when it resolves; a device or a pipe is written to as it is. Throws `log.io`, `log.corrupt`.
 */
export async function exportJson(log: EventLog, path: string): Promise<void> {
  const { durablePosition } = log;
  try {
    await writeToPath(path, async (file) => {
      const header = headerOf(log, durablePosition);
      await file.appendFile(`${JSON.stringify(header).slice(0, -1)},"blobs":[`);
      let separator = '\n';
      for await (const line of blobLines(log)) {
        await file.appendFile(separator + JSON.stringify(line));
        separator = ',\n';
      }
      await file.appendFile('],"commits":[');
      separator = '\n';
      for await (const lines of commitLines(log, durablePosition)) {
        await file.appendFile(separator + lines.join(',\n'));
        separator = ',\n';
      }
      await file.appendFile(']}\n');
    });
  } catch (cause) {
    if (cause instanceof Error && 'syscall' in cause)
      throw new LogIoError(`cannot write ${path}`, cause);
    throw cause;
  }
}

function commitLine({ commit, unique }: StoredCommit): object {
  return unique.length === 0 ? commit : { ...commit, unique };
}

async function* blobLines(log: EventLog): AsyncGenerator<BlobLine> {
  for await (const blob of internalsOf(log).blobs.list()) yield* linesOfBlob(log, blob);
}

async function* linesOfBlob(log: EventLog, blob: string): AsyncGenerator<BlobLine> {
  const bytes = Buffer.from(await log.blobs.get({ $blob: blob, size: 0, type: '' }));
  const chunks = Math.max(1, Math.ceil(bytes.length / BLOB_CHUNK_BYTES));
  for (let seq = 0; seq < chunks; seq += 1) {
    const chunk = bytes.subarray(seq * BLOB_CHUNK_BYTES, (seq + 1) * BLOB_CHUNK_BYTES);
    yield { blob, seq, last: seq === chunks - 1, bytes: chunk.toString('base64') };
  }
}
