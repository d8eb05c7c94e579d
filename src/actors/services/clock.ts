/**
 * Time and chance for the actors. Nothing else in this room reads a clock or draws a number,
 * so that the simulation can drive both from one seed.
 */

/** Withdraws a timer; harmless after it fired. */
export type CancelTimer = () => void;

export interface Clock {
  /** Milliseconds since the epoch. */
  now(): number;
  /** Calls back once, not before `delayMs` from now. */
  after(delayMs: number, callback: () => void): CancelTimer;
}

/** The machine's clock. Its timers keep no process alive. */
export const systemClock: Clock = {
  now: () => Date.now(),
  after: (delayMs, callback) => {
    const timer = setTimeout(callback, delayMs);
    timer.unref();
    return () => clearTimeout(timer);
  },
};
