/**
 * A projection folded into memory: what was known at an earlier position. Pure; it answers as the stored one does.
 */
import type { JsonObject } from '../workflow/value.ts';
import { fileable, type ProjectedEvent, type Projection } from './projection.ts';

export interface MemoryQuery {
  key?: string | undefined;
  index?: string | undefined;
  prefix?: string | undefined;
  limit: number;
  reverse: boolean;
  /** The `next` of the page before. */
  page?: string | undefined;
}

export interface MemoryPage {
  documents: { key: string; document: JsonObject }[];
  next?: string;
}

const SEPARATOR = '\0';

export class MemoryDocuments {
  readonly #projection: Projection;
  readonly #documents = new Map<string, JsonObject>();

  constructor(projection: Projection) {
    this.#projection = projection;
  }

  get size(): number {
    return this.#documents.size;
  }

  /** Folds one event. Throws what the fold throws. */
  fold(event: ProjectedEvent): void {
    const { bound, handles } = this.#projection;
    if (!handles.has(event.type)) return;
    for (const wanted of this.#projection.keys(event)) {
      const isNew =
        bound !== undefined && !this.#documents.has(wanted) && this.size >= bound.documents;
      const key = isNew ? bound.overflow(wanted) : wanted;
      const document = this.#projection.fold(this.#documents.get(key), event, key);
      if (document === undefined) this.#documents.delete(key);
      else this.#documents.set(key, document);
    }
  }

  /** One document (`key`), or a page in the order of keys or of an index's values. */
  query(query: MemoryQuery): MemoryPage {
    if (query.key !== undefined) {
      const document = this.#documents.get(query.key);
      return { documents: document === undefined ? [] : [{ key: query.key, document }] };
    }
    const found = this.#ordered(query);
    const { page } = query;
    const after =
      page === undefined
        ? found
        : found.filter(({ cursor }) =>
            query.reverse ? inStoreOrder(cursor, page) < 0 : inStoreOrder(cursor, page) > 0,
          );
    const documents = after.slice(0, query.limit).map(({ key, document }) => ({ key, document }));
    const last = after[query.limit - 1];
    return after.length > query.limit && last !== undefined
      ? { documents, next: last.cursor }
      : { documents };
  }

  #ordered({ index, prefix = '', reverse }: MemoryQuery) {
    const found: { cursor: string; key: string; document: JsonObject }[] = [];
    for (const [key, document] of this.#documents) {
      const declared = index === undefined ? key : this.#projection.indexes[index]?.(document, key);
      if (declared === undefined) continue;
      const value = index === undefined ? declared : fileable(declared);
      if (!value.startsWith(prefix)) continue;
      found.push({ cursor: index === undefined ? key : value + SEPARATOR + key, key, document });
    }
    found.sort((one, other) => inStoreOrder(one.cursor, other.cursor));
    return reverse ? found.reverse() : found;
  }
}

/** The order of a document store: by the bytes of UTF-8. */
function inStoreOrder(one: string, other: string): number {
  return Buffer.compare(Buffer.from(one), Buffer.from(other));
}
