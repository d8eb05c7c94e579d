/**
 * A job as the document of its run keeps it: a run of one task (`run.created` has `job`). Its seven states are read from
 * the charts of the run and of its task.
 */
import type { JobState } from '../messages/job.ts';
import {
  type FoldTable,
  foldFor,
  type ProjectedEvent,
  type ProjectedEventOf,
} from './projection.ts';

/** What a run's document has beside if the run is a job. */
export type JobRecord = {
  /** The id that its client gave. */
  id: string | null;
  agent: string;
  /** The run in whose scope it is. */
  run: string | null;
  maxRetries: number;
  state: JobState;
  /** Of the present attempt, 0 to 100; 100 once it succeeded. */
  progress: number;
  /** What the agent said last about it. */
  message: string | null;
  /** Of the first attempt. */
  startedAt: number | null;
  /** Of the last attempt that failed. */
  error: { code: string; message: string; retryable: boolean } | null;
};

type JobOrigin = NonNullable<ProjectedEventOf<'run.created'>['data']['job']>;

/** A job at its `run.created`. */
export function newJob(origin: JobOrigin, startAt: number | undefined): JobRecord {
  return {
    id: origin.id ?? null,
    agent: origin.agent,
    run: origin.run ?? null,
    maxRetries: origin.maxRetries,
    state: startAt === undefined ? 'queued' : 'scheduled',
    progress: 0,
    message: null,
    startedAt: null,
    error: null,
  };
}

const to =
  (state: JobState) =>
  (job: JobRecord): JobRecord => ({ ...job, state });

const table: FoldTable<JobRecord> = {
  'run.started': to('queued'),
  'run.retried': to('queued'),
  'task.scheduled': to('queued'),
  'task.preparing': to('queued'),
  'task.handedOff': to('queued'),
  'task.reset': to('queued'),
  'task.started': (job, { at }) => ({
    ...job,
    ...{ state: 'running', progress: 0, message: null, startedAt: job.startedAt ?? at },
  }),
  'task.attemptFailed': (job, { data }) => ({ ...job, error: data.error }),
  'task.progressed': (job, { data }) => ({
    ...job,
    progress: data.percent ?? job.progress,
    message: data.message ?? job.message,
  }),
  'task.retryScheduled': to('retrying'),
  'run.succeeded': (job) => ({ ...job, state: 'succeeded', progress: 100, error: null }),
  'run.failed': to('failed'),
  'run.canceled': to('canceled'),
};

/** The job after an event of its run. */
export function foldJob(job: JobRecord, event: ProjectedEvent): JobRecord {
  return foldFor(table, event.type)?.(job, event) ?? job;
}
