/**
 * Execution requests to agents and their cancellation (contracts.md, Dispatch).
 *
 * X1 An attempt is published once per state that owes it; published again only when nobody was there (503),
 *    after a restart if no worker holds or has finished it, and never under another key.
 * X2 While `hold` is on (recovery, before the probe) nothing is published that was started before.
 * X3 An attempt that leaves its state without its own result is canceled at its worker; a lost one only once its task
 *    has ended, for until then its success counts (`owed-effects.ts`).
 * X4 The attempt that follows a lost one is not published while nobody is there, or a worker is back with the lost one.
 * X5 Secrets are read when a request is published, each time anew, and stand in nothing but that message. Where one is
 *    not there, or others could read along, the attempt has failed.
 * Size: one request, from its publication to its answer.
 */
import type { EventLog } from '../../log/event-log.ts';
import {
  type AttemptRef,
  acceptedSchema,
  type ExecutionRequest,
  refusedSchema,
} from '../../messages/execution.ts';
import { type Failure, failureOf } from '../../messages/failure.ts';
import type { Bus, BusMessage } from '../../messaging/bus.ts';
import { errorInReply } from '../../messaging/nats-message.ts';
import type { Subjects } from '../../messaging/subjects.ts';
import type { JsonObject, JsonValue } from '../../workflow/value.ts';
import type { EffectContext, Logger } from '../host/runtime.ts';
import { type Attempts, attemptKey } from '../services/attempts.ts';
import type { CancelTimer, Clock } from '../services/clock.ts';
import type { Directory } from '../services/directory.ts';
import { InsecureTransport, type Secrets } from '../services/secrets.ts';

/** First and longest wait before an attempt that nobody took is offered again. */
const FIRST_RETRY_MS = 100;
const LONGEST_RETRY_MS = 5_000;
/** Everybody is back within a second of the server's return (contracts.md). */
export const RECONNECT_PATIENCE_MS = 1_000;
/** What workers without room answer. */
const BUSY_STATUSES: ReadonlySet<number> = new Set([429, 503]);
/** How often it is asked whether it still has to wait (X4). */
const HELD_MS = 250;

interface Owed {
  ref: AttemptRef;
  agent: string;
  context: EffectContext;
  /** Its number among all that this process owed. */
  sequence: number;
  token: string;
  tries: number;
  cancelRetry: CancelTimer | undefined;
}

/** An attempt that waits for the probe. */
export interface HeldAttempt {
  ref: AttemptRef;
  agent: string;
}

export interface DispatcherOptions {
  bus: Bus;
  subjects: Subjects;
  log: EventLog;
  clock: Clock;
  directory: Directory;
  attempts: Attempts;
  /** The time of `listening.ts`. */
  listenedMs: () => number;
  logger: Logger;
  secrets: Pick<Secrets, 'resolve'>;
  /** An attempt that cannot be published has failed. */
  fail: (ref: AttemptRef, failure: Failure) => void;
  /** Makes the inbox of this orchestrator unique. */
  inboxId: string;
}

export class Dispatcher {
  readonly #options: DispatcherOptions;
  readonly #inbox: string;
  readonly #owed = new Map<string, Owed>();
  readonly #tokens = new Map<string, string>();
  readonly #held = new Set<string>();
  #isHolding = true;
  #sequence = 0;

  constructor(options: DispatcherOptions) {
    this.#options = options;
    this.#inbox = `_INBOX.troupe-${options.inboxId}`;
  }

  /** Listens for the answers of workers. */
  open(): void {
    this.#options.bus.subscribe(`${this.#inbox}.*`, {}, (message) => this.#answered(message));
  }

  /** What was held back since the last call, for the probe after a restart; `offer` publishes it. */
  takeHeld(): HeldAttempt[] {
    const held: HeldAttempt[] = [];
    for (const key of this.#held) {
      const owed = this.#owed.get(key);
      if (owed !== undefined) held.push({ ref: owed.ref, agent: owed.agent });
    }
    this.#held.clear();
    return held;
  }

  /** Publishes attempts that were held back, but for those that a worker has. */
  offer(attempts: readonly HeldAttempt[], isTaken: (ref: AttemptRef) => boolean): void {
    for (const { ref } of attempts) {
      const key = attemptKey(ref);
      const owed = this.#owed.get(key);
      if (owed !== undefined && !isTaken(ref)) this.#send(key, owed);
    }
  }

  /** Nothing is held back any more. */
  endHold(): void {
    this.#isHolding = false;
    this.offer(this.takeHeld(), () => false);
  }

  start(options: {
    activation: string;
    attempt: number;
    agent: string;
    context: EffectContext;
  }): void {
    const { activation, attempt, agent, context } = options;
    const ref = { runId: context.runId, activation, attempt };
    const key = attemptKey(ref);
    if (this.#owed.has(key)) return;
    const sequence = this.#sequence;
    this.#sequence += 1;
    const owed: Owed = {
      ...{ ref, agent, context, sequence, token: String(sequence) },
      ...{ tries: 0, cancelRetry: undefined },
    };
    this.#owed.set(key, owed);
    const { attempts, listenedMs } = this.#options;
    const isKnown = attempts.get(ref)?.worker !== undefined;
    attempts.dispatched(ref, { agent, losses: context.losses, now: listenedMs() });
    // What this process has started itself nobody can have: only what was owed before is asked for.
    const isOld = context.parameters === undefined;
    if (this.#isHolding && isOld) this.#held.add(key);
    else if (!isKnown) this.#send(key, owed);
  }

  stop(options: { ref: AttemptRef; agent: string; isEnded: boolean }): void {
    const { ref, agent, isEnded } = options;
    const key = attemptKey(ref);
    const owed = this.#owed.get(key);
    if (owed !== undefined) {
      owed.cancelRetry?.();
      this.#tokens.delete(owed.token);
      this.#owed.delete(key);
      this.#held.delete(key);
    }
    this.#options.attempts.ended(ref);
    if (!isEnded)
      this.cancel({ ref, agent, reason: 'the attempt is not wanted any more', force: true });
  }

  /** An attempt moved on to being canceled: it is still in hand, but never published again. */
  withdraw(ref: AttemptRef): void {
    const key = attemptKey(ref);
    const owed = this.#owed.get(key);
    if (owed === undefined) return;
    owed.cancelRetry?.();
    this.#tokens.delete(owed.token);
    this.#owed.delete(key);
    this.#held.delete(key);
  }

  cancel(options: { ref: AttemptRef; agent: string; reason: string; force: boolean }): void {
    const { ref, agent, reason, force } = options;
    const { bus, subjects } = this.#options;
    bus.publish(subjects.agentCancel(agent), { ...ref, reason, ...(force ? { force } : {}) });
  }

  /** A worker came: what waits because nobody was there is offered at once. What is on its way is left alone. */
  offerWaiting(agent: string): void {
    for (const [key, owed] of this.#owed) {
      if (owed.agent !== agent || owed.cancelRetry === undefined) continue;
      owed.cancelRetry();
      owed.cancelRetry = undefined;
      this.#send(key, owed);
    }
  }

  /**
   * After a lost connection. Workers that come back say at once what they have; what was sent before and nobody has
   * by then was lost on the way and is offered again, under the same key.
   */
  reconnected(): void {
    const { attempts, clock } = this.#options;
    const next = this.#sequence;
    clock.after(RECONNECT_PATIENCE_MS, () => {
      if (this.#isHolding) return;
      for (const [key, owed] of this.#owed) {
        const isLost = attempts.get(owed.ref)?.worker === undefined && owed.sequence < next;
        if (isLost && owed.cancelRetry === undefined) this.#send(key, owed);
      }
    });
  }

  /** The log was reopened or the hosts were thrown away: what is owed is told again by them. */
  forgetAll(): void {
    for (const owed of this.#owed.values()) owed.cancelRetry?.();
    this.#owed.clear();
    this.#tokens.clear();
    this.#held.clear();
  }

  #send(key: string, owed: Owed): void {
    if (this.#options.attempts.isHeld(owed.ref)) {
      this.#sendAfter(HELD_MS, key, owed);
      return;
    }
    const { parameters } = owed.context;
    if (parameters !== undefined) {
      this.#publish(key, owed, parameters);
      // The context was made for this effect alone. What was sent is not kept: it is in the log.
      owed.context.parameters = undefined;
      return;
    }
    this.#readParameters(owed).then(
      (read) => {
        if (this.#owed.get(key) === owed) this.#publish(key, owed, read);
      },
      (error: unknown) => {
        if (this.#owed.get(key) !== owed) return;
        const { runId, activation } = owed.ref;
        this.#options.logger.error('the parameters of an attempt cannot be read', {
          runId,
          taskId: activation,
          error: String(error),
        });
        this.#retryLater(key, owed);
      },
    );
  }

  async #readParameters(owed: Owed): Promise<JsonValue> {
    const version = owed.context.startedVersion;
    const range = { fromVersion: version, toVersion: version };
    for await (const commits of this.#options.log.readStream(owed.ref.runId, range)) {
      for (const commit of commits) {
        const event = commit.events[version - commit.firstVersion];
        if (event !== undefined) return (event.data as { parameters: JsonValue }).parameters;
      }
    }
    throw new Error(`version ${version} is not in the log`);
  }

  #publish(key: string, owed: Owed, parameters: JsonValue): void {
    const { bus, subjects, directory } = this.#options;
    const secrets = this.#secretsOf(owed);
    if (secrets === 'none') {
      this.#retryLater(key, owed);
      return;
    }
    const request = this.#requestOf(key, owed, parameters);
    if (secrets !== undefined) request.secrets = secrets;
    this.#tokens.set(owed.token, key);
    bus.publish(subjects.agentInvoke(owed.agent), request as unknown as JsonObject, {
      replyTo: `${this.#inbox}.${owed.token}`,
      encoding: directory.encoding(owed.agent),
    });
  }

  /** X5. Undefined where there are none; `none` where the attempt has failed for want of them, which its run is told. */
  #secretsOf({ ref, agent, context }: Owed): Record<string, string> | undefined | 'none' {
    if (context.secrets === undefined) return undefined;
    const { bus, directory, secrets, fail } = this.#options;
    try {
      if (!bus.isPrivate || directory.isOverheard(agent)) throw new InsecureTransport(agent);
      return secrets.resolve(context.secrets);
    } catch (error) {
      fail(ref, failureOf(error, false));
      return 'none';
    }
  }

  #requestOf(key: string, owed: Owed, parameters: JsonValue): ExecutionRequest {
    const { subjects, log, clock } = this.#options;
    const { ref, agent, context } = owed;
    const {
      workflow,
      definitionTaskId: task,
      correlationId,
      description,
      deadline,
      trace,
      losses,
      isCounted,
    } = context;
    // What is undefined is not sent.
    return {
      runId: ref.runId,
      taskId: ref.activation,
      attempt: ref.attempt,
      key,
      agent,
      parameters,
      context: { workflow, task, correlationId, description } as JsonObject,
      deadline,
      // The worker's clock may show another time than ours: what is left is true on both.
      timeoutMs: deadline === undefined ? undefined : Math.max(deadline - clock.now(), 0),
      result: subjects.taskResult(ref.runId, ref.activation),
      progress: subjects.taskProgress(ref.runId, ref.activation),
      // An agent that kills its worker at once is not known to have had the attempt otherwise.
      acceptFirst: isCounted || losses > 0 ? true : undefined,
      trace,
      logId: log.logId,
    };
  }

  #answered(message: BusMessage): void {
    const token = message.subject.slice(this.#inbox.length + 1);
    const key = this.#tokens.get(token);
    const owed = key === undefined ? undefined : this.#owed.get(key);
    if (key === undefined || owed === undefined) return;
    this.#tokens.delete(token);
    if (message.size === 0) {
      this.#retryLater(key, owed);
      return;
    }
    const { attempts, listenedMs } = this.#options;
    const accepted = acceptedSchema.safeParse(bodyOf(message));
    if (accepted.success) {
      owed.tries = 0;
      attempts.seen(owed.ref, accepted.data.worker, listenedMs());
      return;
    }
    if (isRefusal(message)) attempts.refused(owed.ref, listenedMs());
    this.#retryLater(key, owed);
  }

  /** Nobody was there, or the worker was full: offered again while it is owed. */
  #retryLater(key: string, owed: Owed): void {
    const delay = Math.min(FIRST_RETRY_MS * 2 ** Math.min(owed.tries, 10), LONGEST_RETRY_MS);
    owed.tries += 1;
    this.#sendAfter(delay, key, owed);
  }

  #sendAfter(delayMs: number, key: string, owed: Owed): void {
    owed.cancelRetry?.();
    owed.cancelRetry = this.#options.clock.after(delayMs, () => {
      owed.cancelRetry = undefined;
      if (this.#owed.get(key) === owed) this.#send(key, owed);
    });
  }
}

/** True for the answer of a worker that is there and has no room, or takes no more. */
function isRefusal(message: BusMessage): boolean {
  const error = errorInReply(message);
  if (error !== undefined) return BUSY_STATUSES.has(error.status);
  return refusedSchema.safeParse(bodyOf(message)).success;
}

/** The body, or null for bytes that are none: then the answer counts as no answer. */
function bodyOf(message: BusMessage): JsonValue {
  try {
    return message.body();
  } catch {
    return null;
  }
}
