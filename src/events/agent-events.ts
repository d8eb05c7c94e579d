/**
 * The events of an agent's stream: who offers it, and its circuit breaker.
 */
import { z } from 'zod';
import { type EventOf, eventType, fields } from './event-type.ts';

const registration = {
  agent: z.string(),
  version: z.string(),
  capabilities: z.array(z.string()),
};
/** The counts that caused a change of the breaker, in its window. */
const breaker = { agent: z.string(), successes: fields.count, failures: fields.count };

export const agentEvents = {
  registered: eventType(
    'agent.registered',
    'A first worker offered the agent.',
    z.object({ ...registration, worker: z.string() }),
  ),
  updated: eventType(
    'agent.updated',
    'The agent has another version or other capabilities.',
    z.object({ ...registration, worker: z.string() }),
  ),
  drained: eventType(
    'agent.drained',
    'The agent takes no more work and finishes what it has.',
    z.object({ agent: z.string(), reason: z.string() }),
  ),
  lost: eventType(
    'agent.lost',
    'Its last worker was not heard of for longer than its time to live.',
    z.object({ agent: z.string(), worker: z.string() }),
  ),
  recovered: eventType(
    'agent.recovered',
    'A worker offers the agent again.',
    z.object({ ...registration, worker: z.string() }),
  ),
};

export const breakerEvents = {
  opened: eventType(
    'breaker.opened',
    'Too many failures: no work goes to the agent until `dueAt`.',
    z.object({ ...breaker, dueAt: fields.time }),
  ),
  halfOpened: eventType('breaker.halfOpened', 'One trial is allowed.', z.object(breaker)),
  closed: eventType('breaker.closed', 'The agent is trusted again.', z.object(breaker)),
};

export type AgentEvent = EventOf<typeof agentEvents> | EventOf<typeof breakerEvents>;
