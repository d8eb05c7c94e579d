/**
 * The port of messaging. `NatsBus` implements it over the `nats` client, the simulation over a fake network.
 * A body is a JSON value; its encoding (JSON or msgpack) is the bus's affair and follows the headers.
 */
import type { JsonValue } from '../workflow/value.ts';

export type Encoding = 'json' | 'msgpack';
export type Headers = Readonly<Record<string, string>>;

/** What arrives. Decoding is lazy: `body()` throws `message.malformed` for bytes that are no value. */
export interface BusMessage {
  readonly subject: string;
  readonly replyTo: string | undefined;
  readonly size: number;
  header(name: string): string | undefined;
  body(): JsonValue;
  /** The undecoded bytes, for blobs. */
  bytes(): Uint8Array;
  /** Answers in the asker's encoding; without a reply subject nothing happens. */
  respond(body: JsonValue, headers?: Headers): void;
  /** Answers with raw bytes, for blobs. */
  respondBytes(bytes: Uint8Array, headers?: Headers): void;
  /** The services convention: headers `Nats-Service-Error-Code` and `Nats-Service-Error`, body `{code, message, hint, details}`. */
  respondError(error: WireError): void;
}

/** A typed error as it crosses NATS. `status` is 400 to 599. */
export interface WireError {
  status: number;
  code: string;
  message: string;
  hint: string;
  details?: Record<string, unknown>;
}

export interface PublishOptions {
  headers?: Headers;
  replyTo?: string;
  encoding?: Encoding;
}

export interface RequestOptions {
  timeoutMs: number;
  headers?: Headers;
  encoding?: Encoding;
  /** Sent in place of the encoded body, for blobs. */
  bytes?: Uint8Array;
}

export interface Subscription {
  /** No more messages after it resolves; those already taken are handled. */
  stop(): Promise<void>;
}

export type BusHandler = (message: BusMessage) => void;

export interface ServiceEndpoint {
  name: string;
  subject: string;
  queue?: string;
  metadata?: Record<string, string>;
  handler: BusHandler;
}

export interface ServiceDefinition {
  name: string;
  version: string;
  description: string;
  metadata?: Record<string, string>;
  endpoints: ServiceEndpoint[];
}

export interface Bus {
  /** Where it is connected, for people. */
  readonly url: string;
  readonly isConnected: boolean;
  /** True where no other host can read along: the server is on this one, or the connection has TLS. */
  readonly isPrivate: boolean;
  /** Fire and forget. While disconnected it is buffered by the client or dropped; nothing may rely on it. */
  publish(subject: string, body: JsonValue, options?: PublishOptions): void;
  /** Like `publish` for a body that is JSON text already. */
  publishText(subject: string, json: string): void;
  /** Puts what was sent so far on the wire now, not at the end of this turn of the event loop: for what others wait for. */
  sendNow(): void;
  /**
   * Resolves to the reply. Rejects with a `RemoteError` (the typed error that came back), `bus.no-responders` (503),
   * `bus.timeout`, `bus.disconnected`.
   */
  request(subject: string, body: JsonValue, options: RequestOptions): Promise<BusMessage>;
  /** All replies within `timeoutMs` (or until `max`), for probes. */
  requestMany(
    subject: string,
    body: JsonValue,
    options: { timeoutMs: number; max?: number },
  ): Promise<BusMessage[]>;
  subscribe(subject: string, options: { queue?: string }, handler: BusHandler): Subscription;
  /** Registers a NATS service (ADR-32): `$SRV.PING|INFO|STATS` answer for it. */
  serve(service: ServiceDefinition): Promise<Subscription>;
  /** Called after every re-established connection. */
  onReconnect(listener: () => void): () => void;
  /** Resolves when the server has seen everything published so far. */
  flush(): Promise<void>;
  close(): Promise<void>;
}
