/** A file with some streams, as `troupe log import` reads it: written as a whole or not at all, and read back. */
import { createHash, type Hash } from 'node:crypto';
import { createReadStream, existsSync } from 'node:fs';
import { mkdir, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { syncDirectory, writeToPath } from './atomic-file.ts';
import { ArchiveUnverifiedError, LogIoError } from './errors.ts';
import type { EventLog } from './event-log.ts';
import { exportStreams, type StreamPart } from './export-log.ts';

export interface ArchiveFile {
  path: string;
  bytes: number;
  sha256: string;
}

/** Digits of an id that a folder stands for; ids begin with their time, so a folder has some days. */
const FOLDER_DIGITS = 4;
const PIECE_CHARACTERS = 256 * 1024;

/** Where the family of a run is archived: `<directory>/<first digits>/<runId>.jsonl`. */
export function archivePath(directory: string, runId: string): string {
  const start = runId.indexOf('_') + 1;
  return join(directory, runId.slice(start, start + FOLDER_DIGITS), `${runId}.jsonl`);
}

/** The archive of a run; undefined where there is none. */
export function archiveOf(directory: string, runId: string): string | undefined {
  const path = archivePath(directory, runId);
  return existsSync(path) ? path : undefined;
}

/**
 * Writes the streams with the blobs that they name; when it resolves the file is durable and has been read back.
 * Throws `log.io`, `log.corrupt`, `blob.not-found`, `log.archive-unverified`.
 */
export async function writeArchive(
  log: EventLog,
  parts: readonly StreamPart[],
  path: string,
): Promise<ArchiveFile> {
  const written = createHash('sha256');
  let bytes = 0;
  try {
    const made = await mkdir(dirname(path), { recursive: true });
    await writeToPath(path, async (file) => {
      for await (const text of pieces(exportStreams(log, parts))) {
        written.update(text);
        bytes += Buffer.byteLength(text);
        await file.appendFile(text);
      }
    });
    if (made !== undefined) await syncDirectory(dirname(made));
    const sha256 = written.digest('hex');
    // A device or a pipe cannot be read back.
    const isFile = (await stat(path)).isFile();
    if (isFile && (await hashOfFile(path)) !== sha256) throw new ArchiveUnverifiedError(path);
    return { path, bytes, sha256 };
  } catch (cause) {
    if (cause instanceof Error && 'syscall' in cause)
      throw new LogIoError(`cannot write ${path}`, cause);
    throw cause;
  }
}

/** Lines together, a bounded number of characters at a time. */
async function* pieces(lines: AsyncIterable<string>): AsyncGenerator<string> {
  let text = '';
  for await (const line of lines) {
    text += `${line}\n`;
    if (text.length < PIECE_CHARACTERS) continue;
    yield text;
    text = '';
  }
  yield text;
}

async function hashOfFile(path: string): Promise<string> {
  const hash: Hash = createHash('sha256');
  for await (const chunk of createReadStream(path)) hash.update(chunk as Buffer);
  return hash.digest('hex');
}
