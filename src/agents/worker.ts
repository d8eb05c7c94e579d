/**
 * The worker: hosts agents, takes execution requests from NATS, runs them, and answers for their results.
 * Its parts: `worker-queue` (places), `worker-attempt` (one attempt), `attempt-cache` (what is finished, on disk),
 * `worker-outbox` (results until acknowledged), `worker-presence` (heartbeats, probes, registration).
 * Size: the way of an attempt through these parts is one class, so that K1 to K4 can be read in one place.
 *
 * K1 A key is worked on once at a time, and not again while its result is known.
 * K2 A result is in the cache before it is sent for the first time.
 * K3 An attempt is listed in every heartbeat from its acceptance until its result is acknowledged or it is given up.
 * K4 What is waiting, running or unacknowledged is bounded; at a bound new requests get `overloaded`.
 */
import {
  type AttemptRef,
  agentCancelSchema,
  executionRequestSchema,
  type ProgressMessage,
  probeSchema,
} from '../messages/execution.ts';
import { failureCodes, failureOf } from '../messages/failure.ts';
import type { BusMessage, Subscription } from '../messaging/bus.ts';
import { toWireError } from '../messaging/errors.ts';
import { queueNames } from '../messaging/subjects.ts';
import { throughOutages } from '../messaging/through-outages.ts';
import { reasonOf } from '../workflow/errors.ts';
import type { JsonObject } from '../workflow/value.ts';
import type { Agent, AgentLogger, AgentOutcome } from './agent.ts';
import { AttemptCache } from './attempt-cache.ts';
import { systemClock, type WorkerClock } from './clock.ts';
import { WorkerDrainingError, WorkerOverloadedError } from './errors.ts';
import { runAgent } from './run-agent.ts';
import { Acceptance } from './worker-acceptance.ts';
import { type AttemptHost, AttemptInHand, canceled } from './worker-attempt.ts';
import { DeadlineWatch } from './worker-deadlines.ts';
import { checkAddress, parse } from './worker-messages.ts';
import {
  DEFAULT_CONCURRENCY,
  DEFAULT_HEARTBEAT_MS,
  MAX_QUEUED,
  MAX_UNACKNOWLEDGED,
  MAX_UNACKNOWLEDGED_BYTES,
  type Worker,
  type WorkerOptions,
} from './worker-options.ts';
import { WorkerOutbox } from './worker-outbox.ts';
import { checkParameters, needsFetching, resolveParameters } from './worker-parameters.ts';
import { refKey, serviceOf, WorkerPresence } from './worker-presence.ts';
import { WorkerQueue } from './worker-queue.ts';
import { encodeResult, ResultSender } from './worker-result.ts';
import { checkTransport, filled } from './worker-secrets.ts';

export type { Worker, WorkerOptions } from './worker-options.ts';

/** Starts a worker. Resolves when it takes work. Throws `worker.cache-locked`, and what the bus and `node:fs` throw. */
export async function startWorker(options: WorkerOptions): Promise<Worker> {
  const worker = new NatsWorker(options);
  try {
    await worker.start();
  } catch (error) {
    worker.kill();
    throw error;
  }
  return worker;
}

const silentLogger: AgentLogger = {
  debug: () => {},
  info: () => {},
  warn: () => {},
  error: () => {},
};

class NatsWorker implements Worker, AttemptHost {
  readonly id: string;
  readonly clock: WorkerClock;
  readonly logger: AgentLogger;
  readonly #options: WorkerOptions;
  readonly #cache: AttemptCache;
  readonly #queue: WorkerQueue;
  readonly #outbox: WorkerOutbox;
  readonly #presence: WorkerPresence;
  readonly #deadlines: DeadlineWatch;
  readonly #acceptance: Acceptance;
  readonly #inHand = new Map<string, AttemptInHand>();
  /** The same by what a cancellation names. */
  readonly #byRef = new Map<string, AttemptInHand>();
  readonly #services: Subscription[] = [];
  readonly #subscriptions: Subscription[] = [];
  #stopReconnect: (() => void) | undefined;
  #idle: (() => void)[] = [];
  #isDraining = false;
  #isClosed = false;

  // Length: one paragraph a part, in the order in which they need each other.
  constructor(options: WorkerOptions) {
    this.#options = options;
    this.clock = options.clock ?? systemClock;
    this.logger = options.logger ?? silentLogger;
    const {
      agents,
      concurrency = DEFAULT_CONCURRENCY,
      maxQueued = MAX_QUEUED,
      cacheDirectory,
    } = options;
    this.#cache = new AttemptCache({
      ...(cacheDirectory === undefined ? {} : { directory: cacheDirectory }),
      ...(options.workerId === undefined ? {} : { workerId: options.workerId }),
      sync: options.cacheSync ?? false,
      logger: this.logger,
      now: () => this.clock.now(),
    });
    this.id = this.#cache.workerId;
    this.#acceptance = new Acceptance({ bus: options.bus, worker: this.id, logger: this.logger });
    this.#queue = new WorkerQueue({ agents, concurrency, maxQueued });
    const address = { bus: options.bus, subjects: options.subjects };
    const sender = new ResultSender({ address, clock: this.clock, logger: this.logger });
    this.#outbox = new WorkerOutbox({
      transmit: (finished) => sender.send(finished),
      onSettled: (finished) => {
        this.#cache.acknowledge(finished.key);
        this.#reportIdle();
      },
      clock: this.clock,
      logger: this.logger,
    });
    this.#presence = new WorkerPresence({
      ...options,
      worker: this.id,
      heartbeatMs: options.heartbeatMs ?? DEFAULT_HEARTBEAT_MS,
      clock: this.clock,
      queue: this.#queue,
      outbox: this.#outbox,
      inHand: this.#inHand,
      isDraining: () => this.#isDraining,
    });
    this.#deadlines = new DeadlineWatch(this.clock, (elapsedMs) => this.#expire(elapsedMs));
  }

  get workerId(): string {
    return this.id;
  }

  async start(): Promise<void> {
    const { bus, subjects, agents } = this.#options;
    for (const agent of agents) {
      this.#subscriptions.push(
        bus.subscribe(subjects.agentCancel(agent.name), {}, (message) =>
          this.#answer(message, () => this.#onCancel(message)),
        ),
        bus.subscribe(subjects.agentProbe(agent.name), {}, (message) =>
          this.#answer(message, () => this.#onProbe(agent, message)),
        ),
      );
      const endpoint = {
        name: 'invoke',
        subject: subjects.agentInvoke(agent.name),
        queue: queueNames.agents,
        handler: (message: BusMessage) =>
          this.#answer(message, () => this.#onInvoke(agent, message)),
      };
      const { limit } = this.#queue.usage(agent.name);
      this.#services.push(await bus.serve(serviceOf({ agent, worker: this.id, limit, endpoint })));
    }
    await throughOutages(bus, () => bus.flush());
    this.#stopReconnect = bus.onReconnect(() => {
      this.#presence.publish();
      this.#outbox.resendNow();
    });
    for (const finished of this.#cache.unacknowledged()) this.#outbox.send(finished);
    this.#presence.start();
    this.logger.info('worker started', {
      worker: this.id,
      agents: agents.map((agent) => agent.name),
    });
  }

  inHand(): AttemptRef[] {
    return this.#presence.attempts();
  }

  async drain(): Promise<void> {
    this.#isDraining = true;
    await this.#stopAll(this.#services.splice(0));
    if (this.#isIdle()) return;
    await new Promise<void>((resolve) => this.#idle.push(resolve));
  }

  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isDraining = true;
    for (const attempt of [...this.#inHand.values()])
      this.#abandon(attempt, 'the worker was closed');
    this.#end();
    const { bus } = this.#options;
    if (bus.isConnected) {
      this.#presence.publish({ ttlSeconds: 0 });
      await this.#stopAll([...this.#services.splice(0), ...this.#subscriptions.splice(0)]);
      await bus
        .flush()
        .catch((error: unknown) =>
          this.logger.warn('goodbye not confirmed', { error: reasonOf(error) }),
        );
    } else {
      await this.#stopAll([...this.#services.splice(0), ...this.#subscriptions.splice(0)]);
    }
    this.#cache.close();
    this.logger.info('worker closed', { worker: this.id });
  }

  kill(): void {
    if (this.#isClosed) return;
    this.#isDraining = true;
    for (const attempt of [...this.#inHand.values()])
      this.#abandon(attempt, 'the worker was killed');
    this.#end();
    this.#cache.close({ discard: true });
    void this.#stopAll([...this.#services.splice(0), ...this.#subscriptions.splice(0)]);
  }

  publishProgress(subject: string, message: ProgressMessage): void {
    if (!this.#isClosed) this.#options.bus.publish(subject, message as JsonObject);
  }

  #onInvoke(agent: Agent, message: BusMessage): void {
    const request = parse('execution request', executionRequestSchema, message);
    checkAddress(request, agent);
    if (this.#inHand.has(request.key)) {
      this.#acceptance.say(message);
      return;
    }
    const finished = this.#cache.get(request.key);
    if (finished !== undefined) {
      this.#acceptance.say(message);
      this.#outbox.send(finished);
      return;
    }
    if (this.#isDraining) throw new WorkerDrainingError(this.id);
    const attempt = new AttemptInHand({ request, agent, host: this });
    if (this.#isFull() || !this.#queue.offer(attempt)) {
      throw new WorkerOverloadedError({
        queued: this.#queue.queued,
        unacknowledged: this.#outbox.size,
      });
    }
    this.#inHand.set(request.key, attempt);
    this.#byRef.set(refKey(attempt.ref), attempt);
    this.#acceptance.say(message, { first: request.acceptFirst });
    this.#deadlines.watch(attempt.dueAt);
    this.#startWaiting();
  }

  #onCancel(message: BusMessage): void {
    const cancel = parse('cancellation', agentCancelSchema, message);
    const attempt = this.#byRef.get(refKey(cancel));
    if (attempt === undefined) return;
    if (cancel.force === true) this.#abandon(attempt, cancel.reason);
    else this.#interrupt(attempt, canceled(cancel.reason));
  }

  #forget(attempt: AttemptInHand): void {
    this.#inHand.delete(attempt.request.key);
    this.#byRef.delete(refKey(attempt.ref));
  }

  #onProbe(agent: Agent, message: BusMessage): void {
    const asked = new Set(parse('probe', probeSchema, message).attempts.map(refKey));
    const finished = [...this.#outbox.unacknowledged()].filter(({ ref }) => asked.has(refKey(ref)));
    for (const reply of this.#presence.probeReplies(
      agent,
      finished.map(({ ref }) => ref),
    ))
      message.respond(reply);
    for (const unacknowledged of finished) this.#outbox.send(unacknowledged);
  }

  /** Runs a handler; what it throws is the answer. */
  #answer(message: BusMessage, handle: () => void): void {
    if (this.#isClosed) return;
    try {
      handle();
    } catch (error) {
      this.logger.warn('message refused', {
        subject: message.subject,
        error: reasonOf(error),
      });
      message.respondError(toWireError(error));
    }
  }

  #startWaiting(): void {
    for (let attempt = this.#queue.next(); attempt !== undefined; attempt = this.#queue.next()) {
      void this.#run(attempt);
    }
  }

  /** Never rejects: `runAgent` turns what an agent throws into an outcome. */
  async #run(attempt: AttemptInHand): Promise<void> {
    this.#finish(attempt, await this.#outcomeOf(attempt));
  }

  async #outcomeOf(attempt: AttemptInHand): Promise<AgentOutcome> {
    const { parameters, secrets = {}, acceptFirst } = attempt.request;
    try {
      if (acceptFirst === true) await this.#acceptance.left();
      checkTransport(attempt.request, this.#options.bus);
      const { signal } = attempt;
      const resolved = needsFetching(parameters)
        ? await resolveParameters(this.#options, parameters, { signal, secrets })
        : checkParameters(filled(parameters, attempt.request));
      return await runAgent(attempt.agent, attempt.toTask(resolved), attempt);
    } catch (error) {
      return { status: 'failed', error: failureOf(error) };
    }
  }

  /** The place is free at once; the attempt stays in hand until its result is in the outbox. */
  #finish(attempt: AttemptInHand, outcome: AgentOutcome): void {
    this.#queue.remove(attempt);
    if (!attempt.isAbandoned) {
      const { finished, line } = encodeResult(attempt, outcome, this.id);
      void this.#cache.put(finished, line).then(() => this.#dispatch(attempt, finished));
    }
    this.#startWaiting();
  }

  #dispatch(attempt: AttemptInHand, finished: Parameters<WorkerOutbox['send']>[0]): void {
    if (this.#isClosed) return;
    this.#forget(attempt);
    if (!attempt.isAbandoned) this.#outbox.send(finished);
    else this.#cache.acknowledge(finished.key);
  }

  #interrupt(attempt: AttemptInHand, failure: Parameters<AttemptInHand['interrupt']>[0]): void {
    attempt.interrupt(failure);
    if (attempt.isRunning || !this.#inHand.has(attempt.request.key)) return;
    // It waits for a place it no longer needs. (One whose result is being written is out of the queue already.)
    if (this.#queue.isWaiting(attempt)) this.#finish(attempt, { status: 'failed', error: failure });
  }

  #abandon(attempt: AttemptInHand, reason: string): void {
    attempt.isAbandoned = true;
    attempt.interrupt(canceled(reason));
    this.#queue.remove(attempt);
    this.#forget(attempt);
    if (!this.#isDraining) this.#startWaiting();
    this.#reportIdle();
  }

  /** Interrupts what is out of time; returns when the next one is. */
  #expire(elapsedMs: number): number | undefined {
    let next: number | undefined;
    for (const attempt of this.#inHand.values()) {
      const { dueAt } = attempt;
      if (dueAt === undefined || attempt.interruption !== undefined) continue;
      if (dueAt > elapsedMs) next = Math.min(next ?? dueAt, dueAt);
      else
        this.#interrupt(attempt, {
          code: failureCodes.taskTimeout,
          message: 'the attempt is out of time',
          retryable: true,
        });
    }
    return next;
  }

  #isFull(): boolean {
    return (
      this.#outbox.size >= MAX_UNACKNOWLEDGED ||
      this.#cache.unacknowledgedBytes >= MAX_UNACKNOWLEDGED_BYTES
    );
  }

  #isIdle(): boolean {
    return this.#inHand.size === 0 && this.#outbox.size === 0;
  }

  #reportIdle(): void {
    if (this.#idle.length === 0 || !this.#isIdle()) return;
    for (const resolve of this.#idle.splice(0)) resolve();
  }

  #end(): void {
    this.#isClosed = true;
    this.#presence.stop();
    this.#stopReconnect?.();
    this.#deadlines.stop();
    this.#outbox.stop();
    for (const resolve of this.#idle.splice(0)) resolve();
  }

  async #stopAll(subscriptions: readonly Subscription[]): Promise<void> {
    await Promise.all(subscriptions.map((subscription) => subscription.stop()));
  }
}
