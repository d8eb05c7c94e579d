/**
 * How an event is stored and how it is shown. The log stores commits; envelopes are derived on reading.
 */
import type { JsonValue } from '../workflow/value.ts';

/** `run_...`, `agent_...`, `session_...`, `channel_...`, `context_...` or `system`. No dots. */
export type StreamName = string;

/** Who caused a commit. */
export interface ActorRef {
  kind: 'client' | 'agent' | 'timer' | 'operator' | 'system';
  id?: string;
}

/** One event as deciders make it and commits hold it. */
export interface RecordedEvent<Type extends string = string, Data = unknown> {
  type: Type;
  schemaVersion: number;
  data: Data;
}

/** The events that one message caused in one stream: the unit of storage. */
export interface Commit {
  /** Place in the log, from 1; consecutive. */
  position: number;
  stream: StreamName;
  /** `streamVersion` of `events[0]`; versions count from 1 and are consecutive. */
  firstVersion: number;
  /** Milliseconds since the epoch, never below the stream's last. */
  at: number;
  correlationId: string;
  causationId: string;
  actor: ActorRef;
  /** W3C `traceparent`. */
  trace?: string;
  events: RecordedEvent[];
}

/** One event as readers see it. */
export interface Envelope<Type extends string = string, Data = unknown> {
  id: string;
  stream: StreamName;
  streamVersion: number;
  position: number;
  type: Type;
  schemaVersion: number;
  at: number;
  data: Data;
  correlationId: string;
  causationId: string;
  actor: ActorRef;
  trace?: string;
}

export type JsonEnvelope = Envelope<string, JsonValue>;

const ID_TIME_WIDTH = 9;

/**
 * What the ids of a commit's events begin with; the version follows. Time-sortable and derived, so that every reader
 * of one log sees the same id: `evt_<time base 36>_<stream>_<version>`.
 */
function eventIdHead({ at, stream }: Commit): string {
  return `evt_${at.toString(36).padStart(ID_TIME_WIDTH, '0')}_${stream}_`;
}

/** The envelope of `commit.events[index]`. */
export function envelopeOf(commit: Commit, index: number): Envelope {
  const event = commit.events[index];
  if (event === undefined) throw new RangeError(`commit ${commit.position} has no event ${index}`);
  return {
    id: `${eventIdHead(commit)}${commit.firstVersion + index}`,
    stream: commit.stream,
    streamVersion: commit.firstVersion + index,
    position: commit.position,
    type: event.type,
    schemaVersion: event.schemaVersion,
    at: commit.at,
    data: event.data,
    correlationId: commit.correlationId,
    causationId: commit.causationId,
    actor: commit.actor,
    ...(commit.trace === undefined ? {} : { trace: commit.trace }),
  };
}

/** All envelopes of a commit, in `streamVersion` order. */
export function envelopesOf(commit: Commit): Envelope[] {
  return commit.events.map((_, index) => envelopeOf(commit, index));
}

/**
 * The envelopes of a commit as JSON texts, equal to `JSON.stringify(envelopeOf(commit, index))` as values.
 * What the events share is written once: the feed does this for every event.
 */
export function envelopeTexts(commit: Commit): string[] {
  const { stream, firstVersion, position, at } = commit;
  const { correlationId, causationId, actor, trace } = commit;
  const shared = JSON.stringify({ correlationId, causationId, actor, trace }).slice(1);
  const idHead = `{"id":"${eventIdHead(commit)}`;
  const streamHead = `","stream":"${stream}","streamVersion":`;
  const place = `,"position":${position},"at":${at},"type":"`;
  return commit.events.map(({ type, schemaVersion, data }, index) => {
    const version = firstVersion + index;
    return `${idHead}${version}${streamHead}${version}${place}${type}","schemaVersion":${schemaVersion},"data":${JSON.stringify(data)},${shared}`;
  });
}
