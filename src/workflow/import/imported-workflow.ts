/**
 * A recorded workflow as one of ours: tasks of the agent `sleep` that take their recorded time, scaled.
 *
 * Tasks stand in the order of their longest path to the end. Of the tasks that are ready the first in the file starts
 * first, so a bounded run works on its critical path: list scheduling by upward rank (HEFT; Topcuoglu, Hariri, Wu 2002).
 */
import { Document, isMap, isSeq } from 'yaml';
import { ImportTooLong } from '../errors.ts';
import { MAX_DURATION_MS, MAX_NAME_LENGTH, MAX_TASKS } from '../limits.ts';
import type { WorkflowSource } from '../schema.ts';
import {
  figuresOf,
  longestPaths,
  lowerBound,
  type RecordedTask,
  type RecordedWorkflow,
} from './recorded.ts';

/** How recorded times become those of the run: all by one factor, or such that the shortest run takes so long. */
export type Scale = { readonly factor: number } | { readonly shortestMs: number };

export interface ImportOptions {
  /** Default: as recorded. */
  readonly scale?: Scale;
  /** Default: as many as run at a time where nothing but parents is waited for. */
  readonly maxParallel?: number;
}

export interface ImportedWorkflow {
  readonly workflow: WorkflowSource;
  readonly figures: ImportFigures;
}

/** What the workflow amounts to; times in ms, scaled. */
export interface ImportFigures {
  readonly tasks: number;
  readonly dependencies: number;
  readonly maxParallel: number;
  /** What recorded times were multiplied with. */
  readonly factor: number;
  /** The time in sequence. */
  readonly workMs: number;
  readonly criticalPathMs: number;
  /** No run is shorter: the critical path, or the work over `maxParallel`. */
  readonly lowerBoundMs: number;
}

const MAX_TITLE_LENGTH = 200;
const DEFAULT_TIMEOUT_S = 3_600;
/** A run may take this many times the time in sequence. */
const TIMEOUT_FACTOR = 2;
/** Texts that stand for something else in expressions. */
const RESERVED = new Set(['true', 'false', 'null', 'in']);

/** Throws `import.too-long` for a scale that makes the run longer than the language allows. */
export function importedWorkflow(
  recorded: RecordedWorkflow,
  options: ImportOptions = {},
): ImportedWorkflow {
  const whole = figuresOf(recorded);
  const maxParallel = options.maxParallel ?? Math.min(MAX_TASKS, Math.max(1, whole.peak));
  const factor = factorOf(options.scale, lowerBound(whole, maxParallel));
  const { tasks } = recorded;
  const scaled: RecordedTask[] = tasks.map((task) => {
    return { ...task, seconds: Math.round(task.seconds * factor * 1_000) / 1_000 };
  });
  const figures = figuresOf({ ...recorded, tasks: scaled });
  const ids = uniqueIds(tasks.map(({ label }) => label));
  const timeoutSeconds = Math.ceil(figures.workSeconds * TIMEOUT_FACTOR);
  if (timeoutSeconds * 1_000 > MAX_DURATION_MS) throw new ImportTooLong(figures.workSeconds);
  return {
    workflow: {
      name: recorded.name.slice(0, MAX_TITLE_LENGTH),
      ...(recorded.description !== undefined && { description: recorded.description }),
      settings: {
        max_parallel: maxParallel,
        ...(timeoutSeconds > DEFAULT_TIMEOUT_S && { timeout: timeoutSeconds }),
      },
      tasks: byLongestPath(recorded).map((index) => taskOf(index, { ids, tasks: scaled })),
    },
    figures: {
      tasks: figures.tasks,
      dependencies: figures.dependencies,
      maxParallel,
      factor,
      workMs: Math.round(figures.workSeconds * 1_000),
      criticalPathMs: Math.round(figures.criticalPathSeconds * 1_000),
      lowerBoundMs: Math.round(lowerBound(figures, maxParallel) * 1_000),
    },
  };
}

function factorOf(scale: Scale | undefined, lowerBoundSeconds: number): number {
  if (scale === undefined) return 1;
  if ('factor' in scale) return scale.factor;
  return lowerBoundSeconds === 0 ? 1 : scale.shortestMs / 1_000 / lowerBoundSeconds;
}

/** The longest first; of equals the one that comes before, so that parents always do. */
function byLongestPath(recorded: RecordedWorkflow): number[] {
  const paths = longestPaths(recorded);
  const place = new Map(recorded.order.map((index, position) => [index, position]));
  return [...recorded.order].sort((a, b) => {
    return (paths[b] ?? 0) - (paths[a] ?? 0) || (place.get(a) ?? 0) - (place.get(b) ?? 0);
  });
}

function taskOf(
  index: number,
  { ids, tasks }: { ids: readonly string[]; tasks: readonly RecordedTask[] },
): WorkflowSource['tasks'][number] {
  const { label, parents, seconds } = tasks[index] as RecordedTask;
  const id = ids[index] as string;
  return {
    id,
    ...(label !== id && { description: label }),
    agent: 'sleep',
    parameters: { ms: Math.round(seconds * 1_000) },
    ...(parents.length > 0 && { dependencies: parents.map((parent) => ids[parent] as string) }),
  };
}

/** Ids of the language: other characters become `_`, and what is then the same gets a number. */
function uniqueIds(labels: readonly string[]): string[] {
  const taken = new Set<string>();
  const numbers = new Map<string, number>();
  return labels.map((label) => {
    const plain = label.replace(/[^A-Za-z0-9_-]/g, '_').slice(0, MAX_NAME_LENGTH);
    const base = plain === '' || RESERVED.has(plain) ? `task_${plain}` : plain;
    let id = base;
    while (taken.has(id)) {
      const number = (numbers.get(base) ?? 1) + 1;
      numbers.set(base, number);
      const tail = `_${number}`;
      id = base.slice(0, MAX_NAME_LENGTH - tail.length) + tail;
    }
    taken.add(id);
    return id;
  });
}

/** The workflow as a YAML file: a line a task, and the notes on top as comments. */
export function importedYaml(workflow: WorkflowSource, notes: readonly string[]): string {
  const document = new Document(workflow, { aliasDuplicateObjects: false });
  document.commentBefore = notes.map((note) => ` ${note}`).join('\n');
  const tasks = document.get('tasks');
  if (isSeq(tasks)) for (const task of tasks.items) if (isMap(task)) task.flow = true;
  return document.toString({ lineWidth: 0 });
}
