/** What `troupe validate --analyze` says of a valid workflow, and what it proposes. */
import type { TaskDefinition, WorkflowDefinition } from '../definition.ts';
import { buildGraph } from '../graph.ts';
import { conflictsOf, type ResourceConflict } from './conflicts.ts';
import { type CriticalPath, criticalPathOf } from './critical-path.ts';
import type { FlowModel } from './flow-model.ts';
import { knownMs, takesSlot } from './known-durations.ts';
import { needlessDependencies } from './needless.ts';
import { soundnessOf } from './soundness.ts';
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
  needless: { task: string; dependency: string; path: string[] }[];
  conflicts: { kind: ResourceConflict['kind']; name: string; tasks: string[] }[];
  /** Tasks of which it was not decided whether they can run. */
  undecided: string[];
  proposals: Proposal[];
}

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

export function analyzeWorkflow(definition: WorkflowDefinition): WorkflowAnalysis {
  // Length: each part of the answer, once.
  const graph = buildGraph(definition.tasks);
  const { model, best, undecided } = soundnessOf(definition, graph);
  const idOf = (index: number): string => definition.tasks[index]?.id ?? '';
  const path = criticalPathOf(model);
  const width = widthOf(model);
  const bounds = boundsOf(model, path);
  const needless = needlessDependencies(model);
  const conflicts = conflictsOf(model);
  const { longestMs, ...measured } = path;
  const proposals = [
    ...needless.map(
      ({ task, dependency, path: way }): Proposal => ({
        kind: 'remove-dependency',
        task: idOf(task),
        change: `remove \`${idOf(dependency)}\` from the dependencies of \`${idOf(task)}\``,
        effect: `nothing changes: it waits already, ${pathText(way, definition.tasks)}`,
      }),
    ),
    ...proposeParallel(bounds, { width: width.tasks.length, path }),
    ...proposeLooser(model, path),
    ...proposeMutexes(conflicts, model),
    ...endlessWaits(model, best).map(
      ({ wait, stuck }): Proposal => ({
        kind: 'add-timeout',
        task: idOf(wait),
        change: `give the wait of \`${idOf(wait)}\` a timeout`,
        effect: `\`${idOf(stuck)}\` does not wait for ever where nobody answers`,
      }),
    ),
  ];
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
    needless: needless.map(({ task, dependency, path: way }) => ({
      task: idOf(task),
      dependency: idOf(dependency),
      path: way.map(idOf),
    })),
    conflicts: conflicts.map(({ kind, name, tasks }) => ({ kind, name, tasks: tasks.map(idOf) })),
    undecided: undecided.map(idOf),
    proposals,
  };
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
  const lengthOf = ({ by, knownMs: ms, steps }: CriticalPath): number =>
    by === 'time' ? ms : steps;
  for (const [at, dependency] of path.tasks.slice(0, MAX_TRIED).entries()) {
    const task = path.tasks[at + 1];
    if (task === undefined) break;
    const { task: later } = model.tasks[task] as FlowModel['tasks'][number];
    const { task: earlier } = model.tasks[dependency] as FlowModel['tasks'][number];
    if (later.trigger !== 'all_success' || later.edge !== undefined) continue;
    // A wait is there for the order.
    if (!takesSlot(later) || !takesSlot(earlier)) continue;
    if (model.tasks[task]?.hasRounds === true || names(later, earlier.id)) continue;
    const shorter = criticalPathOf(model, { task, dependency });
    if (lengthOf(shorter) >= lengthOf(path)) continue;
    proposals.push({
      kind: 'loosen-dependency',
      task: later.id,
      change: `let \`${later.id}\` not wait for \`${earlier.id}\`, of which it uses nothing, if the order does not matter`,
      effect: `the longest way is ${amount(lengthOf(shorter), path)} in place of ${amount(lengthOf(path), path)}`,
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
      change: `give ${tasks.map((index) => `\`${model.tasks[index]?.task.id}\``).join(', ')} a mutex in common, or an order`,
      effect: `they do not write \`${name}\` at the same time`,
    }));
}

function sharesMutex(tasks: readonly number[], { tasks: all }: FlowModel): boolean {
  const [first, ...others] = tasks.map((index) => all[index]?.task.mutex ?? []);
  return (first ?? []).some((mutex) => others.every((list) => list.includes(mutex)));
}
