/**
 * Bodies of `troupe.v1.log.<operation>`: what an operator has done to the log itself. Each has an `id`, by which a
 * repetition is answered with what came of the first one.
 */
import { z } from 'zod';

const id = z.string().min(1).max(200).optional();
const milliseconds = z.number().int().nonnegative();

/** Who uses the space; changes nothing. */
export const statsSchema = z.strictObject({ id });

/** Removes blobs that nothing names. */
export const collectSchema = z.strictObject({
  id,
  /** Younger blobs stay; default 24 hours. */
  olderThanMs: milliseconds.optional(),
  dryRun: z.boolean().default(false),
});

/** Lets ended runs leave the log; a run that has children leaves with them. At least one of the two bounds is needed. */
export const archiveSchema = z
  .strictObject({
    id,
    /** `archive` writes them to files first; `delete` does not. */
    action: z.enum(['archive', 'delete']).default('archive'),
    /** Runs that ended longer ago. */
    olderThanMs: milliseconds.optional(),
    /** Runs beyond this many that ended, the newest first. */
    beyond: z.number().int().nonnegative().optional(),
    /** Only says what would leave. */
    dryRun: z.boolean().default(false),
  })
  .refine(
    ({ olderThanMs, beyond }) => olderThanMs !== undefined || beyond !== undefined,
    'olderThanMs or beyond is needed',
  );

const logOperations = ['stats', 'collect', 'archive'] as const;
export type LogOperation = (typeof logOperations)[number];

export function isLogOperation(name: string): name is LogOperation {
  return (logOperations as readonly string[]).includes(name);
}
