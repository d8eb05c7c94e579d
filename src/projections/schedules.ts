/**
 * `schedules`: one document a schedule, from its own stream: what it starts, when next, and what came of the last times.
 * A schedule that was withdrawn has none.
 */
import type { JsonObject } from '../workflow/value.ts';
import {
  type FoldTable,
  foldFor,
  type ProjectedEvent,
  type ProjectedEventOf,
  type Projection,
  paddedTime,
} from './projection.ts';

/** Times that a document remembers. */
const MAX_RECENT = 10;

/** What came of a time. `runId` is null where no run was started. */
export type ScheduledTime = {
  dueAt: number;
  outcome: 'starting' | 'started' | 'failed' | 'missed' | 'overlap' | 'queued' | 'paused';
  runId: string | null;
  /** Times that the entry stands for. */
  count: number;
  error: { code: string; message: string } | null;
  /** Who asked for it; null: its time had come. */
  by: string | null;
};

/** Times are ms since the epoch. */
export type ScheduleRecord = {
  name: string;
  /** `done`: no time comes any more. */
  status: 'active' | 'done' | 'paused';
  workflow: string;
  /** As it was given: `cron`, `every` or `at`, `zone`, `catchUp`, `overlap`, `jitter`. */
  schedule: JsonObject;
  anchorAt: number;
  nextDueAt: number | null;
  /** The next time with its jitter. */
  wakeAt: number | null;
  /** The time whose run follows the end of the one before. */
  queuedDueAt: number | null;
  /** The run that is owed at the moment. */
  owedRunId: string | null;
  lastRunId: string | null;
  started: number;
  failed: number;
  skipped: number;
  /** The newest first. */
  recent: ScheduledTime[];
  pausedReason: string | null;
  createdAt: number;
  updatedAt: number;
  streamVersion: number;
};

type DefinedEvent = ProjectedEventOf<'schedule.created' | 'schedule.changed'>;
type Next = { nextDueAt?: number | undefined; wakeAt?: number | undefined };

const next = ({ nextDueAt, wakeAt }: Next) => ({
  nextDueAt: nextDueAt ?? null,
  wakeAt: wakeAt ?? null,
});

function defined({ data }: DefinedEvent) {
  const { workflow, timing, anchorAt } = data;
  return { workflow, schedule: timing, anchorAt, ...next(data) };
}

function born(event: ProjectedEventOf<'schedule.created'>): ScheduleRecord {
  return {
    name: event.data.schedule,
    status: 'active',
    ...defined(event),
    queuedDueAt: null,
    owedRunId: null,
    lastRunId: null,
    started: 0,
    failed: 0,
    skipped: 0,
    recent: [],
    pausedReason: null,
    createdAt: event.at,
    updatedAt: event.at,
    streamVersion: event.streamVersion,
  };
}

/** With another newest time; a time that was told of before is told of anew. */
function withTime(record: ScheduleRecord, time: Partial<ScheduledTime> & { dueAt: number }) {
  const before = record.recent.find(({ dueAt }) => dueAt === time.dueAt);
  const entry: ScheduledTime = {
    outcome: 'starting',
    runId: null,
    count: 1,
    error: null,
    by: null,
    ...before,
    ...time,
  };
  const others = record.recent.filter(({ dueAt }) => dueAt !== time.dueAt);
  return { recent: [entry, ...others].slice(0, MAX_RECENT) };
}

const table: FoldTable<ScheduleRecord> = {
  'schedule.changed': (record, event) => ({ ...record, ...defined(event) }),
  'schedule.fired': (record, { data }) => ({
    ...record,
    ...next(data),
    ...withTime(record, {
      ...{ dueAt: data.dueAt, outcome: 'starting', runId: data.runId },
      by: data.asked?.by ?? null,
    }),
    owedRunId: data.runId,
    queuedDueAt: data.asked === undefined ? null : record.queuedDueAt,
  }),
  'schedule.started': (record, { data }) => ({
    ...record,
    ...withTime(record, { dueAt: data.dueAt, outcome: 'started', runId: data.runId }),
    owedRunId: null,
    lastRunId: data.runId,
    started: record.started + 1,
  }),
  'schedule.startFailed': (record, { data }) => {
    const error = { code: data.error.code, message: data.error.message };
    return {
      ...record,
      ...withTime(record, { dueAt: data.dueAt, outcome: 'failed', runId: null, error }),
      owedRunId: null,
      failed: record.failed + 1,
    };
  },
  'schedule.skipped': (record, { data }) => ({
    ...record,
    ...next(data),
    ...withTime(record, { dueAt: data.dueAt, outcome: data.reason, count: data.count }),
    queuedDueAt: data.reason === 'paused' ? null : record.queuedDueAt,
    skipped: record.skipped + data.count,
  }),
  'schedule.queued': (record, { data }) => ({
    ...record,
    ...next(data),
    ...withTime(record, { dueAt: data.dueAt, outcome: 'queued' }),
    queuedDueAt: data.dueAt,
  }),
  'schedule.paused': (record, { data }) => ({
    ...record,
    ...next({}),
    status: 'paused',
    pausedReason: data.reason,
  }),
  'schedule.resumed': (record, { data }) => ({
    ...record,
    ...next(data),
    status: 'active',
    pausedReason: null,
  }),
};

function statusOf(record: ScheduleRecord): ScheduleRecord['status'] {
  const { status, nextDueAt, queuedDueAt, owedRunId } = record;
  if (status === 'paused') return status;
  return nextDueAt === null && queuedDueAt === null && owedRunId === null ? 'done' : 'active';
}

function fold(
  record: ScheduleRecord | undefined,
  event: ProjectedEvent,
): ScheduleRecord | undefined {
  if (event.type === 'schedule.created') return born(event);
  if (event.type === 'schedule.removed' || record === undefined) return undefined;
  const after = foldFor(table, event.type)?.(record, event) ?? record;
  const { at, streamVersion } = event;
  return { ...after, status: statusOf(after), updatedAt: at, streamVersion };
}

/** Key: the schedule's name. Indexes: `status` (`<status>/<name>`) and `next` (`<padded next time>/<name>`). */
export const schedules: Projection<ScheduleRecord> = {
  name: 'schedules',
  version: 2,
  handles: new Set<string>([...Object.keys(table), 'schedule.created', 'schedule.removed']),
  keys: (event) => {
    const { schedule } = event.data as { schedule?: string };
    return schedule === undefined ? [] : [schedule];
  },
  fold,
  indexes: {
    status: ({ status, name }) => `${status}/${name}`,
    next: ({ nextDueAt, name }) =>
      nextDueAt === null ? undefined : `${paddedTime(nextDueAt)}/${name}`,
  },
};
