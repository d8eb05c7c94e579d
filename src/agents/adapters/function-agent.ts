/** The function adapter: an ordinary function becomes an agent. */
import type { z } from 'zod';
import { burstSchema, rateSchema } from '../../messages/limits.ts';
import type { JsonObject, JsonValue } from '../../workflow/value.ts';
import type { Agent, AgentContext, AgentTask } from '../agent.ts';
import { deriveContext } from '../run-agent.ts';

/** What a function gets beside its parameters: the agent's context and the attempt it serves. */
export type FunctionContext = AgentContext & { readonly task: AgentTask };

/** What a function may return; `undefined` becomes null. */
// biome-ignore lint/suspicious/noConfusingVoidType: a function without a return statement is a fine agent.
export type FunctionResult = JsonValue | undefined | void;

export interface FunctionAgentDefinition<Parameters> {
  name: string;
  /** Default `1.0.0`. */
  version?: string;
  description?: string;
  capabilities?: readonly string[];
  /** Attempts at a time in one process. */
  concurrency?: number;
  /** How often attempts may begin on all workers together, such as `10/s`, and how many of them at once after a pause. */
  rate?: string;
  burst?: number;
  /** Checked before `run`; a mismatch fails with `agent.invalid-parameters`. */
  parameters?: z.ZodType<Parameters>;
  run(parameters: Parameters, context: FunctionContext): FunctionResult | Promise<FunctionResult>;
}

const AGENT_NAME = /^[A-Za-z0-9_-]+$/;

/**
 * Makes an agent of a function. The function's value is the output; what it throws fails the attempt (see `runAgent`).
 * Throws a `TypeError` for a name that cannot be a token of a NATS subject, and for what is no rate.
 */
export function functionAgent<Parameters = JsonObject>(
  definition: FunctionAgentDefinition<Parameters>,
): Agent {
  const { name, concurrency, parameters, rate, burst } = definition;
  if (!AGENT_NAME.test(name)) {
    throw new TypeError(`"${name}" is no agent name: use letters, digits, "_" and "-".`);
  }
  if (rate !== undefined && !rateSchema.safeParse(rate).success)
    throw new TypeError(`"${rate}" is no rate: write 10/s, 100/m, 5/h or 1/d.`);
  if (burst !== undefined && !burstSchema.safeParse(burst).success)
    throw new TypeError(`${burst} is no burst: write a whole number of at least 1.`);
  return {
    name,
    version: definition.version ?? '1.0.0',
    description: definition.description ?? '',
    capabilities: definition.capabilities ?? [],
    ...(parameters === undefined ? {} : { parametersSchema: parameters }),
    ...(concurrency === undefined ? {} : { concurrency }),
    ...(rate === undefined ? {} : { rate }),
    ...(burst === undefined ? {} : { burst }),
    async execute(task, context) {
      // `runAgent` has parsed them with the same schema, so they have the function's type.
      const parsed = task.parameters as Parameters;
      return (await definition.run(parsed, deriveContext(context, { task }))) ?? null;
    },
  };
}
