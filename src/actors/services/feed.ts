/**
 * The feed: publishes every durable event of every run, in order, on the run's event subject.
 *
 * F1 At least once: the durable cursor passes an event only after the server has seen it (`flush` without a lost
 *    connection in between). After a restart, and after a lost connection, it publishes again from the cursor;
 *    subscribers drop what they have seen by `streamVersion`.
 * F2 In order: one follower, and what was published again after a lost connection begins at the cursor.
 * F3 It never holds up the log: when it is behind it reads from disk, and at most `MAX_UNFLUSHED` events are
 *    on their way to the server.
 */
import { type Commit, envelopeTexts } from '../../events/envelope.ts';
import type { EventLog } from '../../log/event-log.ts';
import type { Bus } from '../../messaging/bus.ts';
import { isRunStream } from '../../projections/projection.ts';
import { type Clock, systemClock } from './clock.ts';

/** The cursor's name in the document store. */
export const FEED_CURSOR = 'feed';
const CURSOR_HASH = 'feed:1';
const SAVE_MS = 200;
const MAX_UNFLUSHED = 5_000;
/** How often a lost connection is looked at when nobody says that it is back. */
const RECONNECT_MS = 500;
const CLOSE_MS = 2_000;

export interface FeedOptions {
  log: EventLog;
  bus: Bus;
  subjects: { runEvents(runId: string): string };
  clock?: Pick<Clock, 'after'>;
  /** How often the cursor is saved, at most. */
  saveMs?: number;
}

export class Feed {
  readonly #log: EventLog;
  readonly #bus: Bus;
  readonly #subjects: FeedOptions['subjects'];
  readonly #clock: Pick<Clock, 'after'>;
  readonly #saveMs: number;
  readonly #stop = new AbortController();
  /** Aborted when the connection was lost: what was published since the cursor is uncertain. */
  #connection = new AbortController();
  #published = 0;
  #cursor = 0;
  #unflushed = 0;
  #cancelSave: (() => void) | undefined;
  #saving: Promise<void> | undefined;
  #running: Promise<void> | undefined;
  /** Ends the wait for a flush, and a pause. */
  #giveUpFlush: (() => void) | undefined;
  #wake: (() => void) | undefined;
  #refused = 0;
  #forgetListener: (() => void) | undefined;
  #lastError: unknown;

  constructor(options: FeedOptions) {
    this.#log = options.log;
    this.#bus = options.bus;
    this.#subjects = options.subjects;
    this.#clock = options.clock ?? systemClock;
    this.#saveMs = options.saveMs ?? SAVE_MS;
  }

  /** The position up to which the server has surely seen everything. */
  get cursor(): number {
    return this.#cursor;
  }

  /** What went wrong last with the log or the cursor, for a status page; it is tried again every half second. */
  get lastError(): unknown {
    return this.#lastError;
  }

  /** Events that could not be published since the start. */
  get refused(): number {
    return this.#refused;
  }

  /** Publishes from the saved cursor on, until `close`. */
  async start(): Promise<void> {
    const checkpoint = await this.#log.documents.checkpoint(FEED_CURSOR);
    // A cursor beyond the log's end is one of another history: the log was restored from a copy.
    const isOurs = checkpoint !== undefined && checkpoint.position <= this.#log.durablePosition;
    this.#cursor = isOurs ? checkpoint.position : 0;
    this.#forgetListener = this.#bus.onReconnect(() => this.#lose());
    this.#running = this.#run();
  }

  /** Waits, at most two seconds, until the server has seen what was published, saves the cursor and stops. */
  async close(): Promise<void> {
    this.#stop.abort();
    this.#cancelSave?.();
    this.#forgetListener?.();
    this.#wake?.();
    const finished = this.#finish();
    let cancel: (() => void) | undefined;
    const late = new Promise<void>((resolve) => {
      cancel = this.#clock.after(CLOSE_MS, resolve);
    });
    await Promise.race([finished, late]);
    cancel?.();
    this.#giveUpFlush?.();
    await finished;
  }

  async #finish(): Promise<void> {
    await this.#running;
    await this.#saving;
    await this.#save();
  }

  /** The connection was lost: what was published since the cursor may not have arrived. */
  #lose(): void {
    this.#connection.abort();
    this.#giveUpFlush?.();
  }

  async #run(): Promise<void> {
    while (!this.#stop.signal.aborted) {
      if (!this.#bus.isConnected) {
        await this.#after(RECONNECT_MS);
        continue;
      }
      this.#connection = new AbortController();
      this.#published = this.#cursor;
      this.#unflushed = 0;
      try {
        await this.#publishUntilLost(this.#connection);
      } catch (error) {
        this.#lastError = error;
        await this.#after(RECONNECT_MS);
      }
    }
  }

  async #publishUntilLost(connection: AbortController): Promise<void> {
    const signal = AbortSignal.any([this.#stop.signal, connection.signal]);
    for await (const commits of this.#log.follow({ after: this.#cursor, signal })) {
      for (const commit of commits) {
        if (signal.aborted) return;
        if (!this.#bus.isConnected) {
          this.#lose();
          return;
        }
        this.#publish(commit);
        if (this.#unflushed >= MAX_UNFLUSHED) await this.#save();
      }
      this.#cancelSave ??= this.#clock.after(this.#saveMs, () => void this.#save());
    }
  }

  #publish(commit: Commit): void {
    this.#published = commit.position;
    if (!isRunStream(commit.stream)) return;
    const subject = this.#subjects.runEvents(commit.stream);
    for (const text of envelopeTexts(commit)) {
      try {
        this.#bus.publishText(subject, text);
      } catch (error) {
        if (!this.#bus.isConnected) throw error;
        this.#refused += 1;
        this.#lastError = error;
      }
    }
    this.#unflushed += commit.events.length;
  }

  /** One at a time: flushes, then moves and saves the cursor. Never throws. */
  #save(): Promise<void> {
    this.#cancelSave?.();
    this.#cancelSave = undefined;
    this.#saving ??= this.#saveNow()
      .catch((error: unknown) => {
        this.#lastError = error;
      })
      .finally(() => {
        this.#saving = undefined;
      });
    return this.#saving;
  }

  async #saveNow(): Promise<void> {
    const connection = this.#connection;
    const position = this.#published;
    if (position <= this.#cursor || !this.#bus.isConnected) return;
    const unflushed = this.#unflushed;
    const isFlushed = await this.#flushed();
    if (!isFlushed || connection.signal.aborted || !this.#bus.isConnected) return;
    this.#unflushed -= unflushed;
    this.#cursor = position;
    const checkpoint = { position, hash: CURSOR_HASH };
    await this.#log.documents.write(FEED_CURSOR, { puts: [], deletes: [], checkpoint });
  }

  /** True when the server has seen everything; false when that was given up. */
  #flushed(): Promise<boolean> {
    return new Promise<boolean>((resolve, reject) => {
      this.#giveUpFlush = () => resolve(false);
      this.#bus.flush().then(() => resolve(true), reject);
    }).finally(() => {
      this.#giveUpFlush = undefined;
    });
  }

  #after(delayMs: number): Promise<void> {
    return new Promise((resolve) => {
      const cancel = this.#clock.after(delayMs, resolve);
      this.#wake = () => {
        cancel();
        resolve();
      };
    });
  }
}
