/**
 * What this worker has finished: results not yet acknowledged, and recent ones, so that the same key is not worked on
 * twice. Owns the cache directory; what is sent and when is the outbox's affair.
 *
 * A1 When `put` has resolved, the result survives the death of the process (`kill -9`). It survives a loss of power
 *    only with `sync: true`: without it the operating system writes when it likes, and the attempt is executed again.
 * A2 One write for all results that finish in the same turn of the event loop, or while the last sync ran.
 * A3 An unacknowledged result is kept until it is acknowledged or older than the retention time.
 * A4 Acknowledged results are kept while they are among the most recent `RECENT_RESULTS` and small.
 * A5 The disk holds at most three times the bytes of the unacknowledged results, and `MAX_SEGMENTS` files.
 * Size: what is kept, written and forgotten must agree; three files would share all of its state.
 */
import { mkdirSync } from 'node:fs';
import { reasonOf } from '../workflow/errors.ts';
import type { AgentLogger } from './agent.ts';
import {
  type CacheRecord,
  encodeAcknowledged,
  encodeFinished,
  type FinishedAttempt,
} from './attempt-record.ts';
import { AttemptSegments, SEGMENT_BYTES } from './attempt-segments.ts';
import { lockDirectory, newWorkerId, workerIdIn } from './worker-lock.ts';

/** How long a result is kept and sent again: as long as the orchestrator keeps keys at least. */
export const RESULT_RETENTION_MS = 7 * 24 * 3_600_000;
/** Acknowledged results that are remembered. */
export const RECENT_RESULTS = 1_024;
/** An acknowledged result whose line is longer is forgotten. */
const RECENT_RESULT_BYTES = 4 * 1024;
const MAX_SEGMENTS = 8;
/** Files without an unacknowledged result that are kept for the recent ones. */
const RECENT_SEGMENTS = 2;

interface CacheEntry {
  finished: FinishedAttempt;
  bytes: number;
  /** The file that holds it; 0 until it is written. */
  segment: number;
  isAcknowledged: boolean;
}

interface WriteGroup {
  lines: string[];
  entries: CacheEntry[];
  acknowledged: string[];
  stored: Promise<void>;
  resolve: () => void;
}

export interface AttemptCacheOptions {
  /** Absent: memory only, and A1 does not hold. */
  directory?: string;
  /** Default: the one kept in the directory, else a new one. */
  workerId?: string;
  /** Wait for the disk itself before a result is sent. Default false. */
  sync?: boolean;
  logger: AgentLogger;
  /** Milliseconds since the epoch. */
  now: () => number;
}

/** The finished attempts of one worker. */
export class AttemptCache {
  readonly workerId: string;
  /** Lines on disk that could not be read at the start. */
  skippedLines = 0;
  readonly #segments: AttemptSegments | undefined;
  readonly #unlock: () => void;
  readonly #options: AttemptCacheOptions;
  readonly #entries = new Map<string, CacheEntry>();
  /** Unacknowledged results a segment. */
  readonly #held = new Map<number, number>();
  /** Bytes of all unacknowledged results, written or not. */
  #heldBytes = 0;
  readonly #recent: (string | undefined)[] = new Array<string | undefined>(RECENT_RESULTS);
  #nextRecent = 0;
  #group: WriteGroup | undefined;
  #isSyncing = false;
  #isClosed = false;

  /** Opens and reads the directory. Throws `worker.cache-locked` when another worker uses it, and what `node:fs` throws. */
  constructor(options: AttemptCacheOptions) {
    this.#options = options;
    if (options.directory === undefined) {
      this.workerId = options.workerId ?? newWorkerId();
      this.#unlock = () => {};
      return;
    }
    mkdirSync(options.directory, { recursive: true });
    this.#unlock = lockDirectory(options.directory);
    try {
      this.workerId = workerIdIn(options.directory, options.workerId);
      this.#segments = new AttemptSegments(options.directory);
      this.#load(this.#segments);
    } catch (error) {
      this.#unlock();
      throw error;
    }
  }

  /** Bytes of the results that are not acknowledged. */
  get unacknowledgedBytes(): number {
    return this.#heldBytes;
  }

  /** The result of a key, acknowledged or not. */
  get(key: string): FinishedAttempt | undefined {
    return this.#entries.get(key)?.finished;
  }

  /** What must be sent (again), in the order in which it finished. */
  unacknowledged(): FinishedAttempt[] {
    return [...this.#entries.values()]
      .filter((entry) => !entry.isAcknowledged)
      .map((entry) => entry.finished);
  }

  /**
   * Keeps a result; `line` is its `encodeFinished`. Resolves when A1 holds for it, or when writing has failed, which is
   * logged: the result is then kept in memory only.
   */
  put(finished: FinishedAttempt, line: string): Promise<void> {
    const entry: CacheEntry = { finished, bytes: line.length, segment: 0, isAcknowledged: false };
    this.#admit(entry);
    if (this.#segments === undefined || this.#isClosed) return Promise.resolve();
    const group = this.#openGroup();
    group.lines.push(line);
    group.entries.push(entry);
    return group.stored;
  }

  /** The result need not be sent any more. The note of it is written with the next group. */
  acknowledge(key: string): void {
    const entry = this.#entries.get(key);
    if (entry === undefined || entry.isAcknowledged) return;
    this.#release(entry);
    this.#remember(entry);
    if (this.#segments !== undefined && !this.#isClosed) this.#openGroup().acknowledged.push(key);
  }

  /** Writes what waits and gives the directory back. With `discard` what waits is dropped, as a kill would. */
  close(how: { discard?: boolean } = {}): void {
    if (this.#isClosed) return;
    const group = this.#group;
    this.#group = undefined;
    if (group !== undefined && this.#segments !== undefined && how.discard !== true) {
      this.#write(this.#segments, group);
      group.resolve();
    }
    this.#isClosed = true;
    // A sync that still runs has the descriptor and closes it.
    if (!this.#isSyncing) this.#segments?.close();
    this.#unlock();
  }

  #load(segments: AttemptSegments): void {
    for (const number of segments.numbers) {
      const { skippedLines } = segments.read(number, (record, bytes) =>
        this.#restore(record, { number, bytes }),
      );
      this.skippedLines += skippedLines;
    }
    const oldest = this.#options.now() - RESULT_RETENTION_MS;
    for (const entry of this.#entries.values()) {
      if (entry.finished.finishedAt < oldest) this.#forget(entry);
    }
    this.#removeOldSegments();
    if (this.skippedLines > 0) {
      this.#options.logger.warn('attempt cache: unreadable lines skipped', {
        lines: this.skippedLines,
      });
    }
  }

  #restore(record: CacheRecord, source: { number: number; bytes: number }): void {
    if ('acknowledged' in record) {
      for (const key of record.acknowledged) {
        const entry = this.#entries.get(key);
        if (entry === undefined || entry.isAcknowledged) continue;
        this.#release(entry);
        this.#remember(entry);
      }
      return;
    }
    const entry: CacheEntry = {
      finished: record.finished,
      bytes: source.bytes,
      segment: 0,
      isAcknowledged: false,
    };
    this.#admit(entry);
    this.#hold(entry, source.number);
  }

  #openGroup(): WriteGroup {
    if (this.#group !== undefined) return this.#group;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#group = { lines: [], entries: [], acknowledged: [], stored: promise, resolve };
    if (!this.#isSyncing) setImmediate(() => this.#flush());
    return this.#group;
  }

  #flush(): void {
    const group = this.#group;
    if (group === undefined || this.#segments === undefined || this.#isClosed || this.#isSyncing)
      return;
    this.#group = undefined;
    this.#write(this.#segments, group);
    if (this.#options.sync !== true) {
      group.resolve();
      return;
    }
    this.#isSyncing = true;
    this.#segments.sync((error) => this.#afterSync(group, error));
  }

  #write(segments: AttemptSegments, group: WriteGroup): void {
    if (group.acknowledged.length > 0) group.lines.push(encodeAcknowledged(group.acknowledged));
    try {
      const segment = segments.append(group.lines);
      for (const entry of group.entries) this.#settleIn(entry, segment);
      this.#removeOldSegments();
    } catch (error) {
      this.#options.logger.error('attempt cache: cannot write; results are kept in memory only', {
        results: group.entries.length,
        error: reasonOf(error),
      });
    }
  }

  #afterSync(group: WriteGroup, error: Error | null): void {
    this.#isSyncing = false;
    if (error !== null)
      this.#options.logger.error('attempt cache: cannot sync', { error: error.message });
    group.resolve();
    if (this.#isClosed) this.#segments?.close();
    else this.#flush();
  }

  /** What was acknowledged or replaced while it waited holds nothing. */
  #settleIn(entry: CacheEntry, segment: number): void {
    if (entry.isAcknowledged || this.#entries.get(entry.finished.key) !== entry) return;
    this.#release(entry);
    this.#hold(entry, segment);
  }

  #removeOldSegments(): void {
    const segments = this.#segments as AttemptSegments;
    while (
      segments.numbers.length > RECENT_SEGMENTS &&
      !this.#held.has(segments.numbers[0] as number)
    ) {
      segments.removeOldest();
    }
    const needed = Math.ceil((2 * this.#heldBytes) / SEGMENT_BYTES);
    if (segments.numbers.length > MAX_SEGMENTS + needed)
      this.#moveOut(segments.numbers[0] as number);
  }

  /** What an old segment still holds is written again at the end; the segment goes when that is done. */
  #moveOut(segment: number): void {
    const group = this.#openGroup();
    for (const entry of this.#entries.values()) {
      if (entry.segment !== segment || entry.isAcknowledged) continue;
      group.lines.push(encodeFinished(entry.finished));
      group.entries.push(entry);
    }
  }

  #admit(entry: CacheEntry): void {
    const known = this.#entries.get(entry.finished.key);
    if (known !== undefined) this.#forget(known);
    this.#entries.set(entry.finished.key, entry);
    this.#heldBytes += entry.bytes;
  }

  /** A4: an acknowledged result takes the place of the one acknowledged `RECENT_RESULTS` before it. */
  #remember(entry: CacheEntry): void {
    entry.isAcknowledged = true;
    this.#heldBytes -= entry.bytes;
    if (entry.bytes > RECENT_RESULT_BYTES) {
      this.#entries.delete(entry.finished.key);
      return;
    }
    const replaced = this.#recent[this.#nextRecent];
    if (replaced !== undefined && this.#entries.get(replaced)?.isAcknowledged === true)
      this.#entries.delete(replaced);
    this.#recent[this.#nextRecent] = entry.finished.key;
    this.#nextRecent = (this.#nextRecent + 1) % RECENT_RESULTS;
  }

  #forget(entry: CacheEntry): void {
    this.#release(entry);
    this.#entries.delete(entry.finished.key);
    if (!entry.isAcknowledged) this.#heldBytes -= entry.bytes;
  }

  #hold(entry: CacheEntry, segment: number): void {
    entry.segment = segment;
    this.#held.set(segment, (this.#held.get(segment) ?? 0) + 1);
  }

  /** Takes an unacknowledged entry out of the count of its segment; nothing for one that is in none. */
  #release(entry: CacheEntry): void {
    if (entry.isAcknowledged || entry.segment === 0) return;
    const left = (this.#held.get(entry.segment) ?? 1) - 1;
    if (left > 0) this.#held.set(entry.segment, left);
    else this.#held.delete(entry.segment);
    entry.segment = 0;
  }
}
