/**
 * Runs that have not ended, counted by tenant and session, and how many there may be. Memory only: rebuilt from the
 * live runs when they are loaded.
 *
 * L1 A run counts once, from its first commit (or its loading) until its end is decided, also while it is not in memory.
 * L2 What is over a bound is refused before anything is recorded. Child runs and what lives already are never refused.
 */
import { entryOf, type Limits } from '../../messages/limits.ts';
import { QuotaExceeded, TooManyRuns } from '../host/errors.ts';
import type { Clock } from './clock.ts';

/** Runs that may live at once, where nothing is said. */
const DEFAULT_LIVE_RUNS = 1_000_000;
/** The shortest and the longest time after which one that was refused is told to come again. */
const SOONEST_MS = 100;
const LATEST_MS = 60_000;
/** How much the newest end says about the next one. */
const NEWEST = 0.2;

/** Tenants and sessions without a run that are kept. */
const MAX_IDLE = 1_000;

export interface RunOwner {
  tenant: string | undefined;
  session: string | undefined;
}

interface Count {
  live: number;
  /** When one ended last, and how long it took on average from one end to the next; 0 before it is known. */
  endedAt: number;
  intervalMs: number;
}

type Scope = 'tenant' | 'session';

export class LiveRuns {
  #limits: Limits;
  readonly #clock: Pick<Clock, 'now'>;
  readonly #all: Count = { live: 0, endedAt: 0, intervalMs: 0 };
  /** Of runs without a tenant and a session: one list for all of them. */
  readonly #nobody: Count[] = [this.#all];
  readonly #counts = new Map<string, Count>();
  readonly #owners = new Map<string, readonly Count[]>();

  constructor(limits: Limits, clock: Pick<Clock, 'now'>) {
    this.#limits = limits;
    this.#clock = clock;
  }

  get size(): number {
    return this.#owners.size;
  }

  /** Tenants and sessions that are counted. */
  get remembered(): number {
    return this.#counts.size;
  }

  get limit(): number {
    return this.#limits.live_runs ?? DEFAULT_LIVE_RUNS;
  }

  has(stream: string): boolean {
    return this.#owners.has(stream);
  }

  configure(limits: Limits): void {
    this.#limits = limits;
  }

  /** Throws `overloaded` or `quota.exceeded` where no more may begin. */
  check({ tenant, session }: RunOwner): void {
    if (this.#owners.size >= this.limit)
      throw new TooManyRuns({ limit: this.limit, retryAfterMs: this.#wait(this.#all) });
    this.#checkScope('tenant', tenant);
    this.#checkScope('session', session);
  }

  #checkScope(scope: Scope, name: string | undefined): void {
    const entries = scope === 'tenant' ? this.#limits.tenants : this.#limits.sessions;
    const limit = name === undefined ? undefined : entryOf(entries, name)?.live_runs;
    if (name === undefined || limit === undefined) return;
    const count = this.#counts.get(`${scope}:${name}`);
    const live = count?.live ?? 0;
    if (live < limit) return;
    const retryAfterMs = count === undefined ? LATEST_MS : this.#wait(count);
    throw new QuotaExceeded({ scope, name, limit, live, retryAfterMs });
  }

  /** About when the next one ends, by how the last ones did. */
  #wait({ endedAt, intervalMs }: Count): number {
    if (intervalMs === 0) return 10 * SOONEST_MS;
    const left = endedAt + intervalMs - this.#clock.now();
    return Math.ceil(Math.min(LATEST_MS, Math.max(SOONEST_MS, left)));
  }

  /** What a run's host knows of it: after each commit, and when it was loaded. */
  note(stream: string, owner: RunOwner, isLive: boolean): void {
    if (isLive) this.#began(stream, owner);
    else this.ended(stream);
  }

  #began(stream: string, { tenant, session }: RunOwner): void {
    if (this.#owners.has(stream)) return;
    const counts = tenant === undefined && session === undefined ? this.#nobody : [this.#all];
    if (tenant !== undefined) counts.push(this.#countOf(`tenant:${tenant}`));
    if (session !== undefined) counts.push(this.#countOf(`session:${session}`));
    for (const count of counts) count.live += 1;
    this.#owners.set(stream, counts);
  }

  ended(stream: string): void {
    const counts = this.#owners.get(stream);
    if (counts === undefined) return;
    this.#owners.delete(stream);
    const now = this.#clock.now();
    for (const count of counts) {
      count.live -= 1;
      if (count.endedAt > 0) {
        const newest = Math.max(0, now - count.endedAt);
        count.intervalMs += (newest - count.intervalMs) * (count.intervalMs === 0 ? 1 : NEWEST);
      }
      count.endedAt = now;
    }
    this.#forgetIdle();
  }

  #countOf(key: string): Count {
    let count = this.#counts.get(key);
    if (count === undefined) {
      count = { live: 0, endedAt: 0, intervalMs: 0 };
      this.#counts.set(key, count);
    }
    return count;
  }

  /** Tenants and sessions without a run are kept for a while only: what they say about the next end is worth little. */
  #forgetIdle(): void {
    if (this.#counts.size <= 2 * this.#owners.size + MAX_IDLE) return;
    for (const [key, { live }] of this.#counts) if (live === 0) this.#counts.delete(key);
  }
}
