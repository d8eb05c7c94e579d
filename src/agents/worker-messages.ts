/**
 * What the worker asks of a message before it looks at it.
 */
import type { z } from 'zod';
import type { ExecutionRequest } from '../messages/execution.ts';
import type { BusMessage } from '../messaging/bus.ts';
import type { Agent } from './agent.ts';
import { InvalidMessageError } from './errors.ts';

/** Anything that NATS takes as a subject to publish on. */
const SUBJECT = /^[!-)+-=?-~]{1,1000}$/;

/** The body of a message in the shape of a schema. Throws `message.invalid` with what is wrong. */
export function parse<Schema extends z.ZodType>(
  what: string,
  schema: Schema,
  message: BusMessage,
): z.infer<Schema> {
  const parsed = schema.safeParse(message.body());
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues.map(
    (issue) => `${issue.path.map(String).join('.') || 'body'}: ${issue.message}`,
  );
  throw new InvalidMessageError(what, problems.slice(0, 10));
}

/** Throws `message.invalid` for a request to another agent, or without subjects to answer on. */
export function checkAddress(request: ExecutionRequest, agent: Agent): void {
  if (request.agent !== agent.name)
    throw new InvalidMessageError('execution request', [`agent: this is ${agent.name}`]);
  for (const name of ['result', 'progress'] as const) {
    if (!SUBJECT.test(request[name]))
      throw new InvalidMessageError('execution request', [`${name}: no subject`]);
  }
}
