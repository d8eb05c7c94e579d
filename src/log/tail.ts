/**
 * The newest durable commits, in memory, for all followers together. A follower that fell behind the bound
 * reads from the store again; so the memory does not depend on how many follow or how slowly.
 *
 * T1 Groups are consecutive: the first position of one follows the last of the one before.
 * T2 After a push every follower wakes, at the time that `schedule` gives.
 */
import type { Commit } from '../events/envelope.ts';
import type { Scheduler } from './committer.ts';

interface Group {
  commits: Commit[];
  last: number;
  bytes: number;
}

const MAX_TAIL_COMMITS = 1024;
const MAX_TAIL_BYTES = 16 * 1024 * 1024;

export class Tail {
  #groups: Group[] = [];
  #commits = 0;
  #bytes = 0;
  #followers = 0;
  #wake: (() => void)[] = [];
  readonly #schedule: Scheduler;
  #isWakeScheduled = false;

  constructor(schedule: Scheduler) {
    this.#schedule = schedule;
  }

  get hasFollowers(): boolean {
    return this.#followers > 0;
  }

  join(): void {
    this.#followers += 1;
  }

  leave(): void {
    this.#followers -= 1;
    if (this.#followers === 0) this.#clear();
  }

  /** Adds a durable group and wakes the followers. Without followers nothing is kept. */
  push(commits: Commit[], bytes: number): void {
    const last = commits.at(-1)?.position;
    if (last === undefined || this.#followers === 0) return;
    this.#groups.push({ commits, last, bytes });
    this.#commits += commits.length;
    this.#bytes += bytes;
    while (this.#groups.length > 1 && this.#isOver()) this.#dropOldest();
    if (this.#isWakeScheduled) return;
    this.#isWakeScheduled = true;
    this.#schedule(() => {
      this.#isWakeScheduled = false;
      this.wake();
    });
  }

  /** Forgets what it holds: what follows may not be consecutive. Followers go to the store. */
  reset(): void {
    this.#clear();
    this.wake();
  }

  /** The next commits after a position; empty when it is the newest; undefined when they are not held. */
  after(position: number): Commit[] | undefined {
    const newest = this.#groups.at(-1);
    const oldest = this.#groups[0]?.commits[0];
    if (newest === undefined || oldest === undefined || oldest.position > position + 1)
      return undefined;
    if (newest.last <= position) return [];
    const group = this.#groups[this.#indexOf(position)] as Group;
    const skip = position + 1 - (group.commits[0]?.position ?? 0);
    return skip === 0 ? group.commits : group.commits.slice(skip);
  }

  /** Resolves at the next push, reset or `wake`. */
  waitForNews(): Promise<void> {
    return new Promise((resolve) => this.#wake.push(resolve));
  }

  wake(): void {
    const sleepers = this.#wake;
    this.#wake = [];
    for (const resolve of sleepers) resolve();
  }

  /** The first group that goes beyond a position. */
  #indexOf(position: number): number {
    let low = 0;
    let high = this.#groups.length - 1;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#groups[middle] as Group).last > position) high = middle;
      else low = middle + 1;
    }
    return low;
  }

  #isOver(): boolean {
    return this.#commits > MAX_TAIL_COMMITS || this.#bytes > MAX_TAIL_BYTES;
  }

  #dropOldest(): void {
    const group = this.#groups.shift();
    this.#commits -= group?.commits.length ?? 0;
    this.#bytes -= group?.bytes ?? 0;
  }

  #clear(): void {
    this.#groups = [];
    this.#commits = 0;
    this.#bytes = 0;
  }
}
