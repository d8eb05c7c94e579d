/**
 * `run_events`: the audit log. The log itself is its store, so it has no documents; this maps an event to a record.
 */
import type { ActorRef, Envelope } from '../events/envelope.ts';
import type { JsonObject } from '../workflow/value.ts';
import { isRunStream } from './projection.ts';

/** One event of a run's stream. `at` is ms since the epoch; `data` is the event's own. */
export type RunEvent = {
  runId: string;
  streamVersion: number;
  position: number;
  eventId: string;
  type: string;
  at: number;
  taskId: string | null;
  attempt: number | null;
  agent: string | null;
  actor: { kind: ActorRef['kind']; id: string | null };
  correlationId: string;
  causationId: string;
  data: JsonObject;
};

const VERSION_WIDTH = 12;

/** `<runId>/<streamVersion, twelve digits>`: key order is the order of the stream. */
export function runEventKey(runId: string, streamVersion: number): string {
  return `${runId}/${String(streamVersion).padStart(VERSION_WIDTH, '0')}`;
}

/** The audit record of an event; undefined for an event of another stream than a run's. */
export function runEventOf(envelope: Envelope): RunEvent | undefined {
  if (!isRunStream(envelope.stream)) return undefined;
  const data = envelope.data as JsonObject & { taskId?: string; attempt?: number; agent?: string };
  return {
    runId: envelope.stream,
    streamVersion: envelope.streamVersion,
    position: envelope.position,
    eventId: envelope.id,
    type: envelope.type,
    at: envelope.at,
    taskId: data.taskId ?? null,
    attempt: data.attempt ?? null,
    agent: data.agent ?? null,
    actor: { kind: envelope.actor.kind, id: envelope.actor.id ?? null },
    correlationId: envelope.correlationId,
    causationId: envelope.causationId,
    data,
  };
}
