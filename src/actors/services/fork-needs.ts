/** What forks need of the runs that they come from: whoever removes old events asks here first. */
import type { DocumentStore } from '../../log/event-log.ts';
import type { RunRecord } from '../../projections/runs.ts';

const PAGE = 500;

/**
 * The last version of a run's own stream that a fork of it begins with; 0 for none. Events up to there may only go when
 * the fork can be folded without them. The projection `runs` must be level with the log, and nobody may fork the run
 * until the events are gone. Their blobs are needed as well.
 */
export async function neededUpTo(documents: DocumentStore, run: string): Promise<number> {
  let needed = 0;
  for (let after: string | undefined; ; ) {
    const page = await documents.list('runs', {
      index: 'forkedFrom',
      prefix: `${run}/`,
      limit: PAGE,
      ...(after === undefined ? {} : { after }),
    });
    for (const { document } of page.documents)
      needed = Math.max(needed, (document as unknown as RunRecord).forkedFrom?.at ?? 0);
    if (page.next === undefined) return needed;
    after = page.next;
  }
}
