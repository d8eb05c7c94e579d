/**
 * The one internal form of a workflow. YAML, JSON and the typed builder all compile into it;
 * `run.created` records it whole, so a run never depends on a file again. JSON-safe.
 * Durations are milliseconds here (the language says seconds or text).
 */
import type { JsonObject, JsonValue } from './value.ts';

export type RunFailureMode = 'stop' | 'continue' | 'compensate';
export type Priority = 'urgent' | 'high' | 'normal' | 'low';
export type NamedTrigger =
  | 'all_success'
  | 'all_done'
  | 'one_success'
  | 'one_failed'
  | 'none_failed'
  | 'activated'
  | 'any';
export type Trigger = NamedTrigger | { count: number };

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
  rest: 'wait' | 'cancel';
}

export interface TaskDefinition {
  id: string;
  /** Exactly one of `agent`, `capability`, `wait` is there. */
  agent?: string;
  capability?: string;
  wait?: WaitDefinition;
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
  /** Name of the instance's item in expressions; `item` always works too. */
  as?: string;
  maxParallel?: number;
  join?: JoinDefinition;
  retry?: RetryPolicy;
  timeoutMs?: number;
  /** What a final failure becomes. `retry` of the file is `fail` with a retry policy. */
  onFailure: 'fail' | 'skip';
}

/** A wait without an agent. More kinds (approval, signal, child run) come with their parts. */
export interface WaitDefinition {
  kind: 'timer';
  /** Milliseconds, or a `${...}` string that yields seconds or a duration text. */
  duration: number | string;
}

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
  };
  context: { variables: JsonObject };
  /** In file order. */
  tasks: TaskDefinition[];
  /** Raw values; strings may hold `${...}`. */
  outputs: JsonObject;
}
