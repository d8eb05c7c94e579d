/**
 * One projection being fed: its position, the documents in memory, and what has not been written yet.
 * The projector decides when to fold and when to write; the log's document store keeps the result.
 *
 * S1 What is written is the fold of every event up to the checkpoint written with it, and of no later one.
 * S2 A fold that throws stops this projection: what was not written is dropped, so what is stored stays at its
 *    checkpoint. Nothing is thrown at the caller.
 * S3 A document's index entries in the store are those of the stored document: `stored` follows successful writes only
 *    and is derived from the document when it is read back.
 * S5 Documents of a stream that leaves the log leave too. What counts over streams (`isCumulative`) keeps what it counted,
 *    and a rebuild begins with that: it equals the live one.
 * Size: what is stored and what is in memory of one projection, and how each follows the other.
 * S4 Memory is bounded: recently used documents plus what changed since the write before the last.
 */
import type {
  DocumentChanges,
  DocumentStore,
  EventLog,
  IndexEntry,
  ProjectionBase,
} from '../../log/event-log.ts';
import type { ProjectedEvent, Projection } from '../../projections/projection.ts';
import { projectionHash } from '../../projections/registry.ts';
import type { JsonObject } from '../../workflow/value.ts';
import {
  allDocuments,
  indexEntries,
  REMOVED,
  removeDocuments,
  removedRuns,
  without,
} from './projection-documents.ts';
import { RecentDocuments } from './recent-documents.ts';

/** Documents kept in memory a projection: up to twice as many. */
const RECENT_DOCUMENTS = 1_024;

export interface ProjectionFailure {
  /** Of the commit that could not be folded, or of the last one folded when writing failed. */
  position: number;
  streamVersion?: number;
  stream?: string;
  error: unknown;
}

/** One document in memory. There is never more than one entry a key. */
interface Entry {
  readonly key: string;
  document: JsonObject | undefined;
  /** The index entries of the document as it is in the store; undefined: it is not in the store. */
  stored: IndexEntry[] | undefined;
  isDirty: boolean;
}

interface Work {
  event: ProjectedEvent;
  entries: Entry[];
}

export class ProjectionState {
  readonly projection: Projection;
  readonly hash: string;
  readonly #documents: DocumentStore;
  readonly #baseOf: EventLog['projectionBase'];
  readonly #recent = new RecentDocuments<Entry>(RECENT_DOCUMENTS);
  #dirty = new Map<string, Entry>();
  #writing: Map<string, Entry> | undefined;
  #inFlight: Promise<void> | undefined;
  #work: Work[] = [];
  #missing: Entry[] = [];
  /** Streams whose documents are still stored. */
  readonly #removals: string[] = [];
  #position = 0;
  #storedPosition = 0;
  #count = 0;
  #failure: ProjectionFailure | undefined;

  constructor(projection: Projection, log: Pick<EventLog, 'documents' | 'projectionBase'>) {
    this.projection = projection;
    const { documents } = log;
    this.#baseOf = (name) => log.projectionBase(name);
    this.hash = projectionHash(projection);
    this.#documents = documents;
  }

  /** Everything up to here is folded. */
  get position(): number {
    return this.#position;
  }

  /** Everything up to here is in the store, for queries to see. */
  get storedPosition(): number {
    return this.#storedPosition;
  }

  get failure(): ProjectionFailure | undefined {
    return this.#failure;
  }

  /**
   * Takes up at the stored checkpoint. A checkpoint of another shape, or beyond `durablePosition` (a log that was
   * restored from a copy), means starting over from nothing.
   */
  async resume(durablePosition: number): Promise<void> {
    const { name, bound } = this.projection;
    const checkpoint = await this.#documents.checkpoint(name);
    // Without a checkpoint there may be what a crash left of a clearing.
    if (checkpoint?.hash !== this.hash || checkpoint.position > durablePosition) {
      await this.startOver();
      return;
    }
    this.#position = checkpoint.position;
    this.#storedPosition = checkpoint.position;
    if (bound !== undefined) this.#count = await this.#documents.count(name);
  }

  /** Nothing is stored any more but what the projection knew when streams left the log, if it counts over streams (S5). */
  async startOver(): Promise<void> {
    const { name } = this.projection;
    await this.#documents.clear(name);
    const base = this.#baseOf(name);
    if (base?.hash !== this.hash) return;
    const { position, documents } = base;
    const puts = documents.map(({ key, document }) => ({
      ...{ key, document },
      indexes: indexEntries(this.projection, key, document as JsonObject),
      oldIndexes: [],
    }));
    await this.#documents.write(name, {
      ...{ puts, deletes: [] },
      checkpoint: { position, hash: this.hash },
    });
    this.#position = position;
    this.#storedPosition = position;
    this.#count = documents.length;
  }

  /** All documents as they are at one position; nothing is written meanwhile. */
  async capture(): Promise<ProjectionBase> {
    while (this.#inFlight !== undefined) await this.settled();
    const { name } = this.projection;
    const position = this.#storedPosition;
    const capturing = allDocuments(this.#documents, name).then((documents) => ({
      ...{ projection: name, position, hash: this.hash, documents },
    }));
    this.#inFlight = capturing
      .then(() => undefined)
      .finally(() => {
        this.#inFlight = undefined;
      });
    this.#inFlight.catch(() => undefined); // who captures has the error
    return capturing;
  }

  /** Notes that streams have left the log: their documents go, and what is in memory of them. */
  #addRemoval(event: ProjectedEvent): void {
    if (this.projection.streamOf === undefined) return;
    this.#work.push({ event, entries: [] });
    this.#removals.push(...removedRuns(event));
  }

  /** What memory has of a stream is of no use any more. */
  #dropStreams(streams: readonly string[]): void {
    const gone = new Set(streams);
    const isGone = (key: string): boolean => gone.has(this.projection.streamOf?.(key) ?? '');
    for (const key of this.#dirty.keys()) if (isGone(key)) this.#dirty.delete(key);
    this.#recent.deleteWhere(isGone);
  }

  /** Notes an event to fold, and the documents it needs. */
  add(event: ProjectedEvent): void {
    if (this.#failure !== undefined) return;
    if (event.type === REMOVED) {
      this.#addRemoval(event);
      return;
    }
    const { projection } = this;
    try {
      const keys = projection.keys(event);
      if (keys.length === 0) return;
      const isBirth = projection.births?.has(event.type) === true;
      this.#work.push({ event, entries: keys.map((key) => this.#need(key, isBirth)) });
    } catch (error) {
      this.#stop(event, error);
    }
  }

  #need(key: string, isBirth: boolean): Entry {
    const known = this.#find(key);
    if (known !== undefined) return known;
    const entry: Entry = { key, document: undefined, stored: undefined, isDirty: false };
    this.#recent.set(key, entry);
    if (!isBirth) this.#missing.push(entry);
    const overflow = this.projection.bound?.overflow(key);
    if (overflow !== undefined && overflow !== key) this.#need(overflow, false);
    return entry;
  }

  #find(key: string): Entry | undefined {
    return this.#recent.get(key) ?? this.#dirty.get(key) ?? this.#writing?.get(key);
  }

  /** True when the noted events can be folded without reading the store. */
  get isLoaded(): boolean {
    return this.#missing.length === 0 && this.#removals.length === 0;
  }

  /** Reads what the noted events need. Rejects when the store does; it may be tried again. */
  async load(): Promise<void> {
    const { projection } = this;
    const missing = this.#missing;
    const found = await this.#documents.getMany(
      projection.name,
      missing.map((entry) => entry.key),
    );
    for (const [index, entry] of missing.entries()) {
      const document = found[index] as JsonObject | undefined;
      if (document === undefined) continue;
      entry.document = document;
      entry.stored = indexEntries(projection, entry.key, document);
    }
    this.#missing = [];
    if (this.#removals.length === 0) return;
    // First memory, so that no write that is made meanwhile brings them back.
    this.#dropStreams(this.#removals);
    await this.settled();
    for (let stream = this.#removals.at(-1); stream !== undefined; stream = this.#removals.at(-1)) {
      const checkpoint = { position: this.#storedPosition, hash: this.hash };
      await removeDocuments(this.#documents, { projection: this.projection, stream, checkpoint });
      this.#removals.pop();
    }
  }

  /** Folds the noted events; afterwards everything up to `position` is folded. */
  fold(position: number): void {
    const work = this.#work;
    this.#work = [];
    for (const { event, entries } of work) {
      if (event.type === REMOVED) {
        this.#dropStreams(removedRuns(event));
        continue;
      }
      try {
        for (const entry of entries) this.#foldInto(this.#bounded(entry), event);
      } catch (error) {
        this.#stop(event, error);
        return;
      }
    }
    this.#recent.trim();
    if (this.#failure === undefined) this.#position = Math.max(this.#position, position);
  }

  #foldInto(entry: Entry, event: ProjectedEvent): void {
    const before = entry.document;
    const after = this.projection.fold(before, event, entry.key);
    if (after === before) return;
    if (before === undefined) this.#count += 1;
    else if (after === undefined) this.#count -= 1;
    entry.document = after;
    if (entry.isDirty) return;
    entry.isDirty = true;
    this.#dirty.set(entry.key, entry);
  }

  /** A key without a document gives way to the overflow key once there are as many documents as may be. */
  #bounded(entry: Entry): Entry {
    const { bound } = this.projection;
    if (bound === undefined || entry.document !== undefined || this.#count < bound.documents)
      return entry;
    return this.#need(bound.overflow(entry.key), false);
  }

  /** Writes what changed, with the checkpoint; resolves at once when nothing did. Rejects when the store does; it may be tried again. */
  write(): Promise<void> {
    this.#inFlight ??= this.#writeOnce().finally(() => {
      this.#inFlight = undefined;
    });
    return this.#inFlight;
  }

  async #writeOnce(): Promise<void> {
    if (this.#failure !== undefined || this.#storedPosition >= this.#position) return;
    const position = this.#position;
    const batch = this.#dirty;
    this.#writing = batch;
    this.#dirty = new Map();
    for (const entry of batch.values()) entry.isDirty = false;
    try {
      const { changes, written } = this.#changesOf(batch, position);
      await this.#documents.write(this.projection.name, changes);
      for (const [entry, stored] of written) entry.stored = stored;
      this.#storedPosition = position;
    } catch (error) {
      this.#takeBack(batch);
      throw error;
    } finally {
      this.#writing = undefined;
    }
  }

  /** A write that failed leaves its documents to be written. */
  #takeBack(batch: Map<string, Entry>): void {
    for (const [key, entry] of batch) {
      entry.isDirty = true;
      this.#dirty.set(key, entry);
    }
  }

  #changesOf(batch: Map<string, Entry>, position: number) {
    const changes: DocumentChanges = {
      puts: [],
      deletes: [],
      checkpoint: { position, hash: this.hash },
    };
    const written: [Entry, IndexEntry[] | undefined][] = [];
    for (const [key, entry] of batch) {
      const { document, stored = [] } = entry;
      if (document === undefined) {
        if (entry.stored !== undefined) changes.deletes.push({ key, oldIndexes: stored });
        written.push([entry, undefined]);
      } else {
        const indexes = indexEntries(this.projection, key, document);
        // An entry that stays is neither removed nor written again.
        changes.puts.push({
          key,
          document,
          indexes: without(indexes, stored),
          oldIndexes: without(stored, indexes),
        });
        written.push([entry, indexes]);
      }
    }
    return { changes, written };
  }

  /** Stops this projection for good (until a rebuild or a restart); what is stored stays. */
  fail(failure: ProjectionFailure): void {
    this.#failure ??= failure;
    this.#dirty = new Map();
    this.#work = [];
    this.#missing = [];
  }

  #stop(event: ProjectedEvent, error: unknown): void {
    const { position, stream, streamVersion } = event;
    this.fail({ position, stream, streamVersion, error });
  }

  /** Resolves when no write is under way, however it ended. */
  async settled(): Promise<void> {
    await this.#inFlight?.catch(() => undefined); // whoever asked for the write has the error
  }
}
