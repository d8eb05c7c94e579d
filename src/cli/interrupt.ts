/**
 * The end that comes from outside: SIGINT, SIGTERM, SIGHUP (on Windows: a closed window), SIGBREAK (Ctrl+Break, on
 * Windows alone), or a parent that went away.
 */
import { InterruptedError } from './errors.ts';

export interface Interrupt {
  /** Aborts with `cli.interrupted` at the first signal. */
  readonly signal: AbortSignal;
  /** Stops listening. */
  release(): void;
}

const SIGNALS: readonly NodeJS.Signals[] =
  process.platform === 'win32'
    ? ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGBREAK']
    : ['SIGINT', 'SIGTERM', 'SIGHUP'];

/**
 * Signals this close together are one wish: what signals a process group reaches the wrapper and its child, and the
 * wrapper hands its signal on.
 */
const SAME_WISH_MS = 500;

/** Listens for the end. A second signal ends the process at once, for a close that hangs. */
export function onInterrupt(): Interrupt {
  const controller = new AbortController();
  let firstAt = 0;
  const end = (): void => {
    if (!controller.signal.aborted) {
      firstAt = performance.now();
      controller.abort(new InterruptedError());
    } else if (performance.now() - firstAt > SAME_WISH_MS) process.exit(130);
  };
  const disconnected = (): void => {
    if (!controller.signal.aborted) controller.abort(new InterruptedError());
  };
  for (const name of SIGNALS) process.on(name, end);
  process.on('disconnect', disconnected);
  return {
    signal: controller.signal,
    release: () => {
      for (const name of SIGNALS) process.off(name, end);
      process.off('disconnect', disconnected);
    },
  };
}

/** Resolves when the signal aborts. */
export function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) =>
    signal.addEventListener('abort', () => resolve(), { once: true }),
  );
}
