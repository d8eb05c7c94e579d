/** What `troupe validate --analyze` says of a valid workflow, and what it proposes. */
import type { TaskDefinition, WorkflowDefinition } from '../definition.ts';
import { buildGraph } from '../graph.ts';
import { conflictsOf, type ResourceConflict } from './conflicts.ts';
import { type CriticalPath, criticalPathOf } from './critical-path.ts';
import type { FlowModel } from './flow-model.ts';
import { knownMs, takesSlot } from './known-durations.ts';
import { type NeedlessDependency, needlessDependencies } from './needless.ts';
import { lengthsWithout } from './shorter-ways.ts';
import { type Soundness, soundnessOf } from './soundness.ts';
import { endlessWaits } from './waiting.ts';
import { widthOf } from './width.ts';
import { pathText } from './words.ts';

/** JSON-safe. Tasks are named by their ids. */
export interface WorkflowAnalysis {
  tasks: number;
  dependencies: number;
  criticalPath: Omit<CriticalPath, 'tasks' | 'longestMs'> & { tasks: string[]; longestMs?: number };
  /** The largest set of tasks that may be in work at the same time; `exact` false: at least so many. */
  width: { size: number; exact: boolean; tasks: string[] };
  /** What a run takes at least, in steps or ms as `criticalPath.by` says. */
  bounds: { sequential: number; withMaxParallel: number; unlimited: number; maxParallel: number };
  /** `pathLength`: of a longer path, of which only both ends are there. */
  needless: { task: string; dependency: string; path: string[]; pathLength?: number }[];
  conflicts: { kind: ResourceConflict['kind']; name: string; tasks: string[] }[];
  /** Tasks of which it was not decided whether they can run. */
  undecided: string[];
  proposals: Proposal[];
  /** How many entries of each list there are, also where only the first ones are given. */
  found: Record<ListName, number>;
  /** Lists of which only the first entries are given. */
  cut: ListName[];
  /** Lists for which not everything was looked at: there may be more. */
  partial: ListName[];
}

type ListName = 'needless' | 'conflicts' | 'undecided' | 'proposals';

export interface Proposal {
  kind:
    | 'remove-dependency'
    | 'raise-max-parallel'
    | 'add-timeout'
    | 'add-mutex'
    | 'loosen-dependency';
  task?: string;
  /** What to change. */
  change: string;
  /** What is gained. */
  effect: string;
}

/** Dependencies of the critical path that are tried without. */
const MAX_TRIED = 40;
/** Entries of a list that are given. */
const MAX_LISTED = 500;
/** Tasks of a path that are given, half of them from each end. */
const MAX_PATH = 24;
/** Tasks that a proposal names. */
const MAX_NAMED = 12;

/** `known`: what its validation found. */
export function analyzeWorkflow(
  definition: WorkflowDefinition,
  known?: Soundness,
): WorkflowAnalysis {
  // Length: each part of the answer, once.
  const { model, best, undecided } = known ?? soundnessOf(definition, buildGraph(definition.tasks));
  const { graph } = model;
  const idOf = (index: number): string => definition.tasks[index]?.id ?? '';
  const path = criticalPathOf(model);
  const width = widthOf(model);
  const bounds = boundsOf(model, path);
  const needless = needlessDependencies(model, MAX_LISTED);
  const conflicts = conflictsOf(model);
  const { longestMs, ...measured } = path;
  const others = [
    ...proposeParallel(bounds, { width: width.tasks.length, path }),
    ...proposeLooser(model, path),
    ...proposeMutexes(conflicts.found, model),
    ...endlessWaits(model, best).map(
      ({ wait, stuck }): Proposal => ({
        kind: 'add-timeout',
        task: idOf(wait),
        change: `give the wait of \`${idOf(wait)}\` a timeout`,
        effect: `\`${idOf(stuck)}\` does not wait for ever where nobody answers`,
      }),
    ),
  ];
  const found = {
    needless: needless.found,
    conflicts: conflicts.found.length,
    undecided: undecided.length,
    proposals: needless.found + others.length,
  };
  const proposals = [
    ...needless.shown.slice(0, Math.max(0, MAX_LISTED - others.length)).map(removal(definition)),
    ...others,
  ].slice(0, MAX_LISTED);
  const lists = {
    needless: needless.shown.map(({ task, dependency, path: way }) => ({
      task: idOf(task),
      dependency: idOf(dependency),
      ...bothEnds(way.map(idOf)),
    })),
    conflicts: conflicts.found
      .slice(0, MAX_LISTED)
      .map(({ kind, name, tasks }) => ({ kind, name, tasks: tasks.map(idOf) })),
    undecided: undecided.slice(0, MAX_LISTED).map(idOf),
    proposals,
  };
  return {
    tasks: definition.tasks.length,
    dependencies: graph.dependencies.reduce((sum, { length }) => sum + length, 0),
    criticalPath: {
      ...measured,
      tasks: path.tasks.map(idOf),
      ...(longestMs === undefined ? {} : { longestMs }),
    },
    width: { size: width.tasks.length, exact: width.isExact, tasks: width.tasks.map(idOf) },
    bounds,
    ...lists,
    found,
    cut: LISTS.filter((name) => lists[name].length < found[name]),
    partial: [
      ...(needless.isComplete ? [] : (['needless', 'proposals'] as const)),
      ...(conflicts.isComplete ? [] : (['conflicts'] as const)),
    ],
  };
}

const LISTS: readonly ListName[] = ['needless', 'conflicts', 'undecided', 'proposals'];

function removal({ tasks }: WorkflowDefinition): (needless: NeedlessDependency) => Proposal {
  return ({ task, dependency, path }) => ({
    kind: 'remove-dependency',
    task: tasks[task]?.id ?? '',
    change: `remove \`${tasks[dependency]?.id}\` from the dependencies of \`${tasks[task]?.id}\``,
    effect: `nothing changes: it waits already, ${pathText(path, tasks)}`,
  });
}

function bothEnds(path: string[]): { path: string[]; pathLength?: number } {
  if (path.length <= MAX_PATH) return { path };
  const half = MAX_PATH / 2;
  return { path: [...path.slice(0, half), ...path.slice(-half)], pathLength: path.length };
}

/** Lower bounds: the path, and the work that so many can share. A wait shares no place. */
function boundsOf(
  { definition, tasks }: FlowModel,
  path: CriticalPath,
): WorkflowAnalysis['bounds'] {
  const { maxParallel } = definition.settings;
  const lengthOf = (task: TaskDefinition): number =>
    path.by === 'time' ? (knownMs(task) ?? 0) : 1;
  let sequential = 0;
  for (const { task } of tasks) if (takesSlot(task)) sequential += lengthOf(task);
  const unlimited = path.by === 'time' ? path.knownMs : path.steps;
  const shared = sequential / maxParallel;
  const work = path.by === 'time' ? shared : Math.ceil(shared);
  return { sequential, withMaxParallel: Math.max(unlimited, work), unlimited, maxParallel };
}

function proposeParallel(
  { withMaxParallel, unlimited, maxParallel }: WorkflowAnalysis['bounds'],
  { width, path }: { width: number; path: CriticalPath },
): Proposal[] {
  if (width <= maxParallel || withMaxParallel <= unlimited) return [];
  return [
    {
      kind: 'raise-max-parallel',
      change: `raise \`settings.max_parallel\` from ${maxParallel}; ${width} tasks can be in work at once`,
      effect: `at least ${amount(withMaxParallel, path)} now, ${amount(unlimited, path)} without that bound`,
    },
  ];
}

function amount(count: number, { by }: CriticalPath): string {
  return by === 'time' ? `${Math.round(count)} ms` : `${count} ${count === 1 ? 'step' : 'steps'}`;
}

/** A task on the path that uses nothing of the one before it might not have to wait for it. */
function proposeLooser(model: FlowModel, path: CriticalPath): Proposal[] {
  const proposals: Proposal[] = [];
  const length = path.by === 'time' ? path.knownMs : path.steps;
  let without: readonly number[] | undefined;
  for (const [at, dependency] of path.tasks.slice(0, MAX_TRIED).entries()) {
    const task = path.tasks[at + 1];
    if (task === undefined) break;
    const { task: later } = model.tasks[task] as FlowModel['tasks'][number];
    const { task: earlier } = model.tasks[dependency] as FlowModel['tasks'][number];
    if (later.trigger !== 'all_success' || later.edge !== undefined) continue;
    // A wait is there for the order.
    if (!takesSlot(later) || !takesSlot(earlier)) continue;
    if (model.tasks[task]?.hasRounds === true || names(later, earlier.id)) continue;
    without ??= lengthsWithout(model, path.tasks, MAX_TRIED);
    const shorter = without[at] ?? length;
    // Times need not be whole: the same sum in another order may differ in its last digit.
    if (shorter >= length * (1 - Number.EPSILON * model.tasks.length)) continue;
    proposals.push({
      kind: 'loosen-dependency',
      task: later.id,
      change: `let \`${later.id}\` not wait for \`${earlier.id}\`, of which it uses nothing, if the order does not matter`,
      effect: `the longest way is ${amount(shorter, path)} in place of ${amount(length, path)}`,
    });
  }
  return proposals;
}

function names(task: TaskDefinition, id: string): boolean {
  const { condition, parameters, foreach, wait, repeat, join } = task;
  return JSON.stringify([condition, parameters, foreach, wait, repeat, join]).includes(id);
}

function proposeMutexes(conflicts: readonly ResourceConflict[], model: FlowModel): Proposal[] {
  return conflicts
    .filter(({ kind }) => kind === 'file')
    .filter(({ tasks }) => !sharesMutex(tasks, model))
    .map(({ name, tasks }) => ({
      kind: 'add-mutex',
      change: `give ${namesOf(tasks, model)} a mutex in common, or an order`,
      effect: `they do not write \`${name}\` at the same time`,
    }));
}

function namesOf(tasks: readonly number[], { tasks: all }: FlowModel): string {
  const named = tasks.slice(0, MAX_NAMED).map((index) => `\`${all[index]?.task.id}\``);
  const left = tasks.length - named.length;
  return left > 0 ? `${named.join(', ')} and ${left} more` : named.join(', ');
}

function sharesMutex(tasks: readonly number[], { tasks: all }: FlowModel): boolean {
  const [first, ...others] = tasks.map((index) => all[index]?.task.mutex ?? []);
  return (first ?? []).some((mutex) => others.every((list) => list.includes(mutex)));
}
