/** What runs other workflows in a workflow file: tasks, hooks and compensations. */
import type {
  ChildDefinition,
  HookName,
  TaskDefinition,
  WorkflowDefinition,
} from './definition.ts';
import { asList, asObject, asText, isObject } from './loose.ts';
import type { Path } from './problems.ts';
import type { JsonObject } from './value.ts';

const HOOKS: readonly HookName[] = ['on_start', 'on_success', 'on_failure', 'on_complete'];

/** What the tasks of a file in its raw form call their children; not of the children inside it. */
export function referencesOf(source: JsonObject): string[] {
  const found = new Set<string>();
  for (const task of rawTasks(source)) {
    const reference = referenceOf(task);
    if (reference !== undefined) found.add(reference);
    const undone = isObject(task.compensate) ? referenceOf(task.compensate) : undefined;
    if (undone !== undefined) found.add(undone);
  }
  return [...found];
}

function rawTasks(source: JsonObject): JsonObject[] {
  const hooks = asObject(source.hooks);
  const { tasks, nodes } = source;
  const ofGraph = isObject(nodes) ? Object.values(nodes) : asList(nodes);
  const ofHooks = HOOKS.flatMap((hook) => asList(hooks[hook]));
  return [...asList(tasks), ...ofGraph, ...ofHooks].map(asObject);
}

function referenceOf({ workflow }: JsonObject): string | undefined {
  return asText(workflow) ?? asText(asObject(workflow).name);
}

/** A copy in which tasks name their children otherwise; the rest is shared. */
export function withReferences(
  source: JsonObject,
  nameOf: (reference: string) => string,
): JsonObject {
  const caller = (given: JsonObject): JsonObject => {
    const reference = referenceOf(given);
    if (reference === undefined) return given;
    const name = nameOf(reference);
    const { workflow } = given;
    return { ...given, workflow: isObject(workflow) ? { ...workflow, name } : name };
  };
  const task = (given: JsonObject): JsonObject => {
    const { compensate } = given;
    const named = caller(given);
    return isObject(compensate) ? { ...named, compensate: caller(compensate) } : named;
  };
  const list = (given: JsonObject[string] | undefined) =>
    asList(given).map((item) => (isObject(item) ? task(item) : item));
  const lists = (given: JsonObject) =>
    Object.fromEntries(Object.entries(given).map(([name, of]) => [name, list(of)]));
  const { hooks, nodes } = source;
  return {
    ...source,
    ...(Array.isArray(source.tasks) ? { tasks: list(source.tasks) } : {}),
    ...(Array.isArray(nodes) ? { nodes: list(nodes) } : {}),
    ...(isObject(nodes)
      ? {
          nodes: Object.fromEntries(
            Object.entries(nodes).map(([id, node]) => [id, isObject(node) ? task(node) : node]),
          ),
        }
      : {}),
    ...(isObject(hooks) ? { hooks: lists(hooks) } : {}),
  };
}

/** A task that runs a workflow, or the compensation of one. */
export interface Caller {
  /** Of the task. */
  readonly id: string;
  readonly workflow: ChildDefinition;
  readonly parameters: JsonObject;
  /** Where it stands in the file. */
  readonly path: Path;
}

/** Everything in a definition that runs a workflow, with its place. */
export function callersOf(definition: WorkflowDefinition): Caller[] {
  const hooks = HOOKS.flatMap((hook) =>
    callersAmong(definition.hooks?.[hook] ?? [], ['hooks', hook]),
  );
  return [...callersAmong(definition.tasks, ['tasks']), ...hooks];
}

function callersAmong(tasks: readonly TaskDefinition[], list: Path): Caller[] {
  const callers: Caller[] = [];
  for (const [index, { id, workflow, parameters, compensate }] of tasks.entries()) {
    const path = (...rest: string[]): Path => [...list, index, ...rest];
    if (workflow !== undefined) callers.push({ id, workflow, parameters, path: path() });
    if (compensate?.workflow === undefined) continue;
    const undoing = { workflow: compensate.workflow, parameters: compensate.parameters };
    callers.push({ id, ...undoing, path: path('compensate') });
  }
  return callers;
}
