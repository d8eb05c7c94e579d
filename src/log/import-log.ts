/** Fills an empty log from an export. Positions, versions, times and so the ids of events stay as they were. */
import type { Commit } from '../events/envelope.ts';
import { LogImportError } from './errors.ts';
import type { AppendRequest, EventLog } from './event-log.ts';
import { type BlobLine, EXPORT_FORMAT } from './export-log.ts';

export interface ImportResult {
  commits: number;
  events: number;
  blobs: number;
}

type ImportedCommit = Commit & { unique?: string[] };

interface Progress {
  log: EventLog;
  line: number;
  result: ImportResult;
  /** Of the blob whose last line has not come. */
  chunks: Buffer[];
}

/**
 * Imports the lines of `exportLines`; durable when it resolves. The log keeps its own `logId`.
 * Throws `log.import-refused` (not empty, not an export, a line that does not fit; `details.line` from 1), `log.failed`.
 */
export async function importLines(
  log: EventLog,
  lines: AsyncIterable<string> | Iterable<string>,
): Promise<ImportResult> {
  if (log.appendedPosition !== 0) throw new LogImportError('the log is not empty');
  const result: ImportResult = { commits: 0, events: 0, blobs: 0 };
  const progress: Progress = { log, line: 0, result, chunks: [] };
  for await (const text of lines) {
    progress.line += 1;
    if (text.trim() === '') continue;
    await importLine(progress, text);
  }
  if (progress.line === 0) throw new LogImportError('there is no header');
  if (progress.chunks.length > 0) throw new LogImportError('the last blob is incomplete');
  await log.flush();
  return result;
}

async function importLine(progress: Progress, text: string): Promise<void> {
  const { line } = progress;
  const value = parse(text, line);
  if (line === 1) {
    if (value['format'] === EXPORT_FORMAT) return;
    throw new LogImportError(`the format is not ${EXPORT_FORMAT}`, { line });
  }
  if (typeof value['blob'] === 'string') await importBlob(progress, value as unknown as BlobLine);
  else await importCommit(progress, value as unknown as ImportedCommit);
}

function parse(text: string, line: number): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null) return value as Record<string, unknown>;
  } catch (cause) {
    throw new LogImportError('this is not JSON', { line, cause });
  }
  throw new LogImportError('this is not an object', { line });
}

async function importBlob(progress: Progress, chunk: BlobLine): Promise<void> {
  const { line, chunks } = progress;
  if (chunk.seq !== chunks.length)
    throw new LogImportError('a chunk of a blob is missing', { line });
  chunks.push(Buffer.from(chunk.bytes, 'base64'));
  if (!chunk.last) return;
  const reference = await progress.log.blobs.put(Buffer.concat(chunks), '');
  if (reference.$blob !== chunk.blob) {
    throw new LogImportError(`the bytes are not those of ${chunk.blob}`, { line });
  }
  progress.chunks = [];
  progress.result.blobs += 1;
}

async function importCommit(progress: Progress, imported: ImportedCommit): Promise<void> {
  const { log, line, result } = progress;
  if (!isCommit(imported)) throw new LogImportError('this is no commit', { line });
  if (log.isSaturated) await log.flush();
  const { position, firstVersion, ...rest } = imported;
  if (position !== log.appendedPosition + 1) {
    throw new LogImportError(`position ${position} does not follow ${log.appendedPosition}`, {
      line,
    });
  }
  const request: AppendRequest = { ...rest, expectedVersion: firstVersion - 1 };
  try {
    log.append(request);
  } catch (cause) {
    throw new LogImportError('the log does not take this commit', { line, cause });
  }
  result.commits += 1;
  result.events += imported.events.length;
}

function isCommit(value: Partial<ImportedCommit>): value is ImportedCommit {
  return (
    Number.isSafeInteger(value.position) &&
    Number.isSafeInteger(value.firstVersion) &&
    typeof value.stream === 'string' &&
    typeof value.at === 'number' &&
    typeof value.correlationId === 'string' &&
    typeof value.causationId === 'string' &&
    typeof value.actor === 'object' &&
    Array.isArray(value.events)
  );
}
