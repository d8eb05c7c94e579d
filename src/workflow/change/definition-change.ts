/**
 * From one definition to another as data: what `run.adapted` records and a fold applies. In the compiled form, so that
 * a fold never compiles anything. `applyChange(a, changeOf(a, b))` is `b`.
 */
import type { TaskDefinition, WorkflowDefinition } from '../definition.ts';
import type { JsonValue } from '../value.ts';
import { isSameValue } from './same-value.ts';

export interface DefinitionChange {
  /** New and changed tasks, whole; those of hooks are in `rest`. */
  tasks?: TaskDefinition[];
  /** Ids of tasks that are gone. */
  removed?: string[];
  /** All ids in the order of the file, where new ones do not simply stand at the end. */
  order?: string[];
  /** Every other field of the definition that changed, whole. */
  rest?: { [key: string]: JsonValue };
  /** Fields that are gone. */
  dropped?: string[];
}

/** O(size). Empty where both are the same. */
export function changeOf(before: WorkflowDefinition, after: WorkflowDefinition): DefinitionChange {
  const known = new Map(before.tasks.map((task) => [task.id, task]));
  const left = new Set(after.tasks.map(({ id }) => id));
  const tasks = after.tasks.filter((task) => !isSameValue(known.get(task.id), task));
  const removed = before.tasks.map(({ id }) => id).filter((id) => !left.has(id));
  const change: DefinitionChange = {
    ...(tasks.length === 0 ? {} : { tasks }),
    ...(removed.length === 0 ? {} : { removed }),
    ...restOf(before, after),
  };
  const order = after.tasks.map(({ id }) => id);
  const given = tasksAfter(before.tasks, change).map(({ id }) => id);
  return order.every((id, index) => id === given[index]) ? change : { ...change, order };
}

function restOf(before: WorkflowDefinition, after: WorkflowDefinition): DefinitionChange {
  const { tasks: _, ...old } = before as unknown as Record<string, JsonValue>;
  const { tasks: __, ...next } = after as unknown as Record<string, JsonValue>;
  const changed = Object.entries(next).filter(([key, value]) => !isSameValue(old[key], value));
  const dropped = Object.keys(old).filter((key) => !Object.hasOwn(next, key));
  return {
    ...(changed.length === 0 ? {} : { rest: Object.fromEntries(changed) }),
    ...(dropped.length === 0 ? {} : { dropped }),
  };
}

/** The definition after a change. Total: a change of another definition gives what it can. O(size). */
export function applyChange(
  definition: WorkflowDefinition,
  change: DefinitionChange,
): WorkflowDefinition {
  const dropped = new Set(change.dropped);
  const kept = Object.entries(definition).filter(([key]) => !dropped.has(key));
  const tasks = tasksAfter(definition.tasks, change);
  const changed = { ...Object.fromEntries(kept), ...change.rest, tasks };
  return changed as unknown as WorkflowDefinition;
}

/** Changed tasks stay in their places, new ones stand at the end. */
function tasksAfter(before: readonly TaskDefinition[], change: DefinitionChange): TaskDefinition[] {
  const removed = new Set(change.removed);
  const tasks = new Map<string, TaskDefinition>();
  for (const task of before) if (!removed.has(task.id)) tasks.set(task.id, task);
  for (const task of change.tasks ?? []) tasks.set(task.id, task);
  if (change.order === undefined) return [...tasks.values()];
  return change.order.flatMap((id) => tasks.get(id) ?? []);
}

export function isEmptyChange(change: DefinitionChange): boolean {
  return Object.keys(change).length === 0;
}

/** True where a task does the same in both: what it says of itself and the order of its dependencies do not count. */
export function isSameWork(left: TaskDefinition, right: TaskDefinition): boolean {
  return left === right || isSameValue(workOf(left), workOf(right));
}

function workOf({ description: _, edge: __, dependencies, ...task }: TaskDefinition): unknown {
  return {
    ...task,
    dependencies: dependencies.length < 2 ? dependencies : [...dependencies].sort(),
  };
}

/** The definition with the tasks of `before` in it where they do the same and say the same. */
export function keepingTasks(
  before: WorkflowDefinition,
  after: WorkflowDefinition,
): WorkflowDefinition {
  const known = new Map(before.tasks.map((task) => [task.id, task]));
  const tasks = after.tasks.map((task) => {
    const old = known.get(task.id);
    const isKept = old !== undefined && isSameWork(old, task) && old.edge === task.edge;
    return isKept && old.description === task.description ? old : task;
  });
  return { ...after, tasks };
}
