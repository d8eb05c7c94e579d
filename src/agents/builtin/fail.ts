import { z } from 'zod';
import type { JsonValue } from '../../workflow/value.ts';
import { functionAgent } from '../adapters/function-agent.ts';
import type { Agent } from '../agent.ts';
import { AgentFailure } from '../errors.ts';

/**
 * `fail`: `{times?, code?, retryable? = true, retry_after?, then?}` fails attempts 1 to `times` (default: all), by
 * attempt number, with `code` (default `agent.failed`); after those its output is `then`, else null. `retry_after`:
 * seconds that it asks to be left alone.
 */
export const fail: Agent = functionAgent({
  name: 'fail',
  description: 'Fails its first `times` attempts, then returns `then`.',
  capabilities: ['test'],
  parameters: z.looseObject({
    times: z.int().min(0).optional(),
    code: z.string().min(1).default('agent.failed'),
    retryable: z.boolean().default(true),
    retry_after: z.number().nonnegative().optional(),
    // biome-ignore lint/suspicious/noThenProperty: the parameter's name is part of the contract; it is never awaited.
    then: z.custom<JsonValue>().optional(),
  }),
  run({ times = Number.POSITIVE_INFINITY, code, retryable, retry_after, then }, { task }) {
    if (task.attempt > times) return then;
    const message = `Attempt ${task.attempt} failed as asked.`;
    throw new AgentFailure({ code, message, retryable, retryAfter: retry_after });
  },
});
