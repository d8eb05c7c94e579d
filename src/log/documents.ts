/**
 * Documents, indexes and checkpoints of projections.
 *
 * D1 A write is one batch: documents, index entries and checkpoint change together or not at all. It is not
 *    fsynced. Projections read durable commits only, so a checkpoint is ahead of the log only where durability is
 *    relaxed and power was lost; the projector sees that and folds again.
 */
import type { JsonValue } from '../workflow/value.ts';
import { decodeValue, encodeValue } from './codec.ts';
import type {
  DocumentChanges,
  DocumentPage,
  DocumentQuery,
  DocumentStore,
  IndexEntry,
  ProjectionCheckpoint,
} from './event-log.ts';
import type { KeyRange, KeyValueStore, WriteBatch } from './key-value.ts';
import {
  assertKeyName,
  checkpointKey,
  documentKey,
  documentName,
  documentRange,
  indexesRange,
  indexKey,
  indexRange,
} from './keys.ts';
import { compareKeys } from './ordered-map.ts';

interface Found {
  /** The store's key of the entry, the cursor of the page. */
  cursor: string;
  key: string;
}

export class LogDocuments implements DocumentStore {
  readonly #store: KeyValueStore;

  constructor(store: KeyValueStore) {
    this.#store = store;
  }

  async checkpoint(projection: string): Promise<ProjectionCheckpoint | undefined> {
    const bytes = this.#store.getBytes(checkpointKey(projection));
    return bytes === undefined
      ? undefined
      : (decodeValue(bytes) as unknown as ProjectionCheckpoint);
  }

  async get(projection: string, key: string): Promise<JsonValue | undefined> {
    const bytes = this.#store.getBytes(documentKey(projection, key));
    return bytes === undefined ? undefined : decodeValue(bytes);
  }

  async getMany(projection: string, keys: readonly string[]): Promise<(JsonValue | undefined)[]> {
    if (keys.length === 0) return [];
    const found = await this.#store.getManyBytes(keys.map((key) => documentKey(projection, key)));
    return found.map((bytes) => (bytes === undefined ? undefined : decodeValue(bytes)));
  }

  async write(projection: string, changes: DocumentChanges): Promise<void> {
    assertKeyName(projection, 'projection name');
    const batch = this.#store.batch();
    for (const { key, oldIndexes } of changes.deletes) {
      batch.delete(documentKey(projection, key));
      for (const entry of oldIndexes) batch.delete(indexKey({ projection, ...entry, key }));
    }
    for (const put of changes.puts) {
      assertKeyName(put.key, 'document key');
      batch.putBytes(documentKey(projection, put.key), encodeValue(put.document));
      putIndexes(batch, projection, put);
    }
    batch.putBytes(checkpointKey(projection), encodeValue({ ...changes.checkpoint }));
    await this.#store.write(batch, { sync: false });
  }

  async list(projection: string, query: DocumentQuery): Promise<DocumentPage> {
    const found = await this.#find(projection, query);
    const hasMore = found.length > query.limit;
    const page = found.slice(0, query.limit);
    const keys = page.map(({ key }) => key);
    const values = await this.getMany(projection, keys);
    const documents: DocumentPage['documents'] = [];
    for (const [index, document] of values.entries()) {
      // A document may have been deleted since its index entry was read.
      if (document !== undefined) documents.push({ key: keys[index] as string, document });
    }
    const last = page.at(-1);
    return hasMore && last !== undefined ? { documents, next: last.cursor } : { documents };
  }

  async count(projection: string): Promise<number> {
    let total = 0;
    for await (const keys of this.#store.keys(documentRange(projection))) total += keys.length;
    return total;
  }

  async clear(projection: string): Promise<void> {
    const first = this.#store.batch();
    first.delete(checkpointKey(projection)); // first, so that a crash in between leaves nothing that looks complete
    await this.#store.write(first, { sync: false });
    for (const range of [documentRange(projection), indexesRange(projection)]) {
      for await (const keys of this.#store.keys(range)) {
        const batch = this.#store.batch();
        for (const key of keys) batch.delete(key);
        await this.#store.write(batch, { sync: false });
      }
    }
  }

  /** Up to `limit` + 1 entries from the query's start. */
  async #find(projection: string, query: DocumentQuery): Promise<Found[]> {
    const { index, prefix = '' } = query;
    const all =
      index === undefined
        ? documentRange(projection, prefix)
        : indexRange({ projection, index, prefix });
    const range = startingAfter(all, query);
    const options = { reverse: query.reverse ?? false, limit: query.limit + 1 };
    const found: Found[] = [];
    if (index === undefined) {
      for await (const keys of this.#store.keys(range, options)) {
        for (const key of keys) found.push({ cursor: key, key: documentName(key) });
      }
      return found;
    }
    for await (const entries of this.#store.texts(range, options)) {
      for (const [cursor, key] of entries) found.push({ cursor, key });
    }
    return found;
  }
}

function startingAfter(range: KeyRange, query: DocumentQuery): KeyRange {
  const { after } = query;
  if (after === undefined) return range;
  // A cursor comes back from outside: it must not lead out of the range.
  if (compareKeys(after, range.from) < 0 || compareKeys(after, range.below) >= 0) {
    return { from: range.from, below: range.from };
  }
  if (query.reverse === true) return { from: range.from, below: after };
  return { from: `${after}\0`, below: range.below };
}

function putIndexes(
  batch: WriteBatch,
  projection: string,
  put: { key: string; indexes: IndexEntry[]; oldIndexes: IndexEntry[] },
): void {
  for (const entry of put.oldIndexes)
    batch.delete(indexKey({ projection, ...entry, key: put.key }));
  for (const entry of put.indexes) {
    if (entry.value.includes('\0'))
      throw new RangeError(`index ${entry.index} has a value with NUL`);
    batch.putText(indexKey({ projection, ...entry, key: put.key }), put.key);
  }
}
