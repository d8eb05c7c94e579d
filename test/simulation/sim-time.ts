/**
 * Simulated time: one queue of things to come, taken in order of their time. Between two of them every promise
 * that is ready runs, so nothing depends on the speed of the machine.
 */
import type { Clock } from '../../src/actors/services/clock.ts';

interface Planned {
  at: number;
  order: number;
  scope: Scope;
  run: () => void;
  isCanceled: boolean;
}

/** What dies together: a process. Nothing planned by a dead scope happens, and what a frozen one planned happens later. */
export class Scope {
  isAlive = true;
  /** Until then it stands still, as after SIGSTOP; what is due meanwhile happens then, in the order of its planning. */
  frozenUntil = 0;
  readonly name: string;
  constructor(name: string) {
    this.name = name;
  }
}

const EPOCH = 1_700_000_000_000;

export class SimTime {
  now = EPOCH;
  steps = 0;
  #planned: Planned[] = [];
  #order = 0;
  #looks = 0;
  readonly #looksAMillisecond: number;

  /** Time may go on while a process works: after so many looks at a clock it is a millisecond later. */
  constructor({ looksAMillisecond = Infinity } = {}) {
    this.#looksAMillisecond = looksAMillisecond;
  }

  plan(scope: Scope, delayMs: number, run: () => void): () => void {
    const entry: Planned = {
      at: this.now + Math.max(0, delayMs),
      order: this.#order,
      scope,
      run,
      isCanceled: false,
    };
    this.#order += 1;
    this.#insert(entry);
    return () => {
      entry.isCanceled = true;
    };
  }

  #insert(entry: Planned): void {
    let low = 0;
    let high = this.#planned.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      const other = this.#planned[middle] as Planned;
      if (other.at < entry.at || (other.at === entry.at && other.order < entry.order))
        low = middle + 1;
      else high = middle;
    }
    this.#planned.splice(low, 0, entry);
  }

  /** The clock of a process. */
  clockOf(scope: Scope): Clock {
    return {
      now: () => {
        this.#looks += 1;
        if (this.#looks % this.#looksAMillisecond === 0) this.now += 1;
        return this.now;
      },
      after: (delayMs, callback) => this.plan(scope, delayMs, callback),
    };
  }

  /** Resolves after a time of the scope. */
  sleep(scope: Scope, delayMs: number): Promise<void> {
    return new Promise((resolve) => this.plan(scope, delayMs, resolve));
  }

  /** The next thing happens, and everything that is ready after it; false when nothing is planned. */
  async step(): Promise<boolean> {
    await settle();
    for (let next = this.#planned.shift(); next !== undefined; next = this.#planned.shift()) {
      if (next.isCanceled || !next.scope.isAlive) continue;
      if (next.scope.frozenUntil > next.at) {
        next.at = next.scope.frozenUntil;
        this.#insert(next);
        continue;
      }
      this.now = Math.max(this.now, next.at);
      this.steps += 1;
      next.run();
      await settle();
      return true;
    }
    return false;
  }
}

/** Runs every promise that is ready: no timer and no input is waited for. */
function settle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
