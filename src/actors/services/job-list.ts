/** Jobs by state, agent and run, newest first, from the documents of their runs. */
import type { EventLog } from '../../log/event-log.ts';
import type { JobListReply, JobMessage, JobSummary } from '../../messages/job.ts';
import { isWantedJob, jobPlace, jobSummary } from '../../projections/job-query.ts';
import type { RunRecord } from '../../projections/runs.ts';
import type { Projector } from './projector.ts';

const RUNS = 'runs';
/** How long a list waits for what was accepted before it was asked for. */
const AFTER_TIMEOUT_MS = 5_000;
/** Documents that one page looks at; a page may be short of its limit then, and has a `next`. */
const MAX_SCANNED = 5_000;
const PAGE = 500;

type ListMessage = Extract<JobMessage, { type: 'list' }>;

/** Everything durable when it was asked for is in it. Throws `projection.lagging`, `projection.failed`. */
export async function listJobs(
  log: EventLog,
  projector: Projector,
  asked: ListMessage,
): Promise<JobListReply> {
  await projector.waitFor(RUNS, log.durablePosition, AFTER_TIMEOUT_MS);
  const position = projector.caughtUpTo(RUNS);
  const jobs: JobSummary[] = [];
  let after = asked.page;
  for (let scanned = 0; ; ) {
    const limit = asked.limit - jobs.length;
    const query = { ...jobPlace(asked), limit, reverse: true };
    const page = await log.documents.list(RUNS, after === undefined ? query : { ...query, after });
    for (const { document } of page.documents) {
      const job = jobSummary(document as unknown as RunRecord);
      if (job !== undefined && isWantedJob(job, asked)) jobs.push(job);
    }
    scanned += limit;
    after = page.next;
    if (after === undefined) return { jobs, position };
    if (jobs.length >= asked.limit || scanned >= MAX_SCANNED)
      return { jobs, next: after, position };
  }
}

/** Ids of the jobs of a run that have not ended, as of a position; a page at a time. */
export async function* liveJobsOf(
  log: EventLog,
  projector: Pick<Projector, 'waitFor'>,
  { runId, position }: { runId: string; position: number },
): AsyncGenerator<string> {
  await projector.waitFor(RUNS, position);
  for (let after: string | undefined; ; ) {
    const query = { ...jobPlace({ runId }), limit: PAGE };
    const page = await log.documents.list(RUNS, after === undefined ? query : { ...query, after });
    for (const { key, document } of page.documents)
      if ((document as unknown as RunRecord).endedAt === null) yield key;
    if (page.next === undefined) return;
    after = page.next;
  }
}
