/** How a run ended, as the task that waits for it hears it. */
import type { RunEvent } from '../../events/catalogue.ts';
import type { EventLog } from '../../log/event-log.ts';
import type { ChildEnd } from '../../machines/run/decision.ts';

/** What an event says about the end of its run; undefined where it is none. */
export function endOfEvent(event: RunEvent): ChildEnd | undefined {
  switch (event.type) {
    case 'run.succeeded':
      return { status: 'succeeded', output: event.data.output };
    case 'run.failed':
      return { status: 'failed', error: event.data.error };
    case 'run.canceled':
      return { status: 'canceled', reason: event.data.reason };
    default:
      return undefined;
  }
}

/** The end of a run, once it is durable; undefined while it goes on. The terminal event is the last one of its stream. */
export async function endOfRun(
  log: EventLog,
  runId: string,
): Promise<{ end: ChildEnd; causationId: string } | undefined> {
  await log.flush();
  const version = log.streamHead(runId)?.version ?? 0;
  for await (const commits of log.readStream(runId, { fromVersion: version })) {
    for (const commit of commits) {
      const last = commit.events.at(-1) as RunEvent | undefined;
      const end = last === undefined ? undefined : endOfEvent(last);
      const streamVersion = commit.firstVersion + commit.events.length - 1;
      if (end !== undefined) return { end, causationId: `${runId}/${streamVersion}` };
    }
  }
  return undefined;
}
