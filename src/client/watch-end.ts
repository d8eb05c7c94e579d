/** When to look whether a run has ended. */
import type { JsonEnvelope } from '../events/envelope.ts';
import type { Bus } from '../messaging/bus.ts';
import type { Subjects } from '../messaging/subjects.ts';
import { CHECK_INTERVAL_MS, isTerminalEvent } from './follow-run.ts';

export interface EndWatch {
  /** True once the terminal event was seen on the feed. */
  hasEnded(): boolean;
  /** Resolves when it is time to look. Rejects with the signal's reason. */
  next(): Promise<void>;
  stop(): Promise<void>;
}

/** Tells when it is worth looking whether a run has ended: at its terminal event, after a reconnect, every 30 s. */
export function watchEnd(
  { bus, subjects }: { bus: Bus; subjects: Subjects },
  runId: string,
  signal: AbortSignal | undefined,
): EndWatch {
  let hasEnded = false;
  let isDue = false;
  let wake: (() => void) | undefined;
  const look = (): void => {
    isDue = true;
    wake?.();
  };
  const subscription = bus.subscribe(subjects.runEvents(runId), {}, (message) => {
    const event = message.body() as unknown as JsonEnvelope | null;
    if (event === null || typeof event.type !== 'string') return;
    hasEnded = isTerminalEvent(event);
    if (hasEnded) look();
  });
  const stopReconnect = bus.onReconnect(look);
  const timer = setInterval(look, CHECK_INTERVAL_MS);
  signal?.addEventListener('abort', look, { once: true });
  return {
    hasEnded: () => hasEnded,
    next: async (): Promise<void> => {
      if (!isDue && !hasEnded) {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
      isDue = false;
      signal?.throwIfAborted();
    },
    stop: async (): Promise<void> => {
      clearInterval(timer);
      stopReconnect();
      signal?.removeEventListener('abort', look);
      await subscription.stop();
    },
  };
}
