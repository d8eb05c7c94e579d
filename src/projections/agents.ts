/**
 * `agents`: one document an agent, from its own stream (who offers it, its breaker) and from the ends of attempts.
 */
import {
  type AttemptEndEvent,
  attemptDuration,
  attemptEnds,
  attemptOf,
  countCode,
  noOutcomes,
  type OutcomeCounts,
  outcomeOf,
} from './attempt-end.ts';
import {
  type FoldTable,
  foldFor,
  type ProjectedEvent,
  type ProjectedEventOf,
  type Projection,
} from './projection.ts';
import { noRecovery, type Recovery, recoveryAfter } from './recovery.ts';

/** `unknown`: it was seen at work, but no worker has registered it in this log. */
export type AgentState = 'unknown' | 'offline' | 'available' | 'draining';
export type BreakerState = 'closed' | 'open' | 'halfOpen';

/** Times are ms since the epoch, durations ms. */
export type AgentRecord = {
  agent: string;
  state: AgentState;
  version: string | null;
  capabilities: string[];
  breaker: BreakerState;
  /** Until when an open breaker keeps work away. */
  breakerDueAt: number | null;
  /** Attempts that ended, without those taken from the cache. */
  attempts: number;
  outcomes: OutcomeCounts;
  /** At most 50 codes; further ones are `other`. */
  failuresByCode: Record<string, number>;
  /** Attempts with a known duration, and their sum. */
  timed: number;
  totalDurationMs: number;
  averageDurationMs: number | null;
  lastDurationMs: number | null;
  lastWorker: string | null;
  lastFailure: { attempt: string; code: string; message: string; at: number } | null;
  /** Since when it fails without a success; null while it does not. */
  failingSince: number | null;
  /** Failures in a row that a success ended, and how long that took on average, lately. */
  recoveries: number;
  averageRecoveryMs: number | null;
  registeredAt: number | null;
  updatedAt: number;
};

function newAgent(agent: string, at: number): AgentRecord {
  return {
    agent,
    state: 'unknown',
    version: null,
    capabilities: [],
    breaker: 'closed',
    breakerDueAt: null,
    attempts: 0,
    outcomes: noOutcomes,
    failuresByCode: {},
    timed: 0,
    totalDurationMs: 0,
    averageDurationMs: null,
    lastDurationMs: null,
    lastWorker: null,
    lastFailure: null,
    ...noRecovery,
    registeredAt: null,
    updatedAt: at,
  };
}

function timed(record: AgentRecord, durationMs: number | null): AgentRecord {
  if (durationMs === null) return record;
  const totalDurationMs = record.totalDurationMs + durationMs;
  const count = record.timed + 1;
  return {
    ...record,
    timed: count,
    totalDurationMs,
    averageDurationMs: totalDurationMs / count,
    lastDurationMs: durationMs,
  };
}

/** Counts the end of an attempt; `task.failed` right after the `task.attemptFailed` of the same attempt is none. */
function attemptEnded(record: AgentRecord, event: AttemptEndEvent): AgentRecord {
  if (event.type === 'task.failed' && record.lastFailure?.attempt === attemptOf(event))
    return record;
  const outcome = outcomeOf(event);
  const outcomes = { ...record.outcomes };
  outcomes[outcome] += 1;
  const next: AgentRecord = {
    ...(outcome === 'reused' ? record : timed(record, attemptDuration(event))),
    attempts: record.attempts + (outcome === 'reused' ? 0 : 1),
    outcomes,
    ...recoveryAfter(recoveryOf(record), event),
    lastWorker: event.data.worker ?? record.lastWorker,
    updatedAt: event.at,
  };
  return outcome === 'failed' || outcome === 'lost' ? withFailure(next, event) : next;
}

/** What the record knows of recoveries. */
export function recoveryOf({ failingSince, recoveries, averageRecoveryMs }: AgentRecord): Recovery {
  return { failingSince, recoveries, averageRecoveryMs };
}

function withFailure(record: AgentRecord, event: AttemptEndEvent): AgentRecord {
  const { error } = (event as ProjectedEventOf<'task.failed' | 'task.attemptFailed'>).data;
  return {
    ...record,
    failuresByCode: countCode(record.failuresByCode, error.code),
    lastFailure: {
      attempt: attemptOf(event),
      code: error.code,
      message: error.message,
      at: event.at,
    },
  };
}

type OfferEvent = ProjectedEventOf<'agent.registered' | 'agent.recovered' | 'agent.updated'>;

function offered(record: AgentRecord, event: OfferEvent): AgentRecord {
  return {
    ...record,
    state: event.type === 'agent.updated' ? record.state : 'available',
    version: event.data.version,
    capabilities: event.data.capabilities,
    lastWorker: event.data.worker,
    registeredAt: record.registeredAt ?? event.at,
    updatedAt: event.at,
  };
}

const table: FoldTable<AgentRecord> = {
  'agent.registered': offered,
  'agent.updated': offered,
  'agent.recovered': offered,
  'agent.drained': (record, event) => ({ ...record, state: 'draining', updatedAt: event.at }),
  'agent.lost': (record, event) => ({ ...record, state: 'offline', updatedAt: event.at }),
  'breaker.opened': (record, event) => ({
    ...record,
    breaker: 'open',
    breakerDueAt: event.data.dueAt,
    updatedAt: event.at,
  }),
  'breaker.halfOpened': (record, event) => ({
    ...record,
    breaker: 'halfOpen',
    breakerDueAt: null,
    updatedAt: event.at,
  }),
  'breaker.closed': (record, event) => ({
    ...record,
    breaker: 'closed',
    breakerDueAt: null,
    updatedAt: event.at,
  }),
};

function foldAgent(
  record: AgentRecord | undefined,
  event: ProjectedEvent,
  key: string,
): AgentRecord {
  const known = record ?? newAgent(key, event.at);
  if (attemptEnds.has(event.type)) return attemptEnded(known, event as AttemptEndEvent);
  return foldFor(table, event.type)?.(known, event) ?? known;
}

/** Key: the agent's name. Index `state` (`<state>/<agent>`). */
export const agents: Projection<AgentRecord> = {
  name: 'agents',
  version: 2,
  isCumulative: true,
  handles: new Set<string>([...attemptEnds, ...Object.keys(table)]),
  keys: (event) => {
    const { agent } = event.data as { agent?: string };
    return agent === undefined ? [] : [agent];
  },
  fold: foldAgent,
  indexes: { state: (record) => `${record.state}/${record.agent}` },
};
