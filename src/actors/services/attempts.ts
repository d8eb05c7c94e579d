/**
 * Which worker has which attempt (contracts.md, Dispatch, loss, late results). Memory only. Times are those of
 * `listening.ts`.
 *
 * O1 An attempt belongs to the worker that accepted it or lists it in a heartbeat; before that to nobody.
 * O2 It is lost when it was in no accept, progress or heartbeat for the `ttl` of its worker and a heartbeat came that
 *    does not list it (or none for as long again), or its worker is gone;
 *    one that nobody has taken counts from its dispatch, or from the last answer of a worker that had no room, by the
 *    longest `ttl` of the agent's live workers, and is not lost before each of them has read what was sent to it.
 * O3 An attempt that was lost because its worker was silent is in hand again when the worker comes back with it. The one
 *    that follows it waits until somebody is there, until a worker that is back has read what it was sent, and until
 *    that worker is done with it; it is not lost meanwhile.
 * O4 What a worker goes on listing and nobody owes is named once in its `ttl`: a cancellation may have been lost on its
 *    way, and the work would keep a place from others until it ends by itself.
 */
import type { AttemptRef } from '../../messages/execution.ts';
import type { Directory } from './directory.ts';

/** Assumed for a worker that we know no `ttl` of, and where there is none. */
const DEFAULT_TTL_MS = 15_000;
/** Attempts that are kept although nobody owes them; more are not looked at. */
const MAX_STRAYS = 100_000;

export interface AttemptEntry extends AttemptRef {
  agent: string;
  worker: string | undefined;
  seenAt: number;
  /** So many attempts before it were lost in a row. */
  losses: number;
}

/** An attempt that a worker lists and nobody owes: it was lost and the worker is back, or has just ended. */
interface Stray extends AttemptRef {
  agent: string;
  worker: string;
  seenAt: number;
  /** When it was listed first, or named last (O4). */
  namedAt: number;
  /** Its result was answered for good: it is nobody's work any more. */
  isSettled: boolean;
}

export function attemptKey(ref: AttemptRef): string {
  return `${ref.runId}/${ref.activation}/${ref.attempt}`;
}

export class Attempts {
  readonly #entries = new Map<string, AttemptEntry>();
  readonly #strays = new Map<string, Stray>();
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

  /** An attempt is on its way to an agent; so many before it were lost in a row. */
  dispatched(ref: AttemptRef, sent: { agent: string; losses: number; now: number }): void {
    const { agent, losses, now } = sent;
    const key = attemptKey(ref);
    if (this.#entries.has(key)) return;
    this.#entries.set(key, { ...ref, agent, losses, worker: undefined, seenAt: now });
  }

  /** A worker said something of it. Attempts that nobody owes or lists are of no interest. */
  seen(ref: AttemptRef, worker: string | undefined, now: number): void {
    const key = attemptKey(ref);
    const entry = this.#entries.get(key);
    const known = entry ?? this.#strays.get(key);
    if (known === undefined) return;
    if (worker !== undefined) known.worker = worker;
    known.seenAt = Math.max(known.seenAt, now);
    if (known.worker !== undefined) this.#directory.alive(known.agent, known.worker, now);
  }

  /** A worker lists it as in hand. */
  listed(ref: AttemptRef, by: { agent: string; worker: string }, now: number): void {
    const { agent, worker } = by;
    const key = attemptKey(ref);
    const isKnown = this.#entries.has(key) || this.#strays.has(key);
    if (isKnown) this.seen(ref, worker, now);
    else if (this.#strays.size < MAX_STRAYS)
      this.#strays.set(key, {
        ...{ ...ref, agent, worker },
        ...{ seenAt: now, namedAt: now, isSettled: false },
      });
  }

  /** A worker that was asked has no room: nobody has it, and its patience begins anew. */
  refused(ref: AttemptRef, now: number): void {
    const entry = this.get(ref);
    if (entry !== undefined && entry.worker === undefined)
      entry.seenAt = Math.max(entry.seenAt, now);
  }

  /** O4. */
  overdue(now: number): (AttemptRef & { agent: string })[] {
    const overdue: (AttemptRef & { agent: string })[] = [];
    for (const stray of this.#strays.values()) {
      const { runId, activation, attempt, agent, worker, namedAt, isSettled } = stray;
      if (isSettled || now - namedAt <= this.#ttlMs(agent, worker)) continue;
      stray.namedAt = now;
      overdue.push({ runId, activation, attempt, agent });
    }
    return overdue;
  }

  /** Its result was answered for good. A heartbeat that crossed the answer may list it once more. */
  settled(ref: AttemptRef): void {
    const stray = this.#strays.get(attemptKey(ref));
    if (stray !== undefined) stray.isSettled = true;
  }

  /** The connection is new: every attempt counts as heard of at that time. */
  restartPatience(at: number): void {
    for (const entry of this.#entries.values()) entry.seenAt = at;
    for (const stray of this.#strays.values()) stray.seenAt = at;
  }

  /** Nobody owes it any more. */
  ended(ref: AttemptRef): void {
    this.#entries.delete(attemptKey(ref));
  }

  /** O3: true while an attempt that was lost before this one may go on. */
  isHeld(ref: AttemptRef): boolean {
    const { agent, losses } = this.get(ref) ?? { agent: '', losses: 0 };
    if (losses === 0) return false;
    if (this.#directory.capacity(agent) === 0 || this.#directory.hasReturning(agent)) return true;
    for (let attempt = ref.attempt - losses; attempt < ref.attempt; attempt += 1) {
      if (this.#strays.get(attemptKey({ ...ref, attempt }))?.isSettled === false) return true;
    }
    return false;
  }

  /** The attempts of a worker that is gone. */
  ofWorker(agent: string, worker: string): AttemptEntry[] {
    for (const [key, stray] of this.#strays) {
      if (stray.agent === agent && stray.worker === worker) this.#strays.delete(key);
    }
    return [...this.#entries.values()].filter(
      (entry) => entry.agent === agent && entry.worker === worker,
    );
  }

  /** The attempts that are lost now. */
  lost(now: number): AttemptEntry[] {
    for (const [key, { agent, worker, seenAt }] of this.#strays) {
      if (now - seenAt > this.#ttlMs(agent, worker)) this.#strays.delete(key);
    }
    const lost: AttemptEntry[] = [];
    for (const entry of this.#entries.values()) {
      if (this.#isLost(entry, now)) lost.push(entry);
    }
    return lost;
  }

  #isLost(entry: AttemptEntry, now: number): boolean {
    const { agent, worker } = entry;
    if (worker !== undefined) {
      const silentMs = now - entry.seenAt;
      const ttlMs = this.#ttlMs(agent, worker);
      const beatAt = this.#directory.beatAt(agent, worker);
      // A worker that stands still was last heard of later than some of its attempts: it is gone first, then they.
      const isLeftOut = beatAt === undefined || beatAt > entry.seenAt || silentMs > 2 * ttlMs;
      return silentMs > ttlMs && isLeftOut;
    }
    if (this.isHeld(entry)) entry.seenAt = now;
    const patienceMs = this.#directory.longestTtlMs(agent) ?? DEFAULT_TTL_MS;
    return now - entry.seenAt > patienceMs && this.#directory.hasReadUpTo(agent, entry.seenAt);
  }

  #ttlMs(agent: string, worker: string): number {
    return this.#directory.ttlMs(agent, worker) ?? DEFAULT_TTL_MS;
  }
}
