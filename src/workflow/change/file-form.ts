/**
 * A definition back in the form of a file: what a patch is laid over. Compiled again it is the same definition.
 * Names of files, `start` and `end` are gone, for the definition has them as dependencies and children of its table.
 */
import type {
  ChildDefinition,
  CompensationDefinition,
  HookName,
  InputDefinition,
  JoinDefinition,
  ReminderPolicy,
  RetryPolicy,
  TaskDefinition,
  WaitDefinition,
  WorkflowDefinition,
} from '../definition.ts';
import { optional } from '../loose.ts';
import type { JsonObject, JsonValue } from '../value.ts';

/** The file form of a definition. O(size). */
export function fileFormOf(definition: WorkflowDefinition): JsonObject {
  const { name, description, metadata, inputs, settings, regions, hooks, workflows } = definition;
  const passing = new Map(
    definition.tasks.filter(({ edge }) => edge !== undefined).map((task) => [task.id, task]),
  );
  const tasks = definition.tasks.filter(({ edge }) => edge === undefined);
  const edges = edgesOf(definition, passing);
  return {
    version: '1.0',
    name,
    ...optional('description', description),
    ...optional('metadata', metadata),
    inputs: mapValues(inputs, inputForm),
    settings: {
      max_parallel: settings.maxParallel,
      timeout: duration(settings.timeoutMs),
      on_failure: settings.onFailure,
      priority: settings.priority,
      ...(settings.quarantineAfter === undefined
        ? {}
        : { quarantine: { after: settings.quarantineAfter } }),
      ...optional('groups', settings.groups),
    },
    context: contextForm(definition.context),
    tasks: tasks.map((task) => taskForm(task, passing)),
    ...(edges.length === 0 ? {} : { edges }),
    ...(regions === undefined ? {} : { regions: mapValues(regions, (region) => ({ ...region })) }),
    ...(hooks === undefined ? {} : { hooks: hooksForm(hooks) }),
    ...(workflows === undefined ? {} : { workflows }),
    outputs: definition.outputs,
  };
}

function contextForm({ variables, secrets }: WorkflowDefinition['context']): JsonObject {
  return {
    variables,
    ...(secrets === undefined ? {} : { secrets: mapValues(secrets, (source) => ({ ...source })) }),
  };
}

function mapValues<Value>(
  values: Readonly<Record<string, Value>>,
  form: (value: Value) => JsonValue,
): JsonObject {
  return Object.fromEntries(Object.entries(values).map(([key, value]) => [key, form(value)]));
}

/** Whole seconds as a number, others as a text that says exactly as much. */
function duration(milliseconds: number): JsonValue {
  return milliseconds % 1_000 === 0 ? milliseconds / 1_000 : `${milliseconds}ms`;
}

function durationField(key: string, milliseconds: number | undefined): JsonObject {
  return milliseconds === undefined ? {} : { [key]: duration(milliseconds) };
}

function inputForm({ type, description, required, ...input }: InputDefinition): JsonValue {
  return {
    type,
    ...optional('description', description),
    ...(Object.hasOwn(input, 'default') ? { default: input.default ?? null } : { required }),
    ...optional('enum', input.enum),
  };
}

/** The task of a file; `passing`: tasks that stand for edges, by id. */
// Length: one line a field.
function taskForm(
  task: TaskDefinition,
  passing: ReadonlyMap<string, TaskDefinition> = new Map(),
): JsonObject {
  const { foreach, feed, trigger, milestone } = task;
  const dependencies = task.dependencies.filter((id) => !passing.has(id));
  // An edge with a condition changes the trigger of its target where the file does not say one.
  const isJoin = dependencies.length < task.dependencies.length;
  return {
    id: task.id,
    ...optional('agent', task.agent),
    ...optional('capability', task.capability),
    ...optional('limit', task.limit),
    ...optional('workflow', childForm(task.workflow)),
    ...optional('wait', task.wait === undefined ? undefined : waitForm(task.wait)),
    ...optional('pass', task.pass),
    ...optional('output', task.output),
    ...optional('description', task.description),
    ...(task.parallel ? {} : { parallel: false }),
    ...(Object.keys(task.parameters).length === 0 ? {} : { parameters: task.parameters }),
    ...(dependencies.length === 0 ? {} : { dependencies }),
    ...(trigger === 'all_success' && !isJoin ? {} : { trigger }),
    ...optional('condition', task.condition),
    ...(feed === undefined
      ? optional('foreach', foreach)
      : { foreach: { feed, ...optional('items', foreach) } }),
    ...optional('detach', task.detach),
    ...optional('as', task.as),
    ...optional('max_parallel', task.maxParallel),
    ...optional('join', joinForm(task.join)),
    ...optional('retry', retryForm(task.retry)),
    ...durationField('timeout', task.timeoutMs),
    ...failureForm(task),
    ...optional('fallback', task.fallback),
    ...optional('repeat', repeatForm(task.repeat)),
    ...optional('emit', task.emit),
    ...optional('compensate', compensationForm(task.compensate)),
    ...optional('mutex', task.mutex),
    ...optional('region', task.region),
    ...optional('milestone', milestone === undefined ? undefined : { ...milestone }),
    ...optional('cancel', task.cancel),
    ...optional('complete', task.complete),
    ...optional('end', task.end),
  };
}

/** `on_failure: retry` of a file has become a retry policy. */
function failureForm({ onFailure, isDecisive }: TaskDefinition): JsonObject {
  if (onFailure === 'skip') return { on_failure: 'skip' };
  return isDecisive === true ? { on_failure: 'fail' } : {};
}

function childForm(child: ChildDefinition | undefined): JsonObject | undefined {
  if (child === undefined) return undefined;
  const { name, onCancel, maxDepth } = child;
  return { name, on_cancel: onCancel, max_depth: maxDepth };
}

function waitForm(wait: WaitDefinition): JsonObject {
  switch (wait.kind) {
    case 'timer':
      return { timer: typeof wait.duration === 'number' ? duration(wait.duration) : wait.duration };
    case 'signal':
      return {
        signal: {
          name: wait.name,
          ...optional('transient', wait.transient),
          ...timeoutForm(wait),
        },
      };
    case 'approval':
      return {
        approval: {
          ...optional('group', wait.group),
          ...optional('message', wait.message),
          quorum: wait.quorum,
          ...timeoutForm(wait),
          ...optional('escalate_to', wait.escalateTo),
          ...optional('remind', remindForm(wait.remind)),
          ...optional('delegate', wait.delegate),
        },
      };
    case 'first':
      return { first: mapValues(wait.of, waitForm) };
  }
}

function remindForm(remind: ReminderPolicy | undefined): JsonObject | undefined {
  if (remind === undefined) return undefined;
  const { afterMs, everyMs, max } = remind;
  return { after: duration(afterMs), every: duration(everyMs), max };
}

/** What happens at the timeout stands beside a timeout alone. */
function timeoutForm(wait: { timeoutMs?: number; onTimeout: string }): JsonObject {
  if (wait.timeoutMs === undefined) return {};
  return { ...durationField('timeout', wait.timeoutMs), on_timeout: wait.onTimeout };
}

function joinForm(join: JoinDefinition | undefined): JsonObject | undefined {
  if (join === undefined) return undefined;
  const { count, until, rest } = join;
  return { ...optional('count', count), ...optional('until', until), rest };
}

function retryForm(retry: RetryPolicy | undefined): JsonObject | undefined {
  if (retry === undefined) return undefined;
  return {
    max_attempts: retry.maxAttempts,
    delay: retry.adaptive === true ? 'auto' : duration(retry.delayMs),
    backoff: retry.backoff,
    ...durationField('max_delay', retry.maxDelayMs),
    ...optional('jitter', retry.jitter),
    ...optional('retry_on', retry.retryOn),
  };
}

function repeatForm(repeat: TaskDefinition['repeat']): JsonObject | undefined {
  if (repeat === undefined) return undefined;
  return {
    ...optional('until', repeat.until),
    ...optional('while', repeat.while),
    max: repeat.max,
    on_max: repeat.onMax,
    ...durationField('delay', repeat.delayMs),
  };
}

function compensationForm(compensate: CompensationDefinition | undefined): JsonObject | undefined {
  if (compensate === undefined) return undefined;
  return {
    ...optional('agent', compensate.agent),
    ...optional('capability', compensate.capability),
    ...optional('workflow', childForm(compensate.workflow)),
    ...(Object.keys(compensate.parameters).length === 0
      ? {}
      : { parameters: compensate.parameters }),
    ...optional('retry', retryForm(compensate.retry)),
    ...durationField('timeout', compensate.timeoutMs),
  };
}

function hooksForm(hooks: NonNullable<WorkflowDefinition['hooks']>): JsonObject {
  const form: JsonObject = {};
  for (const [hook, tasks] of Object.entries(hooks) as [HookName, TaskDefinition[]][])
    form[hook] = tasks.map((task) => taskForm(task));
  return form;
}

/**
 * The edges of the file, each at its place: those that lead back, and those with a condition. Others have become
 * dependencies; an edge that says nothing stands in their place.
 */
function edgesOf(
  definition: WorkflowDefinition,
  passing: ReadonlyMap<string, TaskDefinition>,
): JsonObject[] {
  const edges: (JsonObject | undefined)[] = [];
  for (const { edge, from, to, condition, max, onMax } of definition.loops ?? [])
    edges[edge] = {
      from,
      to,
      ...optional('condition', condition),
      loop: { max, ...optional('on_max', onMax) },
    };
  for (const { dependencies, id } of definition.tasks)
    for (const dependency of dependencies) {
      const pass = passing.get(dependency);
      if (pass?.edge === undefined) continue;
      const from = pass.dependencies[0] ?? '';
      edges[pass.edge] = { from, to: id, ...optional('condition', pass.condition) };
    }
  const filler = fillerFor(definition);
  return Array.from(edges, (edge) => edge ?? filler);
}

/** An edge that only says where the graph begins or ends. */
function fillerFor({ tasks }: WorkflowDefinition): JsonObject {
  const hasStart = tasks.some(({ id }) => id === 'start');
  const other = tasks[0]?.id ?? '';
  return hasStart ? { from: other, to: 'end' } : { from: 'start', to: other };
}
