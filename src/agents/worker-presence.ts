/**
 * How a worker shows itself: heartbeats, answers to probes, and the service registration (ADR-32) of each agent.
 */
import type { AttemptRef, Heartbeat, ProbeReply } from '../messages/execution.ts';
import type { ServiceDefinition } from '../messaging/bus.ts';
import type { JsonObject } from '../workflow/value.ts';
import type { Agent } from './agent.ts';

/** References in one heartbeat or probe reply, so that it stays under 512 KiB; more go into further ones. */
export const MAX_REFS_A_MESSAGE = 2_000;
const MAX_CAPABILITIES = 200;
const MAX_METADATA = 2_000;
const SEMANTIC_VERSION = /^\d+\.\d+\.\d+(?:-[0-9A-Za-z.-]+)?(?:\+[0-9A-Za-z.-]+)?$/;

/** What a worker says of one of its agents at one moment. */
export interface Presence {
  worker: string;
  agent: Agent;
  running: number;
  limit: number;
  /** Attempts really in hand: queued, running, or with a result that is not acknowledged. */
  attempts: readonly AttemptRef[];
  ttlSeconds: number;
}

/** The heartbeats for a presence: one, or several that share the attempts. */
export function heartbeatsOf(presence: Presence): JsonObject[] {
  return pagesOf(presence.attempts).map((attempts) => heartbeat(presence, attempts) as JsonObject);
}

/** The answers to a probe: one, or several that share what is to be said. */
export function probeRepliesOf(presence: Presence, finished: readonly AttemptRef[]): JsonObject[] {
  const inHand = pagesOf(presence.attempts);
  const done = pagesOf(finished);
  const replies: JsonObject[] = [];
  for (let page = 0; page < Math.max(inHand.length, done.length); page += 1) {
    const reply: ProbeReply = { ...heartbeat(presence, inHand[page] ?? []), finished: done[page] ?? [] };
    replies.push(reply as JsonObject);
  }
  return replies;
}

/** An agent as a NATS service; its endpoint is the subject of its execution requests. */
export function serviceOf(options: {
  agent: Agent;
  worker: string;
  limit: number;
  endpoint: ServiceDefinition['endpoints'][number];
}): ServiceDefinition {
  const { agent, worker, limit, endpoint } = options;
  const metadata = {
    agent: agent.name,
    worker,
    version: agent.version,
    capabilities: agent.capabilities.join(',').slice(0, MAX_METADATA),
    concurrency: String(limit),
  };
  return {
    name: `troupe-agent-${agent.name}`,
    version: SEMANTIC_VERSION.test(agent.version) ? agent.version : '0.0.0',
    description: agent.description.slice(0, MAX_METADATA),
    metadata,
    endpoints: [{ ...endpoint, metadata }],
  };
}

/** One string a reference, to compare sets of them. */
export function refKey(ref: AttemptRef): string {
  return `${ref.runId} ${ref.activation} ${ref.attempt}`;
}

function heartbeat(presence: Presence, attempts: AttemptRef[]): Heartbeat {
  const { worker, agent, running, limit, ttlSeconds } = presence;
  return {
    worker,
    agent: agent.name,
    version: agent.version,
    capabilities: agent.capabilities.slice(0, MAX_CAPABILITIES),
    concurrency: limit,
    load: running / limit,
    attempts,
    ttl: ttlSeconds,
  };
}

function pagesOf(refs: readonly AttemptRef[]): AttemptRef[][] {
  const pages: AttemptRef[][] = [refs.slice(0, MAX_REFS_A_MESSAGE)];
  for (let start = MAX_REFS_A_MESSAGE; start < refs.length; start += MAX_REFS_A_MESSAGE) {
    pages.push(refs.slice(start, start + MAX_REFS_A_MESSAGE));
  }
  return pages;
}
