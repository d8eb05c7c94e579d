/**
 * Tasks that are ready and have not begun, counted by tenant, session and workflow, and how many there may be before new
 * runs are refused. Memory only: each run in memory says how many it has, and takes them back when it leaves.
 *
 * U1 Counted whether a limit is set or not, so that one that comes later is right at once.
 * U2 Whoever is over a bound begins no new run. What lives already goes on, and may be over it.
 */
import { entryOf, type Limits } from '../../messages/limits.ts';
import { QuotaExceeded } from '../host/errors.ts';
import type { Clock } from './clock.ts';
import { LATEST_MS, Pace } from './pace.ts';

const scopes = ['tenant', 'session', 'workflow'] as const;
type Scope = (typeof scopes)[number];

/** Whose tasks they are; the header of a run is one. */
export interface TaskOwner {
  tenant: string | undefined;
  session: string | undefined;
  /** Of the workflow. */
  name: string;
}

interface Count {
  tasks: number;
  readonly left: Pace;
}

export class QueuedTasks {
  #limits: Limits;
  #total = 0;
  readonly #clock: Pick<Clock, 'now'>;
  /** Only of those who have any. */
  readonly #counts: Record<Scope, Map<string, Count>> = {
    tenant: new Map(),
    session: new Map(),
    workflow: new Map(),
  };

  constructor(limits: Limits, clock: Pick<Clock, 'now'>) {
    this.#limits = limits;
    this.#clock = clock;
  }

  /** Of all owners together. */
  get total(): number {
    return this.#total;
  }

  configure(limits: Limits): void {
    this.#limits = limits;
  }

  /** A run has that many more than before, or fewer. */
  changed(owner: TaskOwner, by: number): void {
    this.#total += by;
    for (const scope of scopes) {
      const name = nameOf(owner, scope);
      if (name !== undefined) this.#change(scope, name, by);
    }
  }

  #change(scope: Scope, name: string, by: number): void {
    const counts = this.#counts[scope];
    let count = counts.get(name);
    if (count === undefined) {
      count = { tasks: 0, left: new Pace() };
      counts.set(name, count);
    }
    count.tasks += by;
    if (count.tasks <= 0) counts.delete(name);
    // How fast they begin is asked only where there is a limit.
    else if (by < 0 && this.#limitOf(scope, name) !== undefined)
      count.left.passed(this.#clock.now(), -by);
  }

  /** Throws `quota.exceeded` where as many wait as may. */
  check(owner: TaskOwner): void {
    for (const scope of scopes) {
      const name = nameOf(owner, scope);
      const limit = name === undefined ? undefined : this.#limitOf(scope, name);
      if (name === undefined || limit === undefined) continue;
      const count = this.#counts[scope].get(name);
      const queued = count?.tasks ?? 0;
      if (queued < limit) continue;
      const retryAfterMs =
        limit === 0 ? LATEST_MS : (count?.left.wait(this.#clock.now(), queued - limit + 1) ?? 0);
      throw new QuotaExceeded({ scope, name, limit, queued, retryAfterMs });
    }
  }

  #limitOf(scope: Scope, name: string): number | undefined {
    return entryOf(this.#limits[`${scope}s`], name)?.queued;
  }
}

function nameOf(owner: TaskOwner, scope: Scope): string | undefined {
  return scope === 'workflow' ? owner.name : owner[scope];
}
