/**
 * A job as the document of its run keeps it: a run of one task (`run.created` has `job`). Its seven states are read from
 * the charts of the run and of its task.
 */
import {
  type FoldTable,
  foldFor,
  type ProjectedEvent,
  type ProjectedEventOf,
} from './projection.ts';

export const jobStates = [
  'scheduled',
  'queued',
  'running',
  'retrying',
  'succeeded',
  'failed',
  'canceled',
] as const;

/**
 * `scheduled`: it waits for its time; `queued`: for a place or an agent; `running`: an agent has it; `retrying`: it waits
 * between two attempts.
 */
export type JobState = (typeof jobStates)[number];

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
  'task.started': (job) => ({ ...job, state: 'running', progress: 0, message: null }),
  'task.progressed': (job, { data }) => ({
    ...job,
    progress: data.percent ?? job.progress,
    message: data.message ?? job.message,
  }),
  'task.retryScheduled': to('retrying'),
  'run.succeeded': (job) => ({ ...job, state: 'succeeded', progress: 100 }),
  'run.failed': to('failed'),
  'run.canceled': to('canceled'),
};

/** The job after an event of its run. */
export function foldJob(job: JobRecord, event: ProjectedEvent): JobRecord {
  return foldFor(table, event.type)?.(job, event) ?? job;
}
