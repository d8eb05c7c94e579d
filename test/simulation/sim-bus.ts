/**
 * The port `Bus` over the simulated network. A broken connection loses what was on its way and tells its owner when
 * it is back.
 */
import type {
  Bus,
  BusHandler,
  BusMessage,
  PublishOptions,
  RequestOptions,
  ServiceDefinition,
  Subscription,
} from '../../src/messaging/bus.ts';
import {
  BusClosedError,
  NoRespondersError,
  RequestTimeoutError,
  toWireError,
} from '../../src/messaging/errors.ts';
import {
  checkSize,
  errorInReply,
  isNoResponders,
  NatsMessage,
  type RawMessage,
  toHeaders,
} from '../../src/messaging/nats-message.ts';
import { checkQueueName } from '../../src/messaging/subjects.ts';
import { encodeBody, encodeText } from '../../src/messaging/wire.ts';
import type { JsonObject, JsonValue } from '../../src/workflow/value.ts';
import { type Entry, LATENCY_MS, type SimNetwork } from './sim-network.ts';
import type { Scope } from './sim-time.ts';

type ErrorListener = (error: unknown, context: { subject: string }) => void;

/** One process's connection. */
export class SimBus implements Bus {
  readonly isPrivate = true;
  readonly url = 'sim://';
  readonly scope: Scope;
  /** Counts the connections, so that nothing of an earlier one arrives. */
  connection = 0;
  readonly #network: SimNetwork;
  readonly #onError: ErrorListener;
  readonly #reconnect = new Set<() => void>();
  readonly #hanging = new Set<(error: Error) => void>();
  #isConnected = true;
  #isClosed = false;

  constructor(network: SimNetwork, scope: Scope, onError: ErrorListener = () => {}) {
    this.#network = network;
    this.scope = scope;
    this.#onError = onError;
  }

  get isConnected(): boolean {
    return this.#isConnected && !this.#isClosed;
  }

  get isUp(): boolean {
    return this.isConnected && this.scope.isAlive;
  }

  /** Breaks the connection for a time. */
  breakFor(ms: number): void {
    if (!this.isConnected) return;
    this.#isConnected = false;
    this.connection += 1;
    this.#network.time.plan(this.scope, ms, () => {
      this.#isConnected = true;
      for (const listener of this.#reconnect) listener();
    });
  }

  /** Every message is on its way at once. */
  sendNow(): void {}

  publishText(subject: string, json: string): void {
    this.#assertOpen();
    this.#send(subject, encodeText(json), undefined, undefined);
  }

  publish(subject: string, body: JsonValue, options: PublishOptions = {}): void {
    this.#assertOpen();
    const encoding = options.encoding ?? 'json';
    this.#send(
      subject,
      encodeBody(body, encoding),
      toHeaders(options.headers, encoding),
      options.replyTo,
    );
  }

  #send(subject: string, data: Uint8Array, headers: RawMessage['headers'], reply?: string): void {
    checkSize(data, headers);
    if (!this.isUp) return;
    this.#network.route({
      subject,
      data,
      ...(headers === undefined ? {} : { headers }),
      ...(reply === undefined ? {} : { reply }),
    });
  }

  #receive(raw: RawMessage): NatsMessage {
    return new NatsMessage(raw, (subject, bytes, headers) => this.#send(subject, bytes, headers));
  }

  #handle(raw: RawMessage, handler: BusHandler): void {
    const message = this.#receive(raw);
    const fail = (error: unknown): void => {
      this.#onError(error, { subject: raw.subject });
      message.respondError(toWireError(error));
    };
    try {
      const result: unknown = handler(message);
      if (result instanceof Promise) result.catch(fail);
    } catch (error) {
      fail(error);
    }
  }

  #listen(
    pattern: string,
    queue: string | undefined,
    handler: (raw: RawMessage) => void,
  ): Subscription {
    this.#assertOpen();
    const entry: Entry = {
      bus: this,
      pattern: pattern.split('.'),
      queue: queue === undefined ? undefined : checkQueueName(queue),
      handler,
      isStopped: false,
      lastAt: 0,
    };
    this.#network.entries.add(entry);
    return {
      stop: async () => {
        if (entry.isStopped) return;
        this.#network.entries.delete(entry);
        if (this.scope.isAlive && !this.#isClosed) await this.flush();
        entry.isStopped = true;
      },
    };
  }

  subscribe(subject: string, options: { queue?: string }, handler: BusHandler): Subscription {
    return this.#listen(subject, options.queue, (raw) => this.#handle(raw, handler));
  }

  async request(subject: string, body: JsonValue, options: RequestOptions): Promise<BusMessage> {
    const [first] = await this.#ask(subject, body, { ...options, max: 1 });
    if (first === undefined) throw new RequestTimeoutError(subject, options.timeoutMs);
    if (isNoResponders(first)) throw new NoRespondersError(subject);
    const message = this.#receive(first);
    const error = errorInReply(message);
    if (error !== undefined) throw error;
    return message;
  }

  async requestMany(
    subject: string,
    body: JsonValue,
    options: { timeoutMs: number; max?: number },
  ): Promise<BusMessage[]> {
    const replies = await this.#ask(subject, body, options);
    return replies.filter((raw) => !isNoResponders(raw)).map((raw) => this.#receive(raw));
  }

  /** All replies until the time is over, `max` have come, or nobody is there. */
  async #ask(
    subject: string,
    body: JsonValue,
    options: Partial<RequestOptions> & { timeoutMs: number; max?: number },
  ): Promise<RawMessage[]> {
    this.#assertOpen();
    const encoding = options.encoding ?? 'json';
    const bytes = options.bytes ?? encodeBody(body, encoding);
    checkSize(bytes, toHeaders(options.headers, encoding));
    const inbox = this.#network.newInbox();
    const replies: RawMessage[] = [];
    return new Promise((resolve, reject) => {
      const end = (): void => {
        entry.isStopped = true;
        this.#network.entries.delete(entry);
        this.#hanging.delete(reject);
        resolve(replies);
      };
      const entry: Entry = {
        bus: this,
        pattern: inbox.split('.'),
        queue: undefined,
        isStopped: false,
        lastAt: 0,
        handler: (raw) => {
          replies.push(raw);
          if (replies.length === options.max || isNoResponders(raw)) end();
        },
      };
      this.#network.entries.add(entry);
      this.#hanging.add(reject);
      this.#network.time.plan(this.scope, options.timeoutMs, end);
      this.#send(subject, bytes, toHeaders(options.headers, encoding), inbox);
    });
  }

  async serve(service: ServiceDefinition): Promise<Subscription> {
    const { name, version, metadata = {}, endpoints } = service;
    const parts = endpoints.map(({ subject, queue, handler }) =>
      this.subscribe(subject, { queue: queue ?? 'q' }, handler),
    );
    const identity = { name, id: name, version, metadata };
    const described = endpoints.map((endpoint) => ({
      name: endpoint.name,
      subject: endpoint.subject,
      queue_group: endpoint.queue ?? 'q',
      metadata: endpoint.metadata ?? {},
    }));
    for (const verb of ['PING', 'INFO', 'STATS']) {
      const type = `io.nats.micro.v1.${verb.toLowerCase()}_response`;
      const answer: JsonObject = {
        type,
        ...identity,
        ...(verb === 'PING' ? {} : { endpoints: described }),
      };
      for (const subject of [`$SRV.${verb}`, `$SRV.${verb}.${name}`]) {
        parts.push(this.subscribe(subject, {}, (message) => message.respond(answer)));
      }
    }
    return { stop: async () => void (await Promise.all(parts.map((part) => part.stop()))) };
  }

  onReconnect(listener: () => void): () => void {
    this.#reconnect.add(listener);
    return () => this.#reconnect.delete(listener);
  }

  /** While the connection is broken it waits for the next one. */
  async flush(): Promise<void> {
    this.#assertOpen();
    await this.#network.time.sleep(this.scope, this.#network.standstillMs + 2 * LATENCY_MS);
    while (!this.#isConnected) await this.#network.time.sleep(this.scope, 10);
  }

  async close(): Promise<void> {
    if (this.#isClosed) return;
    await this.flush();
    this.#isClosed = true;
    for (const entry of this.#network.entries)
      if (entry.bus === this) this.#network.entries.delete(entry);
    for (const reject of this.#hanging) reject(new BusClosedError(this.url));
  }

  #assertOpen(): void {
    if (this.#isClosed) throw new BusClosedError(this.url);
  }
}
