/** `--limit` of the commands that list. */
import type { Arguments, OptionTable } from './arguments.ts';
import { UsageError } from './errors.ts';

export const MAX_LISTED = 1_000;

/** The option; `usual`: how many without it. */
export function limitOption(usual: number): OptionTable {
  const description = `How many, at most ${MAX_LISTED}; default ${usual}`;
  return { limit: { type: 'string', value: 'N', description } };
}

/** Throws `cli.usage` for too many; `narrower` is the option that leaves fewer. */
export function limitOf(
  given: Arguments,
  { usual, narrower }: { usual: number; narrower: string },
): number {
  const limit = given.whole('limit', 1) ?? usual;
  if (limit > MAX_LISTED)
    throw new UsageError(`--limit is at most ${MAX_LISTED}`, `Narrow the list with ${narrower}.`);
  return limit;
}
