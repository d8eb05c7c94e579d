/**
 * `step_attempts`: one document an attempt of an activation by an agent.
 *
 * There is no document an activation: waits, `foreach` parents and skipped tasks have no attempt, and a report is
 * folded from the run's own stream. It would double what the hottest events write.
 * A wait also has attempt numbers but no agent, so an event that ends an attempt makes no document of its own
 * unless it names one.
 */
import {
  type FoldTable,
  foldFor,
  isRunStream,
  type ProjectedEvent,
  type ProjectedEventOf,
  type Projection,
  paddedTime,
} from './projection.ts';

/** `lost`: its worker was not heard of; a success that arrives later makes it `succeeded`. */
export type AttemptStatus = 'running' | 'succeeded' | 'reused' | 'failed' | 'canceled' | 'lost';

/** One execution of one activation by one agent. Times are ms since the epoch, durations ms. */
export type StepAttempt = {
  runId: string;
  taskId: string;
  definitionTaskId: string;
  attempt: number;
  hook: string | null;
  agent: string | null;
  worker: string | null;
  /** The routing rule that chose the agent. */
  rule: string | null;
  status: AttemptStatus;
  startedAt: number | null;
  endedAt: number | null;
  durationMs: number | null;
  percent: number | null;
  error: { code: string; message: string; retryable: boolean } | null;
  cancelReason: string | null;
  streamVersion: number;
};

/** The code of an attempt whose worker disappeared. */
export const LOST_CODE = 'worker.lost';

const ATTEMPT_WIDTH = 6;

/** `<runId>/<activation>/<attempt, six digits>`. */
export function attemptKey(runId: string, activation: string, attempt: number): string {
  return `${runId}/${activation}/${String(attempt).padStart(ATTEMPT_WIDTH, '0')}`;
}

type EndType =
  | 'task.succeeded'
  | 'task.reused'
  | 'task.attemptFailed'
  | 'task.failed'
  | 'task.canceled';
type AttemptEvent = ProjectedEventOf<EndType | 'task.started' | 'task.progressed' | 'task.reset'>;

const handles: ReadonlySet<string> = new Set<AttemptEvent['type']>([
  'task.started',
  'task.progressed',
  'task.succeeded',
  'task.reused',
  'task.attemptFailed',
  'task.failed',
  'task.canceled',
  'task.reset',
]);

/** An open attempt as the event tells it; what the event does not carry is unknown. */
function opened(event: AttemptEvent): StepAttempt {
  const data = event.data as { agent?: string; worker?: string; startedAt?: number };
  return {
    runId: event.stream,
    taskId: event.data.taskId,
    definitionTaskId: event.data.definitionTaskId ?? event.data.taskId,
    attempt: event.data.attempt ?? 0,
    hook: event.data.hook ?? null,
    agent: data.agent ?? null,
    worker: data.worker ?? null,
    rule: null,
    status: 'running',
    startedAt: data.startedAt ?? null,
    endedAt: null,
    durationMs: null,
    percent: null,
    error: null,
    cancelReason: null,
    streamVersion: event.streamVersion,
  };
}

function started(event: ProjectedEventOf<'task.started'>): StepAttempt {
  return { ...opened(event), rule: event.data.rule, startedAt: event.at };
}

function ended(
  attempt: StepAttempt,
  event: ProjectedEventOf<EndType>,
  status: AttemptStatus,
): StepAttempt {
  const startedAt = event.data.startedAt ?? attempt.startedAt;
  return {
    ...attempt,
    agent: event.data.agent ?? attempt.agent,
    worker: event.data.worker ?? attempt.worker,
    status,
    startedAt,
    endedAt: event.at,
    durationMs: startedAt === null ? null : event.at - startedAt,
    error: null,
    streamVersion: event.streamVersion,
  };
}

type FailEvent = ProjectedEventOf<'task.attemptFailed' | 'task.failed'>;

function failed(attempt: StepAttempt, event: FailEvent): StepAttempt {
  const { error } = event.data;
  return { ...ended(attempt, event, error.code === LOST_CODE ? 'lost' : 'failed'), error };
}

function progressed(attempt: StepAttempt, event: ProjectedEventOf<'task.progressed'>): StepAttempt {
  return {
    ...attempt,
    worker: event.data.worker ?? attempt.worker,
    percent: event.data.percent ?? attempt.percent,
    streamVersion: event.streamVersion,
  };
}

function reset(attempt: StepAttempt, event: ProjectedEventOf<'task.reset'>): StepAttempt {
  if (attempt.status !== 'running') return attempt;
  return {
    ...attempt,
    status: 'canceled',
    endedAt: event.at,
    durationMs: attempt.startedAt === null ? null : event.at - attempt.startedAt,
    cancelReason: event.data.reason,
    streamVersion: event.streamVersion,
  };
}

const table: FoldTable<StepAttempt> = {
  'task.progressed': progressed,
  'task.succeeded': (attempt, event) => ended(attempt, event, 'succeeded'),
  'task.reused': (attempt, event) => ended(attempt, event, 'reused'),
  'task.attemptFailed': failed,
  // The task's failure follows the attempt's in the same commit and is no second end.
  'task.failed': (attempt, event) =>
    attempt.status === 'running' ? failed(attempt, event) : attempt,
  'task.canceled': (attempt, event) => ({
    ...ended(attempt, event, 'canceled'),
    cancelReason: event.data.reason,
  }),
  'task.reset': reset,
};

function foldAttempt(
  attempt: StepAttempt | undefined,
  event: ProjectedEvent,
  key: string,
): StepAttempt | undefined {
  if (event.type === 'task.started') return started(event);
  if (attempt !== undefined && isSuperseded(event, key)) {
    return {
      ...ended(attempt, event, 'canceled'),
      agent: attempt.agent,
      worker: null,
      cancelReason: 'superseded',
    };
  }
  const known = attempt ?? (isEndOfAgentsWork(event) ? opened(event as AttemptEvent) : undefined);
  if (known === undefined) return undefined;
  return foldFor(table, event.type)?.(known, event) ?? known;
}

/** A late result of an older attempt ends the newer one as well. */
function isSuperseded(
  event: ProjectedEvent,
  key: string,
): event is ProjectedEventOf<'task.succeeded'> {
  if (event.type !== 'task.succeeded') return false;
  const { taskId, superseded } = event.data as { taskId: string; superseded?: number };
  return superseded !== undefined && key === attemptKey(event.stream, taskId, superseded);
}

/** A fork's stream ends attempts that the run it was forked from has started. */
function isEndOfAgentsWork(event: ProjectedEvent): boolean {
  return (event.data as { agent?: string }).agent !== undefined;
}

function keys(event: ProjectedEvent): readonly string[] {
  const { taskId, attempt } = event.data as { taskId: string; attempt?: number };
  if (attempt === undefined || !isRunStream(event.stream)) return [];
  const { superseded } = event.data as { superseded?: number };
  const own = attemptKey(event.stream, taskId, attempt);
  return superseded === undefined ? [own] : [own, attemptKey(event.stream, taskId, superseded)];
}

/** Where an attempt is filed in time: when it started, or ended if that is all that is known. */
function filedAt(attempt: StepAttempt): string {
  return paddedTime(attempt.startedAt ?? attempt.endedAt ?? 0);
}

/**
 * Key: `attemptKey`. Indexes: `running` (`<agent>/<padded start>`, only while it runs) and `failed`
 * (`<error code>/<padded start>`, only failed and lost ones). Neither costs a successful attempt a lasting entry.
 */
export const stepAttempts: Projection<StepAttempt> = {
  name: 'step_attempts',
  version: 1,
  handles,
  births: new Set(['task.started']),
  keys,
  fold: foldAttempt,
  indexes: {
    running: (attempt) =>
      attempt.status === 'running' ? `${attempt.agent ?? ''}/${filedAt(attempt)}` : undefined,
    failed: (attempt) =>
      attempt.error === null ? undefined : `${attempt.error.code}/${filedAt(attempt)}`,
  },
  streamOf: (keyOrPrefix) => {
    const end = keyOrPrefix.indexOf('/');
    return end < 0 || !isRunStream(keyOrPrefix) ? undefined : keyOrPrefix.slice(0, end);
  },
};
