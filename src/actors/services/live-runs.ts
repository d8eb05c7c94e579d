/**
 * Runs that have not ended, counted by tenant and session, and how many there may be. Memory only: rebuilt from the
 * live runs when they are loaded.
 *
 * L1 A run counts once, from its first commit (or its loading) until its end is decided, also while it is not in memory.
 * L2 What is over a bound is refused before anything is recorded. Child runs and what lives already are never refused.
 * What waits for a slot is counted by `queued-tasks.ts`.
 */
import { entryOf, type Limits } from '../../messages/limits.ts';
import { QuotaExceeded, TooManyRuns } from '../host/errors.ts';
import type { Clock } from './clock.ts';
import { LATEST_MS, Pace } from './pace.ts';
import { QueuedTasks, type TaskOwner } from './queued-tasks.ts';

/** Runs that may live at once, where nothing is said. */
const DEFAULT_LIVE_RUNS = 1_000_000;
/** Tenants and sessions without a run that are kept. */
const MAX_IDLE = 1_000;

export interface RunOwner {
  tenant: string | undefined;
  session: string | undefined;
}

interface Count {
  live: number;
  readonly ended: Pace;
}

type Scope = 'tenant' | 'session';

export class LiveRuns {
  readonly queued: QueuedTasks;
  #limits: Limits;
  readonly #clock: Pick<Clock, 'now'>;
  readonly #all: Count = { live: 0, ended: new Pace() };
  /** Of runs without a tenant and a session: one list for all of them. */
  readonly #nobody: Count[] = [this.#all];
  readonly #counts = new Map<string, Count>();
  readonly #owners = new Map<string, readonly Count[]>();

  constructor(limits: Limits, clock: Pick<Clock, 'now'>) {
    this.#limits = limits;
    this.#clock = clock;
    this.queued = new QueuedTasks(limits, clock);
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
    this.queued.configure(limits);
  }

  /** For whoever makes a run, in the turn in which it is made: throws `overloaded` or `quota.exceeded` where none may begin. */
  check(owner: TaskOwner): void {
    if (this.#owners.size >= this.limit) {
      const retryAfterMs = this.#all.ended.wait(this.#clock.now());
      throw new TooManyRuns({ limit: this.limit, retryAfterMs });
    }
    this.#checkScope('tenant', owner.tenant);
    this.#checkScope('session', owner.session);
    this.queued.check(owner);
  }

  #checkScope(scope: Scope, name: string | undefined): void {
    const entries = scope === 'tenant' ? this.#limits.tenants : this.#limits.sessions;
    const limit = name === undefined ? undefined : entryOf(entries, name)?.live_runs;
    if (name === undefined || limit === undefined) return;
    const count = this.#counts.get(`${scope}:${name}`);
    const live = count?.live ?? 0;
    if (live < limit) return;
    const retryAfterMs = count?.ended.wait(this.#clock.now()) ?? LATEST_MS;
    throw new QuotaExceeded({ scope, name, limit, live, retryAfterMs });
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
      count.ended.passed(now);
    }
    this.#forgetIdle();
  }

  #countOf(key: string): Count {
    let count = this.#counts.get(key);
    if (count === undefined) {
      count = { live: 0, ended: new Pace() };
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
