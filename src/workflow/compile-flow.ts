/**
 * What steers the flow, from the fields of a file to the internal form: triggers, loops, edges, retries, hooks.
 * Like `compile.ts` it takes what it can read and leaves out the rest.
 */
import {
  type ChildDefinition,
  type CompensationDefinition,
  type HookName,
  type JoinDefinition,
  type LoopDefinition,
  namedTriggers,
  type RepeatDefinition,
  type RetryPolicy,
  type TaskDefinition,
  type Trigger,
  type WorkflowDefinition,
} from './definition.ts';
import { parseDuration } from './durations.ts';
import {
  asList,
  asNumber,
  asObject,
  asText,
  asTexts,
  isObject,
  oneOf,
  optional,
  put,
} from './loose.ts';
import { structuredCondition } from './structured-condition.ts';
import { unwrapped } from './templates.ts';
import type { JsonObject, JsonValue } from './value.ts';

const DEFAULT_ATTEMPTS = 3;
const DEFAULT_DELAY_MS = 1_000;
const DEFAULT_CHILD_DEPTH = 10;

/** Adds the fields that most tasks do not have. */
export function compileFlow(source: JsonObject, task: Partial<TaskDefinition>): void {
  put(task, 'workflow', compileChild(source.workflow));
  if (source.pass === true) {
    task.pass = true;
    put(task, 'output', source.output);
  }
  put(task, 'feed', asText(asObject(source.foreach).feed));
  if (source.detach === true) task.detach = true;
  put(task, 'fallback', asTexts(source.fallback));
  put(task, 'repeat', compileRepeat(source.repeat));
  put(task, 'emit', asNumber(source.emit));
  put(task, 'compensate', compileCompensation(source.compensate));
  put(task, 'mutex', compileMutex(source.mutex));
  put(task, 'region', asText(source.region));
  put(task, 'milestone', compileMilestone(source.milestone));
  put(task, 'cancel', oneOf<'run'>(source.cancel, ['run']) ?? asTexts(source.cancel));
  put(task, 'complete', asTexts(source.complete));
  if (source.end === 'terminate') task.end = 'terminate';
}

/** Edges that lead back, regions, hooks and children of a file. */
export function compileGraphParts(
  source: JsonObject,
  compileTask: (task: JsonObject) => TaskDefinition,
): Partial<WorkflowDefinition> {
  const loops = asList(source.edges)
    .map(compileLoop)
    .filter((loop) => loop !== undefined);
  return {
    ...(loops.length === 0 ? {} : { loops }),
    ...optional('regions', compileRegions(source.regions)),
    ...optional('hooks', compileHooks(source.hooks, compileTask)),
    ...(isObject(source.workflows)
      ? { workflows: source.workflows as Record<string, JsonObject> }
      : {}),
  };
}

function compileLoop(source: JsonValue, edge: number): LoopDefinition | undefined {
  const { from, to, condition, loop } = asObject(source);
  const max = asNumber(asObject(loop).max);
  if (typeof from !== 'string' || typeof to !== 'string' || max === undefined) return undefined;
  return {
    edge,
    from,
    to,
    ...optional('condition', compileCondition(condition, from)),
    max,
    ...optional('onMax', oneOf<'fail' | 'accept'>(asObject(loop).on_max, ['fail', 'accept'])),
  };
}

function compileRegions(source: JsonValue | undefined): WorkflowDefinition['regions'] | undefined {
  if (!isObject(source)) return undefined;
  const regions: NonNullable<WorkflowDefinition['regions']> = {};
  for (const [name, region] of Object.entries(source))
    regions[name] = optional('mutex', compileMutex(asObject(region).mutex));
  return regions;
}

const HOOKS: readonly HookName[] = ['on_start', 'on_success', 'on_failure', 'on_complete'];

function compileHooks(
  source: JsonValue | undefined,
  compileTask: (task: JsonObject) => TaskDefinition,
): WorkflowDefinition['hooks'] | undefined {
  if (!isObject(source)) return undefined;
  const hooks: NonNullable<WorkflowDefinition['hooks']> = {};
  for (const hook of HOOKS) {
    const sources = asList(source[hook]).map(asObject);
    const tasks = sources.map((task) => ({
      ...compileTask(task),
      hook,
      ...(task.on_failure === 'fail' ? { isDecisive: true as const } : {}),
    }));
    if (tasks.length > 0) hooks[hook] = tasks;
  }
  return hooks;
}

function compileChild(source: JsonValue | undefined): ChildDefinition | undefined {
  const name = asText(source) ?? asText(asObject(source).name);
  if (name === undefined) return undefined;
  const { on_cancel: onCancel, max_depth: maxDepth } = asObject(source);
  return {
    name,
    onCancel: oneOf(onCancel, ['cancel', 'leave']) ?? 'cancel',
    maxDepth: asNumber(maxDepth) ?? DEFAULT_CHILD_DEPTH,
  };
}

function compileRepeat(source: JsonValue | undefined): RepeatDefinition | undefined {
  const max = asNumber(asObject(source).max);
  if (!isObject(source) || max === undefined) return undefined;
  return {
    ...optional('until', compileCondition(source.until)),
    ...optional('while', compileCondition(source.while)),
    max,
    onMax: oneOf(source.on_max, ['fail', 'accept']) ?? 'fail',
    ...optional('delayMs', parseDuration(source.delay)),
  };
}

function compileCompensation(source: JsonValue | undefined): CompensationDefinition | undefined {
  if (!isObject(source)) return undefined;
  return {
    ...optional('agent', asText(source.agent)),
    ...optional('capability', asText(source.capability)),
    ...optional('workflow', compileChild(source.workflow)),
    parameters: asObject(source.parameters),
    ...optional('retry', compileRetry(source.retry, false)),
    ...optional('timeoutMs', parseDuration(source.timeout)),
  };
}

function compileMutex(source: JsonValue | undefined): string[] | undefined {
  return typeof source === 'string' ? [source] : asTexts(source);
}

function compileMilestone(source: JsonValue | undefined): TaskDefinition['milestone'] | undefined {
  const until = asText(asObject(source).until);
  if (until === undefined) return undefined;
  return { ...optional('after', asText(asObject(source).after)), until };
}

export function compileTrigger(source: JsonValue | undefined): Trigger {
  const given = asObject(source);
  const merge = asNumber(given.merge);
  if (merge !== undefined) return { merge };
  const count = asNumber(given.count);
  if (count === undefined) return oneOf(source, namedTriggers) ?? 'all_success';
  return {
    count,
    ...(given.rest === 'cancel' ? { rest: 'cancel' } : {}),
    ...(given.block === true ? { block: true } : {}),
  };
}

/** `${...}` around the whole of a condition is accepted and taken off. `from`: the task a structured one looks at. */
export function compileCondition(source: JsonValue | undefined, from?: string): string | undefined {
  if (typeof source === 'boolean') return String(source);
  if (isObject(source)) return structuredCondition(source, from);
  if (typeof source !== 'string') return undefined;
  return unwrapped(source.trim()) ?? source;
}

/** A list or an expression; of a feed, what is there from the start. */
export function compileForeach(source: JsonValue | undefined): JsonValue | undefined {
  if (isObject(source)) return compileForeach(source.items) ?? [];
  return typeof source === 'string' || Array.isArray(source) ? source : undefined;
}

export function compileJoin(source: JsonValue | undefined): JoinDefinition | undefined {
  if (!isObject(source)) return undefined;
  const rest = oneOf(source.rest, ['wait', 'cancel', 'detach']) ?? 'wait';
  return {
    ...optional('count', asNumber(source.count)),
    ...optional('until', compileCondition(source.until)),
    rest,
  };
}

/** `on_failure: retry` without `retry` (`isImplied`) is three attempts with a growing delay. */
export function compileRetry(
  source: JsonValue | undefined,
  isImplied: boolean,
): RetryPolicy | undefined {
  const implied: RetryPolicy = {
    maxAttempts: DEFAULT_ATTEMPTS,
    delayMs: DEFAULT_DELAY_MS,
    backoff: 'exponential',
  };
  if (!isObject(source)) return isImplied ? implied : undefined;
  return {
    maxAttempts: asNumber(source.max_attempts) ?? DEFAULT_ATTEMPTS,
    delayMs: parseDuration(source.delay) ?? DEFAULT_DELAY_MS,
    ...(source.delay === 'auto' ? { adaptive: true } : {}),
    backoff: oneOf(source.backoff, ['fixed', 'exponential']) ?? 'fixed',
    ...optional('maxDelayMs', parseDuration(source.max_delay)),
    ...optional('jitter', asNumber(source.jitter)),
    ...optional('retryOn', asTexts(source.retry_on)),
  };
}
