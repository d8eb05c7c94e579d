/**
 * A worker that keeps the contract of `contracts.md` (Dispatch, loss, late results) and nothing more: heartbeats,
 * acceptance, results sent until they are acknowledged, the same key answered with the same result.
 * What it has finished survives its crash, what it has in hand does not.
 */
import {
  type AttemptRef,
  agentCancelSchema,
  executionRequestSchema,
  probeSchema,
  type ResultMessage,
} from '../../src/messages/execution.ts';
import { failureSchema } from '../../src/messages/failure.ts';
import type { BusMessage } from '../../src/messaging/bus.ts';
import { RemoteError } from '../../src/messaging/errors.ts';
import type { Subjects } from '../../src/messaging/subjects.ts';
import type { JsonObject, JsonValue } from '../../src/workflow/value.ts';
import type { SimBus } from './sim-bus.ts';
import type { Scope, SimTime } from './sim-time.ts';

const HEARTBEAT_MS = 2_000;
const TTL_S = 5;
const RESEND_MS = 200;
const ASK_MS = 500;
/** These stop the sending of a result; every other error means: later. */
const passing = new Set([
  'overloaded',
  'unavailable',
  'bus.no-responders',
  'bus.timeout',
  'internal',
]);

/** What an attempt was asked to do; `fails` counts attempts by number, `range` makes a long list of the output. */
interface Work {
  ms?: number;
  range?: number;
  gives?: JsonValue;
  fails?: number;
  code?: string;
  retryable?: boolean;
}

interface Held {
  ref: AttemptRef;
  subject: string;
}

export interface WorkerRecord {
  /** How often the work of each key was really done. */
  executions: Map<string, number>;
  /** Results by key, which outlive a crash. */
  finished: Map<
    string,
    { ref: AttemptRef; subject: string; result: ResultMessage; isAcknowledged: boolean }
  >;
}

export interface WorkerOptions {
  name: string;
  agents: readonly string[];
  bus: SimBus;
  subjects: Subjects;
  time: SimTime;
  scope: Scope;
  record: WorkerRecord;
  concurrency: number;
  /** Told at the moment of an acknowledgement. */
  onAcknowledged(ref: AttemptRef, result: ResultMessage): void;
}

export class SimWorker {
  readonly #options: WorkerOptions;
  readonly #held = new Map<string, Held>();
  readonly #sending = new Set<string>();

  constructor(options: WorkerOptions) {
    this.#options = options;
    const { bus, subjects } = options;
    for (const agent of options.agents) {
      bus.subscribe(subjects.agentInvoke(agent), { queue: 'agents' }, (message) =>
        this.#invoke(message),
      );
      bus.subscribe(subjects.agentProbe(agent), {}, (message) => this.#probe(agent, message));
      bus.subscribe(subjects.agentCancel(agent), {}, (message) => this.#cancel(message));
    }
    this.#beat();
    for (const [key, entry] of options.record.finished) if (!entry.isAcknowledged) this.#send(key);
  }

  /** What it runs, and what it has finished and is not rid of yet. */
  #inHand(): AttemptRef[] {
    const unacknowledged = [...this.#options.record.finished.values()].filter(
      ({ isAcknowledged }) => !isAcknowledged,
    );
    return [...this.#held.values(), ...unacknowledged].map(({ ref }) => ref);
  }

  #heartbeat(agent: string): JsonObject {
    return {
      worker: this.#options.name,
      agent,
      version: '1.0.0',
      capabilities: ['test'],
      concurrency: this.#options.concurrency,
      attempts: this.#inHand(),
      ttl: TTL_S,
    };
  }

  #beat(): void {
    const { bus, subjects, agents, time, scope } = this.#options;
    for (const agent of agents) bus.publish(subjects.agentHeartbeat(agent), this.#heartbeat(agent));
    time.plan(scope, HEARTBEAT_MS, () => this.#beat());
  }

  #invoke(message: BusMessage): void {
    const { name, concurrency, record } = this.#options;
    const request = executionRequestSchema.parse(message.body());
    const { key, runId, taskId: activation, attempt } = request;
    if (record.finished.has(key)) {
      message.respond({ accepted: true, worker: name });
      this.#send(key);
      return;
    }
    if (!this.#held.has(key)) {
      if (this.#held.size >= concurrency) {
        message.respond({ accepted: false });
        return;
      }
      this.#held.set(key, { ref: { runId, activation, attempt }, subject: request.result });
      this.#begin(key, request.parameters, attempt);
    }
    message.respond({ accepted: true, worker: name });
  }

  #begin(key: string, parameters: JsonValue, attempt: number): void {
    const { record, time, scope, name } = this.#options;
    const work = (parameters ?? {}) as Work;
    record.executions.set(key, (record.executions.get(key) ?? 0) + 1);
    time.plan(scope, work.ms ?? 5, () => {
      if (attempt > (work.fails ?? 0)) {
        this.#finish(key, { status: 'succeeded', attempt, worker: name, output: outputOf(work) });
        return;
      }
      const { code = 'agent.failed', retryable = true } = work;
      const error = failureSchema.parse({ code, message: 'as asked', retryable });
      this.#finish(key, { status: 'failed', attempt, worker: name, error });
    });
  }

  #finish(key: string, result: ResultMessage): void {
    const held = this.#held.get(key);
    if (held === undefined) return;
    this.#held.delete(key);
    this.#options.record.finished.set(key, { ...held, result, isAcknowledged: false });
    this.#send(key);
  }

  #cancel(message: BusMessage): void {
    const { runId, activation, attempt, force } = agentCancelSchema.parse(message.body());
    for (const [key, { ref }] of this.#held) {
      if (ref.runId !== runId || ref.activation !== activation || ref.attempt !== attempt) continue;
      if (force === true) this.#held.delete(key);
      else {
        const error = { code: 'task.canceled', message: 'asked to stop', retryable: false };
        this.#finish(key, { status: 'failed', attempt, worker: this.#options.name, error });
      }
    }
  }

  #probe(agent: string, message: BusMessage): void {
    const { attempts } = probeSchema.parse(message.body());
    const isAsked = (ref: AttemptRef): boolean =>
      attempts.some(
        (asked) =>
          asked.runId === ref.runId &&
          asked.activation === ref.activation &&
          asked.attempt === ref.attempt,
      );
    const finished: AttemptRef[] = [];
    for (const [key, { ref }] of this.#options.record.finished) {
      if (!isAsked(ref)) continue;
      finished.push(ref);
      this.#send(key);
    }
    message.respond({ ...this.#heartbeat(agent), finished });
  }

  /** Sends a result until it is acknowledged or refused for good. */
  #send(key: string): void {
    if (this.#sending.has(key)) return;
    this.#sending.add(key);
    void this.#sendUntilTaken(key);
  }

  async #sendUntilTaken(key: string): Promise<void> {
    const { bus, time, scope, record, onAcknowledged } = this.#options;
    const entry = record.finished.get(key);
    while (entry !== undefined && scope.isAlive) {
      try {
        const body = entry.result as unknown as JsonObject;
        await bus.request(entry.subject, body, { timeoutMs: ASK_MS });
        onAcknowledged(entry.ref, entry.result);
        entry.isAcknowledged = true;
        break;
      } catch (error) {
        const { code } = error as { code?: string };
        if (error instanceof RemoteError && !passing.has(code ?? '')) {
          entry.isAcknowledged = true;
          break;
        }
        await time.sleep(scope, RESEND_MS);
      }
    }
    this.#sending.delete(key);
  }
}

function outputOf({ range, gives }: Work): JsonValue {
  return range === undefined ? (gives ?? null) : Array.from({ length: range }, (_, index) => index);
}
