/**
 * A definition as the analysis sees it: who waits for whom, what each task needs, what its condition asks.
 * Built once, linear. Tasks are named by their index in file order.
 */
import type { TaskDefinition, WorkflowDefinition } from '../definition.ts';
import type { TaskGraph } from '../graph.ts';
import { mayError, type Part, partsOf } from './conditions.ts';
import { canFail, endsRun, type Need, needOf } from './outcomes.ts';

export interface FlowTask {
  readonly index: number;
  readonly task: TaskDefinition;
  readonly dependencies: readonly number[];
  /** Each once, although several edges may lead there. */
  readonly dependents: readonly number[];
  readonly need: Need;
  /** What must hold beside the trigger. */
  readonly parts: readonly Part[];
  /** Its work, or reading its condition, can go wrong. */
  readonly mayFail: boolean;
  readonly conditionMayError: boolean;
  readonly endsRun: boolean;
  /** Tasks whose success cancels it, by its name or its region. */
  readonly canceledBy: readonly number[];
  /** It may have more than one round, so its rounds may end in several ways. */
  readonly hasRounds: boolean;
  /** In or behind a cycle of dependencies or one that does not exist: nothing is said of it. */
  readonly isOpen: boolean;
}

export interface FlowModel {
  readonly definition: WorkflowDefinition;
  readonly graph: TaskGraph;
  readonly tasks: readonly FlowTask[];
  /** In dependency order; tasks in a cycle of dependencies are not there. */
  readonly order: readonly number[];
  /** A failure that nobody handles ends the run early. */
  readonly stopsOnFailure: boolean;
}

export function flowModelOf(definition: WorkflowDefinition, graph: TaskGraph): FlowModel {
  const { tasks } = definition;
  const rounds = withRounds(definition, graph);
  const isOpen = openTasks(definition, graph);
  const cancelers = cancelersOf(definition);
  return {
    definition,
    graph,
    order: graph.order,
    stopsOnFailure: definition.settings.onFailure !== 'continue',
    tasks: tasks.map((task, index) => {
      const dependencies = graph.dependencies[index] ?? [];
      const parts = [task.condition, task.repeat?.while].flatMap((condition) =>
        condition === undefined ? [] : partsOf(condition),
      );
      const conditionMayError = mayError(parts);
      return {
        index,
        task,
        dependencies,
        dependents: graph.dependents[index] ?? [],
        need: needOf(task.trigger),
        parts,
        mayFail: canFail(task) || conditionMayError,
        conditionMayError,
        endsRun: endsRun(task),
        canceledBy: canceledBy(task, cancelers),
        hasRounds: rounds[index] === 1,
        isOpen: isOpen[index] === 1,
      };
    }),
  };
}

/** By task or region: the tasks that cancel it. */
function cancelersOf({ tasks }: WorkflowDefinition): ReadonlyMap<string, readonly number[]> {
  const found = new Map<string, number[]>();
  for (const [index, { cancel }] of tasks.entries()) {
    if (cancel === undefined || cancel === 'run') continue;
    for (const name of cancel) {
      const known = found.get(name);
      if (known === undefined) found.set(name, [index]);
      else known.push(index);
    }
  }
  return found;
}

/** A list for many: what cancels a region cancels all its tasks. */
function canceledBy(
  { id, region }: TaskDefinition,
  cancelers: ReadonlyMap<string, readonly number[]>,
): readonly number[] {
  const own = cancelers.get(id) ?? [];
  const ofRegion = region === undefined ? [] : (cancelers.get(region) ?? []);
  return own.length === 0 ? ofRegion : ofRegion.length === 0 ? own : [...own, ...ofRegion];
}

function openTasks({ tasks }: WorkflowDefinition, graph: TaskGraph): Uint8Array {
  const open = new Uint8Array(tasks.length).fill(1);
  for (const index of graph.order) {
    const known = graph.dependencies[index] ?? [];
    const isWhole = known.length === tasks[index]?.dependencies.length;
    if (isWhole && known.every((dependency) => open[dependency] === 0)) open[index] = 0;
  }
  return open;
}

/** 1 for what loops, threads and `each` let run more than once, and for all behind it. */
function withRounds({ tasks, loops = [] }: WorkflowDefinition, graph: TaskGraph): Uint8Array {
  const found = new Uint8Array(tasks.length);
  const open: number[] = [];
  const mark = (index: number | undefined): void => {
    if (index === undefined || found[index] === 1) return;
    found[index] = 1;
    open.push(index);
  };
  for (const { to } of loops) mark(graph.indexOf.get(to));
  for (const [index, { emit = 1, trigger, dependencies }] of tasks.entries()) {
    if (emit > 1) for (const dependent of graph.dependents[index] ?? []) mark(dependent);
    if (trigger === 'each' && dependencies.length > 1) mark(index);
  }
  for (let at = open.pop(); at !== undefined; at = open.pop())
    for (const dependent of graph.dependents[at] ?? []) mark(dependent);
  return found;
}
