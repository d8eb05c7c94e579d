/**
 * The clock of silence: how long this process has listened. Whoever was not heard of is judged by it and by nothing else,
 * so that nobody is declared dead because this process, its machine or the server stood still.
 *
 * L1 It goes on by at most `ROUND_MS` for each completed round trip to the server: time in which nothing could be heard
 *    (a blocked loop, a stopped process, a lost connection, a clock that was set) does not count.
 * L2 A judgement follows a round trip: what the server had for us until then has been handled.
 * L3 After a round that came late there is no judgement, but never twice in a row: what others had sent in between may
 *    still be on its way through a server that stood still itself.
 */
import { reasonOf } from '../../workflow/errors.ts';
import type { Logger } from '../host/runtime.ts';
import type { CancelTimer, Clock } from './clock.ts';

const ROUND_MS = 500;
/** A round that took this much longer than it should is late. */
const LATE_MS = 250;

export interface ListeningOptions {
  clock: Clock;
  /** Resolves when everything that the server had for us has been handled; may reject, may take for ever. */
  roundTrip: () => Promise<void>;
  /** Called at most every `ROUND_MS`, with the time listened so far. */
  judge: (listenedMs: number) => void;
  logger: Logger;
}

export class Listening {
  readonly #options: ListeningOptions;
  /** Of completed rounds. */
  #listenedMs = 0;
  #roundSince: number;
  #wasLate = false;
  #isStopped = false;
  #isRunning = false;
  #cancel: CancelTimer | undefined;

  constructor(options: ListeningOptions) {
    this.#options = options;
    this.#roundSince = options.clock.now();
  }

  /** Milliseconds listened so far; 0 until `start`. */
  get nowMs(): number {
    return this.#listenedMs + (this.#isRunning ? this.#ofRound() : 0);
  }

  start(): void {
    this.#isRunning = true;
    this.#roundSince = this.#options.clock.now();
    this.#plan();
  }

  stop(): void {
    this.#isStopped = true;
    this.#cancel?.();
  }

  #ofRound(): number {
    const passed = this.#options.clock.now() - this.#roundSince;
    return Math.min(Math.max(passed, 0), ROUND_MS);
  }

  #plan(): void {
    if (this.#isStopped) return;
    this.#cancel = this.#options.clock.after(ROUND_MS, () => {
      this.#options.roundTrip().then(
        () => this.#completed(),
        (error: unknown) => this.#missed(error),
      );
    });
  }

  #completed(): void {
    if (this.#isStopped) return;
    const now = this.#options.clock.now();
    const lateMs = now - this.#roundSince - ROUND_MS;
    this.#listenedMs += this.#ofRound();
    this.#roundSince = now;
    const isLate = lateMs > LATE_MS && !this.#wasLate;
    this.#wasLate = isLate;
    if (isLate) this.#options.logger.debug('a late round: nobody is judged in it', { lateMs });
    else this.#options.judge(this.#listenedMs);
    this.#plan();
  }

  /** Nothing can be heard: the time stands still until the connection is back. */
  #missed(error: unknown): void {
    if (this.#isStopped) return;
    this.#options.logger.debug('no round trip to the server', { error: reasonOf(error) });
    this.#plan();
  }
}
