/**
 * One attempt in the hands of this worker: the context its agent sees, how it is interrupted, what it reports.
 */

import type { AttemptRef, ExecutionRequest, ProgressMessage } from '../messages/execution.ts';
import { type Failure, failureCodes } from '../messages/failure.ts';
import type { Cut, Redactor } from '../messages/redactor.ts';
import { reasonOf } from '../workflow/errors.ts';
import type { JsonObject } from '../workflow/value.ts';
import type { Agent, AgentContext, AgentLogger, AgentTask, ProgressUpdate } from './agent.ts';
import { sleepOn, type WorkerClock } from './clock.ts';
import { AgentFailure } from './errors.ts';
import { dueAtOf } from './worker-deadlines.ts';
import { redactedLogger, redactorOf } from './worker-secrets.ts';
import { checkUsage } from './worker-usage.ts';

/** Progress of one attempt is published at most this often; the latest of what came in between follows with a heartbeat. */
const PROGRESS_INTERVAL_MS = 200;
const MAX_PROGRESS_MESSAGE = 2_000;

/** What an attempt needs of its worker. */
export interface AttemptHost {
  readonly workerId: string;
  readonly clock: WorkerClock;
  readonly logger: AgentLogger;
  publishProgress(subject: string, message: ProgressMessage): void;
}

/** An accepted execution request, from its acceptance to its result. */
export class AttemptInHand implements AgentContext {
  readonly request: ExecutionRequest;
  readonly agent: Agent;
  readonly ref: AttemptRef;
  /** When it is out of time, in `WorkerClock.elapsedMs`. */
  readonly dueAt: number | undefined;
  isRunning = false;
  /** Given up: nobody waits for its result. */
  isAbandoned = false;
  /** Of its secrets; undefined for an attempt without any. */
  readonly redactor: Redactor | undefined;
  readonly #host: AttemptHost;
  readonly #controller = new AbortController();
  #logger: AgentLogger | undefined;
  #interruption: AgentFailure | undefined;
  #lastProgressAt = Number.NEGATIVE_INFINITY;
  #heldProgress: ProgressUpdate | undefined;
  #hasLeftOutUsage = false;

  constructor(attempt: { request: ExecutionRequest; agent: Agent; host: AttemptHost }) {
    this.request = attempt.request;
    this.agent = attempt.agent;
    this.redactor = redactorOf(attempt.request);
    this.#host = attempt.host;
    this.dueAt = dueAtOf(attempt.request, attempt.host.clock);
    const { runId, taskId, attempt: number } = attempt.request;
    this.ref = { runId, activation: taskId, attempt: number };
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  get logger(): AgentLogger {
    const { logger } = this.#host;
    const safe = this.redactor === undefined ? logger : redactedLogger(logger, this.redactor);
    this.#logger ??= withFields(safe, {
      runId: this.ref.runId,
      taskId: this.ref.activation,
      attempt: this.ref.attempt,
      agent: this.agent.name,
    });
    return this.#logger;
  }

  /** Why it was asked to end: its failure stands in place of whatever the agent throws afterwards. */
  get interruption(): Failure | undefined {
    if (this.#interruption === undefined) return undefined;
    const { code, message, retryable } = this.#interruption;
    return { code, message, retryable };
  }

  /** Asks the agent to end. The first reason stays. */
  interrupt(failure: Failure): void {
    if (this.#interruption !== undefined) return;
    this.#interruption = new AgentFailure(failure, { hint: 'The attempt was ended from outside.' });
    this.#controller.abort(this.#interruption);
  }

  /** The task as its agent gets it. */
  toTask(parameters: JsonObject): AgentTask {
    const { runId, taskId, attempt, key, agent, context, deadline } = this.request;
    const task: AgentTask = { runId, taskId, attempt, key, agent, parameters, context };
    if (deadline !== undefined) task.deadline = deadline;
    return task;
  }

  redact(text: string, cut?: Cut): string {
    return this.redactor?.text(text, cut) ?? text;
  }

  now(): number {
    return this.#host.clock.now();
  }

  sleep(ms: number, signal: AbortSignal = this.signal): Promise<void> {
    return sleepOn(this.#host.clock, ms, signal);
  }

  progress(update: ProgressUpdate): void {
    if (this.isAbandoned) return;
    this.#heldProgress = { ...this.#heldProgress, ...update };
    if (this.now() - this.#lastProgressAt >= PROGRESS_INTERVAL_MS) this.publishHeldProgress();
  }

  /** Publishes what came too soon after the last progress. */
  publishHeldProgress(): void {
    const update = this.#heldProgress;
    if (update === undefined || this.isAbandoned) return;
    this.#heldProgress = undefined;
    this.#lastProgressAt = this.now();
    try {
      this.#host.publishProgress(this.request.progress, this.#progressMessage(update));
    } catch (error) {
      this.logger.warn('progress not published', {
        error: reasonOf(error),
      });
    }
  }

  /** Usage as a member of a message; nothing for what cannot travel, which is logged once an attempt. */
  usageMember(usage: unknown): { usage?: JsonObject } {
    if (usage === undefined) return {};
    const checked = checkUsage(usage);
    if ('usage' in checked) return { usage: this.redactor?.value(checked.usage) ?? checked.usage };
    if (!this.#hasLeftOutUsage) this.logger.warn('usage left out', { error: checked.problem });
    this.#hasLeftOutUsage = true;
    return {};
  }

  #progressMessage(update: ProgressUpdate): ProgressMessage {
    const message: ProgressMessage = {
      attempt: this.ref.attempt,
      worker: this.#host.workerId,
      ...this.usageMember(update.usage),
    };
    if (update.percent !== undefined && Number.isFinite(update.percent)) {
      message.percent = Math.min(Math.max(update.percent, 0), 100);
    }
    if (update.message !== undefined)
      message.message = this.redact(update.message).slice(0, MAX_PROGRESS_MESSAGE).toWellFormed();
    return message;
  }
}

/** A logger that adds fields to every line. */
function withFields(logger: AgentLogger, fields: Record<string, unknown>): AgentLogger {
  return {
    debug: (message, more) => logger.debug(message, { ...fields, ...more }),
    info: (message, more) => logger.info(message, { ...fields, ...more }),
    warn: (message, more) => logger.warn(message, { ...fields, ...more }),
    error: (message, more) => logger.error(message, { ...fields, ...more }),
  };
}

/** What interrupts an attempt that is not wanted any more. */
export function canceled(message: string): Failure {
  return { code: failureCodes.taskCanceled, message, retryable: false };
}
