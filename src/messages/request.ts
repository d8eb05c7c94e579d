/**
 * Between clients and the orchestrator: requests, commands, history, queries, hello, blobs.
 * Size: every field of what clients say and hear, with what it means.
 */
import { z } from 'zod';
import type { JsonEnvelope } from '../events/envelope.ts';
import type { Difference } from '../workflow/change/difference.ts';
import type { PatchProblem } from '../workflow/change/patch.ts';
import { parseDuration } from '../workflow/durations.ts';
import type { JsonObject, JsonValue } from '../workflow/value.ts';
import { instantSchema } from './instant.ts';

const object = z.custom<JsonObject>(
  (candidate) => typeof candidate === 'object' && candidate !== null && !Array.isArray(candidate),
  'an object',
);
const id = z.string().min(1).max(200);
/** What starts are counted by. */
const startKey = z.string().regex(/^[A-Za-z0-9_.:/@-]{1,200}$/, 'letters, digits and _ . : / @ -');
const MAX_PAUSE_MS = 30 * 86_400_000;
/** Seconds, or text like `250ms`, `30s`, `5m`; milliseconds come out. */
const pause = z
  .union([z.number(), z.string()])
  .transform((given) => parseDuration(given) ?? -1)
  .refine((ms) => ms > 0 && ms <= MAX_PAUSE_MS, 'a time like 30s, 5m or 1d, at most 30 days');
const commandId = { id: id.optional() };

/** A run that begins as a copy of another one. */
const forkSchema = z.strictObject({
  run: id,
  /** A stream version, the label of a checkpoint, or a task: the moment before it was scheduled. Absent: now. */
  at: z.union([z.number().int().positive(), z.string().min(1).max(500)]).optional(),
  /** Values by path: `inputs.<name>`, `tasks.<id>.parameters.<name>`, `tasks.<id>.output`. */
  set: z
    .record(
      z.string(),
      z.custom<JsonValue>((value) => value !== undefined, 'a value'),
    )
    .optional(),
  /** Recorded answers are taken where the parameters are the same; `strict`: what changed fails. */
  sandbox: z.enum(['reuse', 'strict']).optional(),
});
export type ForkRequest = z.infer<typeof forkSchema>;

/**
 * Body of `troupe.v1.request`. Exactly one of `text`, `workflow`, `template`, `pattern`, `fork`; a field of another name is
 * refused, for it would be meant and not heard.
 */
export const requestSchema = z
  .strictObject({
    requestId: id.optional(),
    text: z.string().max(100_000).optional(),
    /** A workflow as an object, or its YAML or JSON text. */
    workflow: z.union([object, z.string().max(4_000_000)]).optional(),
    /** The name of a workflow that comes with Troupe; the files of a project are known to its commands alone. */
    template: z.string().max(200).optional(),
    pattern: object.optional(),
    fork: forkSchema.optional(),
    input: object.optional(),
    session: id.optional(),
    /** Whose work it is: what is scarce is shared among tenants first, then among the sessions of each. */
    tenant: id.optional(),
    priority: z.enum(['urgent', 'high', 'normal', 'low']).optional(),
    /** Milliseconds since the epoch. */
    deadline: z.number().int().positive().optional(),
    /** While `window` lasts, requests of the tenant with this key are answered with the run of the first one. */
    dedupe: z.strictObject({ key: startKey, window: pause }).optional(),
    /**
     * The run starts once no request of the tenant with this key has come for `delay`, at the latest `max` after the first.
     * The last one's input counts.
     */
    debounce: z.strictObject({ key: startKey, delay: pause, max: pause.optional() }).optional(),
    start: z.boolean().default(true),
    /** The run waits until then; a time that has passed is now. Any command `start` starts it earlier. */
    startAt: instantSchema.optional(),
    dryRun: z.boolean().default(false),
  })
  .refine(
    (body) =>
      [body.text, body.workflow, body.template, body.pattern, body.fork].filter(
        (part) => part !== undefined,
      ).length === 1,
    'exactly one of text, workflow, template, pattern and fork is needed',
  )
  .refine(
    ({ fork, input, start, startAt, dryRun }) =>
      fork === undefined || (input === undefined && start && startAt === undefined && !dryRun),
    'a fork takes no input (fork.set does), and begins at once',
  )
  .refine(
    ({ start, startAt }) => start || startAt === undefined,
    'a run with `startAt` starts: leave `start` out',
  )
  .refine(
    ({ deadline, startAt }) =>
      deadline === undefined || startAt === undefined || startAt < deadline,
    'the deadline comes before `startAt`',
  )
  .refine(
    ({ debounce, dedupe, start, startAt }) =>
      debounce === undefined || (dedupe === undefined && startAt === undefined && start),
    'a run with `debounce` starts after a pause: leave `dedupe`, `startAt` and `start` out',
  );
export type RequestMessage = z.infer<typeof requestSchema>;

/** The reply to a request that became a run. */
export interface RequestReply {
  runId: string;
  /** Subject of its event stream. */
  events: string;
  workflow: string;
  /** Task ids in an order in which they can run. */
  plan: string[];
  position: number;
  /** False when the request had no id: sending it again starts another run. */
  idempotent: boolean;
  /** Ms since the epoch: it waits until then, and longer where another request with its `debounce` key comes. */
  startsAt?: number;
  /** True: no run was begun; this is the one of the request's `dedupe` key. */
  deduplicated?: true;
  warnings?: JsonValue[];
  /** Of a fork: the last event that it has in common with the other run. */
  forkedFrom?: { run: string; at: number };
}

/** Characters of the name of a signal, as in a workflow. */
const signalName = z.string().regex(/^[A-Za-z0-9_-]{1,128}$/, 'letters, digits, `_` and `-`');
const vote = {
  ...commandId,
  /** The activation, or the task where one of its activations waits. */
  task: z.string().min(1).max(500),
  /** Who answers; one person answers once. */
  by: z.string().trim().min(1).max(200),
  comment: z.string().max(10_000).optional(),
};

/** Body of `troupe.v1.run.<runId>.command`. Types that are not built yet are refused by name. */
export const commandSchema = z.discriminatedUnion('type', [
  z.object({ ...commandId, type: z.literal('start') }),
  z.object({ ...commandId, type: z.literal('step') }),
  z.object({
    ...commandId,
    type: z.literal('pause'),
    reason: z.string().optional(),
    /** Attempts in hand are interrupted, and start again when the run is resumed; else they finish. */
    hard: z.boolean().optional(),
  }),
  z.object({ ...commandId, type: z.literal('resume') }),
  z.object({
    ...commandId,
    type: z.literal('complete'),
    status: z.enum(['succeeded', 'failed']).default('succeeded'),
    reason: z.string().default('completed by an operator'),
  }),
  z.object({
    ...commandId,
    type: z.literal('cancel'),
    /** One task, or one instance (`<task>~<index>`); absent: the run as a whole. */
    task: id.optional(),
    reason: z.string().default('canceled by a client'),
  }),
  z.object({
    ...commandId,
    type: z.literal('terminate'),
    reason: z.string().default('terminated by an operator'),
  }),
  z.object({
    ...commandId,
    type: z.literal('checkpoint'),
    name: z
      .string()
      .regex(/^[A-Za-z][A-Za-z0-9_.-]{0,127}$/, 'a letter, then letters, digits, `_`, `.` and `-`')
      .optional(),
  }),
  z.object({
    ...commandId,
    type: z.literal('retry'),
    /** Of what failed only these tasks; absent: all. */
    tasks: z.array(id).min(1).max(1_000).optional(),
    reason: z.string().max(10_000).default('retried by a client'),
  }),
  z.object({
    ...commandId,
    type: z.literal('release'),
    reason: z.string().default('released by an operator'),
  }),
  z.object({
    ...commandId,
    type: z.literal('signal'),
    name: signalName,
    /** Any value, or a reference to a blob that holds one; looked at where it comes in. */
    payload: z.custom<JsonValue>().optional(),
  }),
  z.object({
    ...commandId,
    type: z.literal('adapt'),
    /** Exactly one of the three. What changes, in the words of a file, with tasks by id and null for what goes. */
    patch: z.custom<JsonValue>().optional(),
    /** The definition to move to, as an object or as its YAML or JSON text. */
    workflow: z.union([object, z.string().max(4_000_000)]).optional(),
    /** Takes the last patch back. */
    undo: z.literal(true).optional(),
    /** Of `workflow`: what has begun stays as it is in this run. */
    keep: z.boolean().default(false),
    /** Nothing is changed; the reply says what would be. */
    dryRun: z.boolean().default(false),
    /** The version at which the run was looked at; refused where it is at another one. */
    expectedVersion: z.number().int().positive().optional(),
  }),
  z.object({ ...vote, type: z.literal('approve') }),
  z.object({ ...vote, type: z.literal('reject') }),
  z.object({
    ...vote,
    type: z.literal('delegate'),
    /** Who answers instead of `by`. */
    to: z.string().trim().min(1).max(200),
  }),
]);

export type CommandMessage = z.infer<typeof commandSchema>;

/** The reply to a command: the run after it. */
export interface CommandReply {
  runId: string;
  status: string;
  streamVersion: number;
  position: number;
  idempotent: boolean;
  /** Of a signal that no task of the workflow names: it was kept, and may be a mistake. */
  notice?: string;
  /** Of `adapt`. */
  adaptation?: AdaptationReply;
}

/** What a patch changes, or would change. */
export interface AdaptationReply {
  /** False: nothing was to change, or it was only asked. */
  applied: boolean;
  difference: Difference;
  /** Errors are in the way; warnings are not. */
  problems: PatchProblem[];
  /** Of the definition with the change. */
  definitionHash?: string;
  /** The version of the `run.adapted` that is taken back. */
  undoes?: number;
}

export const historySchema = z.strictObject({
  from: z.number().int().positive().default(1),
  limit: z.number().int().positive().max(1_000).default(100),
});

export interface HistoryReply {
  events: JsonEnvelope[];
  /** Absent after the last page. */
  next?: number;
  forkedFrom?: { run: string; at: number };
}

/** Body of `troupe.v1.query.<name>`. */
export const querySchema = z.strictObject({
  /** One document. */
  key: z.string().optional(),
  /** A declared index and the start of its value. */
  index: z.string().optional(),
  prefix: z.string().optional(),
  limit: z.number().int().positive().max(1_000).default(100),
  reverse: z.boolean().default(false),
  /** Paging: the `next` of the page before. */
  page: z.string().optional(),
  /** Answers once the projection has reached this position. */
  after: z.number().int().nonnegative().optional(),
  /** A position or an ISO time: what was known then. */
  asOf: z.union([z.number().int().nonnegative(), z.string()]).optional(),
});
export type QueryMessage = z.infer<typeof querySchema>;

export interface QueryReply {
  documents: { key: string; document: JsonValue }[];
  next?: string;
  position: number;
}

/** The answer of `troupe.v1.orchestrator.hello`. `since` is ms since the epoch. */
export const helloReplySchema = z.object({
  logId: z.string(),
  since: z.number(),
  version: z.string(),
});
export type HelloReply = z.infer<typeof helloReplySchema>;

/** The header of a chunk on `blob.put`: `{upload, seq, last, type}` as JSON. */
export const BLOB_HEADER = 'Troupe-Blob';
/** What that header holds; its bytes are the message. `seq` counts from 0. */
export const blobPutSchema = z.object({
  upload: id,
  seq: z.number().int().nonnegative(),
  last: z.boolean().default(false),
  type: z.string().max(200).default('application/octet-stream'),
});
export const blobGetSchema = z.object({
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
  offset: z.number().int().nonnegative().default(0),
});

/** Bytes of a blob that one message carries. */
export const BLOB_CHUNK_BYTES = 512 * 1024;
/** Values above this many bytes (as JSON) are offloaded before they are logged. */
export const OFFLOAD_BYTES = 64 * 1024;
/** The largest value that is accepted at all. */
export const MAX_VALUE_BYTES = 64 * 1024 * 1024;
