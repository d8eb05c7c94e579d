/** Clocks that tests move: the wall clock jumps while timers go on by real time, or all time stands still until told. */
import type { CancelTimer, Clock } from '../../src/actors/services/clock.ts';

/** Real time plus an offset, as when somebody sets the machine's clock. */
export class ShiftedClock implements Clock {
  offsetMs = 0;

  now(): number {
    return Date.now() + this.offsetMs;
  }

  after(delayMs: number, callback: () => void): CancelTimer {
    const timer = setTimeout(callback, delayMs);
    timer.unref();
    return () => clearTimeout(timer);
  }
}

interface Planned {
  at: number;
  callback: () => void;
}

/** Time that passes only in `advance`. */
export class ManualClock implements Clock {
  #now: number;
  readonly #planned = new Set<Planned>();

  constructor(startMs: number) {
    this.#now = startMs;
  }

  now(): number {
    return this.#now;
  }

  after(delayMs: number, callback: () => void): CancelTimer {
    const planned = { at: this.#now + delayMs, callback };
    this.#planned.add(planned);
    return () => this.#planned.delete(planned);
  }

  /** Passes in steps, so that timers that arm timers are called when they are due. */
  async advance(ms: number, stepMs: number): Promise<void> {
    const end = this.#now + ms;
    while (this.#now < end) {
      this.#now = Math.min(end, this.#now + stepMs);
      for (const planned of [...this.#planned]) {
        if (planned.at > this.#now || !this.#planned.delete(planned)) continue;
        planned.callback();
      }
      await new Promise((resolve) => setImmediate(resolve));
    }
  }
}
