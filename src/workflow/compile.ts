/**
 * From the fields of a file to the internal form: defaults, durations, the names of the file.
 * Takes what it can read and leaves out the rest, so that validation can go on over a file with
 * mistakes; the shape check reports them.
 */
import {
  compileCondition,
  compileFlow,
  compileForeach,
  compileGraphParts,
  compileJoin,
  compileRetry,
  compileTrigger,
} from './compile-flow.ts';
import { compileWait } from './compile-wait.ts';
import type {
  InputDefinition,
  Priority,
  TaskDefinition,
  WorkflowDefinition,
} from './definition.ts';
import { parseDuration } from './durations.ts';
import { applyEdges } from './edges.ts';
import { asList, asNumber, asObject, asText, isObject, oneOf, put } from './loose.ts';
import type { SecretSource } from './secrets.ts';
import type { JsonObject, JsonValue } from './value.ts';

const DEFAULT_MAX_PARALLEL = 3;
const DEFAULT_TIMEOUT_MS = 3_600_000;

/** Compiles a value that may be wrong anywhere. O(size). */
export function compileDefinition(source: JsonObject): WorkflowDefinition {
  const description = asText(source.description);
  return {
    version: '1.0',
    name: asText(source.name) ?? '',
    ...(description === undefined ? {} : { description }),
    ...(isObject(source.metadata) ? { metadata: source.metadata } : {}),
    inputs: compileInputs(asObject(source.inputs)),
    settings: compileSettings(asObject(source.settings)),
    context: compileContext(asObject(source.context)),
    tasks: applyEdges(
      asList(source.tasks).map((task) => compileTask(asObject(task))),
      source,
      (edge) => compileCondition(edge.condition, asText(edge.from)),
    ),
    ...compileGraphParts(source, compileTask),
    outputs: asObject(source.outputs),
  };
}

/** What is no reference to a secret is left out: the shape check has refused it. */
function compileContext(source: JsonObject): WorkflowDefinition['context'] {
  const context: WorkflowDefinition['context'] = { variables: asObject(source.variables) };
  if (!isObject(source.secrets)) return context;
  const secrets: Record<string, SecretSource> = {};
  for (const [name, given] of Object.entries(source.secrets)) {
    const { env, file } = asObject(given);
    if (typeof env === 'string') secrets[name] = { env };
    else if (typeof file === 'string') secrets[name] = { file };
  }
  return Object.keys(secrets).length === 0 ? context : { ...context, secrets };
}

function compileInputs(inputs: JsonObject): Record<string, InputDefinition> {
  const compiled: Record<string, InputDefinition> = {};
  for (const [name, value] of Object.entries(inputs))
    compiled[name] = compileInput(asObject(value));
  return compiled;
}

const INPUT_TYPES = ['string', 'number', 'integer', 'boolean', 'array', 'object', 'any'] as const;

function compileInput(source: JsonObject): InputDefinition {
  const description = asText(source.description);
  const hasDefault = Object.hasOwn(source, 'default');
  return {
    type: oneOf(source.type, INPUT_TYPES) ?? 'string',
    ...(description === undefined ? {} : { description }),
    ...(hasDefault ? { default: source.default ?? null } : {}),
    required: typeof source.required === 'boolean' ? source.required && !hasDefault : !hasDefault,
    ...(Array.isArray(source.enum) ? { enum: source.enum } : {}),
  };
}

function compileSettings(source: JsonObject): WorkflowDefinition['settings'] {
  const quarantineAfter = asNumber(asObject(source.quarantine).after);
  const groups = compileGroups(source.groups);
  return {
    maxParallel: asNumber(source.max_parallel) ?? DEFAULT_MAX_PARALLEL,
    timeoutMs: parseDuration(source.timeout) ?? DEFAULT_TIMEOUT_MS,
    onFailure: oneOf(source.on_failure, ['stop', 'continue', 'compensate']) ?? 'stop',
    priority: oneOf<Priority>(source.priority, ['urgent', 'high', 'normal', 'low']) ?? 'normal',
    ...(quarantineAfter === undefined ? {} : { quarantineAfter }),
    ...(groups === undefined ? {} : { groups }),
  };
}

function compileGroups(source: JsonValue | undefined): Record<string, string[]> | undefined {
  if (source === undefined) return undefined;
  const groups: Record<string, string[]> = {};
  for (const [group, members] of Object.entries(asObject(source))) {
    const names = asList(members).filter((name) => typeof name === 'string');
    groups[group] = [...new Set(names)];
  }
  return groups;
}

/** Field by field: most tasks have few, and a file may have 100,000 tasks. */
function compileTask(source: JsonObject): TaskDefinition {
  const task: Partial<TaskDefinition> = { id: asText(source.id) ?? '' };
  put(task, 'agent', asText(source.agent));
  put(task, 'capability', asText(source.capability));
  put(task, 'limit', asText(source.limit));
  put(task, 'wait', compileWait(source.wait));
  put(task, 'description', asText(source.description));
  task.parallel = source.parallel !== false;
  task.parameters = compileParameters(source);
  task.dependencies = compileDependencies(source);
  task.trigger = compileTrigger(source.trigger);
  put(task, 'condition', compileCondition(source.condition, onlyDependency(source)));
  put(task, 'foreach', compileForeach(source.foreach));
  put(task, 'as', asText(source.as));
  put(task, 'maxParallel', asNumber(source.max_parallel));
  put(task, 'join', compileJoin(source.join));
  put(task, 'retry', compileRetry(source.retry, source.on_failure === 'retry'));
  put(task, 'timeoutMs', parseDuration(source.timeout));
  task.onFailure = source.on_failure === 'skip' ? 'skip' : 'fail';
  compileFlow(source, task);
  return task as TaskDefinition;
}

/** A milestone's `after` counts as one. */
function compileDependencies(source: JsonObject): string[] {
  const found = new Set<string>();
  for (const id of asList(source.dependencies)) if (typeof id === 'string') found.add(id);
  const { after } = asObject(source.milestone);
  if (typeof after === 'string') found.add(after);
  return [...found];
}

/** What a structured condition looks at where it names no task. */
function onlyDependency({ dependencies }: JsonObject): string | undefined {
  const list = asList(dependencies);
  return list.length === 1 ? asText(list[0]) : undefined;
}

function compileParameters(source: JsonObject): JsonObject {
  const parameters = asObject(source.parameters);
  const request = asText(source.request);
  return request === undefined ? parameters : { ...parameters, request };
}
