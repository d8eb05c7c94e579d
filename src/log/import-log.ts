/** Fills an empty log from an export. Positions, versions, times and so the ids of events stay as they were. */
import type { Commit } from '../events/envelope.ts';
import { LogImportError } from './errors.ts';
import type { AppendRequest, EventLog, ProjectionBase } from './event-log.ts';
import { type BlobLine, EXPORT_FORMAT, HOLED_FORMAT } from './export-log.ts';
import { internalsOf } from './internals.ts';
import { putBase, putOrphan } from './removal.ts';

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
  /** Whether the lines are those of one JSON document, and whether its end has come. */
  document: 'none' | 'open' | 'ended';
  /** Nothing has come after a hole. */
  endsInHole: boolean;
  /** What the header says; exports before 0.2 say nothing. */
  lastPosition: number | undefined;
}

/** What a document of `exportJson` has around the objects in its lines; the first line opens it. */
const DOCUMENT_HEADER = /,"blobs":\[(?<rest>\],"commits":\[(?<end>\]\})?)?$/;
const FRAMES = ['],"commits":[]}', '],"commits":[', ']}', ','];

/**
 * Imports the lines of `exportLines` or of a file of `exportJson`, as they were written; durable when it resolves.
 * The log keeps its own `logId`.
 * Throws `log.import-refused` (not empty, not an export, a line that does not fit; `details.line` from 1), `log.failed`.
 */
export async function importLines(
  log: EventLog,
  lines: AsyncIterable<string> | Iterable<string>,
): Promise<ImportResult> {
  if (log.appendedPosition !== 0) throw new LogImportError('the log is not empty');
  const result: ImportResult = { commits: 0, events: 0, blobs: 0 };
  const progress: Progress = {
    ...{ log, line: 0, result, chunks: [], document: 'none' as const, endsInHole: false },
    lastPosition: undefined,
  };
  for await (const text of lines) {
    progress.line += 1;
    const whole = text.trim();
    if (whole !== '') await importLine(progress, withoutFrame(progress, whole));
  }
  if (progress.line === 0) throw new LogImportError('there is no header');
  if (progress.document === 'open') throw new LogImportError('the document has no end');
  if (progress.chunks.length > 0) throw new LogImportError('the last blob is incomplete');
  if (progress.endsInHole) throw new LogImportError('the last commit is missing');
  const { lastPosition = log.appendedPosition } = progress;
  if (lastPosition !== log.appendedPosition)
    throw new LogImportError(
      `the export was cut: it ends at position ${log.appendedPosition} of ${lastPosition}`,
      { line: progress.line },
    );
  await log.flush();
  return result;
}

/** A line of a document without the list around it; a line of JSON Lines as it is. */
function withoutFrame(progress: Progress, text: string): string {
  if (progress.line === 1) {
    const header = DOCUMENT_HEADER.exec(text);
    if (header === null) return text;
    progress.document = header.groups?.['end'] === undefined ? 'open' : 'ended';
    return `${text.slice(0, header.index)}}`;
  }
  if (progress.document === 'none') return text;
  const frame = FRAMES.find((end) => text.endsWith(end));
  if (frame === undefined || progress.document === 'ended')
    throw new LogImportError('this is not a line of the document', { line: progress.line });
  if (frame.endsWith(']}')) progress.document = 'ended';
  return text.slice(0, -frame.length);
}

async function importLine(progress: Progress, text: string): Promise<void> {
  const { line } = progress;
  const value = parse(text, line);
  if (line === 1) {
    if (value['format'] !== EXPORT_FORMAT && value['format'] !== HOLED_FORMAT)
      throw new LogImportError(`the format is not ${EXPORT_FORMAT} nor ${HOLED_FORMAT}`, { line });
    if (typeof value['lastPosition'] === 'number') progress.lastPosition = value['lastPosition'];
    return;
  }
  if (await importRest(progress, value)) return;
  if (typeof value['blob'] === 'string') await importBlob(progress, value as unknown as BlobLine);
  else await importCommit(progress, value as unknown as ImportedCommit);
}

/** What holes are, and what they leave behind; false for another line. */
async function importRest(progress: Progress, value: Record<string, unknown>): Promise<boolean> {
  const { log, line } = progress;
  const { hole, orphan, base } = value as Partial<RestLines>;
  if (hole !== undefined) {
    if (hole.first !== log.appendedPosition + 1 || !(hole.last >= hole.first))
      throw new LogImportError(
        `the hole at ${hole.first} does not follow ${log.appendedPosition}`,
        {
          line,
        },
      );
    await internalsOf(log).leaveHole(hole.last);
    progress.endsInHole = true;
  } else if (orphan !== undefined) await putOrphan(internalsOf(log).store, orphan);
  else if (base !== undefined) await putBase(internalsOf(log).store, base);
  else return false;
  return true;
}

interface RestLines {
  hole: { first: number; last: number };
  orphan: { key: string; at: number; stream: string };
  base: ProjectionBase;
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
  progress.endsInHole = false;
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
