/**
 * What two runs did differently: the way they took, what came out, how long it took and what it used. Events that both
 * have in common (of a fork and its origin, or of two forks of one run) are left out. Pure.
 */
import { isDeepStrictEqual } from 'node:util';
import type { Envelope } from '../events/envelope.ts';
import type { RunReport, TaskReport } from '../messages/report.ts';
import { isObject } from '../workflow/loose.ts';
import type { JsonValue } from '../workflow/value.ts';

/** Steps of a way that are compared in order; longer ways are told by their counts alone. */
const MAX_STEPS = 2_000;
/** Places of values that are named. */
const MAX_CHANGES = 500;

/** A run as it is compared: what it has in common with its origins first. */
export interface ComparedRun {
  report: RunReport;
  events: readonly Envelope[];
}

/** What a task did after the events in common. */
export interface TaskFacts {
  status: string;
  /** Of both parts. */
  attempts: number;
  agent?: string;
  durationMs?: number;
  /** Sums of what its attempts used. */
  usage?: Record<string, number>;
  error?: string;
}

export type Side = 'left' | 'right';

export interface ValueChange {
  /** Where the values differ: `write.output.text`. */
  path: string;
  left?: JsonValue;
  right?: JsonValue;
}

export interface TaskDifference {
  task: string;
  left?: TaskFacts;
  right?: TaskFacts;
}

export interface RunFactsShown {
  runId: string;
  name: string;
  status: string;
  durationMs: number;
  /** Events that the other one has not. */
  events: number;
  usage?: Record<string, number>;
  error?: string;
  forkedFrom?: { run: string; at: number };
}

export interface RunDifference {
  left: RunFactsShown;
  right: RunFactsShown;
  /** Events in common. */
  common: number;
  /** Attempts, waits and skips in the order in which they began; undefined where there are too many. */
  path?: { on: Side | 'both'; step: string }[];
  /** Tasks that did something after the events in common, or differ. */
  tasks: TaskDifference[];
  /** Outputs of the runs (`output`) and of tasks (`<task>.output`) that differ. */
  values: ValueChange[];
}

export function compareRuns(left: ComparedRun, right: ComparedRun): RunDifference {
  const common = commonEvents(left.events, right.events);
  const [own, other] = [left, right].map(({ events }) => events.slice(common)) as [
    Envelope[],
    Envelope[],
  ];
  const path = wayOf(own, other);
  const values = new Changes();
  values.compare('output', left.report.output, right.report.output);
  const tasks: TaskDifference[] = [];
  const [mine, theirs] = [tasksOf(left.report), tasksOf(right.report)];
  const [ownEvents, otherEvents] = [byTask(own), byTask(other)];
  const hasWorked = (id: string): boolean => ownEvents.has(id) || otherEvents.has(id);
  for (const id of new Set([...mine.keys(), ...theirs.keys()])) {
    const [a, b] = [mine.get(id), theirs.get(id)];
    values.compare(`${id}.output`, a?.output, b?.output);
    const difference: TaskDifference = {
      task: id,
      ...(a === undefined ? {} : { left: factsOf(a, ownEvents.get(id)) }),
      ...(b === undefined ? {} : { right: factsOf(b, otherEvents.get(id)) }),
    };
    const isSame = isDeepStrictEqual(a?.output, b?.output) && haveSameEnd(difference);
    if (hasWorked(id) || !isSame) tasks.push(difference);
  }
  return {
    left: shown(left.report, own),
    right: shown(right.report, other),
    common,
    ...(path === undefined ? {} : { path }),
    tasks,
    values: values.list,
  };
}

function haveSameEnd({ left, right }: TaskDifference): boolean {
  return left?.status === right?.status && left?.error === right?.error;
}

function commonEvents(left: readonly Envelope[], right: readonly Envelope[]): number {
  let common = 0;
  while (common < left.length && left[common]?.id === right[common]?.id) common += 1;
  return common;
}

function shown(report: RunReport, own: readonly Envelope[]): RunFactsShown {
  const { runId, name, status, durationMs, error, forkedFrom } = report;
  const usage = usageOf(own);
  return {
    ...{ runId, name, status, durationMs, events: own.length },
    ...(usage === undefined ? {} : { usage }),
    ...(error === undefined ? {} : { error: `${error.code}: ${error.message}` }),
    ...(forkedFrom === undefined ? {} : { forkedFrom }),
  };
}

/** Tasks by id, instances beside their `foreach`. */
function tasksOf({ tasks }: RunReport): Map<string, TaskReport> {
  const all = new Map<string, TaskReport>();
  for (const [id, task] of Object.entries(tasks)) {
    all.set(id, task);
    for (const [index, instance] of (task.instances ?? []).entries())
      all.set(`${id}~${index}`, instance);
  }
  return all;
}

function factsOf(task: TaskReport, own: readonly Envelope[] = []): TaskFacts {
  const { status, attempts, agent, startedAt, endedAt, error } = task;
  const usage = usageOf(own);
  return {
    status,
    attempts,
    ...(agent === undefined ? {} : { agent }),
    ...(startedAt === undefined || endedAt === undefined
      ? {}
      : { durationMs: Math.max(0, endedAt - startedAt) }),
    ...(usage === undefined ? {} : { usage }),
    ...(error === undefined ? {} : { error: `${error.code}: ${error.message}` }),
  };
}

/** The task or instance of an event, whatever round it is of. */
function plainId({ data }: Envelope): string | undefined {
  return (data as { taskId?: string }).taskId?.replace(/@\d+/, '');
}

function byTask(events: readonly Envelope[]): Map<string, Envelope[]> {
  const all = new Map<string, Envelope[]>();
  for (const event of events) {
    const id = plainId(event);
    if (id === undefined) continue;
    const list = all.get(id);
    if (list === undefined) all.set(id, [event]);
    else list.push(event);
  }
  return all;
}

/** Sums of the numbers that agents reported at the end of their attempts. */
function usageOf(events: readonly Envelope[]): Record<string, number> | undefined {
  const sums: Record<string, number> = {};
  for (const { type, data } of events) {
    const { usage } = data as { usage?: Record<string, unknown> };
    if (usage === undefined || type === 'task.progressed') continue;
    for (const [name, value] of Object.entries(usage))
      if (typeof value === 'number') sums[name] = (sums[name] ?? 0) + value;
  }
  return Object.keys(sums).length === 0 ? undefined : sums;
}

const STEPS: Readonly<Record<string, (data: Record<string, unknown>) => string>> = {
  'task.started': () => '',
  'task.reused': () => ' (recorded answer)',
  'task.waiting': ({ kind }) => ` (waits: ${String(kind)})`,
  'task.expanded': ({ count }) => ` (${String(count)} items)`,
  'task.skipped': ({ reason }) => ` (skipped: ${String(reason)})`,
};

function stepsOf(events: readonly Envelope[]): string[] {
  return events.flatMap(({ type, data }) => {
    const words = STEPS[type];
    const known = data as Record<string, unknown>;
    return words === undefined ? [] : [`${String(known['taskId'])}${words(known)}`];
  });
}

/** The steps of both in one order: the longest common part, with what only one has between. */
function wayOf(own: readonly Envelope[], other: readonly Envelope[]): RunDifference['path'] {
  const [left, right] = [stepsOf(own), stepsOf(other)];
  if (left.length > MAX_STEPS || right.length > MAX_STEPS) return undefined;
  const lengths = commonLengths(left, right);
  const at = (i: number, j: number): number => lengths[i]?.[j] ?? 0;
  const path: NonNullable<RunDifference['path']> = [];
  let [i, j] = [0, 0];
  while (i < left.length || j < right.length) {
    const [a, b] = [left[i], right[j]];
    if (a !== undefined && a === b) {
      path.push({ on: 'both', step: a });
      i += 1;
      j += 1;
    } else if (a !== undefined && (b === undefined || at(i + 1, j) >= at(i, j + 1))) {
      path.push({ on: 'left', step: a });
      i += 1;
    } else {
      path.push({ on: 'right', step: b ?? '' });
      j += 1;
    }
  }
  return path;
}

/** `[i][j]`: the length of the longest common part of what is left from there on. */
function commonLengths(left: readonly string[], right: readonly string[]): Uint16Array[] {
  const lengths = Array.from({ length: left.length + 1 }, () => new Uint16Array(right.length + 1));
  for (let i = left.length - 1; i >= 0; i -= 1) {
    const [row, below] = [lengths[i] as Uint16Array, lengths[i + 1] as Uint16Array];
    for (let j = right.length - 1; j >= 0; j -= 1)
      row[j] =
        left[i] === right[j] ? (below[j + 1] ?? 0) + 1 : Math.max(below[j] ?? 0, row[j + 1] ?? 0);
  }
  return lengths;
}

class Changes {
  readonly list: ValueChange[] = [];

  compare(path: string, left: JsonValue | undefined, right: JsonValue | undefined): void {
    if (this.list.length >= MAX_CHANGES || isDeepStrictEqual(left, right)) return;
    if (isObject(left) && isObject(right)) {
      for (const key of new Set([...Object.keys(left), ...Object.keys(right)]))
        this.compare(`${path}.${key}`, left[key] as JsonValue, right[key] as JsonValue);
    } else if (Array.isArray(left) && Array.isArray(right)) {
      for (let index = 0; index < Math.max(left.length, right.length); index += 1)
        this.compare(`${path}[${index}]`, left[index], right[index]);
    } else
      this.list.push({
        path,
        ...(left === undefined ? {} : { left }),
        ...(right === undefined ? {} : { right }),
      });
  }
}
