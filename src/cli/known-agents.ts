/** Who can do the tasks of a workflow, as far as it is known before a run. */

import type { AskOptions } from '../client/ask.ts';
import type { QueryInput } from '../client/client.ts';
import type { QueryReply } from '../messages/request.ts';
import { reasonOf } from '../workflow/errors.ts';
import type { ValidationOptions } from '../workflow/validate.ts';
import type { JsonObject } from '../workflow/value.ts';
import type { CommandContext } from './command.ts';

const MAX_AGENTS = 1_000;

/** A client, or a reader of a log. */
interface AgentSource {
  query(name: string, query: QueryInput, options?: AskOptions): Promise<QueryReply>;
}

/** The documents of the projection `agents`, 1,000 at most. Rejects as the query does. */
export async function agentDocuments(
  source: AgentSource,
  options?: AskOptions,
): Promise<JsonObject[]> {
  const { documents } = await source.query('agents', { limit: MAX_AGENTS }, options);
  return documents.map(({ document }) => document as JsonObject);
}

/** Names that the command line adds to what is known. */
export interface NamedAgents {
  readonly agents: readonly string[];
}

/**
 * The built-in agents, those that are named, and those of the orchestrator where one answers. Without an orchestrator
 * any other agent may join before the run. A capability may always join: its task waits for an agent that offers it.
 */
export async function knownAgents(
  context: CommandContext,
  named: NamedAgents,
): Promise<Required<ValidationOptions>> {
  const { builtinAgents } = await import('../agents/builtin/index.ts');
  const agents = new Set(named.agents);
  const capabilities = new Set<string>();
  for (const agent of builtinAgents()) {
    agents.add(agent.name);
    for (const capability of agent.capabilities ?? []) capabilities.add(capability);
  }
  const offered = await offeredAgents(context);
  for (const document of offered ?? []) {
    agents.add(String(document['agent']));
    const list: unknown = document['capabilities'];
    for (const capability of Array.isArray(list) ? list : []) capabilities.add(String(capability));
  }
  return {
    agents: [...agents],
    capabilities: [...capabilities],
    mayJoin: offered === undefined ? ['agent', 'capability'] : ['capability'],
  };
}

/** The agents that the orchestrator has a stream for; undefined where none answers. */
async function offeredAgents(context: CommandContext): Promise<JsonObject[] | undefined> {
  const [{ openSession }, { findOrchestrator }] = await Promise.all([
    import('./session.ts'),
    import('./connect.ts'),
  ]);
  try {
    const found = await findOrchestrator(await openSession(context));
    if (found === undefined) return undefined;
    try {
      return await agentDocuments(found.client);
    } finally {
      await found.close();
    }
  } catch (error) {
    // A file can be checked without an orchestrator; what nobody could be asked about is a warning then.
    context.terminal.tell(`agents are not checked against an orchestrator: ${reasonOf(error)}`);
    return undefined;
  }
}
