/**
 * Who offers which agent, from heartbeats. Memory only: after a restart the first heartbeats and the answers to the
 * probe fill it again.
 *
 * All times here are those of `listening.ts`: silence counts only while this process could hear.
 *
 * D1 A worker counts from its heartbeat until it was not heard of for its `ttl`, or says goodbye with a `ttl` of 0.
 *    Every message of a worker about an agent is a sign of life; only a heartbeat registers.
 * D2 An agent without a live worker has no capacity: nothing is dispatched to it.
 * D3 A worker that was silent for its `ttl` and is heard of again is back, not new: what was sent to it before may still
 *    be in its socket until it has sent a heartbeat half a `ttl` later.
 */
import type { Heartbeat } from '../../messages/execution.ts';
import type { OfferedRate } from '../../messages/limits.ts';
import type { AgentOffer } from '../../policies/choose-agent.ts';
import { parseRate, type Rate } from '../../policies/rate.ts';

interface WorkerEntry {
  worker: string;
  version: string;
  capabilities: string[];
  concurrency: number;
  rate: string | undefined;
  burst: number | undefined;
  ttlMs: number;
  joinedAt: number;
  /** When it was heard of again after it had counted as gone. */
  returnedAt: number | undefined;
  /** Its last heartbeat. */
  beatAt: number;
  /** Its last message of any kind. */
  seenAt: number;
  encoding: 'json' | 'msgpack';
  isClear: boolean;
}

/** Silent workers that are remembered. */
const MAX_SILENT = 10_000;

interface AgentEntry {
  workers: Map<string, WorkerEntry>;
}

/** What changed, for the agent's actor and for those who wait for capacity. */
export type DirectoryChange =
  | { kind: 'joined'; agent: string; heartbeat: Heartbeat }
  | { kind: 'updated'; agent: string; heartbeat: Heartbeat }
  | { kind: 'left'; agent: string; worker: string; isLast: boolean };

export class Directory {
  readonly #agents = new Map<string, AgentEntry>();
  /** Workers that left without a word, as `<agent>/<worker>`. */
  readonly #silent = new Set<string>();
  readonly #onChange: (change: DirectoryChange) => void;

  constructor(onChange: (change: DirectoryChange) => void) {
    this.#onChange = onChange;
  }

  heard(heartbeat: Heartbeat, now: number): void {
    const { agent, worker } = heartbeat;
    if (heartbeat.ttl === 0) {
      this.#leave(agent, worker);
      return;
    }
    let entry = this.#agents.get(agent);
    if (entry === undefined) {
      entry = { workers: new Map() };
      this.#agents.set(agent, entry);
    }
    const before = entry.workers.get(worker);
    const isBack = this.#silent.delete(`${agent}/${worker}`);
    entry.workers.set(worker, {
      worker,
      version: heartbeat.version,
      capabilities: heartbeat.capabilities,
      concurrency: heartbeat.concurrency,
      rate: heartbeat.rate,
      burst: heartbeat.burst,
      ttlMs: heartbeat.ttl * 1000,
      joinedAt: before?.joinedAt ?? now,
      returnedAt: isBack ? now : before?.returnedAt,
      beatAt: now,
      seenAt: now,
      encoding: heartbeat.encoding ?? 'json',
      isClear: heartbeat.clear === true,
    });
    if (before === undefined) this.#onChange({ kind: 'joined', agent, heartbeat });
    else if (isOtherOffer(before, heartbeat)) this.#onChange({ kind: 'updated', agent, heartbeat });
  }

  /** Drops workers that were not heard of for their `ttl`. */
  expire(now: number): void {
    for (const [agent, entry] of this.#agents) {
      for (const worker of entry.workers.values()) {
        if (now - worker.seenAt <= worker.ttlMs) continue;
        if (this.#silent.size >= MAX_SILENT) this.#silent.clear();
        this.#silent.add(`${agent}/${worker.worker}`);
        this.#leave(agent, worker.worker);
      }
    }
  }

  /** A message of a worker that is no heartbeat. */
  alive(agent: string, worker: string, now: number): void {
    const entry = this.#agents.get(agent)?.workers.get(worker);
    if (entry !== undefined) entry.seenAt = Math.max(entry.seenAt, now);
  }

  /** The connection is new: every worker counts as heard of at that time. */
  restartPatience(at: number): void {
    for (const { workers } of this.#agents.values()) {
      for (const worker of workers.values()) worker.seenAt = at;
    }
  }

  /**
   * True when every live worker of an agent has sent a heartbeat at least half its `ttl` after that time, and after it
   * joined: by then it has read what it was sent at that time.
   */
  hasReadUpTo(agent: string, at: number): boolean {
    for (const { joinedAt, beatAt, ttlMs } of this.#agents.get(agent)?.workers.values() ?? []) {
      if (beatAt < Math.max(at, joinedAt) + ttlMs / 2) return false;
    }
    return true;
  }

  /** D3: true while a worker of the agent is back and may not have read yet what was sent to it before. */
  hasReturning(agent: string): boolean {
    for (const { returnedAt, beatAt, ttlMs } of this.#agents.get(agent)?.workers.values() ?? []) {
      if (returnedAt !== undefined && beatAt < returnedAt + ttlMs / 2) return true;
    }
    return false;
  }

  #leave(agent: string, worker: string): void {
    const entry = this.#agents.get(agent);
    if (entry === undefined || !entry.workers.delete(worker)) return;
    const isLast = entry.workers.size === 0;
    if (isLast) this.#agents.delete(agent);
    this.#onChange({ kind: 'left', agent, worker, isLast });
  }

  /** Attempts that the live workers of an agent can run at once; 0 for nobody. */
  capacity(agent: string): number {
    let capacity = 0;
    for (const worker of this.#agents.get(agent)?.workers.values() ?? [])
      capacity += worker.concurrency;
    return capacity;
  }

  /** The strictest rate that a live worker of an agent says; of two that are as slow, the one with the smaller burst. */
  rate(agent: string): OfferedRate | undefined {
    let strictest: { offered: OfferedRate; rate: Rate } | undefined;
    for (const worker of this.#agents.get(agent)?.workers.values() ?? []) {
      const rate = worker.rate === undefined ? undefined : parseRate(worker.rate, worker.burst);
      if (rate === undefined || worker.rate === undefined) continue;
      const than = strictest?.rate;
      const isStricter =
        than === undefined ||
        rate.intervalMs > than.intervalMs ||
        (rate.intervalMs === than.intervalMs && rate.burst < than.burst);
      if (isStricter) strictest = { offered: { rate: worker.rate, burst: worker.burst }, rate };
    }
    return strictest?.offered;
  }

  /** The longest `ttl` of an agent's live workers in ms; undefined for nobody. */
  longestTtlMs(agent: string): number | undefined {
    let longest: number | undefined;
    for (const worker of this.#agents.get(agent)?.workers.values() ?? []) {
      longest = Math.max(longest ?? 0, worker.ttlMs);
    }
    return longest;
  }

  ttlMs(agent: string, worker: string): number | undefined {
    return this.#agents.get(agent)?.workers.get(worker)?.ttlMs;
  }

  /** Of a worker that is here: when its last heartbeat came. */
  beatAt(agent: string, worker: string): number | undefined {
    return this.#agents.get(agent)?.workers.get(worker)?.beatAt;
  }

  /** msgpack when every live worker of the agent reads it. */
  encoding(agent: string): 'json' | 'msgpack' {
    const workers = [...(this.#agents.get(agent)?.workers.values() ?? [])];
    return workers.length > 0 && workers.every((worker) => worker.encoding === 'msgpack')
      ? 'msgpack'
      : 'json';
  }

  /** True when a worker of the agent says that others could read what is sent to it. */
  isOverheard(agent: string): boolean {
    for (const { isClear } of this.#agents.get(agent)?.workers.values() ?? [])
      if (isClear) return true;
    return false;
  }

  agents(): string[] {
    return [...this.#agents.keys()];
  }

  /** All agents somebody offers, with what they can do. */
  offers(inHand: (agent: string) => number): AgentOffer[] {
    return [...this.#agents].map(([agent, entry]) => ({
      agent,
      capabilities: [
        ...new Set([...entry.workers.values()].flatMap((worker) => worker.capabilities)),
      ],
      capacity: this.capacity(agent),
      inHand: inHand(agent),
    }));
  }
}

function isOtherOffer(before: WorkerEntry, heartbeat: Heartbeat): boolean {
  return (
    before.version !== heartbeat.version ||
    before.concurrency !== heartbeat.concurrency ||
    before.rate !== heartbeat.rate ||
    before.burst !== heartbeat.burst ||
    before.capabilities.join('\n') !== heartbeat.capabilities.join('\n')
  );
}
