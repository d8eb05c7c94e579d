/** A job as its own stream tells it: durable, and as new as the log. */
import type { EventLog } from '../../log/event-log.ts';
import type { JobReply } from '../../messages/job.ts';
import { jobSummary } from '../../projections/job-query.ts';
import { isRunStream, type ProjectedEvent, projectedEvent } from '../../projections/projection.ts';
import { type RunRecord, runs } from '../../projections/runs.ts';
import type { JsonValue } from '../../workflow/value.ts';

/** The unique key of an id that a client gave to a job. */
export function jobKey(id: string): string {
  return `job:${id}`;
}

/** The id of a job's run, for that id or its client's; undefined where the log has neither. It may be a run that is no job. */
export function findJob(log: EventLog, id: string): string | undefined {
  const jobId = isRunStream(id) ? id : log.uniqueOwner(jobKey(id));
  return jobId === undefined || log.streamHead(jobId) === undefined ? undefined : jobId;
}

/** The job of an id, its own or its client's; undefined where there is none. Everything accepted so far counts. */
export async function readJob(log: EventLog, id: string): Promise<JobReply | undefined> {
  const jobId = findJob(log, id);
  if (jobId === undefined) return undefined;
  await log.flush();
  let record: RunRecord | undefined;
  let output: JsonValue | undefined;
  for await (const commits of log.readStream(jobId)) {
    for (const commit of commits) {
      for (let index = 0; index < commit.events.length; index += 1) {
        const event: ProjectedEvent = projectedEvent(commit, index);
        record = runs.fold(record, event, jobId);
        if (event.type === 'task.succeeded') output = event.data.output as JsonValue;
      }
      if (record?.job === undefined) return undefined; // a run, however long
    }
  }
  const summary = record === undefined ? undefined : jobSummary(record);
  if (record === undefined || summary === undefined) return undefined;
  const { streamVersion } = record;
  return {
    ...summary,
    ...(summary.state === 'succeeded' && output !== undefined ? { output } : {}),
    streamVersion,
  };
}
