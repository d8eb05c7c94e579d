/**
 * The catalogue: every event type of every stream, by name, and the one upcasting step that all readers use.
 */
import { type AgentEvent, agentEvents, breakerEvents } from './agent-events.ts';
import type { RecordedEvent } from './envelope.ts';
import { NewerSchemaVersion, UnknownEventType } from './errors.ts';
import type { EventType } from './event-type.ts';
import {
  type ChannelEvent,
  type ContextEvent,
  contextEvents,
  messageEvents,
  type StreamEvent,
  type SystemEvent,
  streamEvents,
  systemEvents,
} from './exchange-events.ts';
import {
  type BudgetEvent,
  budgetEvents,
  type EscalationEvent,
  escalationEvents,
  type PermissionEvent,
  permissionEvents,
  type RunLifecycleEvent,
  runEvents,
  type TimerEvent,
  timerEvents,
} from './run-events.ts';
import { type ScheduleEvent, scheduleEvents } from './schedule-events.ts';
import {
  intentEvents,
  preferenceEvents,
  type SessionEvent,
  sessionEvents,
} from './session-events.ts';
import { type TaskEvent, taskEvents } from './task-events.ts';

/** What a run's stream may hold. */
export type RunEvent =
  | RunLifecycleEvent
  | TaskEvent
  | TimerEvent
  | EscalationEvent
  | PermissionEvent
  | BudgetEvent
  | StreamEvent;
export type AnyEvent =
  | RunEvent
  | AgentEvent
  | SessionEvent
  | ChannelEvent
  | ContextEvent
  | ScheduleEvent
  | SystemEvent;

const tables = [
  runEvents,
  taskEvents,
  timerEvents,
  escalationEvents,
  permissionEvents,
  budgetEvents,
  agentEvents,
  breakerEvents,
  sessionEvents,
  intentEvents,
  preferenceEvents,
  messageEvents,
  contextEvents,
  scheduleEvents,
  systemEvents,
  streamEvents,
];

/** Every event type by its name. */
export const catalogue: ReadonlyMap<string, EventType> = new Map(
  tables.flatMap((table) => Object.values(table).map((entry) => [entry.type, entry as EventType])),
);

/**
 * Brings an event of any earlier schema version to today's. Every reader of the log goes through it.
 * Throws `event.unknown-type`, `event.newer-schema` for what a newer release wrote.
 */
export function upcast(event: RecordedEvent): RecordedEvent {
  const entry = catalogue.get(event.type);
  if (entry === undefined) throw new UnknownEventType(event.type);
  if (event.schemaVersion === entry.schemaVersion) return event;
  if (event.schemaVersion > entry.schemaVersion) {
    throw new NewerSchemaVersion(event.type, event.schemaVersion, entry.schemaVersion);
  }
  let data = event.data;
  for (const step of entry.upcasters.slice(event.schemaVersion - 1)) data = step(data);
  return { type: event.type, schemaVersion: entry.schemaVersion, data };
}

/** Checks `data` against the catalogue; throws zod's error. For tests and imports: our own deciders are typed. */
export function parseEvent(event: RecordedEvent): AnyEvent {
  const current = upcast(event);
  const entry = catalogue.get(current.type) as EventType;
  return { ...current, data: entry.schema.parse(current.data) } as AnyEvent;
}

const schemaVersions = new Map([...catalogue].map(([type, entry]) => [type, entry.schemaVersion]));

/** Makes an event of the current schema version; `data` is typed by the catalogue. */
export function event<Type extends AnyEvent['type']>(
  type: Type,
  data: Extract<AnyEvent, { type: Type }>['data'],
): Extract<AnyEvent, { type: Type }> {
  return { type, schemaVersion: schemaVersions.get(type), data } as Extract<
    AnyEvent,
    { type: Type }
  >;
}
