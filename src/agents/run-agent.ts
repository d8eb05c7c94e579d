/**
 * The one place where an agent is called and where what it throws becomes a failure record.
 */
import type { z } from 'zod';
import { type Failure, failureOf } from '../messages/failure.ts';
import type { JsonObject } from '../workflow/value.ts';
import type { Agent, AgentContext, AgentOutcome, AgentTask, ProgressUpdate } from './agent.ts';
import { AgentFailure } from './errors.ts';

/** Problems named in one message; more are counted. */
const MAX_NAMED_PROBLEMS = 8;

/**
 * Runs one attempt and never rejects. Failure codes beside the agent's own: `agent.invalid-parameters` (not retryable,
 * names the paths), `agent.canceled` (the signal aborted without an `AgentFailure` as reason; not retryable),
 * `agent.error` (whatever else was thrown; retryable).
 */
export async function runAgent(
  agent: Agent,
  task: AgentTask,
  context: AgentContext,
): Promise<AgentOutcome> {
  let usage: JsonObject | undefined;
  const progress = (update: ProgressUpdate): void => {
    usage = update.usage ?? usage;
    context.progress(update);
  };
  const withUsage = (): { usage?: JsonObject } => (usage === undefined ? {} : { usage });
  try {
    context.signal.throwIfAborted();
    const parameters = parseParameters(agent, task.parameters);
    const watched = deriveContext(context, { progress });
    const output = await agent.execute({ ...task, parameters }, watched);
    return { status: 'succeeded', output: output ?? null, ...withUsage() };
  } catch (error) {
    return { status: 'failed', error: failureOfAttempt(error, context.signal), ...withUsage() };
  }
}

/** The same context with more or other members; works for plain objects and class instances alike. */
export function deriveContext<Extra extends object>(
  context: AgentContext,
  extra: Extra,
): AgentContext & Extra {
  return {
    signal: context.signal,
    logger: context.logger,
    progress: (update) => context.progress(update),
    now: () => context.now(),
    sleep: (ms, signal) => context.sleep(ms, signal),
    redact: (text, cut) => context.redact?.(text, cut) ?? text,
    ...extra,
  };
}

/** Checks parameters against the agent's schema. Throws `agent.invalid-parameters` with every path that is wrong. */
function parseParameters(
  agent: Pick<Agent, 'name' | 'parametersSchema'>,
  parameters: JsonObject,
): JsonObject {
  if (agent.parametersSchema === undefined) return parameters;
  const parsed = agent.parametersSchema.safeParse(parameters);
  if (parsed.success) return parsed.data as JsonObject;
  const problems = parsed.error.issues.map(describeIssue);
  throw invalidParameters(`${agent.name}: ${summarise(problems)}`, {
    issues: parsed.error.issues.map((issue) => ({
      path: issue.path.map(String).join('.'),
      message: issue.message,
    })),
  });
}

/** The failure for parameters that no attempt can work with. */
export function invalidParameters(
  message: string,
  details: Record<string, unknown> = {},
): AgentFailure {
  return new AgentFailure(
    { code: 'agent.invalid-parameters', message, retryable: false },
    { hint: "Compare the task's parameters with the agent's schema.", details },
  );
}

function describeIssue(issue: z.core.$ZodIssue): string {
  const path = issue.path.map(String).join('.');
  return path === '' ? issue.message : `${path}: ${issue.message}`;
}

function summarise(problems: readonly string[]): string {
  const named = problems.slice(0, MAX_NAMED_PROBLEMS).join('; ');
  const rest = problems.length - MAX_NAMED_PROBLEMS;
  return rest > 0 ? `${named}; and ${rest} more` : named;
}

function failureOfAttempt(error: unknown, signal: AbortSignal): Failure {
  if (error instanceof AgentFailure || !signal.aborted) return failureOf(error);
  if (signal.reason instanceof AgentFailure) return failureOf(signal.reason);
  return { code: 'agent.canceled', message: 'The attempt was canceled.', retryable: false };
}
