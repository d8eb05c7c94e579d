/**
 * From the fields of a file to the internal form: defaults, durations, the names of the file.
 * Takes what it can read and leaves out the rest, so that validation can go on over a file with
 * mistakes; the shape check reports them.
 */
import type {
  InputDefinition,
  JoinDefinition,
  NamedTrigger,
  Priority,
  RetryPolicy,
  TaskDefinition,
  Trigger,
  WaitDefinition,
  WorkflowDefinition,
} from './definition.ts';
import { parseDuration } from './durations.ts';
import { unwrapped } from './templates.ts';
import type { JsonObject, JsonValue } from './value.ts';

const DEFAULT_MAX_PARALLEL = 3;
const DEFAULT_TIMEOUT_MS = 3_600_000;
const DEFAULT_ATTEMPTS = 3;
const DEFAULT_DELAY_MS = 1_000;

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
    context: { variables: asObject(asObject(source.context).variables) },
    tasks: asList(source.tasks).map((task) => compileTask(asObject(task))),
    outputs: asObject(source.outputs),
  };
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
  return {
    maxParallel: asNumber(source.max_parallel) ?? DEFAULT_MAX_PARALLEL,
    timeoutMs: parseDuration(source.timeout) ?? DEFAULT_TIMEOUT_MS,
    onFailure: oneOf(source.on_failure, ['stop', 'continue']) ?? 'stop',
    priority: oneOf<Priority>(source.priority, ['urgent', 'high', 'normal', 'low']) ?? 'normal',
  };
}

function compileTask(source: JsonObject): TaskDefinition {
  return {
    id: asText(source.id) ?? '',
    ...optional('agent', asText(source.agent)),
    ...optional('capability', asText(source.capability)),
    ...optional('wait', compileWait(source.wait)),
    ...optional('description', asText(source.description)),
    parallel: source.parallel !== false,
    parameters: compileParameters(source),
    dependencies: [...new Set(asList(source.dependencies).filter((id) => typeof id === 'string'))],
    trigger: compileTrigger(source.trigger),
    ...optional('condition', compileCondition(source.condition)),
    ...optional('foreach', compileForeach(source.foreach)),
    ...optional('as', asText(source.as)),
    ...optional('maxParallel', asNumber(source.max_parallel)),
    ...optional('join', compileJoin(source.join)),
    ...optional('retry', compileRetry(source)),
    ...optional('timeoutMs', parseDuration(source.timeout)),
    onFailure: source.on_failure === 'skip' ? 'skip' : 'fail',
  };
}

function optional<Key extends string, Value>(
  key: Key,
  value: Value | undefined,
): { [K in Key]?: Value } {
  return value === undefined ? {} : ({ [key]: value } as { [K in Key]?: Value });
}

function compileParameters(source: JsonObject): JsonObject {
  const parameters = asObject(source.parameters);
  const request = asText(source.request);
  return request === undefined ? parameters : { ...parameters, request };
}

function compileWait(source: JsonValue | undefined): WaitDefinition | undefined {
  if (!isObject(source)) return undefined;
  const { timer } = source;
  const milliseconds = parseDuration(timer);
  if (milliseconds !== undefined) return { kind: 'timer', duration: milliseconds };
  return typeof timer === 'string' ? { kind: 'timer', duration: timer } : undefined;
}

const TRIGGERS: readonly NamedTrigger[] = [
  'all_success',
  'all_done',
  'one_success',
  'one_failed',
  'none_failed',
  'activated',
  'any',
];

function compileTrigger(source: JsonValue | undefined): Trigger {
  const count = asNumber(asObject(source).count);
  return count === undefined ? (oneOf(source, TRIGGERS) ?? 'all_success') : { count };
}

/** `${...}` around the whole of a condition is accepted and taken off. */
function compileCondition(source: JsonValue | undefined): string | undefined {
  if (typeof source === 'boolean') return String(source);
  if (typeof source !== 'string') return undefined;
  return unwrapped(source.trim()) ?? source;
}

function compileForeach(source: JsonValue | undefined): JsonValue | undefined {
  return typeof source === 'string' || Array.isArray(source) ? source : undefined;
}

function compileJoin(source: JsonValue | undefined): JoinDefinition | undefined {
  if (!isObject(source)) return undefined;
  const rest = oneOf(source.rest, ['wait', 'cancel']) ?? 'wait';
  return { ...optional('count', asNumber(source.count)), rest };
}

/** `on_failure: retry` without `retry` is three attempts with a growing delay. */
function compileRetry(task: JsonObject): RetryPolicy | undefined {
  const implied: RetryPolicy = {
    maxAttempts: DEFAULT_ATTEMPTS,
    delayMs: DEFAULT_DELAY_MS,
    backoff: 'exponential',
  };
  if (!isObject(task.retry)) return task.on_failure === 'retry' ? implied : undefined;
  const source = task.retry;
  const retryOn = asList(source.retry_on).filter((code) => typeof code === 'string');
  return {
    maxAttempts: asNumber(source.max_attempts) ?? DEFAULT_ATTEMPTS,
    delayMs: parseDuration(source.delay) ?? DEFAULT_DELAY_MS,
    backoff: oneOf(source.backoff, ['fixed', 'exponential']) ?? 'fixed',
    ...optional('maxDelayMs', parseDuration(source.max_delay)),
    ...optional('jitter', asNumber(source.jitter)),
    ...(retryOn.length === 0 ? {} : { retryOn }),
  };
}

function isObject(value: JsonValue | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function asObject(value: JsonValue | undefined): JsonObject {
  return isObject(value) ? value : {};
}

function asList(value: JsonValue | undefined): JsonValue[] {
  return Array.isArray(value) ? value : [];
}

function asText(value: JsonValue | undefined): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

function asNumber(value: JsonValue | undefined): number | undefined {
  return typeof value === 'number' ? value : undefined;
}

function oneOf<Choice extends string>(
  value: JsonValue | undefined,
  choices: readonly Choice[],
): Choice | undefined {
  return choices.find((choice) => choice === value);
}
