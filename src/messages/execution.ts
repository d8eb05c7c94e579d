/**
 * Between orchestrator and agents: execution requests, results, progress, heartbeats, probes, cancellation.
 * Everything that comes from outside is parsed with these schemas before anything else looks at it.
 */
import { z } from 'zod';
import type { JsonObject, JsonValue } from '../workflow/value.ts';
import { failureSchema } from './failure.ts';
import { burstSchema, rateSchema } from './limits.ts';

const value = z.custom<JsonValue>((candidate) => candidate !== undefined, 'a JSON value');
const object = z.custom<JsonObject>(
  (candidate) => typeof candidate === 'object' && candidate !== null && !Array.isArray(candidate),
  'an object',
);
/** Ids that become subject tokens: printable, no dots, spaces or wildcards. */
const token = z
  .string()
  .min(1)
  .max(200)
  .regex(/^[!-)+\-/-=?-~]+$/, 'no dots, spaces or wildcards');
const agentName = z
  .string()
  .min(1)
  .max(100)
  .regex(/^[A-Za-z0-9_-]+$/, 'letters, digits, "_" and "-"');

export const attemptRefSchema = z.object({
  runId: token,
  activation: token,
  attempt: z.number().int().positive(),
});
/** Names one attempt. */
export type AttemptRef = z.infer<typeof attemptRefSchema>;

/** What an agent gets on `agent.<agent>.invoke`. */
export const executionRequestSchema = z.object({
  runId: token,
  /** The activation. */
  taskId: token,
  attempt: z.number().int().positive(),
  /** Opaque; the same key is the same work, answered with the same result. */
  key: z.string().min(1).max(300),
  agent: agentName,
  parameters: value,
  context: object,
  /** Milliseconds since the epoch, on the orchestrator's clock, after which nobody waits any more. */
  deadline: z.number().optional(),
  /** Milliseconds that were left until the deadline when this was sent: true on every clock. */
  timeoutMs: z.number().optional(),
  budget: object.optional(),
  /** Subjects for the result and for progress. */
  result: z.string(),
  progress: z.string(),
  secrets: z.record(z.string(), z.string()).optional(),
  /** The answer has to have left before the work begins, which may crash its worker. */
  acceptFirst: z.boolean().optional(),
  trace: z.string().optional(),
  logId: z.string(),
});
export type ExecutionRequest = z.infer<typeof executionRequestSchema>;

/** The answer to an execution request: this worker has it. */
export const acceptedSchema = z.object({ accepted: z.literal(true), worker: token });

/** The other answer: it has no room now. An error of status 429 or 503 says the same. */
export const refusedSchema = z.object({ accepted: z.literal(false) });

/** True: whoever did the work has taken the secrets of the request out of what it says. */
const redacted = z.boolean().optional();

/** What an agent sends to the result subject until the reply is `{ack: true}` or a final error. */
export const resultSchema = z.discriminatedUnion('status', [
  z.object({
    status: z.literal('succeeded'),
    attempt: z.number().int().positive(),
    worker: token.optional(),
    logId: z.string().optional(),
    output: value.default(null),
    usage: object.optional(),
    redacted,
  }),
  z.object({
    status: z.literal('failed'),
    attempt: z.number().int().positive(),
    worker: token.optional(),
    logId: z.string().optional(),
    error: failureSchema,
    usage: object.optional(),
    redacted,
  }),
]);
export type ResultMessage = z.infer<typeof resultSchema>;

export const progressSchema = z.object({
  attempt: z.number().int().positive(),
  percent: z.number().min(0).max(100).optional(),
  message: z.string().max(2_000).optional(),
  usage: object.optional(),
  worker: token.optional(),
});
export type ProgressMessage = z.infer<typeof progressSchema>;

/** Published every few seconds; the first one registers the worker for the agent. A `ttl` of 0 says goodbye. */
export const heartbeatSchema = z.object({
  worker: token,
  agent: agentName,
  version: z.string().max(100).default('0.0.0'),
  capabilities: z.array(z.string().max(200)).max(200).default([]),
  concurrency: z.number().int().positive().max(100_000).default(1),
  /**
   * How often attempts of the agent may begin, on all workers together, as in the setting `limits`. The strictest of what
   * the live workers and the setting say holds.
   */
  rate: rateSchema.optional(),
  burst: burstSchema.optional(),
  /** Share of the concurrency in use, 0 to 1. */
  load: z.number().min(0).default(0),
  /** Attempts really in hand. */
  attempts: z.array(attemptRefSchema).max(100_000).default([]),
  /** Seconds for which this heartbeat counts. */
  ttl: z.number().nonnegative().max(86_400).default(15),
  encoding: z.enum(['json', 'msgpack']).optional(),
  /** True: it is connected to another host without TLS, and must not be sent secrets. */
  clear: z.boolean().optional(),
});
export type Heartbeat = z.infer<typeof heartbeatSchema>;

/** Asked of all workers of an agent; each answers with a heartbeat of its own plus what it has finished. */
export const probeSchema = z.object({ attempts: z.array(attemptRefSchema).max(100_000) });
export const probeReplySchema = heartbeatSchema.extend({
  /** Of the attempts asked for: those whose result it has and will send again. */
  finished: z.array(attemptRefSchema).max(100_000).default([]),
});
export type ProbeReply = z.infer<typeof probeReplySchema>;

export const agentCancelSchema = z.object({
  runId: token,
  activation: token,
  attempt: z.number().int().positive(),
  reason: z.string(),
  /** True: give it up at once, no answer is awaited. */
  force: z.boolean().optional(),
});
