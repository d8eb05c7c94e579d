/** Tasks for the simulated agents (`sim-worker.ts`). */
import type { JsonObject } from '../../src/workflow/value.ts';

/** A task of the simulated agent. */
export const agent = (
  id: string,
  parameters: JsonObject = {},
  rest: JsonObject = {},
): JsonObject => ({
  id,
  agent: 'echo',
  parameters,
  ...rest,
});
export const after = (...dependencies: string[]): JsonObject => ({ dependencies });
/** Parameters with which it never succeeds. */
export const failing = { fails: 99, retryable: false };
