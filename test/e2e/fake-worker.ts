/**
 * A worker made of the bare protocol (contracts.md, "An agent needs no SDK"). It does what a test says: accepts,
 * keeps silent, answers late or twice, or disappears.
 */
import type { ExecutionRequest } from '../../src/messages/execution.ts';
import type { Bus, BusMessage, Subscription } from '../../src/messaging/bus.ts';
import type { JsonObject, JsonValue } from '../../src/workflow/value.ts';
import { subjects, until } from './house.ts';

export interface FakeWorkerOptions {
  bus: Bus;
  agent: string;
  worker: string;
  /** Seconds; a heartbeat goes out four times in it. Default 1. */
  ttl?: number;
  concurrency?: number;
  /** False: execution requests are seen and not answered. Default true. */
  accepts?: boolean;
}

export class FakeWorker {
  /** Every execution request that came, in order. */
  readonly requests: ExecutionRequest[] = [];
  readonly canceled: JsonObject[] = [];
  /** Listed in heartbeats. */
  readonly inHand = new Map<string, { runId: string; activation: string; attempt: number }>();
  readonly #options: FakeWorkerOptions;
  readonly #subscriptions: Subscription[] = [];
  #timer: NodeJS.Timeout | undefined;

  private constructor(options: FakeWorkerOptions) {
    this.#options = options;
  }

  /** Resolves when the orchestrator knows the agent. */
  static async start(options: FakeWorkerOptions): Promise<FakeWorker> {
    const fake = new FakeWorker(options);
    const { bus, agent } = options;
    fake.#subscriptions.push(
      bus.subscribe(subjects.agentInvoke(agent), { queue: 'agents' }, (message) =>
        fake.#invoked(message),
      ),
      bus.subscribe(subjects.agentCancel(agent), {}, (message) => {
        fake.canceled.push(message.body() as JsonObject);
      }),
    );
    await bus.flush();
    fake.beat();
    fake.#timer = setInterval(() => fake.beat(), ((options.ttl ?? 1) * 1000) / 4);
    await until(`the agent ${agent} is known`, () => fake.#isKnown());
    return fake;
  }

  /** One heartbeat. */
  beat(): void {
    const { bus, agent, worker, ttl = 1, concurrency = 8 } = this.#options;
    const attempts = [...this.inHand.values()];
    const capacity = { concurrency, load: 0, ttl };
    bus.publish(subjects.agentHeartbeat(agent), { agent, worker, ...capacity, attempts });
  }

  /** The request number `count` (from 1) once it has come. */
  async request(count: number): Promise<ExecutionRequest> {
    await until(`execution request ${count}`, () => this.requests.length >= count);
    return this.requests[count - 1] as ExecutionRequest;
  }

  /** Sends the result of an attempt; resolves to the reply, rejects with its typed error. */
  async answer(request: ExecutionRequest, output: JsonValue): Promise<JsonValue> {
    const { worker, bus } = this.#options;
    const body = { status: 'succeeded', attempt: request.attempt, worker, output };
    const reply = await bus.request(request.result, body, { timeoutMs: 10_000 });
    this.inHand.delete(request.key);
    return reply.body();
  }

  /** Says nothing any more, not even goodbye. */
  async vanish(): Promise<void> {
    clearInterval(this.#timer);
    await Promise.all(this.#subscriptions.splice(0).map((subscription) => subscription.stop()));
  }

  #invoked(message: BusMessage): void {
    const request = message.body() as unknown as ExecutionRequest;
    const { runId, taskId: activation, attempt, key } = request;
    if (this.#options.accepts !== false) {
      this.inHand.set(key, { runId, activation, attempt });
      message.respond({ accepted: true, worker: this.#options.worker });
    }
    this.requests.push(request);
  }

  async #isKnown(): Promise<boolean> {
    const { bus, agent } = this.#options;
    const body = { key: agent };
    const reply = await bus.request(subjects.query('agents'), body, { timeoutMs: 5_000 });
    return (reply.body() as { documents: JsonValue[] }).documents.length > 0;
  }
}
