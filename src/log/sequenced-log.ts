/**
 * The log: the port `EventLog` over any ordered store. LevelDB and memory differ below this file only.
 * It connects the sequencer (who may append), the committer (when it is durable), the readers and the stores.
 *
 * Invariants: L1 to L6 of `event-log.ts`. L1, L2: sequencer and committer in one synchronous `append`.
 * L3, L4: committer. After `reopen()`, commits that were reported as failed and turn out to be in the log are
 * told to the durable listeners before it resolves, so these hear of every commit of the log exactly once.
 * Size: the port has many small members, and each is here.
 */
import type { Commit } from '../events/envelope.ts';
import type { StoredCommit } from './codec.ts';
import { Committer, type PendingBound, type PendingCommit, type Scheduler } from './committer.ts';
import { LogDocuments } from './documents.ts';
import { LogClosedError, LogCommitTooLargeError } from './errors.ts';
import type {
  AppendRequest,
  Durability,
  EventLog,
  LogStats,
  ProjectionBase,
  Removal,
  Stop,
  StreamHead,
  StreamSnapshot,
} from './event-log.ts';
import { followLog } from './follow.ts';
import { writeGroup } from './group-writer.ts';
import { encodeHole } from './holes.ts';
import type { KeyValueStore } from './key-value.ts';
import { commitKey, FORMAT_KEY, LAST_POSITION_KEY } from './keys.ts';
import { Listeners } from './listeners.ts';
import type { LogBlobs } from './log-blobs.ts';
import { FORMAT_WITH_HOLES, type LogState, loadState, readLogId } from './log-state.ts';
import {
  positionsOf,
  type ReadSources,
  readCommits,
  readStored,
  readStoredAt,
  readStreamCommits,
  type Upcaster,
  upcastCommit,
} from './reader.ts';
import { assertUnchanged, prepareRemoval, readBase, releaseOrphans } from './removal.ts';
import { SnapshotStore } from './snapshots.ts';
import { Tail } from './tail.ts';
import { findPositionAt } from './time-index.ts';

export interface SequencedLogOptions {
  store: KeyValueStore;
  /**
   * Where documents and snapshots are: what can be made again. A store of its own keeps their bytes out of the
   * fsyncs of commits, and their writes out of the queue before them. Default: the log's store.
   */
  derived?: KeyValueStore | undefined;
  blobs: LogBlobs;
  durability: Durability;
  maxPending?: PendingBound | undefined;
  upcast?: Upcaster | undefined;
  schedule?: Scheduler | undefined;
  /** When followers hear of a durable group. Default: at once. */
  wakeFollowers?: Scheduler | undefined;
}

/** Bytes a record may have; values over 64 KiB are blobs, and a commit has at most 1,000 events. */
const MAX_COMMIT_BYTES = 64 * 1024 * 1024;
const DEFAULT_BOUND: PendingBound = { events: 50_000, bytes: 64 * 1024 * 1024 };

export class SequencedLog implements EventLog {
  readonly logId: string;
  readonly durability: Durability;
  readonly blobs: LogBlobs;
  readonly documents: LogDocuments;
  /** For verification and export, which look below the port. */
  readonly store: KeyValueStore;
  /** Documents and snapshots; the same store where there is one for all. */
  readonly derived: KeyValueStore;
  readonly #options: SequencedLogOptions;
  readonly #snapshots: SnapshotStore;
  readonly #durable = new Listeners<readonly Commit[]>();
  readonly #failed = new Listeners<Error>();
  readonly #tail: Tail;
  #state: LogState;
  #committer: Committer;
  #appendedEvents = 0;
  #closed = false;
  #reopening = false;

  /** The store must hold the records of a log. Throws `log.corrupt`. */
  constructor(options: SequencedLogOptions) {
    this.#options = options;
    this.store = options.store;
    this.blobs = options.blobs;
    this.durability = options.durability;
    this.logId = readLogId(options.store);
    this.derived = options.derived ?? options.store;
    this.documents = new LogDocuments(this.derived);
    this.#snapshots = new SnapshotStore(this.derived);
    this.#tail = new Tail(options.wakeFollowers ?? ((wake) => wake()));
    this.#state = loadState(options.store);
    this.#committer = this.#newCommitter();
  }

  get appendedPosition(): number {
    return this.#state.sequencer.position;
  }

  get durablePosition(): number {
    return this.#state.sequencer.durablePosition;
  }

  get isSaturated(): boolean {
    return this.#committer.isSaturated;
  }

  append(request: AppendRequest): Commit {
    this.#assertOpen();
    this.#committer.assertAccepting();
    const { sequencer, codec } = this.#state;
    const commit = sequencer.propose(request);
    const unique = request.unique ?? [];
    const blobs = request.blobs ?? [];
    const { removal } = request;
    if (removal !== undefined)
      assertUnchanged(removal, (stream) => sequencer.head(stream)?.version ?? 0);
    const record = codec.encode(commit, unique);
    assertFits(commit, record);
    this.blobs.hold(blobs);
    sequencer.accept(commit, request.unique);
    if (removal !== undefined) sequencer.remove(removal, commit.position);
    this.#appendedEvents += commit.events.length;
    const bytes = blobs.reduce((total, blob) => total + blob.bytes.length, record.length);
    this.#committer.enqueue({ commit, record, unique, blobs, removal, bytes });
    return commit;
  }

  onDurable(listener: (commits: readonly Commit[]) => void): Stop {
    return this.#durable.add(listener);
  }

  onFailure(listener: (error: Error) => void): Stop {
    return this.#failed.add(listener);
  }

  async reopen(): Promise<void> {
    this.#assertOpen();
    const before = this.durablePosition;
    this.#reopening = true;
    this.#committer.abandon(new Error('the log is being reopened'));
    await this.store.reopen();
    await this.#options.derived?.reopen();
    this.blobs.releaseAll();
    this.#state = loadState(this.store);
    this.#reopening = false;
    this.#tail.reset();
    const survivors = { after: before, upTo: this.durablePosition };
    for await (const commits of readCommits(this.#sources, survivors)) this.#durable.tell(commits);
    this.#committer = this.#newCommitter();
  }

  flush(): Promise<void> {
    if (this.#closed) return Promise.reject(new LogClosedError());
    return this.#committer.flush(this.appendedPosition);
  }

  streamHead(stream: string): StreamHead | undefined {
    this.#assertOpen();
    return this.#state.sequencer.head(stream);
  }

  uniqueOwner(key: string): string | undefined {
    this.#assertOpen();
    return this.#state.sequencer.owner(key);
  }

  readStream(
    stream: string,
    range: { fromVersion?: number; toVersion?: number } = {},
  ): AsyncIterable<Commit[]> {
    this.#assertOpen();
    return readStreamCommits(this.#sources, {
      stream,
      fromVersion: range.fromVersion ?? 1,
      toVersion: range.toVersion ?? Number.MAX_SAFE_INTEGER,
      upTo: this.durablePosition,
    });
  }

  readAll(range: { after?: number; upTo?: number } = {}): AsyncIterable<Commit[]> {
    this.#assertOpen();
    return readCommits(this.#sources, this.#durableRange(range));
  }

  /** As recorded, not upcast, with unique keys: for export and verification. */
  readRecorded(range: { after?: number; upTo?: number } = {}): AsyncIterable<StoredCommit[]> {
    this.#assertOpen();
    return readStored(this.#sources, this.#durableRange(range));
  }

  /** Positions of the durable commits of streams, ascending. */
  async positionsOf(parts: readonly { stream: string; toVersion?: number }[]): Promise<number[]> {
    this.#assertOpen();
    return positionsOf(this.#sources, parts, this.durablePosition);
  }

  /** Commits as recorded. Throws `log.corrupt`, `stream.removed`. */
  readAt(positions: readonly number[]): AsyncIterable<StoredCommit> {
    this.#assertOpen();
    return readStoredAt(this.#sources, positions);
  }

  /** Leaves positions out, for an import of a log that has no commits there. */
  async leaveHole(last: number): Promise<void> {
    await this.flush();
    const { sequencer, timeIndex } = this.#state;
    const first = sequencer.position + 1;
    const batch = this.store.batch();
    batch.putBytes(commitKey(first), encodeHole(last));
    batch.putText(LAST_POSITION_KEY, String(last));
    batch.putText(FORMAT_KEY, String(FORMAT_WITH_HOLES));
    timeIndex.pass({ first, last }, batch);
    await this.store.write(batch, { sync: true });
    sequencer.skip(last);
  }

  /** One record of this log. Throws `log.corrupt`. */
  decode(record: Uint8Array, position: number): StoredCommit {
    return this.#state.codec.decode(record, position);
  }

  follow(options: { after: number; signal: AbortSignal }): AsyncIterable<Commit[]> {
    this.#assertOpen();
    return followLog(this, this.#tail, options);
  }

  positionAt(timeMs: number): Promise<number> {
    this.#assertOpen();
    return findPositionAt(this.#sources, { timeMs, upTo: this.durablePosition });
  }

  async prepareRemoval(
    streams: readonly string[],
    options: { keepKeysSince: number },
  ): Promise<Omit<Removal, 'bases'>> {
    this.#assertOpen();
    await this.flush();
    return prepareRemoval(this.#sources, streams, options);
  }

  async releaseKeys(takenBefore: number): Promise<number> {
    this.#assertOpen();
    const freed = await releaseOrphans(this.store, takenBefore);
    this.#state.sequencer.free(freed);
    return freed.length;
  }

  projectionBase(projection: string): ProjectionBase | undefined {
    this.#assertOpen();
    return readBase(this.store, projection);
  }

  async dropSnapshots(stream: string): Promise<void> {
    this.#assertOpen();
    await this.#snapshots.drop(stream);
  }

  async saveSnapshot(stream: string, snapshot: StreamSnapshot): Promise<void> {
    this.#assertOpen();
    await this.#snapshots.save(stream, snapshot);
  }

  async loadSnapshot(
    stream: string,
    options: { atMost?: number } = {},
  ): Promise<StreamSnapshot | undefined> {
    this.#assertOpen();
    return this.#snapshots.load(stream, options.atMost ?? Number.MAX_SAFE_INTEGER - 1);
  }

  async stats(): Promise<LogStats> {
    this.#assertOpen();
    return {
      commits: this.durablePosition,
      appendedEvents: this.#appendedEvents,
      diskBytes: await this.#diskBytes(),
      pendingCommits: this.#committer.pendingCommits,
    };
  }

  async #diskBytes(): Promise<number> {
    const { log, derived, blobs } = await this.diskUse();
    return log + derived + blobs;
  }

  /** Bytes of files. */
  async diskUse(): Promise<{ log: number; derived: number; blobs: number }> {
    return {
      log: await this.store.diskBytes(),
      derived: (await this.#options.derived?.diskBytes()) ?? 0,
      blobs: await this.blobs.diskBytes(),
    };
  }

  /** Waits for what was accepted, then closes. A failed log closes too. */
  async close(): Promise<void> {
    if (this.#closed) return;
    const flushed = this.#committer.flush(this.appendedPosition);
    this.#closed = true;
    // A failure was reported to the failure listeners; it must not keep the store open.
    await flushed.catch(() => undefined);
    this.#tail.wake();
    await this.#options.derived?.close();
    await this.store.close();
  }

  /** Ends the log at once, as a crash would: nothing more is written, nobody is told. */
  kill(): void {
    this.#closed = true;
    this.#durable.clear();
    this.#failed.clear();
    this.#committer.abandon(new LogClosedError());
    this.#tail.wake();
  }

  get isClosed(): boolean {
    return this.#closed;
  }

  get isReopening(): boolean {
    return this.#reopening;
  }

  get #sources(): ReadSources {
    return { store: this.store, codec: this.#state.codec, upcast: this.#options.upcast };
  }

  #durableRange(range: { after?: number; upTo?: number }): { after: number; upTo: number } {
    const upTo = Math.min(range.upTo ?? this.durablePosition, this.durablePosition);
    return { after: range.after ?? 0, upTo };
  }

  #newCommitter(): Committer {
    const { store, blobs } = this;
    const target = { store, blobs, state: this.#state, sync: this.durability === 'fsync' };
    return new Committer({
      bound: this.#options.maxPending ?? DEFAULT_BOUND,
      schedule: this.#options.schedule ?? queueMicrotask,
      write: (group) => writeGroup(target, group),
      onDurable: (group) => this.#settle(group),
      onFailure: (error) => this.#fail(error),
    });
  }

  #settle(group: readonly PendingCommit[]): void {
    const commits: Commit[] = [];
    let bytes = 0;
    for (const pending of group) {
      commits.push(pending.commit);
      bytes += pending.bytes;
      if (pending.blobs.length > 0) this.blobs.release(pending.blobs);
    }
    this.#state.sequencer.durablePosition = commits.at(-1)?.position ?? 0;
    // First those who made promises: what they send must not wait for the followers' work.
    this.#durable.tell(commits);
    if (!this.#tail.hasFollowers) return;
    this.#tail.push(
      commits.map((commit) => upcastCommit(commit, this.#options.upcast)),
      bytes,
    );
  }

  #fail(error: Error): void {
    this.blobs.releaseAll();
    this.#failed.tell(error);
  }

  #assertOpen(): void {
    if (this.#closed) throw new LogClosedError();
  }
}

function assertFits(commit: Commit, record: Uint8Array): void {
  if (record.length <= MAX_COMMIT_BYTES) return;
  const { stream } = commit;
  throw new LogCommitTooLargeError({
    stream,
    unit: 'bytes',
    size: record.length,
    limit: MAX_COMMIT_BYTES,
  });
}
