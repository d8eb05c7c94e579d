/**
 * How a worker shows itself: heartbeats, answers to probes, and the service registration (ADR-32) of each agent.
 */
import type { AttemptRef, Heartbeat, ProbeReply } from '../messages/execution.ts';
import type { Bus, ServiceDefinition } from '../messaging/bus.ts';
import type { Subjects } from '../messaging/subjects.ts';
import type { JsonObject } from '../workflow/value.ts';
import type { Agent } from './agent.ts';
import type { WorkerClock } from './clock.ts';
import type { AttemptInHand } from './worker-attempt.ts';
import type { WorkerOutbox } from './worker-outbox.ts';
import type { WorkerQueue } from './worker-queue.ts';

/** References in one heartbeat or probe reply, so that it stays under 512 KiB; more go into further ones. */
const MAX_REFS_A_MESSAGE = 2_000;
/** A heartbeat counts for as long as this many take. */
const HEARTBEATS_A_TTL = 2;
const MAX_CAPABILITIES = 200;
const MAX_METADATA = 2_000;
const SEMANTIC_VERSION = /^\d+\.\d+\.\d+(?:-[0-9A-Za-z.-]+)?(?:\+[0-9A-Za-z.-]+)?$/;

/** What a worker says of one of its agents at one moment. */
interface Presence {
  worker: string;
  agent: Agent;
  running: number;
  limit: number;
  ttlSeconds: number;
  isClear: boolean;
}

export interface PresenceOptions {
  bus: Bus;
  subjects: Pick<Subjects, 'agentHeartbeat'>;
  agents: readonly Agent[];
  worker: string;
  heartbeatMs: number;
  clock: WorkerClock;
  queue: WorkerQueue;
  outbox: WorkerOutbox;
  inHand: ReadonlyMap<string, AttemptInHand>;
  isDraining: () => boolean;
}

/** The heartbeats and probe replies of one worker. */
export class WorkerPresence {
  readonly #options: PresenceOptions;
  #stopTimer: (() => void) | undefined;

  constructor(options: PresenceOptions) {
    this.#options = options;
  }

  /** Publishes heartbeats now and from now on, and with each the progress that attempts have held back. */
  start(): void {
    this.publish();
    for (const attempt of this.#options.inHand.values()) attempt.publishHeldProgress();
    this.#stopTimer = this.#options.clock.after(this.#options.heartbeatMs, () => this.start());
  }

  stop(): void {
    this.#stopTimer?.();
  }

  /** One heartbeat an agent, or several that share the attempts; `ttlSeconds: 0` says goodbye. */
  publish(goodbye: { ttlSeconds?: 0 } = {}): void {
    const { bus, subjects, agents } = this.#options;
    const refs = this.#refsByAgent();
    for (const agent of agents) {
      const presence = { ...this.#presenceOf(agent), ...goodbye };
      for (const attempts of pagesOf(refs.get(agent.name) ?? [])) {
        bus.publish(
          subjects.agentHeartbeat(agent.name),
          heartbeat(presence, attempts) as JsonObject,
        );
      }
    }
  }

  /** The answers to a probe: one, or several that share what is to be said. */
  probeReplies(agent: Agent, finished: readonly AttemptRef[]): JsonObject[] {
    const presence = this.#presenceOf(agent);
    const inHand = pagesOf(this.#refsByAgent().get(agent.name) ?? []);
    const done = pagesOf(finished);
    const replies: JsonObject[] = [];
    for (let page = 0; page < Math.max(inHand.length, done.length); page += 1) {
      const reply: ProbeReply = {
        ...heartbeat(presence, inHand[page] ?? []),
        finished: done[page] ?? [],
      };
      replies.push(reply as JsonObject);
    }
    return replies;
  }

  /** Attempts really in hand: queued, running, or with a result that is not acknowledged. */
  attempts(): AttemptRef[] {
    return [...this.#refsByAgent().values()].flat();
  }

  #presenceOf(agent: Agent): Presence {
    const { bus, worker, queue, heartbeatMs, isDraining } = this.#options;
    const { running, limit } = queue.usage(agent.name);
    const ttlSeconds = (heartbeatMs * HEARTBEATS_A_TTL) / 1_000;
    const isClear = !bus.isPrivate;
    return { worker, agent, running: isDraining() ? limit : running, limit, ttlSeconds, isClear };
  }

  #refsByAgent(): Map<string, AttemptRef[]> {
    const byAgent = new Map<string, AttemptRef[]>();
    const add = (agent: string, ref: AttemptRef): void => {
      const refs = byAgent.get(agent);
      if (refs === undefined) byAgent.set(agent, [ref]);
      else refs.push(ref);
    };
    for (const attempt of this.#options.inHand.values()) add(attempt.agent.name, attempt.ref);
    for (const finished of this.#options.outbox.unacknowledged()) add(finished.agent, finished.ref);
    return byAgent;
  }
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
  const { worker, agent, running, limit, ttlSeconds, isClear } = presence;
  return {
    worker,
    agent: agent.name,
    version: agent.version,
    capabilities: agent.capabilities.slice(0, MAX_CAPABILITIES),
    concurrency: limit,
    ...(agent.rate === undefined ? {} : { rate: agent.rate }),
    ...(agent.burst === undefined ? {} : { burst: agent.burst }),
    load: running / limit,
    attempts,
    ttl: ttlSeconds,
    ...(isClear ? { clear: true } : {}),
  };
}

function pagesOf(refs: readonly AttemptRef[]): AttemptRef[][] {
  const pages: AttemptRef[][] = [refs.slice(0, MAX_REFS_A_MESSAGE)];
  for (let start = MAX_REFS_A_MESSAGE; start < refs.length; start += MAX_REFS_A_MESSAGE) {
    pages.push(refs.slice(start, start + MAX_REFS_A_MESSAGE));
  }
  return pages;
}
