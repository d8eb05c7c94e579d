/** Documents of a projection as the store has them: their index entries, all of them, those of a stream that has left. */
import type {
  DocumentStore,
  IndexEntry,
  ProjectionBase,
  ProjectionCheckpoint,
} from '../../log/event-log.ts';
import {
  fileable,
  type ProjectedEvent,
  type ProjectedEventOf,
  type Projection,
} from '../../projections/projection.ts';
import type { JsonObject } from '../../workflow/value.ts';

/** The event after which documents of whole streams are gone. */
export const REMOVED = 'system.runsRemoved';

/** Documents that are read or removed together. */
const PAGE = 500;

/** The runs of that event. */
export function removedRuns(event: ProjectedEvent): string[] {
  const { runs } = (event as ProjectedEventOf<typeof REMOVED>).data;
  return runs.map(({ runId }) => runId);
}

/** Every document of a projection. */
export async function allDocuments(
  store: DocumentStore,
  name: string,
): Promise<ProjectionBase['documents']> {
  const documents: ProjectionBase['documents'] = [];
  for (let after: string | undefined; ; ) {
    const page = await store.list(name, { limit: PAGE, ...(after === undefined ? {} : { after }) });
    documents.push(...page.documents);
    if (page.next === undefined) return documents;
    after = page.next;
  }
}

/** Removes the documents of a stream, a page at a time; the checkpoint stays as it is. */
export async function removeDocuments(
  store: DocumentStore,
  parts: { projection: Projection; stream: string; checkpoint: ProjectionCheckpoint },
): Promise<void> {
  const { projection, stream, checkpoint } = parts;
  const { name } = projection;
  for (;;) {
    const { documents } = await store.list(name, { prefix: stream, limit: PAGE });
    const deletes = documents
      .filter(({ key }) => projection.streamOf?.(key) === stream)
      .map(({ key, document }) => ({
        key,
        oldIndexes: indexEntries(projection, key, document as JsonObject),
      }));
    if (deletes.length === 0) return;
    await store.write(name, { puts: [], deletes, checkpoint });
  }
}

/** The index entries of a document, in the order of the declared indexes. */
export function indexEntries(
  projection: Projection,
  key: string,
  document: JsonObject,
): IndexEntry[] {
  const entries: IndexEntry[] = [];
  for (const index in projection.indexes) {
    const value = projection.indexes[index]?.(document, key);
    if (value !== undefined) entries.push({ index, value: fileable(value) });
  }
  return entries;
}

/** Those that are not among others. */
export function without(entries: IndexEntry[], others: readonly IndexEntry[]): IndexEntry[] {
  if (others.length === 0 || entries.length === 0) return entries;
  return entries.filter(
    (entry) => !others.some((other) => other.index === entry.index && other.value === entry.value),
  );
}
