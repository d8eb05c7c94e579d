/**
 * A log as text. JSON Lines: a header `{format, logId, lastPosition}`, then one line a chunk of a blob
 * `{blob, seq, last, bytes}` (base64), then one line a commit `{...commit, unique?}`. Events are as recorded,
 * not upcast. Memory is bounded by one batch of commits or one blob.
 */
import { writeToPath } from './atomic-file.ts';
import type { StoredCommit } from './codec.ts';
import { LogIoError } from './errors.ts';
import type { EventLog } from './event-log.ts';
import { internalsOf } from './internals.ts';

/** The `format` of the header. */
export const EXPORT_FORMAT = 'troupe-log-1';
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
  const { logId, durablePosition } = log;
  const header: ExportHeader = { format: EXPORT_FORMAT, logId, lastPosition: durablePosition };
  yield JSON.stringify(header);
  for await (const line of blobLines(log)) yield JSON.stringify(line);
  for await (const batch of internalsOf(log).readRecorded({ upTo: durablePosition })) {
    for (const stored of batch) yield JSON.stringify(commitLine(stored));
  }
}

/**
 * Writes one JSON document `{format, logId, lastPosition, blobs: [line, ...], commits: [...]}` to `path`: as a whole or not at all,
 * fsynced when it resolves; a device or a pipe is written to as it is. Throws `log.io`, `log.corrupt`.
 */
export async function exportJson(log: EventLog, path: string): Promise<void> {
  const { logId, durablePosition } = log;
  const commits = internalsOf(log).readRecorded({ upTo: durablePosition });
  try {
    await writeToPath(path, async (file) => {
      const header: ExportHeader = { format: EXPORT_FORMAT, logId, lastPosition: durablePosition };
      await file.appendFile(`${JSON.stringify(header).slice(0, -1)},"blobs":[`);
      let separator = '\n';
      for await (const line of blobLines(log)) {
        await file.appendFile(separator + JSON.stringify(line));
        separator = ',\n';
      }
      await file.appendFile('],"commits":[');
      separator = '\n';
      for await (const batch of commits) {
        await file.appendFile(
          separator + batch.map((one) => JSON.stringify(commitLine(one))).join(',\n'),
        );
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
  const { blobs } = internalsOf(log);
  for await (const blob of blobs.list()) {
    const bytes = Buffer.from(await blobs.get({ $blob: blob, size: 0, type: '' }));
    const chunks = Math.max(1, Math.ceil(bytes.length / BLOB_CHUNK_BYTES));
    for (let seq = 0; seq < chunks; seq += 1) {
      const chunk = bytes.subarray(seq * BLOB_CHUNK_BYTES, (seq + 1) * BLOB_CHUNK_BYTES);
      yield { blob, seq, last: seq === chunks - 1, bytes: chunk.toString('base64') };
    }
  }
}
