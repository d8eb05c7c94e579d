/**
 * The one internal form of a workflow. YAML, JSON and the typed builder all compile into it;
 * `run.created` records it whole, so a run never depends on a file again. JSON-safe.
 * Durations are milliseconds here (the language says seconds or text).
 */
import { asList, asObject } from './loose.ts';
import type { SecretSources } from './secrets.ts';
import type { JsonObject, JsonValue } from './value.ts';

export type RunFailureMode = 'stop' | 'continue' | 'compensate';
export type Priority = 'urgent' | 'high' | 'normal' | 'low';
/** The triggers that are a word; schema, compiler and rules of triggers all take them from here. */
export const namedTriggers = [
  'all_success',
  'all_done',
  'one_success',
  'one_failed',
  'none_failed',
  'activated',
  'any',
  'each',
  'reachable',
] as const;
type NamedTrigger = (typeof namedTriggers)[number];
export type Trigger =
  | NamedTrigger
  | { count: number; rest?: 'cancel'; block?: true }
  /** Every `merge` successes that arrive become one round. */
  | { merge: number };

export interface InputDefinition {
  type: 'string' | 'number' | 'integer' | 'boolean' | 'array' | 'object' | 'any';
  description?: string;
  default?: JsonValue;
  /** False when there is a default or the author says so. */
  required: boolean;
  enum?: JsonValue[];
}

export interface RetryPolicy {
  /** Attempts in all, the first included. */
  maxAttempts: number;
  delayMs: number;
  /** The first delay is what the agent needed to recover before, where that is known. */
  adaptive?: true;
  backoff: 'fixed' | 'exponential';
  maxDelayMs?: number;
  /** Share of the delay that is random, 0 to 1. */
  jitter?: number;
  /** Error codes or their last part; absent: whatever is retryable. */
  retryOn?: string[];
}

export interface JoinDefinition {
  /** 1 or more: a number of instances; between 0 and 1: a share, rounded up. Absent: all. */
  count?: number;
  /** A CEL source, asked after each instance that ended: true is enough. */
  until?: string;
  rest: 'wait' | 'cancel' | 'detach';
}

/** More rounds of one task. Without `until` and `while` it runs `max` times. */
export interface RepeatDefinition {
  /** CEL sources. */
  until?: string;
  while?: string;
  max: number;
  onMax: 'fail' | 'accept';
  delayMs?: number;
}

/** What undoes a task; an activation of its own, `<activation>!undo`. */
export interface CompensationDefinition {
  /** Exactly one of `agent`, `capability` and `workflow` is there. */
  agent?: string;
  capability?: string;
  workflow?: ChildDefinition;
  parameters: JsonObject;
  retry?: RetryPolicy;
  timeoutMs?: number;
}

/** A run of another workflow. */
export interface ChildDefinition {
  /** A name of `workflows` of the root definition, into which files and templates are resolved. */
  name: string;
  onCancel: 'cancel' | 'leave';
  maxDepth: number;
}

/** Tasks around the run; `on_start` comes before the first task, the others after the last. */
export type HookName = 'on_start' | 'on_success' | 'on_failure' | 'on_complete';

/** An edge that leads back: each time it is taken, `to` has another round. */
export interface LoopDefinition {
  /** Its place in `edges` of the file. */
  edge: number;
  from: string;
  to: string;
  /** A CEL source; absent: always, until `max`. */
  condition?: string;
  max: number;
  /** Where `max` is used up and the condition still holds `from` fails; absent: the run goes on from it. */
  onMax?: 'fail' | 'accept';
}

export interface TaskDefinition {
  id: string;
  /** Exactly one of `agent`, `capability`, `wait`, `workflow`, `pass` is there. */
  agent?: string;
  capability?: string;
  /** The key of a limit that its attempts share with those of other tasks and runs; what it allows, the orchestrator is told. */
  limit?: string;
  wait?: WaitDefinition;
  workflow?: ChildDefinition;
  /** It succeeds at once. */
  pass?: true;
  /** What it gives then: a raw value, texts may hold `${...}`; absent: null. */
  output?: JsonValue;
  description?: string;
  /** False: never at the same time as another task of the run. */
  parallel: boolean;
  /** Raw values; strings may hold `${...}`. `request` of the file is `parameters.request` here. */
  parameters: JsonObject;
  dependencies: string[];
  trigger: Trigger;
  /** A CEL source without `${}`. */
  condition?: string;
  /** A `${...}` string or a literal list. */
  foreach?: JsonValue;
  /** Name of the signal that adds instances to a `foreach` that is still growing. */
  feed?: string;
  /** Dependents of a `foreach` do not wait for its instances. */
  detach?: true;
  /** Name of the instance's item in expressions; `item` always works too. */
  as?: string;
  maxParallel?: number;
  join?: JoinDefinition;
  retry?: RetryPolicy;
  timeoutMs?: number;
  /** What a final failure becomes. `retry` of the file is `fail` with a retry policy. */
  onFailure: 'fail' | 'skip';
  /** Other agents, in order, after the last attempt of the one before. */
  fallback?: string[];
  repeat?: RepeatDefinition;
  /** Threads that go on behind it; absent: 1. */
  emit?: number;
  compensate?: CompensationDefinition;
  /** Tasks with a name in common are never active together. */
  mutex?: string[];
  region?: string;
  /** It may start once `after` succeeded, and until `until` started. */
  milestone?: { after?: string; until: string };
  /** What its success cancels: the run, or tasks and regions by name. */
  cancel?: 'run' | string[];
  /** `foreach` tasks that its success ends with the results they have. */
  complete?: string[];
  /** Its success ends the run. */
  end?: 'terminate';
  hook?: HookName;
  /** Of a hook: its failure fails the run. The author wrote `on_failure: fail`. */
  isDecisive?: true;
  /** It stands for this entry of `edges` of the file. */
  edge?: number;
}

export interface TimerWait {
  kind: 'timer';
  /** Milliseconds, or a `${...}` string that yields seconds or a duration text. */
  duration: number | string;
}

export interface SignalWait {
  kind: 'signal';
  name: string;
  /** A signal counts only while the task waits. */
  transient?: true;
  timeoutMs?: number;
  onTimeout: 'fail' | 'continue';
}

export interface ApprovalWait {
  kind: 'approval';
  group?: string;
  /** May hold `${...}`. */
  message?: string;
  quorum: number;
  timeoutMs?: number;
  onTimeout: 'deny' | 'fail' | 'approve' | 'escalate' | 'wait';
  escalateTo?: string;
  remind?: ReminderPolicy;
  /** False: nobody may hand an answer on. */
  delegate?: false;
}

/** When those who were asked are told again. */
export interface ReminderPolicy {
  afterMs: number;
  everyMs: number;
  /** Of each group that is asked. */
  max: number;
}

/** The first of several; keys are the names of the file. */
export interface FirstWait {
  kind: 'first';
  of: Record<string, TimerWait | SignalWait>;
}

/** A wait without an agent. */
export type WaitDefinition = TimerWait | SignalWait | ApprovalWait | FirstWait;

export interface WorkflowDefinition {
  version: '1.0';
  name: string;
  description?: string;
  metadata?: JsonObject;
  inputs: Record<string, InputDefinition>;
  settings: {
    maxParallel: number;
    timeoutMs: number;
    onFailure: RunFailureMode;
    priority: Priority;
    /** Crashes of a task after which the run is isolated. */
    quarantineAfter?: number;
    /** Who belongs to a group that is asked. A group that is not listed is anybody. */
    groups?: Record<string, string[]>;
  };
  context: {
    variables: JsonObject;
    /** Where values are, never the values. */
    secrets?: SecretSources;
  };
  /** In file order. */
  tasks: TaskDefinition[];
  /** Edges that lead back. */
  loops?: LoopDefinition[];
  regions?: Record<string, { mutex?: string[] }>;
  hooks?: Partial<Record<HookName, TaskDefinition[]>>;
  /** Children by name, in the form of a file; of the root and, unchanged, of every child. */
  workflows?: Record<string, JsonObject>;
  /** Raw values; strings may hold `${...}`. */
  outputs: JsonObject;
}

const HOOK_ORDER: readonly HookName[] = ['on_start', 'on_success', 'on_failure', 'on_complete'];

/** The tasks of all hooks, hook by hook. */
export function hookTasksOf(definition: Pick<WorkflowDefinition, 'hooks'>): TaskDefinition[] {
  const { hooks } = definition;
  return hooks === undefined ? [] : HOOK_ORDER.flatMap((hook) => hooks[hook] ?? []);
}

/** The signals that a task takes. */
export function signalNames({ wait, feed }: Pick<TaskDefinition, 'wait' | 'feed'>): string[] {
  if (feed !== undefined) return [feed];
  if (wait?.kind === 'signal') return [wait.name];
  if (wait?.kind !== 'first') return [];
  return Object.values(wait.of).flatMap((each) => (each.kind === 'signal' ? each.name : []));
}

/**
 * Every agent that a definition and its children name: of tasks, fallbacks, compensations and hooks. Sorted by first use.
 */
export function agentsOf(definition: WorkflowDefinition): string[] {
  const names = new Set<string>();
  for (const { agent, fallback, compensate } of [...definition.tasks, ...hookTasksOf(definition)]) {
    for (const name of [agent, ...(fallback ?? []), compensate?.agent])
      if (name !== undefined) names.add(name);
  }
  for (const child of Object.values(definition.workflows ?? {}))
    for (const name of agentsOfFile(child)) names.add(name);
  return [...names];
}

/** The same of a definition in the form of a file. */
function agentsOfFile({ tasks, hooks }: JsonObject): string[] {
  const lists = [tasks, ...Object.values(asObject(hooks))].flatMap(asList).map(asObject);
  return lists.flatMap(({ agent, fallback, compensate }) =>
    [agent, ...asList(fallback), asObject(compensate).agent].filter(
      (name) => typeof name === 'string',
    ),
  );
}
