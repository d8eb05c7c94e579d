/**
 * Who waits for a projection to reach a position. Bounded; every waiter is settled exactly once.
 */
import type { Clock } from './clock.ts';

/** Callers that may wait at a time; one more is told at once that the projection lags. */
const MAX_WAITERS = 10_000;

interface Waiter {
  readonly name: string;
  readonly position: number;
  readonly late: () => Error;
  readonly settle: (error?: Error) => void;
}

export interface WaitRequest {
  name: string;
  position: number;
  /** Undefined: for as long as it takes. */
  timeoutMs: number | undefined;
  /** What the promise rejects with when the time is over. */
  late: () => Error;
}

export class ProjectionWaiters {
  readonly #clock: Pick<Clock, 'after'>;
  readonly #waiters = new Set<Waiter>();

  constructor(clock: Pick<Clock, 'after'>) {
    this.#clock = clock;
  }

  /** Resolves once `reached` says so; rejects with `late()` after the time, or with what `dismiss` says. */
  wait(request: WaitRequest): Promise<void> {
    const { name, position, timeoutMs, late } = request;
    if (this.#waiters.size >= MAX_WAITERS) return Promise.reject(late());
    return new Promise((resolve, reject) => {
      const cancelTimeout =
        timeoutMs === undefined
          ? undefined
          : this.#clock.after(timeoutMs, () => waiter.settle(late()));
      const waiter: Waiter = {
        name,
        position,
        late,
        settle: (error) => {
          this.#waiters.delete(waiter);
          cancelTimeout?.();
          if (error === undefined) resolve();
          else reject(error);
        },
      };
      this.#waiters.add(waiter);
    });
  }

  /** True when somebody waits for this or an earlier position of the projection. */
  has(name: string, position: number): boolean {
    for (const waiter of this.#waiters) {
      if (waiter.name === name && waiter.position <= position) return true;
    }
    return false;
  }

  reached(name: string, position: number): void {
    for (const waiter of [...this.#waiters]) {
      if (waiter.name === name && waiter.position <= position) waiter.settle();
    }
  }

  /** The projection has failed. */
  dismiss(name: string, error: Error): void {
    for (const waiter of [...this.#waiters]) if (waiter.name === name) waiter.settle(error);
  }

  /** Nobody will reach anything any more. */
  giveUp(): void {
    for (const waiter of [...this.#waiters]) waiter.settle(waiter.late());
  }
}
