/**
 * The bus over the `nats` client.
 *
 * N1 A handler that throws or rejects ends nothing: it goes to `onError`, and the asker gets its typed error
 *    (`internal` for what is no `TroupeError`).
 * N2 A lost connection is tried again at once and then every 50 ms, for ever; subscriptions and services live on.
 * N3 While it is down, publishes are dropped and requests fail with `bus.disconnected`; what was pending fails so too.
 * N4 Everything is sent over the link. Services receive over the client's socket, also where the link is another way.
 * Size: the port has many small members, and each is here.
 */
import { createInbox, Events, type MsgHdrs, type NatsConnection, type ServiceMsg } from 'nats';
import { reasonOf } from '../workflow/errors.ts';
import type { JsonValue } from '../workflow/value.ts';
import type {
  Bus,
  BusHandler,
  BusMessage,
  PublishOptions,
  RequestOptions,
  ServiceDefinition,
  Subscription,
} from './bus.ts';
import { BusClosedError, DisconnectedError, toWireError } from './errors.ts';
import type { Link, LinkSubscription } from './link.ts';
import { type BusErrorListener, type ConnectOptions, dialServer, isPrivate } from './nats-dial.ts';
import { checkSize, NatsMessage, type RawMessage, toHeaders } from './nats-message.ts';
import { Outbox, type Outgoing } from './outbox.ts';
import { RequestMux } from './request-mux.ts';
import { withoutCredentials } from './server-url.ts';
import { SocketLink } from './socket-link.ts';
import { checkQueueName } from './subjects.ts';
import { encodeBody, encodeText } from './wire.ts';
import { within } from './within.ts';

export type { BusErrorListener, ConnectOptions } from './nats-dial.ts';

/** How long an ending waits for what is still under way. */
const DRAIN_TIMEOUT_MS = 2000;

/** Connects; resolves when the server has answered. Throws `bus.connect-failed`, `bus.tls-failed`, `bus.tls-file`. */
export async function connectBus(options: ConnectOptions): Promise<Bus> {
  return new NatsBus(await dialServer(options), options);
}

/** One connection. Made by `connectBus`, and by `connectToOwnBroker` with another link than the socket. */
export class NatsBus implements Bus {
  readonly url: string;
  readonly #tls: ConnectOptions['tls'];
  readonly #connection: NatsConnection;
  readonly #link: Link;
  readonly #onError: BusErrorListener;
  readonly #mux: RequestMux;
  readonly #outbox = new Outbox(
    (message) => this.#write(message),
    () => this.#link.flush(),
  );
  readonly #reconnectListeners = new Set<() => void>();
  #isConnected = true;
  #isClosing = false;
  #isClosed = false;

  constructor(
    connection: NatsConnection,
    options: Pick<ConnectOptions, 'url' | 'tls' | 'inboxPrefix' | 'onError'>,
    link: Link = new SocketLink(connection),
  ) {
    this.url = withoutCredentials(options.url);
    this.#tls = options.tls;
    this.#connection = connection;
    this.#link = link;
    this.#onError = options.onError ?? warn;
    this.#mux = new RequestMux(createInbox(options.inboxPrefix ?? '_INBOX'), (raw) =>
      this.#wrap(raw),
    );
    const { pattern } = this.#mux;
    this.#link.subscribe(
      { subject: pattern, queue: undefined },
      {
        take: (message) => this.#mux.receive(message),
        fail: (error) => this.#report(error, { subject: pattern }),
      },
    );
    void this.#watch();
    void connection.closed().then(() => this.#mux.failAll(new BusClosedError(this.url)));
  }

  get isConnected(): boolean {
    return this.#isConnected && !this.#isClosed && this.#link.isOpen;
  }

  get isPrivate(): boolean {
    return isPrivate({ url: this.url, tls: this.#tls }, this.#connection);
  }

  publish(subject: string, body: JsonValue, options?: PublishOptions): void {
    const encoding = options?.encoding ?? 'json';
    const bytes = encodeBody(body, encoding);
    if (this.#isClosed) throw new BusClosedError(this.url);
    if (this.isConnected)
      this.#send(subject, bytes, toHeaders(options?.headers, encoding), options?.replyTo);
  }

  publishText(subject: string, json: string): void {
    const bytes = encodeText(json);
    if (this.#isClosed) throw new BusClosedError(this.url);
    if (this.isConnected) this.#send(subject, bytes, undefined);
  }

  sendNow(): void {
    this.#outbox.flush();
  }

  request(subject: string, body: JsonValue, options: RequestOptions): Promise<BusMessage> {
    const encoding = options.encoding ?? 'json';
    return this.#mux.one({
      subject,
      timeoutMs: options.timeoutMs,
      send: (replyTo) => {
        this.#checkOnline();
        this.#send(
          subject,
          options.bytes ?? encodeBody(body, encoding),
          toHeaders(options.headers, encoding),
          replyTo,
        );
      },
    });
  }

  requestMany(
    subject: string,
    body: JsonValue,
    options: { timeoutMs: number; max?: number },
  ): Promise<BusMessage[]> {
    return this.#mux.many({
      timeoutMs: options.timeoutMs,
      max: options.max ?? Number.POSITIVE_INFINITY,
      send: (replyTo) => {
        this.#checkOnline();
        this.#send(subject, encodeBody(body, 'json'), undefined, replyTo);
      },
    });
  }

  subscribe(subject: string, options: { queue?: string }, handler: BusHandler): Subscription {
    if (this.#isClosed) throw new BusClosedError(this.url);
    this.#outbox.flush(); // what was published before is not for this subscription
    const queue = options.queue === undefined ? undefined : checkQueueName(options.queue);
    const subscription = this.#link.subscribe(
      { subject, queue },
      {
        take: (message) => this.#handle(message, handler),
        fail: (error) => this.#report(error, { subject }),
      },
    );
    return { stop: () => this.#stop(subscription) };
  }

  async serve(service: ServiceDefinition): Promise<Subscription> {
    const { name, version, description, metadata, endpoints } = service;
    this.#outbox.flush();
    const added = await this.#connection.services.add({
      name,
      version,
      description,
      ...(metadata && { metadata }),
    });
    for (const endpoint of endpoints) {
      added.addEndpoint(endpoint.name, {
        subject: endpoint.subject,
        ...(endpoint.queue !== undefined && { queue: checkQueueName(endpoint.queue) }),
        ...(endpoint.metadata && { metadata: endpoint.metadata }),
        handler: (error: Error | null, message: ServiceMsg) => {
          if (error === null) this.#handle(message, endpoint.handler);
          else this.#report(error, { subject: endpoint.subject });
        },
      });
    }
    return {
      stop: async () => {
        const failure = await added.stop();
        if (failure !== null && failure !== undefined && this.isConnected)
          this.#report(failure, { subject: name });
      },
    };
  }

  onReconnect(listener: () => void): () => void {
    this.#reconnectListeners.add(listener);
    return () => this.#reconnectListeners.delete(listener);
  }

  async flush(): Promise<void> {
    this.#checkOnline();
    this.#outbox.flush();
    try {
      await this.#connection.flush();
    } catch (error) {
      throw new DisconnectedError(this.url, error);
    }
  }

  async close(): Promise<void> {
    if (this.#isClosing) return;
    this.#outbox.flush();
    this.#isClosing = true;
    if (this.#isConnected) await within(DRAIN_TIMEOUT_MS, this.#connection.drain());
    this.#isClosed = true;
    this.#mux.failAll(new BusClosedError(this.url));
    this.#link.close();
    await this.#connection.close();
  }

  #checkOnline(): void {
    if (this.#isClosed) throw new BusClosedError(this.url);
    if (!this.isConnected) throw new DisconnectedError(this.url);
  }

  #send(subject: string, bytes: Uint8Array, headers: MsgHdrs | undefined, replyTo?: string): void {
    if (this.#isClosed) throw new BusClosedError(this.url);
    checkSize(bytes, headers, this.#connection.info?.max_payload);
    const message = { subject, bytes, headers, replyTo };
    // While it closes, the connection takes answers until its last subscription is drained: there is no later.
    if (this.#isClosing) {
      this.#write(message);
      this.#link.flush();
    } else {
      this.#outbox.add(message);
    }
  }

  /** What waited while the connection was lost is dropped like what is published then. */
  #write(message: Outgoing): void {
    if (!this.isConnected) return;
    try {
      this.#link.publish(message);
    } catch (error) {
      this.#report(error, { subject: message.subject });
    }
  }

  #wrap(raw: RawMessage): NatsMessage {
    return new NatsMessage(raw, this.#respond);
  }

  /** An answer that cannot be sent because the connection is gone is dropped: its asker has failed already. */
  readonly #respond = (subject: string, bytes: Uint8Array, headers: MsgHdrs | undefined): void => {
    if (this.isConnected) this.#send(subject, bytes, headers);
  };

  #handle(raw: RawMessage, handler: BusHandler): void {
    const message = this.#wrap(raw);
    try {
      // A handler may be an async function although the port says void.
      const result: unknown = handler(message);
      if (result instanceof Promise) result.catch((error: unknown) => this.#failed(error, message));
    } catch (error) {
      this.#failed(error, message);
    }
  }

  #failed(error: unknown, message: NatsMessage): void {
    this.#report(error, { subject: message.subject });
    try {
      message.respondError(toWireError(error));
    } catch (failure) {
      this.#report(failure, { subject: message.subject });
    }
  }

  async #stop(subscription: LinkSubscription): Promise<void> {
    if (this.#isClosed) return;
    this.#outbox.flush();
    await subscription.stop(this.#isConnected ? DRAIN_TIMEOUT_MS : 0);
  }

  async #watch(): Promise<void> {
    for await (const status of this.#connection.status()) {
      if (status.type === Events.Disconnect) {
        this.#isConnected = false;
        this.#mux.failAll(new DisconnectedError(this.url));
      } else if (status.type === Events.Reconnect) {
        this.#isConnected = true;
        for (const listener of this.#reconnectListeners) this.#notify(listener);
      } else if (status.type === Events.Error) {
        this.#report(new Error(`the server reports ${String(status.data)}`), { subject: '' });
      }
    }
  }

  /** A listener that throws must not end the client's reader. */
  #report(error: unknown, context: { subject: string }): void {
    try {
      this.#onError(error, context);
    } catch (failure) {
      warn(failure, context);
    }
  }

  #notify(listener: () => void): void {
    try {
      listener();
    } catch (error) {
      this.#report(error, { subject: '' });
    }
  }
}

function warn(error: unknown, context: { subject: string }): void {
  process.emitWarning(`a handler of ${context.subject} failed: ${reasonOf(error)}`);
}
