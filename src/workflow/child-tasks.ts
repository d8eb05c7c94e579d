/** The tasks of a workflow file that run other workflows, wherever in it they stand. */
import type { HookName, TaskDefinition, WorkflowDefinition } from './definition.ts';
import { asList, asObject, asText, isObject } from './loose.ts';
import type { Path } from './problems.ts';
import type { JsonObject } from './value.ts';

const HOOKS: readonly HookName[] = ['on_start', 'on_success', 'on_failure', 'on_complete'];

/** What the tasks of a file in its raw form call their children; not of the children inside it. */
export function referencesOf(source: JsonObject): string[] {
  return [...new Set(rawTasks(source).flatMap((task) => referenceOf(task) ?? []))];
}

function rawTasks(source: JsonObject): JsonObject[] {
  const hooks = asObject(source.hooks);
  return [...asList(source.tasks), ...HOOKS.flatMap((hook) => asList(hooks[hook]))].map(asObject);
}

function referenceOf({ workflow }: JsonObject): string | undefined {
  return asText(workflow) ?? asText(asObject(workflow).name);
}

/** A copy in which tasks name their children otherwise; the rest is shared. */
export function withReferences(
  source: JsonObject,
  nameOf: (reference: string) => string,
): JsonObject {
  const task = (given: JsonObject): JsonObject => {
    const reference = referenceOf(given);
    if (reference === undefined) return given;
    const name = nameOf(reference);
    const { workflow } = given;
    return { ...given, workflow: isObject(workflow) ? { ...workflow, name } : name };
  };
  const list = (given: JsonObject[string] | undefined) =>
    asList(given).map((item) => (isObject(item) ? task(item) : item));
  const { hooks } = source;
  return {
    ...source,
    ...(Array.isArray(source.tasks) ? { tasks: list(source.tasks) } : {}),
    ...(isObject(hooks)
      ? { hooks: Object.fromEntries(Object.entries(hooks).map(([name, of]) => [name, list(of)])) }
      : {}),
  };
}

export interface PlacedTask {
  task: TaskDefinition;
  path: Path;
}

/** The tasks of a definition that run a workflow, with their places. */
export function childTasks(definition: WorkflowDefinition): PlacedTask[] {
  const placed = (tasks: readonly TaskDefinition[], path: Path): PlacedTask[] =>
    tasks.flatMap((task, index) =>
      task.workflow === undefined ? [] : [{ task, path: [...path, index] }],
    );
  const hooks = HOOKS.flatMap((hook) => placed(definition.hooks?.[hook] ?? [], ['hooks', hook]));
  return [...placed(definition.tasks, ['tasks']), ...hooks];
}
