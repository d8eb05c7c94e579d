/**
 * How the catalogue describes an event type: one entry a type with its schema, a sentence and its upcasters.
 */
import { z } from 'zod';
import type { BlobReference, JsonObject, JsonValue } from '../workflow/value.ts';
import type { RecordedEvent } from './envelope.ts';

/** Turns the data of schema version n into that of n + 1. Pure and total. */
export type Upcaster = (data: unknown) => unknown;

export interface EventType<Type extends string = string, Data = unknown> {
  readonly type: Type;
  /** What happened, in one sentence. */
  readonly sentence: string;
  readonly schemaVersion: number;
  readonly schema: z.ZodType<Data>;
  /** `upcasters[0]` turns version 1 into 2, and so on; `schemaVersion - 1` of them. */
  readonly upcasters: readonly Upcaster[];
}

/** Declares version 1 of an event type. A later version adds its upcasters. */
export function eventType<Type extends string, Schema extends z.ZodType>(
  type: Type,
  sentence: string,
  schema: Schema,
  upcasters: readonly Upcaster[] = [],
): EventType<Type, z.infer<Schema>> {
  return {
    type,
    sentence,
    schemaVersion: upcasters.length + 1,
    schema: schema as unknown as z.ZodType<z.infer<Schema>>,
    upcasters,
  };
}

/** The events that a table of event types describes, as a union discriminated by `type`. */
export type EventOf<Table extends Record<string, EventType<string, unknown>>> = {
  [Key in keyof Table]: Table[Key] extends EventType<infer Type, infer Data>
    ? RecordedEvent<Type, Data>
    : never;
}[keyof Table];

const blobSchema: z.ZodType<BlobReference> = z.object({
  $blob: z.string().regex(/^sha256:[0-9a-f]{64}$/),
  size: z.number().int().nonnegative(),
  type: z.string(),
});

/** Field schemas that many event types share. */
export const fields = {
  /** Any JSON value, or a blob reference in its place. */
  value: z.json() as unknown as z.ZodType<JsonValue>,
  object: z.record(z.string(), z.json()) as unknown as z.ZodType<JsonObject>,
  blob: blobSchema,
  /** Milliseconds since the epoch. */
  time: z.number().int().nonnegative(),
  count: z.number().int().nonnegative(),
  /** A version as a run sees it: of a fork's origin they are 0 and below. */
  version: z.number().int(),
  attempt: z.number().int().positive(),
  text: z.string(),
  failure: z.object({
    code: z.string(),
    message: z.string(),
    retryable: z.boolean(),
    /** Seconds that the agent asked to be left alone. */
    retryAfter: z.number().nonnegative().optional(),
  }),
  usage: z.record(z.string(), z.json()) as unknown as z.ZodType<JsonObject>,
  candidate: z.object({
    agent: z.string(),
    score: z.number(),
    reasons: z.record(z.string(), z.number()).optional(),
  }),
};
