/**
 * The clock of the worker, with its source of chance. Everything in this room that waits, dates or jitters asks this port.
 */

export interface WorkerClock {
  /** Milliseconds since the epoch. May jump: somebody sets the machine's clock. For dates, not for spans. */
  now(): number;
  /** Milliseconds since some moment of this process; never jumps. For spans: what is due, how long ago. */
  elapsedMs(): number;
  /** 0 up to 1, for jitter. */
  random(): number;
  /** Calls once after `ms` milliseconds, however long; returns what calls it off. Does not keep the process alive. */
  after(ms: number, callback: () => void): () => void;
}

/** `setTimeout` fires at once for more than 2^31 ms; longer waits are made of parts. */
const MAX_TIMER_MS = 3_600_000;

function afterOnSystem(ms: number, callback: () => void): () => void {
  const dueAt = Date.now() + ms;
  let timer: NodeJS.Timeout;
  const arm = (): void => {
    const left = dueAt - Date.now();
    timer = setTimeout(
      left > MAX_TIMER_MS ? arm : callback,
      Math.min(Math.max(left, 0), MAX_TIMER_MS),
    );
    timer.unref();
  };
  arm();
  return () => clearTimeout(timer);
}

/** The real one. */
export const systemClock: WorkerClock = {
  now: () => Date.now(),
  elapsedMs: () => performance.now(),
  random: () => Math.random(),
  after: afterOnSystem,
};

/** Resolves after `ms`; rejects with the reason when the signal aborts first. Leaves no timer and no listener behind. */
export function sleepOn(clock: WorkerClock, ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) {
      reject(signal.reason as Error);
      return;
    }
    const onAbort = (): void => {
      stop();
      reject(signal.reason as Error);
    };
    const stop = clock.after(ms, () => {
      signal.removeEventListener('abort', onAbort);
      resolve();
    });
    signal.addEventListener('abort', onAbort, { once: true });
  });
}
