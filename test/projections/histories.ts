/** Histories for tests of projections: commits as deciders would make them. */
import { type AnyEvent, event } from '../../src/events/catalogue.ts';
import type { WorkflowDefinition } from '../../src/workflow/definition.ts';
import { seededRandom } from '../support/seeded.ts';

/** One commit before the log has numbered it. */
export interface PlannedCommit {
  stream: string;
  at: number;
  events: AnyEvent[];
}

const definition: WorkflowDefinition = {
  version: '1.0',
  name: 'review',
  inputs: {},
  settings: { maxParallel: 3, timeoutMs: 3_600_000, onFailure: 'stop', priority: 'normal' },
  context: { variables: {} },
  tasks: [],
  outputs: {},
};

export const runName = (index: number): string => `run_${String(index).padStart(8, '0')}`;

export function createdEvent(runId: string, name = 'review'): AnyEvent {
  return event('run.created', {
    runId,
    name,
    definition,
    definitionHash: 'h1',
    inputs: {},
    priority: 'normal',
    requestId: `req_${runId}`,
    session: 'session_1',
    start: true,
  });
}

interface Step {
  taskId: string;
  attempt: number;
  at: number;
  isLost: boolean;
  isFailed: boolean;
}

function stepCommits(stream: string, step: Step): PlannedCommit[] {
  const { taskId, attempt, at } = step;
  const agent = `agent-${taskId}`;
  const end = { taskId, attempt, agent, worker: 'w1', startedAt: at };
  const begin = [
    event('task.scheduled', { taskId, attempt }),
    event('task.started', { taskId, attempt, agent, rule: 'named', parameters: { path: 'src' } }),
  ];
  if (step.isFailed || step.isLost) {
    const code = step.isLost ? 'worker.lost' : 'agent.error';
    const error = { code, message: 'no', retryable: true };
    const retry = event('task.retryScheduled', {
      taskId,
      attempt: attempt + 1,
      rule: 'retry',
      dueAt: at + 20,
    });
    return [
      { stream, at, events: begin },
      { stream, at: at + 5, events: [event('task.attemptFailed', { ...end, error }), retry] },
      ...stepCommits(stream, {
        ...step,
        attempt: attempt + 1,
        at: at + 20,
        isLost: false,
        isFailed: false,
      }),
    ];
  }
  return [
    { stream, at, events: begin },
    { stream, at: at + 7, events: [event('task.succeeded', { ...end, output: { lines: 12 } })] },
  ];
}

export interface HistoryOptions {
  runs: number;
  steps?: number;
  seed?: number;
  /** Shares of attempts that fail or are lost once, and of runs that end failed or not at all. */
  troubles?: number;
}

/** Runs whose commits are interleaved as they would be with several in flight. */
export function plannedHistory(options: HistoryOptions): PlannedCommit[] {
  const random = seededRandom(options.seed ?? 1);
  const troubles = options.troubles ?? 0.1;
  const planned: { order: number; commit: PlannedCommit }[] = [];
  for (let index = 0; index < options.runs; index += 1) {
    const stream = runName(index);
    const commits = runCommits(stream, {
      at: 1_000 + index * 10,
      steps: options.steps ?? 5,
      random,
      troubles,
    });
    for (const [place, commit] of commits.entries())
      planned.push({ order: index * 3 + place * 2, commit });
  }
  planned.sort((one, other) => one.order - other.order);
  return planned.map(({ commit }) => commit);
}

interface RunOptions {
  at: number;
  steps: number;
  random: () => number;
  troubles: number;
}

function runCommits(stream: string, { at, steps, random, troubles }: RunOptions): PlannedCommit[] {
  const name = `flow-${Math.floor(random() * 4)}`;
  const commits: PlannedCommit[] = [
    {
      stream,
      at,
      events: [createdEvent(stream, name), event('run.started', { dueAt: at + 3_600_000 })],
    },
  ];
  let now = at + 1;
  for (let step = 0; step < steps; step += 1) {
    const isLost = random() < troubles / 2;
    const isFailed = random() < troubles;
    const next = stepCommits(stream, { taskId: `t${step}`, attempt: 1, at: now, isLost, isFailed });
    now = (next.at(-1) as PlannedCommit).at + 1;
    commits.push(...next);
  }
  if (random() < troubles) return commits;
  const end = { name, session: 'session_1', startedAt: at };
  const error = { code: 'agent.error', message: 'no', retryable: false };
  const last =
    random() < troubles
      ? event('run.failed', { ...end, error })
      : event('run.succeeded', { ...end, output: {} });
  commits.push({ stream, at: now, events: [last] });
  return commits;
}
