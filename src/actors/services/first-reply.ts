/** What a command was answered the first time, for whoever sends it again. */
import type { RunEvent } from '../../events/catalogue.ts';
import type { EventLog } from '../../log/event-log.ts';
import { runState } from '../../machines/run/aggregate.ts';
import { loadRun } from '../host/load.ts';

/** How the run stood after the commit that a command made; undefined where the history does not have it any more. */
export async function firstReply(
  log: EventLog,
  runId: string,
  commandId: string,
): Promise<{ status: string; streamVersion: number; position: number } | undefined> {
  await log.flush();
  for await (const commits of log.readStream(runId)) {
    for (const { causationId, firstVersion, events, position } of commits) {
      if (causationId !== commandId) continue;
      const streamVersion = firstVersion + events.length - 1;
      const last = events.at(-1) as RunEvent | undefined;
      if (last?.type === 'run.released') return { status: 'released', streamVersion, position };
      const loaded = await loadRun(log, runId, { toVersion: streamVersion });
      if (loaded === undefined) return undefined;
      return { status: runState(loaded.run), streamVersion, position };
    }
  }
  return undefined;
}
