/**
 * `inbox`: one document for each task that waits for somebody: an approval, a signal, the first of several events, or
 * what a feed adds. It goes when the task stops waiting.
 */
import { isObject } from '../workflow/loose.ts';
import type { JsonObject, JsonValue } from '../workflow/value.ts';
import {
  isRunStream,
  type ProjectedEvent,
  type ProjectedEventOf,
  type Projection,
  paddedTime,
} from './projection.ts';

/** An answer that was given and is not enough. */
export type InboxAnswer = { by: string; comment: string | null; at: number };

/** An answer that somebody let somebody else give. */
export type InboxDelegation = { from: string; to: string; comment: string | null; at: number };

/** A task that waits. Times are ms since the epoch. */
export type InboxItem = {
  runId: string;
  taskId: string;
  definitionTaskId: string;
  kind: 'approval' | 'signal' | 'first' | 'feed';
  /** Who may answer an approval; null: anybody. */
  group: string | null;
  message: string | null;
  /** Different persons who must approve. */
  quorum: number | null;
  /** Who approved so far. */
  approvals: InboxAnswer[];
  /** Who belongs to the group, where the workflow says so. */
  members: string[] | null;
  delegations: InboxDelegation[];
  /** How often those who are asked were told again, when last, and when next. */
  reminders: number;
  remindedAt: number | null;
  nextReminderAt: number | null;
  /** Names of the signals that end the wait. */
  signals: string[];
  /** Since when this one is asked. */
  since: number;
  /** When something happens without an answer, or an answer is wanted. */
  dueAt: number | null;
  streamVersion: number;
};

type Waiting = ProjectedEventOf<'task.waiting' | 'task.expanded'>;
type Handled =
  | Waiting['type']
  | 'run.signalReceived'
  | 'timer.fired'
  | 'task.succeeded'
  | 'task.failed'
  | 'task.canceled'
  | 'task.cancelRequested'
  | 'task.skipped'
  | 'task.retryScheduled'
  | 'task.reset';

const handles: ReadonlySet<string> = new Set<Handled>([
  'task.waiting',
  'task.expanded',
  'run.signalReceived',
  'timer.fired',
  'task.succeeded',
  'task.failed',
  'task.canceled',
  'task.cancelRequested',
  'task.skipped',
  'task.retryScheduled',
  'task.reset',
]);
const endings: ReadonlySet<string> = new Set(
  [...handles].filter(
    (type) =>
      !['task.waiting', 'task.expanded', 'run.signalReceived', 'timer.fired'].includes(type),
  ),
);

/** `<runId>/<activation>`. */
function inboxKey(runId: string, activation: string): string {
  return `${runId}/${activation}`;
}

/** What an agent ended never waited, and most events are of that kind. */
function keys(event: ProjectedEvent): readonly string[] {
  if (!isRunStream(event.stream)) return [];
  const { taskId, agent, kind, feed } = event.data as {
    taskId?: string;
    agent?: string;
    kind?: string;
    feed?: string;
  };
  const isOther =
    (event.type === 'task.waiting' &&
      kind !== 'approval' &&
      kind !== 'signal' &&
      kind !== 'first') ||
    (event.type === 'task.expanded' && feed === undefined);
  return taskId === undefined || agent !== undefined || isOther
    ? []
    : [inboxKey(event.stream, taskId)];
}

function text(value: JsonValue | undefined): string | null {
  return typeof value === 'string' ? value : null;
}

function number(value: JsonValue | undefined): number | null {
  return typeof value === 'number' ? value : null;
}

function asked(event: Waiting): InboxItem {
  const { taskId, definitionTaskId } = event.data;
  const isFeed = event.type === 'task.expanded';
  const given = isFeed ? undefined : event.data.details;
  const details: JsonObject = isObject(given) ? given : {};
  return {
    runId: event.stream,
    taskId,
    definitionTaskId: definitionTaskId ?? taskId,
    kind: isFeed ? 'feed' : (event.data.kind as InboxItem['kind']),
    group: text(details.group),
    message: text(details.message),
    quorum: number(details.quorum),
    approvals: [],
    members: Array.isArray(details.members) ? details.members.map(String) : null,
    delegations: [],
    reminders: 0,
    remindedAt: null,
    nextReminderAt: isObject(details.remind) ? number(details.remind.dueAt) : null,
    signals: isFeed ? [event.data.feed ?? ''] : signalsIn(details),
    since: event.at,
    dueAt: (isFeed ? null : event.data.dueAt) ?? number(details.wantedBy),
    streamVersion: event.streamVersion,
  };
}

function signalsIn({ signal, events }: JsonObject): string[] {
  if (typeof signal === 'string') return [signal];
  const awaited = Array.isArray(events) ? events : [];
  return awaited.flatMap((each) =>
    isObject(each) && typeof each.signal === 'string' ? [each.signal] : [],
  );
}

function answered(item: InboxItem, event: ProjectedEventOf<'run.signalReceived'>): InboxItem {
  const payload = isObject(event.data.payload) ? event.data.payload : {};
  if (event.data.name === 'delegate') return delegated(item, payload, event);
  if (event.data.name !== 'approve') return item;
  const answer = { by: String(payload.by), comment: text(payload.comment), at: event.at };
  return {
    ...item,
    approvals: [...item.approvals, answer],
    streamVersion: event.streamVersion,
  };
}

function delegated(
  item: InboxItem,
  { by, to, comment }: JsonObject,
  { at, streamVersion }: ProjectedEvent,
): InboxItem {
  const delegation = { from: String(by), to: String(to), comment: text(comment), at };
  return { ...item, delegations: [...item.delegations, delegation], streamVersion };
}

function reminded(item: InboxItem, event: ProjectedEventOf<'timer.fired'>): InboxItem {
  const { count, nextAt, kind } = event.data;
  if (kind !== 'reminder') return item;
  return {
    ...item,
    reminders: count ?? item.reminders + 1,
    remindedAt: event.at,
    nextReminderAt: nextAt ?? null,
    streamVersion: event.streamVersion,
  };
}

function fold(item: InboxItem | undefined, event: ProjectedEvent): InboxItem | undefined {
  if (event.type === 'task.waiting' || event.type === 'task.expanded') return asked(event);
  if (item === undefined || endings.has(event.type)) return undefined;
  if (event.type === 'timer.fired') return reminded(item, event);
  return event.type === 'run.signalReceived' ? answered(item, event) : item;
}

/**
 * Key: `<runId>/<activation>`. Indexes (values end in the padded time since which it is asked): `kind`
 * (`<kind>/<since>`) and `group` (`<group>/<since>`, of approvals that name one).
 */
export const inbox: Projection<InboxItem> = {
  name: 'inbox',
  version: 2,
  handles,
  keys,
  fold,
  indexes: {
    kind: (item) => `${item.kind}/${paddedTime(item.since)}`,
    group: (item) => (item.group === null ? undefined : `${item.group}/${paddedTime(item.since)}`),
  },
  streamOf: (keyOrPrefix) => {
    const end = keyOrPrefix.indexOf('/');
    return end < 0 || !isRunStream(keyOrPrefix) ? undefined : keyOrPrefix.slice(0, end);
  },
};
