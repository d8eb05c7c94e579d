/** How jobs are found among the documents of runs, and what is shown of one. */
import type { JobState, JobSummary } from '../messages/job.ts';
import { JOB_IDS } from './projection.ts';
import type { RunRecord } from './runs.ts';

export interface JobWish {
  state?: JobState | undefined;
  agent?: string | undefined;
  /** Only the jobs of this run. */
  runId?: string | undefined;
}

/** Where to look: the jobs of one run, else those of a state, else those of an agent, else all. */
export function jobPlace({ runId, state, agent }: JobWish): { index?: string; prefix: string } {
  if (runId !== undefined) return { index: 'job_run', prefix: `${runId}/` };
  if (state !== undefined) return { index: 'job_state', prefix: `${state}/` };
  if (agent !== undefined) return { index: 'job_agent', prefix: `${agent}/` };
  return { prefix: JOB_IDS };
}

/** What `jobPlace` did not look for. */
export function isWantedJob(job: JobSummary, { runId, state, agent }: JobWish): boolean {
  return (
    (runId === undefined || job.runId === runId) &&
    (state === undefined || job.state === state) &&
    (agent === undefined || job.agent === agent)
  );
}

/** What lists show of the document of a job's run; undefined for one that is no job. */
export function jobSummary(record: RunRecord): JobSummary | undefined {
  const { job } = record;
  if (job === undefined) return undefined;
  const { runId: jobId, priority, attempts, createdAt, startAt, endedAt } = record;
  const error = record.error ?? (job.state === 'succeeded' ? null : job.error);
  const { id, agent, state, progress, maxRetries, run, message, startedAt } = job;
  return {
    jobId,
    ...given({ id }),
    ...{ agent, state, priority, progress },
    ...given({ message }),
    ...{ attempts, maxRetries },
    ...given({ runId: run }),
    createdAt,
    ...given({ runAt: startAt, startedAt, endedAt, error, reason: record.reason }),
    ...(record.state === 'canceling' ? { canceling: true as const } : {}),
    ...(record.status === 'quarantined' ? { quarantined: true as const } : {}),
  };
}

type Given<Fields> = { [Name in keyof Fields]?: NonNullable<Fields[Name]> };

/** The fields that have a value. */
function given<Fields extends object>(fields: Fields): Given<Fields> {
  return Object.fromEntries(
    Object.entries(fields).filter(([, value]) => value !== null && value !== undefined),
  ) as Given<Fields>;
}
