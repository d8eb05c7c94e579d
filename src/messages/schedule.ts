/**
 * What is asked on `troupe.v1.schedule`, and what is answered.
 */
import { z } from 'zod';
import type { JsonObject } from '../workflow/value.ts';

const object = z.custom<JsonObject>(
  (candidate) => typeof candidate === 'object' && candidate !== null && !Array.isArray(candidate),
  'an object',
);
const id = z.string().min(1).max(200);
const name = z.string().regex(/^[A-Za-z0-9_-]{1,128}$/, 'letters, digits, `_` and `-`');

/** Of times that were missed while nothing ran: none, the newest, or all up to a bound. */
export const catchUpPolicies = ['skip', 'last', 'all'] as const;
/** While the run before has not ended: start another, none, or one when it has ended. */
export const overlapPolicies = ['allow', 'skip', 'queue'] as const;
/** Runs that `all` makes up for, at most. */
const MAX_CATCH_UP = 1_000;
const DEFAULT_CATCH_UP = 100;

export const timingSchema = z.strictObject({
  cron: z.string().max(500).optional(),
  every: z.union([z.string().max(100), z.number()]).optional(),
  at: z.string().max(100).optional(),
  zone: z.string().max(100).optional(),
  catchUp: z.enum(catchUpPolicies).default('last'),
  catchUpLimit: z.number().int().positive().max(MAX_CATCH_UP).default(DEFAULT_CATCH_UP),
  overlap: z.enum(overlapPolicies).default('allow'),
  /** A duration: each run starts up to so much later, so that not all start at once. */
  jitter: z.union([z.string().max(100), z.number()]).optional(),
});
/** When a schedule is due, as it is stored. */
export type ScheduleTiming = z.infer<typeof timingSchema>;

/** The request for each run: what `troupe.v1.request` takes, without what belongs to a single one. */
const scheduledRequestSchema = z.strictObject({
  text: z.string().max(100_000).optional(),
  workflow: z.union([object, z.string().max(4_000_000)]).optional(),
  template: z.string().max(200).optional(),
  pattern: object.optional(),
  input: object.optional(),
  session: id.optional(),
  tenant: id.optional(),
  priority: z.enum(['urgent', 'high', 'normal', 'low']).optional(),
});

const commandId = { id: id.optional(), name };

/** Body of `troupe.v1.schedule`. */
export const scheduleSchema = z.discriminatedUnion('type', [
  z.strictObject({
    ...commandId,
    type: z.literal('add'),
    schedule: timingSchema,
    request: scheduledRequestSchema,
    /** Another schedule of that name may be there: it becomes this one. */
    replace: z.boolean().default(false),
    /** Checks, tells the next times, and stores nothing. */
    dryRun: z.boolean().default(false),
  }),
  z.strictObject({ ...commandId, type: z.literal('get') }),
  z.strictObject({
    ...commandId,
    type: z.literal('pause'),
    reason: z.string().max(1_000).default('paused by a client'),
  }),
  z.strictObject({ ...commandId, type: z.literal('resume') }),
  z.strictObject({ ...commandId, type: z.literal('remove') }),
  z.strictObject({
    ...commandId,
    type: z.literal('run'),
    /** Who wants it; recorded. */
    by: z.string().trim().min(1).max(200).default('a client'),
  }),
]);
export type ScheduleMessage = z.infer<typeof scheduleSchema>;

export const scheduleStatuses = ['active', 'done', 'paused', 'removed'] as const;
/** `done`: no time comes any more. */
export type ScheduleStatus = (typeof scheduleStatuses)[number];

/** The answer: the schedule after it. */
export interface ScheduleReply {
  name: string;
  status: ScheduleStatus;
  workflow: string;
  schedule: ScheduleTiming;
  /** The next times, ISO 8601, without jitter. */
  next: string[];
  /** The newest run that was started. */
  lastRunId?: string;
  /** Of the message `run`: the run that it started. */
  runId?: string;
  streamVersion: number;
  position: number;
  idempotent: boolean;
  dryRun?: boolean;
}
