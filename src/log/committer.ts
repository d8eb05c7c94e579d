/**
 * Group commit: writes everything that waits as one batch and one fsync; meanwhile the next group collects.
 *
 * G1 Groups are written one after another, commits in the order of `enqueue` (L1, C1).
 * G2 Listeners hear of a group after it is durable and before the next one is begun (L3).
 * G3 The first failure ends the committer: this group and all behind it are reported once (L4). A new
 *    committer takes its place when the log is reopened.
 * G4 Waiting commits are bounded in events and bytes; a group is bounded in commits and bytes (C6).
 */
import type { Commit } from '../events/envelope.ts';
import { LogFailedError, LogOverloadedError } from './errors.ts';
import type { PendingBlob, Removal } from './event-log.ts';

/** Runs a task soon, but not before the caller has returned. */
export type Scheduler = (task: () => void) => void;

export interface PendingCommit {
  commit: Commit;
  record: Uint8Array;
  unique: readonly string[];
  blobs: readonly PendingBlob[];
  removal?: Removal | undefined;
  bytes: number;
}

export interface PendingBound {
  events: number;
  bytes: number;
}

export interface CommitterOptions {
  bound: PendingBound;
  schedule: Scheduler;
  /** Makes a group durable. */
  write(group: readonly PendingCommit[]): Promise<void>;
  /** Called once a group when it is durable. */
  onDurable(group: readonly PendingCommit[]): void;
  onFailure(error: Error): void;
}

interface Flush {
  position: number;
  resolve(): void;
  reject(error: Error): void;
}

const MAX_GROUP_COMMITS = 4096;
const MAX_GROUP_BYTES = 32 * 1024 * 1024;

export class Committer {
  readonly #options: CommitterOptions;
  #waiting: PendingCommit[] = [];
  #flushes: Flush[] = [];
  #running = false;
  #commits = 0;
  #events = 0;
  #bytes = 0;
  #failure: Error | undefined;

  constructor(options: CommitterOptions) {
    this.#options = options;
  }

  get pendingCommits(): number {
    return this.#commits;
  }

  get isSaturated(): boolean {
    return this.#events >= this.#options.bound.events || this.#bytes >= this.#options.bound.bytes;
  }

  /** Throws `overloaded`, `log.failed`. */
  assertAccepting(): void {
    if (this.#failure !== undefined) throw new LogFailedError(this.#failure);
    if (this.isSaturated)
      throw new LogOverloadedError({ events: this.#events, bytes: this.#bytes });
  }

  enqueue(pending: PendingCommit): void {
    this.#waiting.push(pending);
    this.#commits += 1;
    this.#events += pending.commit.events.length;
    this.#bytes += pending.bytes;
    if (this.#running) return;
    this.#running = true;
    this.#options.schedule(() => this.#start());
  }

  /** Resolves when everything enqueued so far is durable; rejects with `log.failed` when it failed. */
  flush(position: number): Promise<void> {
    if (this.#failure !== undefined) return Promise.reject(new LogFailedError(this.#failure));
    if (this.#commits === 0) return Promise.resolve();
    return new Promise((resolve, reject) => this.#flushes.push({ position, resolve, reject }));
  }

  /** Ends as a failure does, without writing what waits. */
  abandon(error: Error): void {
    if (this.#failure === undefined) this.#fail(error, { report: false });
  }

  #start(): void {
    this.#run().catch((error: unknown) => {
      // Only a defect gets here: failures of writing were handled where they happened.
      queueMicrotask(() => {
        throw error;
      });
    });
  }

  async #run(): Promise<void> {
    while (this.#waiting.length > 0 && this.#failure === undefined) {
      const group = this.#takeGroup();
      try {
        await this.#options.write(group);
      } catch (error) {
        if (this.#failure === undefined) this.#fail(asError(error), { report: true });
        return;
      }
      if (this.#failure !== undefined) return; // abandoned meanwhile
      this.#settle(group);
    }
    this.#running = false;
  }

  #takeGroup(): PendingCommit[] {
    let bytes = 0;
    let count = 0;
    while (count < this.#waiting.length && count < MAX_GROUP_COMMITS && bytes < MAX_GROUP_BYTES) {
      bytes += this.#waiting[count]?.bytes ?? 0;
      count += 1;
    }
    if (count < this.#waiting.length) return this.#waiting.splice(0, count);
    const group = this.#waiting;
    this.#waiting = [];
    return group;
  }

  #settle(group: readonly PendingCommit[]): void {
    for (const pending of group) {
      this.#commits -= 1;
      this.#events -= pending.commit.events.length;
      this.#bytes -= pending.bytes;
    }
    const last = group.at(-1)?.commit.position ?? 0;
    this.#options.onDurable(group);
    while (this.#flushes[0] !== undefined && this.#flushes[0].position <= last) {
      this.#flushes.shift()?.resolve();
    }
  }

  #fail(error: Error, options: { report: boolean }): void {
    this.#failure = error;
    this.#waiting = [];
    this.#commits = 0;
    this.#events = 0;
    this.#bytes = 0;
    for (const flush of this.#flushes) flush.reject(new LogFailedError(error));
    this.#flushes = [];
    if (options.report) this.#options.onFailure(error);
  }
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error));
}
