/** The story of a run as data: what `runs report --json` prints and the Markdown is written from. Pure. */
import { isEnded } from '../../client/run-outcome.ts';
import type { Envelope } from '../../events/envelope.ts';
import type { Failure } from '../../messages/failure.ts';
import type { RunReport, TaskReport } from '../../messages/report.ts';
import type { WorkflowDefinition } from '../../workflow/definition.ts';
import type { JsonValue } from '../../workflow/value.ts';
import { adviceFor } from './advice.ts';
import { criticalPath, type PathStep } from './critical-path.ts';
import { type AgentTally, type FailureRecord, type RunTally, tallyOf } from './run-tally.ts';
import { tookMs, wordsOf } from './words.ts';

/** Times in ms since the epoch, lengths in ms. */
export interface RunStory {
  runId: string;
  name: string;
  status: RunReport['status'];
  /** Of a child run: the task that waits for it. */
  parent?: { runId: string; task: string };
  asked: {
    description?: string;
    requestId?: string;
    session?: string;
    priority: string;
    inputs: JsonValue;
    by: string;
    at: number;
  };
  startedAt?: number;
  endedAt?: number;
  durationMs: number;
  events: number;
  error?: Failure;
  /** What to do about the error. */
  advice?: string;
  /** Tasks of the definition by status, hooks apart, and the instances of all `foreach` tasks. */
  counts: Partial<Record<TaskReport['status'], number>>;
  hooks?: Partial<Record<TaskReport['status'], number>>;
  instances: Partial<Record<TaskReport['status'], number>>;
  /** The run's own events, and what is rare among those of its tasks. */
  milestones: { streamVersion: number; at: number; type: string; text: string }[];
  criticalPath: { steps: PathStep[]; waitMs: number; workMs: number };
  tasks: StoryTask[];
  retries: number;
  failures: { code: string; count: number; advice: string; records: FailureRecord[] }[];
  agents: AgentTally[];
  slowest: RunTally['slowest'];
  /** Equal slices of the time from start to end. */
  load: { from: number; started: number; ended: number; mostAtWork: number }[];
  usage: Record<string, number>;
  output: JsonValue;
  /** Where the history stops folding, of a run with a defect in it. */
  unfolded?: { version: number; reason: string };
}

export interface StoryTask {
  id: string;
  status: TaskReport['status'];
  attempts: number;
  agent?: string;
  /** Its child run. */
  runId?: string;
  startedAt?: number;
  endedAt?: number;
  tookMs?: number;
  error?: Failure;
  reason?: string;
  compensated?: boolean;
  hook?: string;
  /** Where there is more than one: `tookMs` is of all of them together, status and attempts are of the last. */
  rounds?: number;
  /** From the start to the end of each, the first ones. */
  spans?: { from: number; to: number }[];
  /** The task that would have run again, had a loop had no bound. */
  exhausted?: string;
  instances?: Partial<Record<TaskReport['status'], number>>;
}

const SLICES = 20;
const MAX_RECORDS = 1_000;

/** `now` in ms since the epoch, for a run that goes on. */
// Length: one line a field of the story.
export function storyOf(
  facts: {
    definition: WorkflowDefinition;
    report: RunReport;
    envelopes: readonly Envelope[];
    unfolded?: { version: number; reason: string };
  },
  now: number,
): RunStory {
  const { definition, report, envelopes, unfolded } = facts;
  const first = envelopes[0];
  const created = (first?.data ?? {}) as CreatedData;
  const tally = tallyOf(envelopes);
  const startedAt = envelopes.find(({ type }) => type === 'run.started')?.at;
  const endedAt = isEnded(report) ? envelopes.at(-1)?.at : undefined;
  const steps = criticalPath(definition, tally.rounds, endedAt ?? now);
  const spans = spansOf(tally.rounds, endedAt ?? now);
  const [hooks, tasks] = [true, false].map((isHook) =>
    Object.values(report.tasks).filter(({ hook }) => (hook !== undefined) === isHook),
  ) as [TaskReport[], TaskReport[]];
  const { error } = report;
  const failures = groupedFailures(tally.failures);
  // the run says of no failure that it may be tried again; the attempts know
  const advice =
    error === undefined
      ? undefined
      : (failures.find(({ code }) => code === error.code)?.advice ??
        adviceFor(error, tally.retries > 0));
  return {
    runId: report.runId,
    name: report.name,
    status: report.status,
    ...(report.parent === undefined ? {} : { parent: report.parent }),
    asked: {
      ...(definition.description === undefined ? {} : { description: definition.description }),
      ...(created.requestId === undefined ? {} : { requestId: created.requestId }),
      ...(created.session === undefined ? {} : { session: created.session }),
      priority: created.priority ?? definition.settings.priority,
      inputs: created.inputs ?? null,
      by: [first?.actor.kind, first?.actor.id].filter(Boolean).join(' '),
      at: first?.at ?? 0,
    },
    ...(startedAt === undefined ? {} : { startedAt }),
    ...(endedAt === undefined ? {} : { endedAt }),
    durationMs: report.durationMs,
    events: envelopes.length,
    ...(error === undefined ? {} : { error }),
    ...(advice === undefined ? {} : { advice }),
    counts: countsOf(tasks),
    ...(hooks.length === 0 ? {} : { hooks: countsOf(hooks) }),
    instances: countsOf(Object.values(report.tasks).flatMap(({ instances }) => instances ?? [])),
    milestones: milestonesOf(envelopes),
    criticalPath: {
      steps,
      waitMs: sumOf(steps.map(({ waitMs }) => waitMs)),
      workMs: sumOf(steps.map(({ workMs }) => workMs)),
    },
    tasks: Object.entries(report.tasks).map(([id, task]) => storyTask(id, task, spans.get(id))),
    retries: tally.retries,
    failures,
    agents: tally.agents,
    slowest: tally.slowest,
    load: loadOf(tally.load, { from: startedAt ?? first?.at ?? 0, to: endedAt ?? now }),
    usage: tally.usage,
    output: report.output,
    ...(unfolded === undefined ? {} : { unfolded }),
  };
}

interface CreatedData {
  requestId?: string;
  session?: string;
  priority?: string;
  inputs?: JsonValue;
}

/** By task. */
function spansOf(rounds: RunTally['rounds'], now: number): Map<string, StoryTask['spans']> {
  const begun = rounds.filter(({ startedAt }) => startedAt !== undefined);
  const byTask = Map.groupBy(begun, ({ task }) => task);
  return new Map(
    [...byTask].map(([task, list]) => [
      task,
      list
        .slice(0, MAX_RECORDS)
        .map(({ startedAt = 0, endedAt = now }) => ({ from: startedAt, to: endedAt })),
    ]),
  );
}

function storyTask(id: string, task: TaskReport, spans: StoryTask['spans']): StoryTask {
  const { status, attempts, agent, runId, startedAt, endedAt, error, reason, instances } = task;
  const { compensated, rounds, hook, exhausted } = task;
  const took = tookMs(task);
  return {
    id,
    status,
    attempts,
    ...(agent === undefined ? {} : { agent }),
    ...(runId === undefined ? {} : { runId }),
    ...(startedAt === undefined ? {} : { startedAt }),
    ...(endedAt === undefined ? {} : { endedAt }),
    ...(took === undefined ? {} : { tookMs: took }),
    ...(error === undefined ? {} : { error }),
    ...(reason === undefined ? {} : { reason }),
    ...(compensated === undefined ? {} : { compensated }),
    ...(hook === undefined ? {} : { hook }),
    ...(rounds === undefined ? {} : { rounds }),
    ...(rounds === undefined || spans === undefined ? {} : { spans }),
    ...(exhausted === undefined ? {} : { exhausted }),
    ...(instances === undefined ? {} : { instances: countsOf(instances) }),
  };
}

function countsOf(tasks: readonly TaskReport[]): Partial<Record<TaskReport['status'], number>> {
  const counts: Partial<Record<TaskReport['status'], number>> = {};
  for (const { status } of tasks) counts[status] = (counts[status] ?? 0) + 1;
  return counts;
}

function milestonesOf(envelopes: readonly Envelope[]): RunStory['milestones'] {
  return envelopes
    .filter(({ type }) => /^(run|escalation|permission|budget)\./.test(type))
    .map((envelope) => {
      const { streamVersion, at, type } = envelope;
      return { streamVersion, at, type, text: wordsOf(envelope) };
    });
}

function groupedFailures(failures: readonly FailureRecord[]): RunStory['failures'] {
  const byCode = Map.groupBy(failures, ({ error }) => error.code);
  const groups = [...byCode].map(([code, records]) => {
    const wasRetried = records.some(({ followedBy }) => followedBy.startsWith('another attempt'));
    const isRetryable = records.some(({ error }) => error.retryable);
    const advice = adviceFor({ code, retryable: isRetryable }, wasRetried);
    return { code, count: records.length, advice, records: records.slice(0, MAX_RECORDS) };
  });
  return groups.sort((left, right) => right.count - left.count);
}

function loadOf(
  changes: RunTally['load'],
  { from, to }: { from: number; to: number },
): RunStory['load'] {
  const width = Math.max(1, Math.ceil((to - from + 1) / SLICES));
  const slices: RunStory['load'] = [];
  let next = 0;
  let atWork = 0;
  for (let start = from; start <= to; start += width) {
    const slice = { from: start, started: 0, ended: 0, mostAtWork: atWork };
    for (; next < changes.length; next += 1) {
      const change = changes[next];
      if (change === undefined || change.at >= start + width) break;
      atWork += change.by;
      if (change.by === 1) slice.started += 1;
      else slice.ended += 1;
      slice.mostAtWork = Math.max(slice.mostAtWork, atWork);
    }
    slices.push(slice);
  }
  return slices;
}

function sumOf(numbers: readonly number[]): number {
  return numbers.reduce((sum, each) => sum + each, 0);
}
