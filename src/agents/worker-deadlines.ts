/**
 * Ends attempts that are out of time, with one timer for all of them. Everything here is in `WorkerClock.elapsedMs`:
 * neither another machine's clock nor one that is set anew can end an attempt.
 */
import type { ExecutionRequest } from '../messages/execution.ts';
import type { WorkerClock } from './clock.ts';

/** Deadlines closer together than this are met together. */
const GRAIN_MS = 5;
/** The clock looks at the date to wait for longer than an hour; waits made of shorter ones are not misled by it. */
const LONGEST_WAIT_MS = 1_800_000;

/**
 * When an attempt that is taken now is out of time, in `clock.elapsedMs`. An orchestrator that does not say how much
 * time is left says when it is over; then its clock and ours are taken to agree.
 */
export function dueAtOf(
  request: Pick<ExecutionRequest, 'deadline' | 'timeoutMs'>,
  clock: WorkerClock,
): number | undefined {
  const { deadline, timeoutMs } = request;
  if (timeoutMs !== undefined) return clock.elapsedMs() + timeoutMs;
  return deadline === undefined ? undefined : clock.elapsedMs() + deadline - clock.now();
}

/** Watches the earliest of the times at which attempts are due to end. */
export class DeadlineWatch {
  readonly #clock: WorkerClock;
  readonly #expire: (elapsedMs: number) => number | undefined;
  #armedFor = Number.POSITIVE_INFINITY;
  #stop: (() => void) | undefined;

  /** `expire` ends what is due at `elapsedMs` and returns the earliest time that is left. */
  constructor(clock: WorkerClock, expire: (elapsedMs: number) => number | undefined) {
    this.#clock = clock;
    this.#expire = expire;
  }

  /** Makes sure that `expire` is called at that time. */
  watch(dueAt: number | undefined): void {
    if (dueAt === undefined || dueAt >= this.#armedFor) return;
    this.#stop?.();
    this.#armedFor = dueAt;
    const leftMs = Math.ceil(dueAt - this.#clock.elapsedMs());
    const waitMs = Math.min(Math.max(leftMs, GRAIN_MS), LONGEST_WAIT_MS);
    this.#stop = this.#clock.after(waitMs, () => {
      this.#armedFor = Number.POSITIVE_INFINITY;
      this.watch(this.#expire(this.#clock.elapsedMs()));
    });
  }

  stop(): void {
    this.#stop?.();
  }
}
