/**
 * Between clients and the orchestrator about jobs: `troupe.v1.job`. A job is a run of one task; its `jobId` is its `runId`.
 */
import { z } from 'zod';
import { parseDuration } from '../workflow/durations.ts';
import { MAX_ATTEMPTS } from '../workflow/limits.ts';
import type { JsonObject, JsonValue } from '../workflow/value.ts';
import type { Failure } from './failure.ts';
import { instantSchema } from './instant.ts';

/**
 * `scheduled`: it waits for its time; `queued`: for a place or an agent; `running`: an agent has it; `retrying`: it waits
 * between two attempts.
 */
export const jobStates = [
  'scheduled',
  'queued',
  'running',
  'retrying',
  'succeeded',
  'failed',
  'canceled',
] as const;
export type JobState = (typeof jobStates)[number];

const ENDED: ReadonlySet<JobState> = new Set<JobState>(['succeeded', 'failed', 'canceled']);

/** True for a state that a job does not leave. */
export function isEndedJob(state: JobState): boolean {
  return ENDED.has(state);
}

/** How long a wait waits at most; who wants to wait longer asks again. */
const MAX_WAIT_MS = 3_600_000;
const DEFAULT_WAIT_MS = 30_000;
const DEFAULT_LIMIT = 100;
const DEFAULT_RETRIES = 3;

const object = z.custom<JsonObject>(
  (candidate) => typeof candidate === 'object' && candidate !== null && !Array.isArray(candidate),
  'an object',
);
const id = z.string().min(1).max(200);
const agent = z.string().min(1).max(200);
const duration = z
  .union([z.number(), z.string()])
  .refine((value) => parseDuration(value) !== undefined, 'seconds, or a text such as "30s" or "5m"')
  .transform((value) => parseDuration(value) ?? 0);

/** Body of `troupe.v1.job`. A field of another name is refused, for it would be meant and not heard. */
export const jobSchema = z.discriminatedUnion('type', [
  z
    .strictObject({
      type: z.literal('enqueue'),
      /** An id of the client's own: the same one again gives the first job. It stands for the job's id ever after. */
      jobId: id
        .refine((given) => !given.startsWith('run_'), 'ids that begin with "run_" are made here')
        .optional(),
      /** The same for an id that is no name: it finds the job, and nothing shows it. The header `Nats-Msg-Id` is a third way. */
      id: id.optional(),
      agent,
      /** What the agent gets, as it stands: nothing in it is an expression. */
      parameters: object.default({}),
      priority: z.enum(['urgent', 'high', 'normal', 'low']).optional(),
      /** It waits until then; a time that has passed is now. */
      runAt: instantSchema.optional(),
      /** The same from its arrival on: seconds, or a text with a unit. */
      delay: duration.optional(),
      /** Further attempts after one that failed retryably, each after a longer delay. */
      maxRetries: z
        .number()
        .int()
        .min(0)
        .max(MAX_ATTEMPTS - 1)
        .default(DEFAULT_RETRIES),
      /** The longest time of one attempt: seconds, or a text with a unit. */
      timeout: duration.optional(),
      /** The run that it belongs to: it is listed by it, and canceled with it. */
      runId: id.optional(),
      /** Whose share and whose limits it counts for; of a job in the scope of a run by default those of the run. */
      session: id.optional(),
      tenant: id.optional(),
    })
    .refine(
      ({ runAt, delay }) => runAt === undefined || delay === undefined,
      'runAt and delay are two ways to say the same',
    ),
  z.strictObject({ type: z.literal('get'), jobId: id }),
  z.strictObject({
    type: z.literal('wait'),
    jobId: id,
    /** Seconds, or a text with a unit; at most an hour. */
    timeout: duration
      .refine((ms) => ms <= MAX_WAIT_MS, 'at most an hour; ask again to wait longer')
      .default(DEFAULT_WAIT_MS),
  }),
  z.strictObject({
    type: z.literal('cancel'),
    jobId: id,
    id: id.optional(),
    reason: z.string().max(10_000).default('canceled by a client'),
  }),
  z.strictObject({
    type: z.literal('list'),
    state: z.enum(jobStates).optional(),
    agent: agent.optional(),
    /** Only the jobs of this run. */
    runId: id.optional(),
    limit: z.number().int().positive().max(1_000).default(DEFAULT_LIMIT),
    /** The `next` of the page before. */
    page: z.string().max(2_000).optional(),
  }),
]);
export type JobMessage = z.infer<typeof jobSchema>;
export type EnqueueMessage = Extract<JobMessage, { type: 'enqueue' }>;

/** A job as lists show it. Times are ms since the epoch. */
export interface JobSummary {
  jobId: string;
  /** The id that its client gave. */
  id?: string;
  agent: string;
  state: JobState;
  priority: string;
  /** Of the present attempt, 0 to 100; 100 once it succeeded. */
  progress: number;
  /** What the agent said last about it. */
  message?: string;
  attempts: number;
  maxRetries: number;
  /** The run in whose scope it is. */
  runId?: string;
  createdAt: number;
  runAt?: number;
  /** Of the first attempt. */
  startedAt?: number;
  endedAt?: number;
  /** Why it failed, or why its last attempt did. */
  error?: Failure;
  /** Why it is canceled. */
  reason?: string;
  /** Its cancellation was asked for, and an agent still has it. */
  canceling?: true;
  /** It is isolated after a defect, and goes on once it is released. */
  quarantined?: true;
}

/** The reply to `get`, `wait` and `cancel`. */
export interface JobReply extends JobSummary {
  /** Of a job that succeeded; a reference where it is a blob. */
  output?: JsonValue;
  /** Of its newest event. */
  streamVersion: number;
  /** Of a wait: the job had not ended when the time was over. */
  timedOut?: true;
}

/** The reply to `enqueue`: the job is durable. */
export interface EnqueueReply {
  jobId: string;
  id?: string;
  state: JobState;
  /** Subject of its event stream. */
  events: string;
  position: number;
  /** False when it came without an id: sending it again makes another job. */
  idempotent: boolean;
  /** The id was known: this is the job that it made before. */
  repeated?: true;
}

/** The reply to `list`, newest first. */
export interface JobListReply {
  jobs: JobSummary[];
  /** Absent after the last page. */
  next?: string;
  position: number;
}
