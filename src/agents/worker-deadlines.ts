/** Ends attempts that are out of time, with one timer for all of them. */
import type { WorkerClock } from './clock.ts';

/** Deadlines closer together than this are met together. */
const GRAIN_MS = 5;

/** Watches the earliest deadline. */
export class DeadlineWatch {
  readonly #clock: WorkerClock;
  readonly #expire: (now: number) => number | undefined;
  #armedFor = Number.POSITIVE_INFINITY;
  #stop: (() => void) | undefined;

  /** `expire` ends what is due at `now` and returns the earliest deadline that is left. */
  constructor(clock: WorkerClock, expire: (now: number) => number | undefined) {
    this.#clock = clock;
    this.#expire = expire;
  }

  /** Makes sure that `expire` is called at the deadline (ms since the epoch). */
  watch(deadline: number | undefined): void {
    if (deadline === undefined || deadline >= this.#armedFor) return;
    this.#stop?.();
    this.#armedFor = deadline;
    this.#stop = this.#clock.after(Math.max(deadline - this.#clock.now(), GRAIN_MS), () => {
      this.#armedFor = Number.POSITIVE_INFINITY;
      this.watch(this.#expire(this.#clock.now()));
    });
  }

  stop(): void {
    this.#stop?.();
  }
}
