/**
 * The port of the log. Implementations: LevelDB (default) and memory (simulation, `TROUPE_STORE=memory`).
 * One contract suite (`test/contract/event-log.ts`) runs against every implementation.
 *
 * L1 Commits get consecutive positions in the order in which `append` accepted them, across all streams.
 * L2 `append` refuses synchronously (version, unique key, size, bound), checked against the log and against
 *    the commits still waiting. A refusal concerns its own commit only and leaves nothing behind.
 * L3 Durable listeners hear of commits in position order, after they are durable (fsync in `fsync` mode), once each.
 * L4 An append that failed in I/O has an unknown outcome. It and every commit behind it are reported once to the
 *    failure listeners; until `reopen()` has resolved, `append` throws `log.failed`. After it the log holds a
 *    prefix of what was accepted, with nothing missing in between.
 * L5 Readers see durable commits only, decoded and upcast: there is one read path.
 * L6 Blobs named in `blobs` are durable before the commit that names them.
 */
import type { ActorRef, Commit, RecordedEvent, StreamName } from '../events/envelope.ts';
import type { BlobReference, JsonValue } from '../workflow/value.ts';

export interface AppendRequest {
  stream: StreamName;
  /** The stream's version before this commit; 0 for a new stream. */
  expectedVersion: number;
  /** 1 to 1,000. */
  events: RecordedEvent[];
  /** Milliseconds since the epoch. */
  at: number;
  correlationId: string;
  causationId: string;
  actor: ActorRef;
  trace?: string;
  /** Keys that no commit may have had before, e.g. `request:<requestId>`; each maps to this stream afterwards. */
  unique?: string[];
  /** Values that were taken out of the events. */
  blobs?: PendingBlob[];
  /** Streams that leave the log with it. */
  removal?: Removal;
}

/**
 * Streams that leave the log together with a commit, as one step: both are durable or neither is. Made by
 * `EventLog.prepareRemoval`, and refused with `log.version-conflict` where one of them has gone on since.
 */
export interface Removal {
  streams: readonly { stream: StreamName; version: number }[];
  positions: readonly number[];
  /** Taken by the commits that leave: free again, or kept until they are old enough. */
  freedKeys: readonly string[];
  keptKeys: readonly { key: string; at: number; stream: StreamName }[];
  /** What projections knew that count over streams; for their rebuild. */
  bases: readonly ProjectionBase[];
}

/** All documents of a projection at a position. */
export interface ProjectionBase {
  projection: string;
  position: number;
  /** Of the projection's shape. */
  hash: string;
  documents: { key: string; document: JsonValue }[];
}

export interface PendingBlob {
  reference: BlobReference;
  bytes: Uint8Array;
}

export interface StreamHead {
  version: number;
  /** `at` of the last commit. */
  at: number;
}

export interface StreamSnapshot {
  /** The fold includes every event up to this one. */
  streamVersion: number;
  /** Of machines, upcasters and snapshot schema; the caller ignores a snapshot with another hash. */
  foldHash: string;
  state: JsonValue;
}

export interface LogStats {
  commits: number;
  /** Events appended since this process opened the log. */
  appendedEvents: number;
  diskBytes: number;
  pendingCommits: number;
}

export type Durability = 'fsync' | 'relaxed';
export type Stop = () => void;

export interface EventLog {
  /** Made when the data directory was, kept for ever. */
  readonly logId: string;
  readonly durability: Durability;
  /** Position of the newest accepted commit, 0 for none. */
  readonly appendedPosition: number;
  /** Position up to which everything is durable. */
  readonly durablePosition: number;
  /** True when the bound of uncommitted commits (events and bytes) is reached (C6). */
  readonly isSaturated: boolean;

  /**
   * Accepts a commit and returns it with its position; it is durable when the listeners say so.
   * Throws `log.version-conflict`, `log.unique-key-taken`, `log.commit-too-large`, `overloaded`, `log.failed`, `log.closed`.
   */
  append(request: AppendRequest): Commit;
  /** The commits of one fsynced group, in order. A listener that throws is a defect of the listener's owner. */
  onDurable(listener: (commits: readonly Commit[]) => void): Stop;
  onFailure(listener: (error: Error) => void): Stop;
  reopen(): Promise<void>;
  /** Resolves when everything accepted so far is durable; rejects when it failed. */
  flush(): Promise<void>;

  /** The last version of a stream, accepted commits included; undefined when there is none. */
  streamHead(stream: StreamName): StreamHead | undefined;
  /** The stream that holds a unique key, accepted commits included. */
  uniqueOwner(key: string): StreamName | undefined;
  /** Durable commits of a stream that hold any version from `fromVersion` (default 1) to `toVersion` (default the end), whole commits, in order. */
  readStream(
    stream: StreamName,
    range?: { fromVersion?: number; toVersion?: number },
  ): AsyncIterable<Commit[]>;
  /** Durable commits with `after < position <= upTo` in order, in batches; ends at the durable position of the call (or `upTo`). */
  readAll(range?: { after?: number; upTo?: number }): AsyncIterable<Commit[]>;
  /** Like `readAll`, then goes on with new commits as they become durable, without gap or duplicate, until the signal aborts. */
  follow(options: { after: number; signal: AbortSignal }): AsyncIterable<Commit[]>;
  /** Durable commits with `at <= time`: the last position among them, for `asOf` and `--at`. */
  positionAt(timeMs: number): Promise<number>;

  /**
   * Reads what has to leave with some streams. Unique keys that were taken at or after `keepKeysSince` are kept.
   * Throws `log.corrupt`.
   */
  prepareRemoval(
    streams: readonly StreamName[],
    options: { keepKeysSince: number },
  ): Promise<Omit<Removal, 'bases'>>;
  /** Frees unique keys of removed streams that were taken before a time; resolves with their number. */
  releaseKeys(takenBefore: number): Promise<number>;
  /** What a projection that counts over streams knew when some were removed; undefined: nothing was. */
  projectionBase(projection: string): ProjectionBase | undefined;
  /** Removes all snapshots of a stream. */
  dropSnapshots(stream: StreamName): Promise<void>;

  saveSnapshot(stream: StreamName, snapshot: StreamSnapshot): Promise<void>;
  loadSnapshot(
    stream: StreamName,
    options?: { atMost?: number },
  ): Promise<StreamSnapshot | undefined>;

  readonly blobs: BlobStore;
  readonly documents: DocumentStore;

  stats(): Promise<LogStats>;
  close(): Promise<void>;
}

export interface BlobStore {
  /** Hashes bytes; writes nothing. */
  reference(bytes: Uint8Array, type: string): BlobReference;
  /** Durable when it resolves. Storing the same bytes again is cheap and refreshes their age. */
  put(bytes: Uint8Array, type: string): Promise<BlobReference>;
  /** Also finds blobs of accepted commits that are not on disk yet. Throws `blob.not-found`, `blob.corrupt`. */
  get(reference: BlobReference): Promise<Uint8Array>;
  has(sha256: string): Promise<boolean>;
  /**
   * Removes blobs that are not in `marked` (`sha256:...`) and were last stored more than `olderThanMs` ago.
   * `bytes`: what was freed. Blobs of commits that wait are never removed.
   */
  sweep(options: {
    marked: Pick<ReadonlySet<string>, 'has'>;
    olderThanMs: number;
    /** Counts and removes nothing. */
    dryRun?: boolean;
  }): Promise<{ removed: number; bytes: number }>;
  /** As `has`, and refreshes the age of the blob: for whoever is about to name it. */
  touch(sha256: string): Promise<boolean>;
}

/** Where projections keep documents and checkpoints. A write is atomic with its checkpoint, and not fsynced. */
export interface DocumentStore {
  checkpoint(projection: string): Promise<ProjectionCheckpoint | undefined>;
  get(projection: string, key: string): Promise<JsonValue | undefined>;
  getMany(projection: string, keys: readonly string[]): Promise<(JsonValue | undefined)[]>;
  write(projection: string, changes: DocumentChanges): Promise<void>;
  /** In key order (or index order), from the first key >= `prefix` + after. */
  list(projection: string, query: DocumentQuery): Promise<DocumentPage>;
  count(projection: string): Promise<number>;
  /** Removes documents, indexes and checkpoint. */
  clear(projection: string): Promise<void>;
}

export interface ProjectionCheckpoint {
  position: number;
  /** Of the projection's shape; another shape means rebuild. */
  hash: string;
}

export interface DocumentChanges {
  puts: { key: string; document: JsonValue; indexes: IndexEntry[]; oldIndexes: IndexEntry[] }[];
  deletes: { key: string; oldIndexes: IndexEntry[] }[];
  checkpoint: ProjectionCheckpoint;
}

/** One declared index and the document's value in it; values sort as text, so numbers are padded by the projection. */
export interface IndexEntry {
  index: string;
  value: string;
}

export interface DocumentQuery {
  /** Absent: by key. */
  index?: string;
  /** With an index: only entries whose value starts with it. Without: only keys that start with it. */
  prefix?: string;
  limit: number;
  reverse?: boolean;
  /** The `next` of the page before. */
  after?: string;
}

export interface DocumentPage {
  documents: { key: string; document: JsonValue }[];
  /** Absent after the last page. */
  next?: string;
}
