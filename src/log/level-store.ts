/**
 * The ordered store on LevelDB. Owns the database and its lock; knows nothing of commits.
 *
 * S1 One write at a time, in the order of `write` (K1). LevelDB would queue them too; here the next one
 *    is not handed over before the one in front is known to have succeeded, which keeps K2.
 * S2 A failed write poisons the store until `reopen()`: a torn record may stand in LevelDB's own log file,
 *    and recovery can drop what follows it.
 * S3 A store that heals is opened again by the first write after a failed one; that write fails too, the next is made.
 */
import { mkdir, readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { Level } from 'level';
import { reasonOf } from '../workflow/errors.ts';
import { LogClosedError, LogCorruptError, LogIoError, LogLockedError } from './errors.ts';
import type { KeyRange, KeyValueStore, RangeOptions, WriteBatch } from './key-value.ts';

const MIB = 1024 * 1024;
const WRITE_BUFFER_BYTES = 8 * MIB;
const CACHE_BYTES = 16 * MIB;
const MAX_FILE_BYTES = 8 * MIB;
const RANGE_BATCH_ENTRIES = 512;
/**
 * The iterator reserves native memory for as many entries as it is asked for (64 bytes each), and keeps it until its
 * JavaScript object is collected, closed or not. Streams are read by the hundred thousand, and most are short.
 */
const FIRST_BATCH_ENTRIES = 16;
const RANGE_BATCH_BYTES = MIB;
const TEXT = { valueEncoding: 'utf8' } as const;
const BYTES = { valueEncoding: 'view' } as const;

type Database = Level<string, string>;

class LevelBatch implements WriteBatch {
  readonly chained: ReturnType<Database['batch']> & object;

  constructor(database: Database) {
    this.chained = database.batch();
  }

  putText(key: string, value: string): void {
    this.chained.put(key, value, TEXT);
  }

  putBytes(key: string, value: Uint8Array): void {
    this.chained.put<string, Uint8Array>(key, value, BYTES);
  }

  delete(key: string): void {
    this.chained.del(key);
  }
}

/**
 * Opens or creates the database in `directory`. `heals` (S3): nobody calls `reopen` after a failed write.
 * Throws `log.locked`, `log.io`, `log.corrupt`.
 */
export async function openLevelStore(
  directory: string,
  options: { heals?: boolean } = {},
): Promise<LevelStore> {
  try {
    await mkdir(directory, { recursive: true });
  } catch (cause) {
    throw new LogIoError(`cannot create ${directory}`, cause);
  }
  const database: Database = new Level(directory, {
    keyEncoding: 'utf8',
    writeBufferSize: WRITE_BUFFER_BYTES,
    cacheSize: CACHE_BYTES,
    maxFileSize: MAX_FILE_BYTES,
  });
  await openDatabase(database, directory);
  return new LevelStore(database, { directory, heals: options.heals ?? false });
}

export class LevelStore implements KeyValueStore {
  readonly #database: Database;
  readonly #directory: string;
  readonly #heals: boolean;
  #tail: Promise<unknown> = Promise.resolve();
  #poison: LogIoError | undefined;
  #closed = false;

  constructor(database: Database, options: { directory: string; heals: boolean }) {
    this.#database = database;
    this.#directory = options.directory;
    this.#heals = options.heals;
  }

  getText(key: string): string | undefined {
    return guard(() => this.#database.getSync(key, TEXT));
  }

  getBytes(key: string): Uint8Array | undefined {
    return guard(() => this.#database.getSync<string, Uint8Array>(key, BYTES));
  }

  async getManyBytes(keys: string[]): Promise<(Uint8Array | undefined)[]> {
    try {
      return await this.#database.getMany<string, Uint8Array>(keys, BYTES);
    } catch (cause) {
      throw readError(cause);
    }
  }

  texts(range: KeyRange, options: RangeOptions = {}): AsyncIterable<[string, string][]> {
    return batches(() => this.#database.iterator({ ...bounds(range, options), ...TEXT }));
  }

  bytes(range: KeyRange, options: RangeOptions = {}): AsyncIterable<[string, Uint8Array][]> {
    return batches(() =>
      this.#database.iterator<string, Uint8Array>({ ...bounds(range, options), ...BYTES }),
    );
  }

  keys(range: KeyRange, options: RangeOptions = {}): AsyncIterable<string[]> {
    return batches(() => this.#database.keys(bounds(range, options)));
  }

  batch(): LevelBatch {
    return guard(() => new LevelBatch(this.#database));
  }

  write(batch: WriteBatch, options: { sync: boolean }): Promise<void> {
    const written = this.#tail.then(() => this.#writeNow(batch as LevelBatch, options.sync));
    this.#tail = written.catch(() => undefined); // the caller has the error; the queue goes on to refuse
    return written;
  }

  async #writeNow(batch: LevelBatch, sync: boolean): Promise<void> {
    if (this.#closed) throw new LogClosedError();
    if (this.#poison !== undefined) {
      const poison = this.#poison;
      // The batch belongs to the database as it was before.
      if (this.#heals) await this.#openAgain();
      throw poison;
    }
    try {
      await batch.chained.write({ sync });
    } catch (cause) {
      this.#poison = new LogIoError(`cannot write to ${this.#directory}`, cause);
      throw this.#poison;
    }
  }

  async reopen(): Promise<void> {
    if (this.#closed) throw new LogClosedError();
    await this.#tail;
    await this.#openAgain();
  }

  async #openAgain(): Promise<void> {
    await this.#database.close();
    await openDatabase(this.#database, this.#directory);
    this.#poison = undefined;
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    await this.#tail;
    this.#closed = true;
    await this.#database.close();
  }

  async diskBytes(): Promise<number> {
    let total = 0;
    for (const name of await readdir(this.#directory)) {
      const file = await stat(join(this.#directory, name)).catch(() => undefined); // compacted away meanwhile
      total += file?.size ?? 0;
    }
    return total;
  }
}

async function openDatabase(database: Database, directory: string): Promise<void> {
  try {
    await database.open();
  } catch (cause) {
    throw openError(cause, directory);
  }
}

function openError(error: unknown, directory: string): Error {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  const code = codeOf(cause);
  const text = reasonOf(cause);
  if (code === 'LEVEL_LOCKED' || /already held by process|lock .*unavailable/i.test(text)) {
    return new LogLockedError(directory, cause);
  }
  if (code === 'LEVEL_CORRUPTION') return new LogCorruptError(text, { cause });
  return new LogIoError(`cannot open ${directory}`, cause);
}

function readError(cause: unknown): Error {
  const code = codeOf(cause);
  if (code === 'LEVEL_CORRUPTION') return new LogCorruptError((cause as Error).message, { cause });
  if (code === 'LEVEL_DATABASE_NOT_OPEN' || code === 'LEVEL_ITERATOR_NOT_OPEN') {
    return new LogClosedError(cause);
  }
  return new LogIoError('cannot read', cause);
}

function codeOf(error: unknown): string | undefined {
  return typeof error === 'object' && error !== null && 'code' in error
    ? String(error.code)
    : undefined;
}

function guard<T>(read: () => T): T {
  try {
    return read();
  } catch (cause) {
    throw readError(cause);
  }
}

function bounds(range: KeyRange, options: RangeOptions) {
  return {
    gte: range.from,
    lt: range.below,
    reverse: options.reverse ?? false,
    limit: options.limit ?? -1,
    highWaterMarkBytes: RANGE_BATCH_BYTES,
  };
}

/** What the three kinds of LevelDB iterator have in common. */
interface Cursor<Entry> {
  nextv(size: number): Promise<Entry[]>;
  close(): Promise<void>;
}

async function* batches<Entry>(open: () => Cursor<Entry>): AsyncGenerator<Entry[]> {
  const cursor = guard(open);
  try {
    for (let size = FIRST_BATCH_ENTRIES; ; size = RANGE_BATCH_ENTRIES) {
      const entries = await cursor.nextv(size);
      if (entries.length === 0) return;
      yield entries;
    }
  } catch (cause) {
    throw codeOf(cause)?.startsWith('LEVEL_') === true ? readError(cause) : cause;
  } finally {
    await cursor.close();
  }
}
