/** A process that starts while the server restarts waits for it. */
import { TroupeError } from '../workflow/errors.ts';
import type { Bus } from './bus.ts';

/**
 * Takes a step that asks the server. When the connection is lost meanwhile, it is taken again once the connection is
 * back. Throws what the step throws otherwise.
 */
export async function throughOutages<Result>(
  bus: Pick<Bus, 'isConnected' | 'onReconnect'>,
  step: () => Promise<Result>,
): Promise<Result> {
  for (;;) {
    try {
      return await step();
    } catch (error) {
      if (!(error instanceof TroupeError) || error.code !== 'bus.disconnected') throw error;
      await reconnected(bus);
    }
  }
}

function reconnected(bus: Pick<Bus, 'isConnected' | 'onReconnect'>): Promise<void> {
  if (bus.isConnected) return Promise.resolve();
  return new Promise((resolve) => {
    const stop = bus.onReconnect(() => {
      stop();
      resolve();
    });
  });
}
