/** The function adapter: an ordinary function becomes an agent. */
import type { z } from 'zod';
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
  /** Checked before `run`; a mismatch fails with `agent.invalid-parameters`. */
  parameters?: z.ZodType<Parameters>;
  run(parameters: Parameters, context: FunctionContext): FunctionResult | Promise<FunctionResult>;
}

const AGENT_NAME = /^[A-Za-z0-9_-]+$/;

/**
 * Makes an agent of a function. The function's value is the output; what it throws fails the attempt (see `runAgent`).
 * Throws a `TypeError` for a name that cannot be a token of a NATS subject.
 */
export function functionAgent<Parameters = JsonObject>(
  definition: FunctionAgentDefinition<Parameters>,
): Agent {
  const { name, concurrency, parameters } = definition;
  if (!AGENT_NAME.test(name)) {
    throw new TypeError(`"${name}" is no agent name: use letters, digits, "_" and "-".`);
  }
  return {
    name,
    version: definition.version ?? '1.0.0',
    description: definition.description ?? '',
    capabilities: definition.capabilities ?? [],
    ...(parameters === undefined ? {} : { parametersSchema: parameters }),
    ...(concurrency === undefined ? {} : { concurrency }),
    async execute(task, context) {
      // `runAgent` has parsed them with the same schema, so they have the function's type.
      const parsed = task.parameters as Parameters;
      return (await definition.run(parsed, deriveContext(context, { task }))) ?? null;
    },
  };
}
