/**
 * What can happen to an agent: whether anybody offers it, and beside it its circuit breaker.
 */
import { setup } from 'xstate';
import type { AgentEvent } from '../../events/agent-events.ts';
import { type FoldEvent, foldAction } from '../stepper.ts';

export interface AgentContext {
  agent: string | null;
  version: string | null;
  worker: string | null;
  capabilities: readonly string[];
  /** When an open breaker may be tried again. */
  breakerDueAt: number | null;
}

type Fold = FoldEvent & AgentEvent;
type DataOf<Type extends Fold['type']> = Extract<Fold, { type: Type }>['data'];

function folding<Type extends Fold['type']>(change: (data: DataOf<Type>) => Partial<AgentContext>) {
  return foldAction<AgentContext, Fold>((_context, event) => change(event.data as DataOf<Type>));
}

const registered = folding<'agent.registered'>((data) => ({
  agent: data.agent,
  version: data.version,
  worker: data.worker,
  capabilities: data.capabilities,
}));
const lost = folding<'agent.lost'>(() => ({ worker: null }));
const opened = folding<'breaker.opened'>((data) => ({
  agent: data.agent,
  breakerDueAt: data.dueAt,
}));
const halfOpened = folding<'breaker.halfOpened'>(() => ({ breakerDueAt: null }));

export const agentMachine = setup({
  types: { context: {} as AgentContext, events: {} as Fold },
}).createMachine({
  id: 'agent',
  type: 'parallel',
  context: { agent: null, version: null, worker: null, capabilities: [], breakerDueAt: null },
  states: {
    availability: {
      initial: 'offline',
      states: {
        offline: {
          on: {
            'agent.registered': { target: 'available', actions: registered },
            'agent.recovered': { target: 'available', actions: registered },
          },
        },
        available: {
          on: {
            'agent.updated': { actions: registered },
            'agent.drained': { target: 'draining' },
            'agent.lost': { target: 'offline', actions: lost },
          },
        },
        draining: {
          on: {
            'agent.updated': { actions: registered },
            'agent.lost': { target: 'offline', actions: lost },
          },
        },
      },
    },
    breaker: {
      initial: 'closed',
      states: {
        closed: { on: { 'breaker.opened': { target: 'open', actions: opened } } },
        open: {
          meta: { effects: ['timer'] },
          on: { 'breaker.halfOpened': { target: 'halfOpen', actions: halfOpened } },
        },
        halfOpen: {
          on: {
            'breaker.closed': { target: 'closed' },
            'breaker.opened': { target: 'open', actions: opened },
          },
        },
      },
    },
  },
});
