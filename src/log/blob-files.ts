/**
 * Blobs as files: `<directory>/ab/cdef...`, named by their hash, never changed.
 *
 * F1 A file with a final name is complete and durable: temporary file, fsync, rename, fsync of the directory.
 * F2 One writer a hash at a time in this process; a second one waits for the first and shares its outcome.
 * F3 A sweep leaves alone what is being written or touched, and these wait for a removal that has begun: whoever was told
 *    that a blob is stored finds it.
 */
import { mkdir, readdir, readFile, rm, stat, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { syncDirectory, TEMPORARY_SUFFIX, writeFileAtomically } from './atomic-file.ts';
import type { BlobBackend, BlobSweepRange, BlobSweepResult } from './blob-backend.ts';
import { LogIoError } from './errors.ts';

const FOLDER_DIGITS = 2;

export class BlobFiles implements BlobBackend {
  readonly #directory: string;
  readonly #now: () => number;
  readonly #writing = new Map<string, Promise<void>>();
  readonly #touching = new Set<string>();
  readonly #removing = new Map<string, Promise<void>>();
  /** Folders known to exist durably; at most 256. */
  readonly #folders = new Set<string>();

  constructor(directory: string, now: () => number) {
    this.#directory = directory;
    this.#now = now;
  }

  put(sha256: string, bytes: Uint8Array): Promise<void> {
    const running = this.#writing.get(sha256);
    if (running !== undefined) return running;
    const written = this.#put(sha256, bytes).finally(() => this.#writing.delete(sha256));
    this.#writing.set(sha256, written);
    return written;
  }

  async #put(sha256: string, bytes: Uint8Array): Promise<void> {
    const path = this.#path(sha256);
    const seconds = this.#now() / 1000;
    await this.#removing.get(sha256);
    try {
      const found = await statOf(path);
      if (found?.size === bytes.length) {
        await utimes(path, seconds, seconds);
        return;
      }
      await this.#ensureFolder(sha256.slice(0, FOLDER_DIGITS));
      await writeFileAtomically(path, async (file) => {
        await file.writeFile(bytes);
        await file.utimes(seconds, seconds);
      });
    } catch (cause) {
      throw new LogIoError(`cannot store blob ${sha256}`, cause);
    }
  }

  async read(sha256: string): Promise<Uint8Array | undefined> {
    try {
      return await readFile(this.#path(sha256));
    } catch (cause) {
      if (isMissing(cause)) return undefined;
      throw new LogIoError(`cannot read blob ${sha256}`, cause);
    }
  }

  async has(sha256: string): Promise<boolean> {
    return (await statOf(this.#path(sha256))) !== undefined;
  }

  async touch(sha256: string): Promise<boolean> {
    const seconds = this.#now() / 1000;
    await this.#removing.get(sha256);
    this.#touching.add(sha256);
    try {
      await utimes(this.#path(sha256), seconds, seconds);
      return true;
    } catch (cause) {
      if (isMissing(cause)) return false;
      throw new LogIoError(`cannot refresh blob ${sha256}`, cause);
    } finally {
      this.#touching.delete(sha256);
    }
  }

  async *list(): AsyncGenerator<string> {
    for await (const { folder, name } of this.#names()) {
      if (!name.endsWith(TEMPORARY_SUFFIX)) yield folder + name;
    }
  }

  /** Also removes temporary files that a crash left behind, once they are old enough. */
  async sweep(range: BlobSweepRange): Promise<BlobSweepResult> {
    const result: BlobSweepResult = { removed: 0, bytes: 0 };
    for await (const { folder, name } of this.#names()) {
      if (!name.endsWith(TEMPORARY_SUFFIX) && range.isMarked(folder + name)) continue;
      const removing = this.#removeOld(folder + name, join(this.#directory, folder, name), range);
      this.#removing.set(
        folder + name,
        removing.then(
          () => undefined,
          () => undefined, // the sweep has the error
        ),
      );
      try {
        const bytes = await removing;
        if (bytes === undefined) continue;
        result.removed += 1;
        result.bytes += bytes;
      } finally {
        this.#removing.delete(folder + name);
      }
    }
    return result;
  }

  /** The bytes of a file that was old enough (F3). */
  async #removeOld(name: string, path: string, range: BlobSweepRange): Promise<number | undefined> {
    if (this.#writing.has(name) || this.#touching.has(name)) return undefined;
    const file = await statOf(path);
    if (file === undefined || file.mtimeMs >= range.beforeMs) return undefined;
    if (!range.dryRun) await rm(path, { force: true });
    return file.size;
  }

  async diskBytes(): Promise<number> {
    return (await this.measure()).bytes;
  }

  async measure(): Promise<{ count: number; bytes: number }> {
    const total = { count: 0, bytes: 0 };
    for await (const { folder, name } of this.#names()) {
      const file = await statOf(join(this.#directory, folder, name));
      total.count += file === undefined || name.endsWith(TEMPORARY_SUFFIX) ? 0 : 1;
      total.bytes += file?.size ?? 0;
    }
    return total;
  }

  async *#names(): AsyncGenerator<{ folder: string; name: string }> {
    for (const folder of await namesIn(this.#directory)) {
      for (const name of await namesIn(join(this.#directory, folder))) yield { folder, name };
    }
  }

  #path(sha256: string): string {
    return join(this.#directory, sha256.slice(0, FOLDER_DIGITS), sha256.slice(FOLDER_DIGITS));
  }

  async #ensureFolder(folder: string): Promise<void> {
    if (this.#folders.has(folder)) return;
    await mkdir(join(this.#directory, folder), { recursive: true });
    await syncDirectory(this.#directory);
    this.#folders.add(folder);
  }
}

async function statOf(path: string): Promise<{ size: number; mtimeMs: number } | undefined> {
  try {
    return await stat(path);
  } catch (cause) {
    if (isMissing(cause)) return undefined;
    throw cause;
  }
}

async function namesIn(directory: string): Promise<string[]> {
  try {
    return (await readdir(directory)).sort();
  } catch (cause) {
    if (isMissing(cause)) return [];
    throw new LogIoError(`cannot list ${directory}`, cause);
  }
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT';
}
