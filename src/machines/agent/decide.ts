/**
 * What should happen to an agent when the directory changes: recorded once, however many workers come and go.
 */

import type { AgentEvent } from '../../events/agent-events.ts';
import { type AnyEvent, event } from '../../events/catalogue.ts';
import type { Heartbeat } from '../../messages/execution.ts';
import type { Cell } from '../cell.ts';
import type { AgentContext } from './machine.ts';

export type AgentMessage =
  | { type: 'offered'; heartbeat: Heartbeat }
  | { type: 'gone'; worker: string };

type Availability = 'offline' | 'available' | 'draining';

/** The events of one message; none when the log already says so. */
export function decideAgent(cell: Cell, agent: string, message: AgentMessage): AgentEvent[] {
  const value = cell.snapshot.value as { availability: Availability };
  const context = cell.snapshot.context as AgentContext;
  if (message.type === 'gone') {
    if (value.availability === 'offline') return [];
    return [event('agent.lost', { agent, worker: message.worker })];
  }
  const { worker, version, capabilities } = message.heartbeat;
  const data = { agent, worker, version, capabilities };
  if (value.availability === 'offline') {
    return [
      event(context.agent === null ? 'agent.registered' : 'agent.recovered', data) as AgentEvent &
        AnyEvent,
    ];
  }
  const isSame =
    context.version === version && context.capabilities.join('\n') === capabilities.join('\n');
  return isSame ? [] : [event('agent.updated', data)];
}
