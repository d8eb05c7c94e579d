/** Attempts of an activation count through all that takes it back: a retry of the run, and its forks. */
import type { RunAggregate } from './aggregate.ts';

/** The number of an activation that is scheduled now; the retry policy counts anew from those before (`retryBase`). */
export function nextAttempt(
  run: RunAggregate,
  id: string,
): { attempt: number; retryBase?: number } {
  const former = run.activations.get(id)?.context.attempt ?? run.fork?.formerAttempts.get(id) ?? 0;
  return former === 0 ? { attempt: 1 } : { attempt: former + 1, retryBase: former };
}
