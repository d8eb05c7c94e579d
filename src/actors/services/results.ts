/**
 * The doors for agents: results, progress and heartbeats. What they send is parsed before anything looks at it;
 * a body of another shape is a typed error and touches nothing.
 */

import {
  type AttemptRef,
  type Heartbeat,
  heartbeatSchema,
  progressSchema,
  type ResultMessage,
  resultSchema,
} from '../../messages/execution.ts';
import { type Failure, failureCodes } from '../../messages/failure.ts';
import type { BusMessage } from '../../messaging/bus.ts';
import type { Subjects } from '../../messaging/subjects.ts';
import { checkValue } from '../../workflow/value.ts';
import { InvalidMessage, Overloaded } from '../host/errors.ts';
import type { RunTable } from '../host/run-table.ts';
import type { HostRuntime } from '../host/runtime.ts';
import type { AttemptEntry, Attempts } from './attempts.ts';
import type { Directory } from './directory.ts';
import { refuse } from './refuse.ts';
import { namesBlobs, withStoredBlobs } from './stored-blobs.ts';

/** At most one progress report an attempt is logged in this time. */
const PROGRESS_MS = 1_000;
const MAX_PROGRESS_ENTRIES = 100_000;

export class AgentDoors {
  readonly #runtime: HostRuntime;
  readonly #table: RunTable;
  readonly #subjects: Subjects;
  readonly #directory: Directory;
  readonly #attempts: Attempts;
  readonly #now: () => number;
  readonly #progressAt = new Map<string, number>();

  constructor(options: {
    runtime: HostRuntime;
    table: RunTable;
    subjects: Subjects;
    directory: Directory;
    attempts: Attempts;
    /** The time of `listening.ts`. */
    listenedMs: () => number;
  }) {
    this.#runtime = options.runtime;
    this.#table = options.table;
    this.#subjects = options.subjects;
    this.#directory = options.directory;
    this.#attempts = options.attempts;
    this.#now = options.listenedMs;
  }

  /** A worker's result. Unacknowledged while the log is saturated: the worker sends it again. */
  result(message: BusMessage): void {
    const address = this.#subjects.parseTask(message.subject);
    if (address === undefined) return;
    const { runId, activation } = address;
    try {
      const parsed = resultSchema.safeParse(message.body());
      if (!parsed.success) throw new InvalidMessage('the result', parsed.error);
      const { log } = this.#runtime;
      const result = parsed.data;
      const { attempt, worker } = result;
      this.#attempts.seen({ runId, activation, attempt }, worker, this.#now());
      // The body may be deeper than a value: an event and a report stand around it later.
      if (result.status === 'succeeded') checkValue(result.output);
      if (result.logId !== undefined && result.logId !== log.logId) {
        message.respondError({
          status: 409,
          code: 'log.other',
          message: 'the result belongs to another log',
          hint: 'Do not send it again here.',
        });
        return;
      }
      if (log.isSaturated) throw new Overloaded();
      if (result.status === 'failed' || !namesBlobs(result.output)) {
        this.#take(message, { runId, activation, result });
        return;
      }
      withStoredBlobs(log.blobs, result)
        .then((checked) => this.#take(message, { runId, activation, result: checked }))
        .catch((error: unknown) => refuse(message, error, this.#runtime.logger));
    } catch (error) {
      refuse(message, error, this.#runtime.logger);
    }
  }

  #take(
    message: BusMessage,
    { runId, activation, result }: { runId: string; activation: string; result: ResultMessage },
  ): void {
    this.#table.post(runId, {
      message: { type: 'result', activation, result },
      causationId: message.header('Nats-Msg-Id') ?? `${runId}/${activation}/${result.attempt}`,
      actor: { kind: 'agent', ...(result.worker === undefined ? {} : { id: result.worker }) },
      reply: (outcome) => {
        const isOver = outcome.kind === 'done' || outcome.rejection.status < 500;
        if (isOver) this.#attempts.settled({ runId, activation, attempt: result.attempt });
        if (outcome.kind === 'rejected') message.respondError(outcome.rejection);
        else message.respond({ ack: true });
      },
    });
  }

  /** An attempt that could not be sent to anybody has failed. */
  failed({ runId, activation, attempt }: AttemptRef, error: Failure): void {
    this.#table.post(runId, {
      message: { type: 'result', activation, result: { status: 'failed', attempt, error } },
      causationId: `dispatch/${activation}/${attempt}`,
      actor: { kind: 'system' },
    });
  }

  progress(message: BusMessage): void {
    const address = this.#subjects.parseTask(message.subject);
    if (address === undefined) return;
    const parsed = progressSchema.safeParse(message.body());
    if (!parsed.success) return;
    const { attempt, worker, percent, message: text, usage } = parsed.data;
    const ref = { runId: address.runId, activation: address.activation, attempt };
    this.#attempts.seen(ref, worker, this.#now());
    if (this.#attempts.get(ref) === undefined) return;
    const now = this.#runtime.clock.now();
    if (!this.#mayLog(`${ref.runId}/${ref.activation}`, now)) return;
    this.#table.post(ref.runId, {
      message: {
        type: 'progress',
        activation: ref.activation,
        attempt,
        ...(percent === undefined ? {} : { percent }),
        ...(text === undefined ? {} : { message: text }),
        ...(usage === undefined ? {} : { usage }),
        ...(worker === undefined ? {} : { worker }),
      },
      causationId: `progress/${ref.activation}/${attempt}/${now}`,
      actor: { kind: 'agent', ...(worker === undefined ? {} : { id: worker }) },
    });
  }

  #mayLog(key: string, now: number): boolean {
    const last = this.#progressAt.get(key);
    if (last !== undefined && now - last < PROGRESS_MS) return false;
    if (this.#progressAt.size >= MAX_PROGRESS_ENTRIES) this.#progressAt.clear();
    this.#progressAt.set(key, now);
    return true;
  }

  heartbeat(message: BusMessage): void {
    const parsed = heartbeatSchema.safeParse(message.body());
    if (!parsed.success) {
      this.#runtime.logger.warn('a heartbeat of another shape was ignored', {
        subject: message.subject,
        error: parsed.error.issues[0]?.message,
      });
      return;
    }
    if (this.#subjects.parseAgent(message.subject)?.agent !== parsed.data.agent) return;
    this.welcome(parsed.data);
  }

  /** A heartbeat, or the answer to a probe. What it lists is known before the worker is: who joins is sent work at once. */
  welcome(heartbeat: Heartbeat, finished: readonly AttemptRef[] = []): void {
    const now = this.#now();
    const inHand = heartbeat.ttl === 0 ? [] : [...heartbeat.attempts, ...finished];
    for (const ref of inHand) this.#attempts.listed(ref, heartbeat, now);
    this.#directory.heard(heartbeat, now);
  }

  /** After a start or a lost connection workers are first given the time to come back. */
  restartPatience(patienceMs: number): void {
    const at = this.#now() + patienceMs;
    this.#directory.restartPatience(at);
    this.#attempts.restartPatience(at);
  }

  /** Who was silent for too long is gone, and what was in its hands is lost. */
  judgeSilence(listenedMs: number): void {
    this.#directory.expire(listenedMs);
    this.lose(this.#attempts.lost(listenedMs));
  }

  /**
   * Tells the runs of lost attempts. An entry goes only once its run has taken the message: one that is being loaded
   * or is in quarantine hears of the loss at a later sweep.
   */
  lose(entries: readonly AttemptEntry[]): void {
    for (const { runId, activation, attempt, worker } of entries) {
      this.#table.post(runId, {
        message: {
          type: 'attemptLost',
          activation,
          attempt,
          ...(worker === undefined ? {} : { worker }),
        },
        causationId: `${failureCodes.workerLost}/${activation}/${attempt}`,
        actor: { kind: 'system' },
        reply: (outcome) => {
          const isTaken = outcome.kind === 'done' || outcome.rejection.status < 500;
          if (isTaken) this.#attempts.ended({ runId, activation, attempt });
        },
      });
    }
  }
}
