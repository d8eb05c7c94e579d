/**
 * `runs`: one document a run, scalars and counts only. Its tasks are documents of their own (`step-attempts.ts`).
 * Size: every field of the document, and what each event does to it.
 */
import type { AnyEvent } from '../events/catalogue.ts';
import {
  budgetEvents,
  escalationEvents,
  permissionEvents,
  runEvents,
  timerEvents,
} from '../events/run-events.ts';
import { taskEvents } from '../events/task-events.ts';
import { foldJob, type JobRecord, newJob } from './jobs.ts';
import {
  type FoldTable,
  foldFor,
  isRunStream,
  type ProjectedEvent,
  type ProjectedEventOf,
  type Projection,
  paddedTime,
} from './projection.ts';

/** The states of the run's chart. */
export type RunState =
  | 'pending'
  | 'running'
  | 'paused'
  | 'stopping'
  | 'compensating'
  | 'canceling'
  | 'finishing'
  | 'succeeded'
  | 'failed'
  | 'canceled';

/**
 * Counts of activations, those of hooks left out. A task that is reset counts by its next end; `reset` says how often that
 * was.
 */
export type TaskCounts = {
  /** Tasks of the definition; null where it is a blob or the run is a fork. */
  declared: number | null;
  scheduled: number;
  /** The rounds of a `repeat` that were not the last are not counted. */
  succeeded: number;
  /** Of `succeeded`: taken from the cache. */
  reused: number;
  failed: number;
  skipped: number;
  canceled: number;
  compensated: number;
  reset: number;
};

/** A run as lists show it. Times are ms since the epoch, durations ms. */
export type RunRecord = {
  runId: string;
  name: string;
  /** The chart's state, or `quarantined` while that lies over a run that has not ended. */
  status: RunState | 'quarantined';
  /** What `status` is without quarantine. */
  state: RunState;
  session: string | null;
  requestId: string | null;
  priority: string;
  createdAt: number;
  startedAt: number | null;
  endedAt: number | null;
  /** From start (creation, where it never started) to end. */
  durationMs: number | null;
  /** Why it is stopping, failed or quarantined. */
  error: { code: string; message: string; retryable: boolean } | null;
  /** Why it was paused or canceled. */
  reason: string | null;
  tasks: TaskCounts;
  /** Attempts that were started, those of hooks too. */
  attempts: number;
  forkedFrom: { run: string; at: number } | null;
  /** Of a child run: the task that waits for it. */
  parent: { runId: string; task: string } | null;
  /** The run at the top; of a run that is no child, itself. */
  root: string;
  definitionHash: string | null;
  /** Of the run's newest event. */
  streamVersion: number;
  updatedAt: number;
  /** Of a run that waits, or waited, for the time of its start. Like `job` it is left out where there is none. */
  startAt?: number;
  /** Of a job. */
  job?: JobRecord;
  tenant?: string;
  /** The key as `startKey` writes it. */
  dedupe?: { key: string; until: number };
  debounce?: { key: string; latest?: number };
};

const noTasks: TaskCounts = {
  declared: null,
  scheduled: 0,
  succeeded: 0,
  reused: 0,
  failed: 0,
  skipped: 0,
  canceled: 0,
  compensated: 0,
  reset: 0,
};

function newRun(event: ProjectedEvent): RunRecord {
  return {
    runId: event.stream,
    name: '',
    status: 'pending',
    state: 'pending',
    session: null,
    requestId: null,
    priority: 'normal',
    createdAt: event.at,
    startedAt: null,
    endedAt: null,
    durationMs: null,
    error: null,
    reason: null,
    tasks: noTasks,
    attempts: 0,
    forkedFrom: null,
    parent: null,
    root: event.stream,
    definitionHash: null,
    streamVersion: event.streamVersion,
    updatedAt: event.at,
  };
}

function created(event: ProjectedEventOf<'run.created'>): RunRecord {
  const { data } = event;
  const declared: unknown = data.definition.tasks;
  return {
    ...newRun(event),
    name: data.name,
    session: data.session ?? null,
    requestId: data.requestId ?? null,
    priority: data.priority,
    parent:
      data.parent === undefined ? null : { runId: data.parent.runId, task: data.parent.activation },
    root: data.root ?? event.stream,
    definitionHash: data.definitionHash,
    tasks: { ...noTasks, declared: Array.isArray(declared) ? declared.length : null },
    ...(data.startAt === undefined ? {} : { startAt: data.startAt }),
    ...(data.tenant === undefined ? {} : { tenant: data.tenant }),
    ...keysOf(data),
    ...(data.job === undefined ? {} : { job: newJob(data.job, data.startAt) }),
  };
}

function keysOf({
  tenant,
  dedupe,
  debounce,
}: ProjectedEventOf<'run.created'>['data']): Pick<RunRecord, 'dedupe' | 'debounce'> {
  return {
    ...(dedupe === undefined
      ? {}
      : { dedupe: { key: startKey(tenant, dedupe.key), until: dedupe.until } }),
    ...(debounce === undefined
      ? {}
      : {
          debounce: {
            key: startKey(tenant, debounce.key),
            ...(debounce.latest === undefined ? {} : { latest: debounce.latest }),
          },
        }),
  };
}

/** By what starts are counted: the key of a request, and whose it is. Holds no `/`. */
export function startKey(tenant: string | undefined, key: string): string {
  return `${encodeURIComponent((tenant ?? '').toWellFormed())}:${encodeURIComponent(key)}`;
}

function forked(event: ProjectedEventOf<'run.forked'>): RunRecord {
  const { data } = event;
  return {
    ...newRun(event),
    status: 'running',
    state: 'running',
    startedAt: event.at,
    name: data.name ?? '',
    session: data.session ?? null,
    requestId: data.requestId ?? null,
    priority: data.priority ?? 'normal',
    forkedFrom: { run: data.from, at: data.at },
  };
}

/** Moves the chart; a quarantine goes on lying over it. */
function moved(run: RunRecord, state: RunState): RunRecord {
  return { ...run, state, status: run.status === 'quarantined' ? 'quarantined' : state };
}

type EndEvent = ProjectedEventOf<'run.succeeded' | 'run.failed' | 'run.canceled'>;

/** The end of a run also ends a quarantine: only `terminate` gets there. */
function ended(run: RunRecord, event: EndEvent, state: RunState): RunRecord {
  const startedAt = event.data.startedAt ?? run.startedAt;
  return {
    ...run,
    state,
    status: state,
    name: event.data.name,
    session: event.data.session ?? run.session,
    startedAt,
    endedAt: event.at,
    durationMs: event.at - (startedAt ?? run.createdAt),
  };
}

function counted(run: RunRecord, outcome: Exclude<keyof TaskCounts, 'declared'>): RunRecord {
  const tasks = { ...run.tasks };
  tasks[outcome] += 1;
  return { ...run, tasks };
}

/** A failed task that `on_failure: skip` turned into a skipped one is no failure any more. */
function skipped(run: RunRecord, event: ProjectedEventOf<'task.skipped'>): RunRecord {
  const next = counted(run, 'skipped');
  if (event.data.reason === 'on_failure') next.tasks.failed = Math.max(0, next.tasks.failed - 1);
  return next;
}

/** What ended before is counted by its next end. Events of older releases do not say how it ended. */
function reset(run: RunRecord, event: ProjectedEventOf<'task.reset'>): RunRecord {
  const next = counted(run, 'reset');
  const { from } = event.data;
  if (from === 'succeeded' || from === 'failed' || from === 'skipped' || from === 'canceled')
    next.tasks[from] = Math.max(0, next.tasks[from] - 1);
  return next;
}

function reused(run: RunRecord): RunRecord {
  const next = counted(run, 'succeeded');
  next.tasks.reused += 1;
  return next;
}

/** What was withdrawn is scheduled anew, or not at all. */
function adapted(run: RunRecord, { data }: ProjectedEventOf<'run.adapted'>): RunRecord {
  const scheduled = run.tasks.scheduled - (data.withdrawn?.length ?? 0);
  const declared = data.tasks ?? run.tasks.declared;
  return {
    ...run,
    definitionHash: data.definitionHash,
    tasks: { ...run.tasks, scheduled, declared },
  };
}

const table: FoldTable<RunRecord> = {
  'run.postponed': (run, event) => ({ ...run, startAt: event.data.startAt }),
  'run.started': (run, event) => ({ ...moved(run, 'running'), startedAt: event.at }),
  'run.paused': (run, event) => ({ ...moved(run, 'paused'), reason: event.data.reason }),
  'run.resumed': (run) => ({ ...moved(run, 'running'), reason: null }),
  'run.adapted': adapted,
  'run.cancelRequested': (run, event) => ({
    ...moved(run, 'canceling'),
    reason: event.data.reason,
  }),
  'run.stopping': (run, event) => ({ ...moved(run, 'stopping'), error: event.data.error }),
  'run.finishing': (run) => moved(run, 'finishing'),
  'run.compensationStarted': (run) => moved(run, 'compensating'),
  'run.retried': (run) => ({
    ...moved(run, 'running'),
    endedAt: null,
    durationMs: null,
    error: null,
  }),
  'run.quarantined': (run, event) => ({
    ...run,
    status: 'quarantined',
    error: { code: event.data.error.code, message: event.data.error.message, retryable: false },
  }),
  'run.released': (run) => ({ ...run, status: run.state, error: null }),
  'run.succeeded': (run, event) => ended(run, event, 'succeeded'),
  'run.failed': (run, event) => ({ ...ended(run, event, 'failed'), error: event.data.error }),
  'run.canceled': (run, event) => ({ ...ended(run, event, 'canceled'), reason: event.data.reason }),
  // Attempt numbers never start again, so the first one is there once an activation.
  'task.scheduled': (run, event) => (event.data.attempt === 1 ? counted(run, 'scheduled') : run),
  'task.started': (run) => ({ ...run, attempts: run.attempts + 1 }),
  'task.succeeded': (run, event) => (event.data.repeats === true ? run : counted(run, 'succeeded')),
  'task.reused': reused,
  'task.failed': (run) => counted(run, 'failed'),
  'task.skipped': skipped,
  'task.canceled': (run) => counted(run, 'canceled'),
  'task.compensated': (run) => counted(run, 'compensated'),
  'task.reset': reset,
};

function foldRun(run: RunRecord | undefined, event: ProjectedEvent): RunRecord | undefined {
  if (event.type === 'run.created') return created(event);
  if (event.type === 'run.forked') return forked(event);
  if (run === undefined) return undefined;
  const next = isOfHook(event)
    ? ofHook(run, event)
    : (foldFor(table, event.type)?.(run, event) ?? run);
  const { streamVersion, at: updatedAt } = event;
  if (next.job === undefined) return { ...next, streamVersion, updatedAt };
  return { ...next, job: foldJob(next.job, event), streamVersion, updatedAt };
}

function isOfHook({ data }: ProjectedEvent): boolean {
  return (data as { hook?: string }).hook !== undefined;
}

/** A hook is no task of the definition: only its attempts are counted. */
function ofHook(run: RunRecord, { type }: ProjectedEvent): RunRecord {
  return type === 'task.started' ? { ...run, attempts: run.attempts + 1 } : run;
}

const tables = [
  runEvents,
  taskEvents,
  timerEvents,
  escalationEvents,
  permissionEvents,
  budgetEvents,
];
const endStates: ReadonlySet<RunState> = new Set<RunState>(['succeeded', 'failed', 'canceled']);

/** True for a state from which only `retry` or a fork leads on. */
function isEnded(state: RunState): boolean {
  return endStates.has(state);
}

/** Every type of a run's stream, so that `streamVersion` is that of the newest event. */
const handles: ReadonlySet<string> = new Set<AnyEvent['type']>(
  tables.flatMap((each) => Object.values(each).map((entry) => entry.type)),
);

/** By `value`, then by creation. */
function filed(value: string | null | undefined, { createdAt }: RunRecord): string | undefined {
  return value === null || value === undefined ? undefined : `${value}/${paddedTime(createdAt)}`;
}

/**
 * Key: `runId`, so key order is the order of creation; jobs come behind all other runs. Indexes (values end in the padded
 * time of creation): `live` (only runs that have not ended), `status/`, `name/`, `session/`, `parent/` (children of a
 * run), `forkedFrom/` (forks of a run), and for jobs `job_state/`, `job_agent/`, `job_run/`. Jobs have no name that
 * anybody gave and no status of their own, so that they stand in neither index, but for those in quarantine.
 */
export const runs: Projection<RunRecord> = {
  name: 'runs',
  version: 4,
  handles,
  births: new Set(['run.created', 'run.forked']),
  keys: (event) => (isRunStream(event.stream) ? [event.stream] : []),
  fold: foldRun,
  indexes: {
    live: (run) => (isEnded(run.state) ? undefined : paddedTime(run.createdAt)),
    status: (run) =>
      run.job === undefined || run.status === 'quarantined' ? filed(run.status, run) : undefined,
    name: (run) => (run.job === undefined ? filed(run.name, run) : undefined),
    parent: (run) => filed(run.parent?.runId, run),
    forkedFrom: (run) => filed(run.forkedFrom?.run, run),
    session: (run) => filed(run.session, run),
    dedupe: (run) => filed(run.dedupe?.key, run),
    job_state: (run) => filed(run.job?.state, run),
    job_agent: (run) => filed(run.job?.agent, run),
    job_run: (run) => filed(run.job?.run, run),
  },
  streamOf: (key) => (isRunStream(key) ? key : undefined),
};
