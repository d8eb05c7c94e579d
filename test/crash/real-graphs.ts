/**
 * Recorded graphs on real processes: each is imported, run with equal short times (to measure what the engine itself
 * costs), run with its own, and judged by the events of its run and by what the worker wrote down of its executions.
 *
 * G1 Every task succeeds exactly once and is executed exactly once.
 * G2 Every parent ends before its child starts.
 * G3 Never more than `max_parallel` at a time.
 * G4 The shortest makespan of a few runs is at most 1.05 times the lower bound, plus what the engine cost a moment before on the same graph,
 *    plus a measured outage.
 */
import type { Client } from '../../src/client/client.ts';
import type { JsonEnvelope } from '../../src/events/envelope.ts';
import {
  type ImportFigures,
  importedWorkflow,
} from '../../src/workflow/import/imported-workflow.ts';
import type { RecordedWorkflow } from '../../src/workflow/import/recorded.ts';
import { readWfFormat } from '../../src/workflow/import/wfformat.ts';
import type { WorkflowSource } from '../../src/workflow/schema.ts';
import { graphText } from '../workflow/import/graphs.ts';
import { listSchedule } from '../workflow/import/list-schedule.ts';
import type { Execution } from './journal.ts';

/** Above the larger of the two lower bounds. */
const TOLERANCE = 1.05;
/** Long enough for the processes to fall asleep between two steps, as they do in a run with real times. */
const SHORT_MS = 10;

/** One graph with one bound. */
export interface GraphCase {
  name: string;
  /** Default: as many as its parents allow. */
  maxParallel?: number;
  /** The lower bound of the run. */
  shortestMs: number;
}

/** How a run with times went. */
export interface GraphRun {
  name: string;
  runId: string;
  workflow: WorkflowSource;
  figures: ImportFigures;
  events: JsonEnvelope[];
  makespanMs: number;
  /** What the engine cost on the same graph in the same processes; see `overheadOf`. */
  overheadMs: number;
  /** Time in which nothing was served. */
  outageMs: number;
  /** Makespans of all runs that were made of it, in order. */
  triesMs: number[];
}

function recordOf(name: string): RecordedWorkflow {
  const { recorded } = readWfFormat(graphText(name), name);
  if (recorded === undefined) throw new Error(`${name} cannot be read`);
  return recorded;
}

/**
 * What the engine costs on a graph, in ms: its tasks take equal short times, and from the makespan the schedule without
 * any overhead is taken away. What is left are commits, messages and late timers, as often as the graph has them.
 */
export async function overheadOf(
  client: Client,
  { name, maxParallel }: GraphCase,
): Promise<number> {
  const { workflow, figures } = importedWorkflow(recordOf(name), {
    ...(maxParallel !== undefined && { maxParallel }),
  });
  const tasks = workflow.tasks.map((task) => ({ ...task, parameters: { ms: SHORT_MS } }));
  const equal = { ...workflow, tasks };
  const { events } = await run(client, equal);
  return makespanOf(events) - listSchedule(equal, figures.maxParallel);
}

export async function runGraph(
  client: Client,
  graph: GraphCase,
  overheadMs: number,
): Promise<GraphRun> {
  const { name, maxParallel, shortestMs } = graph;
  const { workflow, figures } = importedWorkflow(recordOf(name), {
    scale: { shortestMs },
    ...(maxParallel !== undefined && { maxParallel }),
  });
  const { runId, events } = await run(client, workflow);
  const makespanMs = makespanOf(events);
  return {
    name,
    runId,
    workflow,
    figures,
    events,
    makespanMs,
    overheadMs,
    outageMs: 0,
    triesMs: [makespanMs],
  };
}

async function run(
  client: Client,
  workflow: WorkflowSource,
): Promise<{ runId: string; events: JsonEnvelope[] }> {
  const events: JsonEnvelope[] = [];
  const outcome = await client.runWorkflow({
    workflow: workflow as never,
    onEvent: (event) => events.push(event),
  });
  if (!outcome.success) throw new Error(`the run failed: ${JSON.stringify(outcome.errors)}`);
  return { runId: outcome.runId, events };
}

/** From the start of the run to its end, by the clock of the orchestrator. */
function makespanOf(events: readonly JsonEnvelope[]): number {
  const at = (type: string): number =>
    events.find((event) => event.type === type)?.at ?? Number.NaN;
  return at('run.succeeded') - at('run.started');
}

/** The bound of G4. */
export function boundOf({ figures, overheadMs, outageMs }: GraphRun): number {
  return figures.lowerBoundMs * TOLERANCE + overheadMs + outageMs;
}

/** What a run did against G1 to G3; empty where it kept them. */
export function violationsOf(run: GraphRun, executions: readonly Execution[]): string[] {
  const own = executions.filter(({ place }) => place.startsWith(`${run.runId}/`));
  return [
    ...repeatedOrMissing(run, own),
    ...overtaking(run, own),
    ...crowds(run.figures.maxParallel, intervalsOf(run.events), 'events'),
    ...crowds(run.figures.maxParallel, own.map(intervalOf), 'executions'),
  ];
}

function repeatedOrMissing({ workflow, events }: GraphRun, own: readonly Execution[]): string[] {
  return workflow.tasks.flatMap(({ id }) => {
    const ofTask = events.filter(({ data }) => (data as { taskId?: string }).taskId === id);
    const count = (type: string): number => ofTask.filter((event) => event.type === type).length;
    const executed = own.filter(({ place }) => place.endsWith(`/${id}`)).length;
    const seen = [
      count('task.scheduled'),
      count('task.started'),
      count('task.succeeded'),
      executed,
    ];
    if (seen.every((number) => number === 1)) return [];
    return [`${id}: scheduled, started, succeeded, executed ${seen.join(', ')} times`];
  });
}

function overtaking({ workflow, events }: GraphRun, own: readonly Execution[]): string[] {
  const versions = (type: string) =>
    new Map(
      events
        .filter((event) => event.type === type)
        .map(({ data, streamVersion }) => [(data as { taskId: string }).taskId, streamVersion]),
    );
  const [started, succeeded] = [versions('task.started'), versions('task.succeeded')];
  const executed = new Map(own.map((one) => [one.place.slice(one.place.indexOf('/') + 1), one]));
  return workflow.tasks.flatMap(({ id, dependencies = [] }) =>
    dependencies
      .filter((parent) => {
        const byEvents = (succeeded.get(parent) ?? Infinity) < (started.get(id) ?? -Infinity);
        const ended = executed.get(parent)?.endedAt ?? Infinity;
        return !byEvents || ended > (executed.get(id)?.beganAt ?? -Infinity);
      })
      .map((parent) => `${id} started before ${parent} had ended`),
  );
}

/** Changes of the number that runs, in order. */
type Moment = { at: number; change: number };

function intervalsOf(events: readonly JsonEnvelope[]): Moment[] {
  return events.flatMap(({ type, streamVersion: at }) => {
    if (type === 'task.started') return [{ at, change: 1 }];
    return type === 'task.succeeded' ? [{ at, change: -1 }] : [];
  });
}

function intervalOf({ beganAt, endedAt = Infinity }: Execution): Moment[] {
  return [
    { at: beganAt, change: 1 },
    { at: endedAt, change: -1 },
  ];
}

function crowds(
  maxParallel: number,
  moments: readonly (Moment | Moment[])[],
  what: string,
): string[] {
  const sorted = moments.flat().sort((a, b) => a.at - b.at || a.change - b.change);
  let running = 0;
  let most = 0;
  for (const { change } of sorted) {
    running += change;
    most = Math.max(most, running);
  }
  return most > maxParallel ? [`${most} at a time by ${what}; ${maxParallel} are allowed`] : [];
}

/** One line of figures a run, for the log of the suite. */
export function rowOf(run: GraphRun): string {
  const { name, figures, makespanMs, overheadMs, outageMs, triesMs } = run;
  const { tasks, maxParallel, lowerBoundMs, workMs } = figures;
  const share = (part: number): string => `${(100 * part).toFixed(1)} %`;
  return [
    `${name}: ${tasks} tasks, ${maxParallel} at a time`,
    `bound ${lowerBoundMs} ms, makespan ${makespanMs} ms (${share(makespanMs / lowerBoundMs - 1)} over)`,
    `the engine ${overheadMs} ms${outageMs === 0 ? '' : `, outage ${outageMs} ms`}`,
    `saves ${share(savedBy(run))} of ${workMs} ms`,
    ...(triesMs.length === 1 ? [] : [`best of ${triesMs.length} runs: ${triesMs.join(', ')} ms`]),
  ].join('; ');
}

/** The share of the time in sequence that the run did not take. */
export function savedBy({ makespanMs, figures }: GraphRun): number {
  return 1 - makespanMs / figures.workMs;
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}
