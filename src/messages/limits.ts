/**
 * Limits: how much runs at once, how often something begins, how much may live, and whose share is larger. The setting
 * `limits`, as a file, a variable or a flag says it. A name of `*` stands for all that are not named.
 */
import { z } from 'zod';

const count = z.number().int().min(0).max(10_000_000);

/** Attempts that begin, as `10/s`, `100/m`, `5/h`, `1/d`. */
export const rateSchema = z
  .string()
  .regex(/^(?=.*[1-9])\d{1,9}(\.\d{1,6})?\/[smhd]$/, 'needs a rate like 10/s, 100/m, 5/h or 1/d');
/** Of them that may begin at once after a pause. */
export const burstSchema = count.min(1);

/** Of an agent, over all its workers, or of a key that tasks name. */
const gate = z.strictObject({
  /** Attempts at once; 0 stops it. */
  concurrency: count.optional(),
  rate: rateSchema.optional(),
  /** Of them that may begin at once after a pause; default what 50 ms give, at least 1. */
  burst: burstSchema.optional(),
});
export type GateLimits = z.infer<typeof gate>;

const weight = z
  .number()
  .positive()
  .max(1_000)
  .optional()
  .meta({ description: 'How much of what is scarce it gets, next to the others; default 1.' });
const queued = count.optional().meta({
  description:
    'Its tasks that are ready and wait; with as many, new runs are refused with `quota.exceeded`.',
});
/** Of a tenant or a session. */
const owner = z.strictObject({
  weight,
  live_runs: count.optional().meta({
    description: 'Runs that have not ended; more are refused with `quota.exceeded`.',
  }),
  queued,
});

const named = <Schema extends z.ZodType>(schema: Schema) =>
  z.record(z.string().min(1).max(200), schema);

export const limitsSchema = z.strictObject({
  /** Attempts at once on all agents together. Default 10,000. */
  node: count.optional(),
  /** Runs that have not ended, all together; more are refused with `overloaded`. Default 1,000,000. */
  live_runs: count.optional(),
  agents: named(gate).optional(),
  /** By the name that tasks give in `limit`. */
  keys: named(gate).optional(),
  tenants: named(owner).optional(),
  sessions: named(owner).optional(),
  /** By name. */
  workflows: named(z.strictObject({ weight, queued })).optional(),
});
export type Limits = z.infer<typeof limitsSchema>;

/** How often attempts of an agent may begin, as its workers say. */
export type OfferedRate = { rate: string; burst?: number | undefined };

/** What holds for a name: its own entry, else that of `*`. */
export function entryOf<Entry>(
  entries: Readonly<Record<string, Entry>> | undefined,
  name: string,
): Entry | undefined {
  if (entries === undefined) return undefined;
  return Object.hasOwn(entries, name) ? entries[name] : entries['*'];
}
