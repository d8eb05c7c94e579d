/**
 * Which worker has which attempt (contracts.md, Dispatch, loss, late results). Memory only.
 *
 * O1 An attempt belongs to the worker that accepted it or lists it in a heartbeat; before that to nobody.
 * O2 It is lost when it was in no accept, progress or heartbeat for the `ttl` of its worker, or its worker is gone;
 *    one that nobody has taken counts from its dispatch, by the longest `ttl` of the agent's live workers.
 */
import type { AttemptRef } from '../../messages/execution.ts';
import type { Directory } from './directory.ts';

/** Assumed for a worker that we know no `ttl` of. */
const DEFAULT_TTL_MS = 15_000;

export interface AttemptEntry extends AttemptRef {
  agent: string;
  worker: string | undefined;
  seenAt: number;
}

export function attemptKey(ref: AttemptRef): string {
  return `${ref.runId}/${ref.activation}/${ref.attempt}`;
}

export class Attempts {
  readonly #entries = new Map<string, AttemptEntry>();
  readonly #directory: Directory;

  constructor(directory: Directory) {
    this.#directory = directory;
  }

  get size(): number {
    return this.#entries.size;
  }

  get(ref: AttemptRef): AttemptEntry | undefined {
    return this.#entries.get(attemptKey(ref));
  }

  /** An attempt is on its way to an agent. */
  dispatched(ref: AttemptRef, agent: string, now: number): void {
    const key = attemptKey(ref);
    if (this.#entries.has(key)) return;
    this.#entries.set(key, { ...ref, agent, worker: undefined, seenAt: now });
  }

  /** A worker has it: it accepted, reported or listed it. Unknown attempts are of no interest. */
  seen(ref: AttemptRef, worker: string | undefined, now: number): void {
    const entry = this.#entries.get(attemptKey(ref));
    if (entry === undefined) return;
    if (worker !== undefined) entry.worker = worker;
    entry.seenAt = Math.max(entry.seenAt, now);
  }

  /** After a jump of the clock: every attempt counts as heard of now. */
  restartPatience(now: number): void {
    for (const entry of this.#entries.values()) entry.seenAt = now;
  }

  ended(ref: AttemptRef): void {
    this.#entries.delete(attemptKey(ref));
  }

  /** The attempts of a worker that is gone. */
  ofWorker(agent: string, worker: string): AttemptEntry[] {
    return [...this.#entries.values()].filter(
      (entry) => entry.agent === agent && entry.worker === worker,
    );
  }

  /** The attempts that are lost now. */
  lost(now: number): AttemptEntry[] {
    const lost: AttemptEntry[] = [];
    for (const entry of this.#entries.values()) {
      if (this.#isLost(entry, now)) lost.push(entry);
    }
    return lost;
  }

  #isLost(entry: AttemptEntry, now: number): boolean {
    const { agent, worker, seenAt } = entry;
    if (worker === undefined) {
      return now - seenAt > (this.#directory.longestTtlMs(agent) ?? DEFAULT_TTL_MS);
    }
    return now - seenAt > (this.#directory.ttlMs(agent, worker) ?? DEFAULT_TTL_MS);
  }
}
