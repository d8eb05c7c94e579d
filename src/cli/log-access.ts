/**
 * What is done to a log: by the orchestrator that has it, over NATS, else on the data directory under its lock.
 */
import type { Client } from '../client/client.ts';
import type { EventLog } from '../log/event-log.ts';
import { findOrchestrator } from './connect.ts';
import { onceUnlocked } from './once-unlocked.ts';
import type { Session } from './session.ts';

export interface LogWork {
  remote(client: Client): Promise<object>;
  local(log: EventLog): Promise<object>;
}

/** The report of the work, and where it was done. Throws what the work throws, `log.locked`, `log.not-found`. */
export async function withLog(
  session: Session,
  work: LogWork,
): Promise<{ result: object; where: string }> {
  return onceUnlocked(async () => {
    const found = await findOrchestrator(session);
    if (found !== undefined) {
      try {
        return { result: await work.remote(found.client), where: found.url };
      } finally {
        await found.close();
      }
    }
    const { openExistingLog } = await import('./open-log.ts');
    const log = await openExistingLog(session.settings);
    try {
      return { result: await work.local(log), where: session.settings.dataDir };
    } finally {
      await log.close();
    }
  });
}
