/** Families of runs, from the documents of `runs`: a run without a parent, with all that descends from it. */
import type { DocumentStore } from '../../log/event-log.ts';
import { endedStatuses } from '../../policies/retention.ts';
import type { RunRecord } from '../../projections/runs.ts';

const PAGE = 500;
/** Runs of one family; of larger ones not all are read. */
const MAX_FAMILY = 10_000;

export interface RunFamily {
  /** The run at the top, then the others. */
  runs: RunRecord[];
  /** Runs outside of it that begin in it. */
  forks: string[];
  isWhole: boolean;
}

/** Runs without a parent, the newest first; `pause` is called after each page. */
export async function* topRuns(
  documents: DocumentStore,
  pause: (() => Promise<void>) | undefined,
): AsyncGenerator<RunRecord> {
  for (let after: string | undefined; ; ) {
    const from = after === undefined ? {} : { after };
    const page = await documents.list('runs', { limit: PAGE, reverse: true, ...from });
    for (const { document } of page.documents) {
      const run = document as unknown as RunRecord;
      if (run.parent === null) yield run;
    }
    await pause?.();
    if (page.next === undefined) return;
    after = page.next;
  }
}

/** The family of a run at the top, as the documents have it. */
export async function familyOf(documents: DocumentStore, top: RunRecord): Promise<RunFamily> {
  const runs = [top];
  for (let next = 0; next < runs.length; next += 1) {
    const { runId } = runs[next] as RunRecord;
    for await (const child of listed(documents, 'parent', runId)) runs.push(child);
    if (runs.length > MAX_FAMILY) return { runs, forks: [], isWhole: false };
  }
  const ids = new Set(runs.map(({ runId }) => runId));
  const forks: string[] = [];
  for (const id of ids) {
    for await (const { runId } of listed(documents, 'forkedFrom', id))
      if (!ids.has(runId)) forks.push(runId);
  }
  return { runs, forks, isWhole: true };
}

/**
 * The runs that a fork begins with, for a file that is read without them. One that has ended is taken as a whole: a part of
 * it would be a run that goes on.
 */
export async function originsOf(
  documents: DocumentStore,
  fork: RunRecord,
): Promise<{ stream: string; toVersion?: number }[]> {
  const origins: { stream: string; toVersion?: number }[] = [];
  for (let from = fork.forkedFrom; from !== null; ) {
    const { run: stream, at: toVersion } = from;
    const origin = (await documents.get('runs', stream)) as RunRecord | undefined;
    const hasEnded = origin !== undefined && endedStatuses.has(origin.status);
    origins.push(hasEnded ? { stream } : { stream, toVersion });
    from = origin?.forkedFrom ?? null;
  }
  return origins;
}

async function* listed(
  documents: DocumentStore,
  index: 'parent' | 'forkedFrom',
  of: string,
): AsyncGenerator<RunRecord> {
  for (let after: string | undefined; ; ) {
    const from = after === undefined ? {} : { after };
    const page = await documents.list('runs', {
      ...{ index, prefix: `${of}/`, limit: PAGE },
      ...from,
    });
    for (const { document } of page.documents) yield document as unknown as RunRecord;
    if (page.next === undefined) return;
    after = page.next;
  }
}
