/**
 * The adapter interface: what every agent is to the worker that runs it, and what the worker gives it.
 * A function, a shell command, a language model and a remote program all become an `Agent`.
 */
import type { z } from 'zod';
import type { Failure } from '../messages/failure.ts';
import type { JsonObject, JsonValue } from '../workflow/value.ts';

/** One attempt of one activation, as the execution request on NATS describes it. */
export interface AgentTask {
  runId: string;
  /** The activation: `<taskId>[@<round>][~<index>]`. */
  taskId: string;
  /** From 1; counts over retries, fallbacks and escalations. */
  attempt: number;
  /** Opaque; equal for every delivery of the same attempt. */
  key: string;
  agent: string;
  /** After interpolation, with secrets put in. */
  parameters: JsonObject;
  context: JsonObject;
  /** Milliseconds since the epoch, on the orchestrator's clock. */
  deadline?: number;
}

/** What an agent may say while it works. `percent` is 0 to 100. */
export interface ProgressUpdate {
  percent?: number;
  message?: string;
  /**
   * What was used so far in this attempt (tokens, cost); the last one becomes the outcome's. Over 16 KiB as JSON, or no
   * JSON value, it is left out and logged.
   */
  usage?: JsonObject;
}

type LogCall = (message: string, fields?: Record<string, unknown>) => void;

/** Structured log lines; the worker adds run, task and attempt. */
export interface AgentLogger {
  debug: LogCall;
  info: LogCall;
  warn: LogCall;
  error: LogCall;
}

/** The world as an agent sees it. Agents read no clock and set no timer of their own. */
export interface AgentContext {
  /** Aborts when the attempt is canceled or out of time; its reason may be an `AgentFailure`. */
  readonly signal: AbortSignal;
  readonly logger: AgentLogger;
  /** Cheap and never throws; the worker drops what comes too often. */
  progress(update: ProgressUpdate): void;
  /** Milliseconds since the epoch. */
  now(): number;
  /**
   * The text with `[secret:name]` in the place of this attempt's secrets. The worker does so with all that an attempt
   * says; whoever cuts a text does it before, or says where it was cut.
   */
  redact?(text: string, cut?: { readonly start?: boolean; readonly end?: boolean }): string;
  /** Resolves after `ms`, however long; rejects with the reason when `signal` (default: the context's) aborts first. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}

/** How an attempt ended. */
export type AgentOutcome =
  | { status: 'succeeded'; output: JsonValue; usage?: JsonObject }
  | { status: 'failed'; error: Failure; usage?: JsonObject };

/**
 * Something that does work. Called any number of times, concurrently, and more than once for the same `key`
 * when a result got lost: execution is at least once.
 */
export interface Agent {
  /** Letters, digits, `_` and `-`: it is a token of a NATS subject. */
  readonly name: string;
  /** Of its behaviour: a cached result of another version is not used. */
  readonly version: string;
  readonly description: string;
  readonly capabilities: readonly string[];
  /** Attempts this agent can hold at a time in one process; absent: the worker's own bound is the only one. */
  readonly concurrency?: number;
  /**
   * How often attempts may begin on all workers together, such as `10/s`, `100/m`, and how many of them at once after a
   * pause. The strictest of what its live workers and the setting `limits` of the orchestrator say holds.
   */
  readonly rate?: string;
  readonly burst?: number;
  /** Checked by `runAgent` before `execute`, which gets the parsed value as `task.parameters`. */
  readonly parametersSchema?: z.ZodType;
  /** Resolves to the output, or throws: an `AgentFailure` as it says, anything else as `agent.error`, retryable. */
  execute(task: AgentTask, context: AgentContext): Promise<JsonValue>;
}
