/**
 * `metrics`: counters and histograms of durations for everything, for each workflow name and for each agent. Attempts of
 * hooks and compensations are work of their agents like any other.
 */
import {
  type AttemptEndEvent,
  attemptDuration,
  attemptEnds,
  attemptOf,
  countCode,
  noOutcomes,
  type OutcomeCounts,
  outcomeOf,
} from './attempt-end.ts';
import { emptyHistogram, type Histogram, observe } from './histogram.ts';
import type { ProjectedEvent, ProjectedEventOf, Projection } from './projection.ts';

export type MetricsScope = 'all' | 'workflow' | 'agent';

/** What happened in one scope. A workflow's scope counts runs, an agent's attempts, `all` both. */
export type MetricsRecord = {
  scope: MetricsScope;
  /** Of the workflow or the agent; `*` for all, and for those beyond the bound. */
  name: string;
  runs: { created: number; succeeded: number; failed: number; canceled: number };
  /** Start (creation for a run that never started is not counted) to end. */
  runDurations: Histogram;
  attempts: OutcomeCounts;
  attemptDurations: Histogram;
  retries: number;
  /** Failures of attempts (a workflow: of runs) by code; at most 50 codes, further ones are `other`. */
  failuresByCode: Record<string, number>;
  /** The attempt that failed last, so that its task's failure is not counted as another. */
  lastFailure: string | null;
  updatedAt: number;
};

const ALL = 'all';
const ALL_KEYS: readonly string[] = [ALL];
/** Documents that there can be; names beyond are counted together. */
const MAX_DOCUMENTS = 2_000;
const MAX_NAME_CHARACTERS = 200;
const EVERY_NAME = '*';

function newMetrics(key: string, at: number): MetricsRecord {
  const end = key.indexOf('/');
  return {
    scope: (end < 0 ? ALL : key.slice(0, end)) as MetricsScope,
    name: end < 0 ? EVERY_NAME : key.slice(end + 1),
    runs: { created: 0, succeeded: 0, failed: 0, canceled: 0 },
    runDurations: emptyHistogram,
    attempts: noOutcomes,
    attemptDurations: emptyHistogram,
    retries: 0,
    failuresByCode: {},
    lastFailure: null,
    updatedAt: at,
  };
}

type RunEndEvent = ProjectedEventOf<'run.succeeded' | 'run.failed' | 'run.canceled'>;
const runOutcomes = {
  'run.succeeded': 'succeeded',
  'run.failed': 'failed',
  'run.canceled': 'canceled',
} as const;

function runEnded(metrics: MetricsRecord, event: RunEndEvent): MetricsRecord {
  const runs = { ...metrics.runs };
  runs[runOutcomes[event.type]] += 1;
  const { startedAt } = event.data;
  const isCounted = event.type === 'run.failed' && metrics.scope === 'workflow';
  return {
    ...metrics,
    runs,
    runDurations:
      startedAt === undefined
        ? metrics.runDurations
        : observe(metrics.runDurations, Math.max(0, event.at - startedAt)),
    failuresByCode: isCounted
      ? countCode(metrics.failuresByCode, event.data.error.code)
      : metrics.failuresByCode,
    updatedAt: event.at,
  };
}

function attemptEnded(metrics: MetricsRecord, event: AttemptEndEvent): MetricsRecord {
  if (event.type === 'task.failed' && metrics.lastFailure === attemptOf(event)) return metrics;
  const attempts = { ...metrics.attempts };
  const outcome = outcomeOf(event);
  attempts[outcome] += 1;
  const durationMs = outcome === 'reused' ? null : attemptDuration(event);
  const isFailure = event.type === 'task.attemptFailed' || event.type === 'task.failed';
  return {
    ...metrics,
    attempts,
    attemptDurations:
      durationMs === null
        ? metrics.attemptDurations
        : observe(metrics.attemptDurations, durationMs),
    failuresByCode: isFailure
      ? countCode(metrics.failuresByCode, event.data.error.code)
      : metrics.failuresByCode,
    lastFailure: isFailure ? attemptOf(event) : metrics.lastFailure,
    updatedAt: event.at,
  };
}

function foldMetrics(
  metrics: MetricsRecord | undefined,
  event: ProjectedEvent,
  key: string,
): MetricsRecord {
  const known = metrics ?? newMetrics(key, event.at);
  switch (event.type) {
    case 'run.created':
      return {
        ...known,
        runs: { ...known.runs, created: known.runs.created + 1 },
        updatedAt: event.at,
      };
    case 'run.succeeded':
    case 'run.failed':
    case 'run.canceled':
      return runEnded(known, event);
    case 'task.retryScheduled':
      if ((event as ProjectedEventOf<'task.retryScheduled'>).data.isDelayOver === true)
        return known;
      return { ...known, retries: known.retries + 1, updatedAt: event.at };
    default:
      return attemptEnded(known, event as AttemptEndEvent);
  }
}

/** Workflow names come from people; a key is short and has no NUL. */
function fileable(name: string): string {
  const clean = name.includes('\0') ? name.replaceAll('\0', '') : name;
  return clean.length > MAX_NAME_CHARACTERS ? clean.slice(0, MAX_NAME_CHARACTERS) : clean;
}

function keys(event: ProjectedEvent): readonly string[] {
  const { name, agent } = event.data as { name?: string; agent?: string };
  if (event.type.startsWith('run.')) return [ALL, `workflow/${fileable(name ?? EVERY_NAME)}`];
  if (agent !== undefined) return [ALL, `agent/${agent}`];
  return event.type === 'task.retryScheduled' ? ALL_KEYS : [];
}

/** Keys: `all`, `workflow/<name>`, `agent/<name>`. At most 2,002 documents: later names share `workflow/*` and `agent/*`. */
export const metrics: Projection<MetricsRecord> = {
  name: 'metrics',
  version: 1,
  isCumulative: true,
  handles: new Set<string>([
    ...attemptEnds,
    ...Object.keys(runOutcomes),
    'run.created',
    'task.retryScheduled',
  ]),
  keys,
  fold: foldMetrics,
  indexes: {},
  bound: {
    documents: MAX_DOCUMENTS,
    overflow: (key) => `${key.slice(0, key.indexOf('/'))}/${EVERY_NAME}`,
  },
};
