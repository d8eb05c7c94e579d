/**
 * What a projection is: a pure fold of events into keyed documents with declared indexes.
 *
 * P1 `keys`, `fold` and the indexes are pure: equal events in equal order give equal documents, so a rebuild equals
 *    the live one. Documents are JSON values and are never changed in place.
 * P2 `keys(event)` sees nothing but the event.
 * P3 Whoever changes what a projection yields raises its `version`; the next start then rebuilds it.
 * P4 A document's fields are all always there (`null` where unknown): readers need no guesses and folding stays fast.
 */
import type { AnyEvent } from '../events/catalogue.ts';
import type { Commit } from '../events/envelope.ts';
import type { JsonObject } from '../workflow/value.ts';

/** Where an event stands in the log and in its stream; `at` is ms since the epoch. */
export interface EventPlace {
  readonly stream: string;
  readonly streamVersion: number;
  readonly position: number;
  readonly at: number;
}

/** What a projection sees of an event: every envelope fits, and it is cheaper to make than an envelope. */
export type ProjectedEvent = AnyEvent & EventPlace;

/** One event type as a projection sees it. */
export type ProjectedEventOf<Type extends AnyEvent['type']> = Extract<AnyEvent, { type: Type }> &
  EventPlace;

/** The value under which an index files a document; undefined: not in this index. Values sort as text. */
export type IndexValue<Document> = (document: Document, key: string) => string | undefined;

/** A bound on the number of documents: once it is reached, the event of a new key goes to `overflow(key)`. */
export interface DocumentBound {
  readonly documents: number;
  /** A key out of a small fixed set. */
  overflow(key: string): string;
}

export interface Projection<Document extends JsonObject = JsonObject> {
  /** Also the name of the query. */
  readonly name: string;
  /** Of the shape and meaning of its documents, from 1. */
  readonly version: number;
  /** Event types that it folds; all others are passed over without a look at their data. */
  readonly handles: ReadonlySet<string>;
  /**
   * Types that can only be the first event of a document: the store is not asked whether there is one already.
   * Only for types whose key is never used before or twice.
   */
  readonly births?: ReadonlySet<string>;
  readonly indexes: Readonly<Record<string, IndexValue<Document>>>;
  readonly bound?: DocumentBound;
  /** The documents that an event touches, without repeats; none is allowed. */
  keys(event: ProjectedEvent): readonly string[];
  /** The document after the event; undefined: there is none (any longer). Three plain arguments: this is the hot path. */
  fold(document: Document | undefined, event: ProjectedEvent, key: string): Document | undefined;
  /**
   * It counts over streams that may leave the log: a rebuild begins with what it knew when they did. Others have documents
   * of one stream each (`streamOf`), which leave with it.
   */
  readonly isCumulative?: true;
  /** The only stream that a document (or every document under a key prefix) is folded from, where there is just one. */
  streamOf?(keyOrPrefix: string): string | undefined;
}

/** What a table of folds has for each event type: the document after it. */
export type FoldTable<Document> = {
  readonly [Type in AnyEvent['type']]?: (
    document: Document,
    event: ProjectedEventOf<Type>,
  ) => Document;
};

/** Looks an event's fold up in a table; undefined when the table has none. */
export function foldFor<Document>(
  table: FoldTable<Document>,
  type: AnyEvent['type'],
): ((document: Document, event: ProjectedEvent) => Document) | undefined {
  return table[type] as ((document: Document, event: ProjectedEvent) => Document) | undefined;
}

/** `commit.events[index]` as projections see it. Throws `RangeError` when there is none. */
export function projectedEvent(commit: Commit, index: number): ProjectedEvent {
  const recorded = commit.events[index];
  if (recorded === undefined)
    throw new RangeError(`commit ${commit.position} has no event ${index}`);
  return {
    type: recorded.type,
    schemaVersion: recorded.schemaVersion,
    data: recorded.data,
    stream: commit.stream,
    streamVersion: commit.firstVersion + index,
    position: commit.position,
    at: commit.at,
  } as ProjectedEvent;
}

const TIME_WIDTH = 15;

/** A time in ms since the epoch as text of fixed width, so that it sorts as a number does. */
export function paddedTime(timeMs: number): string {
  return String(timeMs).padStart(TIME_WIDTH, '0');
}

const RUN_STREAM = 'run_';

/** True for the stream of a run; its name is the `runId`. */
export function isRunStream(stream: string): boolean {
  return stream.startsWith(RUN_STREAM);
}

/**
 * How the ids of jobs begin. All others go on with the digits of a time, of which the first is a 0 for a thousand years: jobs
 * have a part of the keys for themselves.
 */
export const JOB_IDS = `${RUN_STREAM}j`;
export const PLAIN_RUN_IDS = `${RUN_STREAM}0`;

const MAX_INDEX_CHARACTERS = 400;

/** A value as an index keeps it: stores separate with NUL and keep values short; names come from people. */
export function fileable(value: string): string {
  const clean = value.includes('\0') ? value.replaceAll('\0', '') : value;
  return clean.length > MAX_INDEX_CHARACTERS ? clean.slice(0, MAX_INDEX_CHARACTERS) : clean;
}
