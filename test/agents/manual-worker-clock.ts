import type { WorkerClock } from '../../src/agents/clock.ts';

interface Planned {
  at: number;
  callback: () => void;
}

/** The clock of a worker under the hand of a test: time passes in `advance`, the date can be set apart from it. */
export class ManualWorkerClock implements WorkerClock {
  /** Added to the date, as when somebody sets the machine's clock. */
  offsetMs = Date.UTC(2026, 0, 1);
  #elapsedMs = 0;
  readonly #planned = new Set<Planned>();

  now(): number {
    return this.#elapsedMs + this.offsetMs;
  }

  elapsedMs(): number {
    return this.#elapsedMs;
  }

  random(): number {
    return 1;
  }

  after(ms: number, callback: () => void): () => void {
    const planned = { at: this.#elapsedMs + ms, callback };
    this.#planned.add(planned);
    return () => this.#planned.delete(planned);
  }

  /** Passes from one planned call to the next, in order. */
  advance(ms: number): void {
    const end = this.#elapsedMs + ms;
    for (;;) {
      const next = [...this.#planned].sort((left, right) => left.at - right.at)[0];
      if (next === undefined || next.at > end) break;
      this.#planned.delete(next);
      this.#elapsedMs = Math.max(this.#elapsedMs, next.at);
      next.callback();
    }
    this.#elapsedMs = end;
  }
}
