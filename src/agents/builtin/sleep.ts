import { z } from 'zod';
import type { JsonValue } from '../../workflow/value.ts';
import { functionAgent } from '../adapters/function-agent.ts';
import type { Agent } from '../agent.ts';

/** `sleep`: `{ms, then?}`; after `ms` milliseconds its output is `then`, else null. Ends at once when canceled. */
export const sleep: Agent = functionAgent({
  name: 'sleep',
  description: 'Waits `ms` milliseconds, then returns `then`.',
  capabilities: ['test'],
  parameters: z.strictObject({
    ms: z.number().min(0),
    // biome-ignore lint/suspicious/noThenProperty: the parameter's name is part of the contract; it is never awaited.
    then: z.custom<JsonValue>().optional(),
  }),
  async run({ ms, then }, context) {
    await context.sleep(ms);
    return then;
  },
});
