/** Every document of every projection of a log, by projection and key. */
import type { EventLog } from '../../src/log/event-log.ts';
import { projections } from '../../src/projections/registry.ts';
import type { JsonValue } from '../../src/workflow/value.ts';

const PAGE = 500;

export async function documentsOf(
  log: EventLog,
): Promise<Record<string, Record<string, JsonValue>>> {
  const all: Record<string, Record<string, JsonValue>> = {};
  for (const { name } of projections) {
    const documents: Record<string, JsonValue> = {};
    for (let after: string | undefined; ; ) {
      const page = await log.documents.list(name, {
        limit: PAGE,
        ...(after === undefined ? {} : { after }),
      });
      for (const { key, document } of page.documents) documents[key] = document;
      after = page.next;
      if (after === undefined) break;
    }
    all[name] = documents;
  }
  return all;
}
