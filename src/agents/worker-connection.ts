/** A worker that starts while the server restarts waits for it. */
import type { Bus } from '../messaging/bus.ts';
import { TroupeError } from '../workflow/errors.ts';

/** Resolves when the server knows every subscription. A connection that is lost meanwhile comes back and is waited for. Throws what the bus throws otherwise. */
export async function flushed(bus: Bus): Promise<void> {
  for (;;) {
    try {
      await bus.flush();
      return;
    } catch (error) {
      if (!(error instanceof TroupeError) || error.code !== 'bus.disconnected') throw error;
      await reconnected(bus);
    }
  }
}

function reconnected(bus: Bus): Promise<void> {
  if (bus.isConnected) return Promise.resolve();
  return new Promise((resolve) => {
    const stop = bus.onReconnect(() => {
      stop();
      resolve();
    });
  });
}
