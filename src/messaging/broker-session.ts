/** What one client of the embedded broker says, turned into changes of the broker and into answers. */
import { createHash, timingSafeEqual } from 'node:crypto';
import type { BrokerConnection } from './broker-connection.ts';
import type { BrokerAuth, BrokerSettings } from './broker-options.ts';
import { type ProtocolSink, type PublishedMessage, parseJson } from './broker-parser.ts';
import { isLiteralSubject, isValidPattern } from './subject-index.ts';

/** What a session needs of the broker. */
export interface SessionHost {
  publish(from: BrokerConnection, message: PublishedMessage): void;
  subscribe(connection: BrokerConnection, request: SubscribeRequest): void;
  unsubscribe(connection: BrokerConnection, request: { sid: string; max: number }): void;
}

export interface SubscribeRequest {
  subject: string;
  /** Empty without one. */
  queue: string;
  sid: string;
}

/** A queue group that nats-server keeps for itself. */
const SYSTEM_QUEUE = '_sys_';

/** What CONNECT may say, with its defaults; other fields are ignored. A second CONNECT changes what it names. */
const STATED = {
  verbose: true,
  pedantic: true,
  echo: true,
  headers: false,
  no_responders: false,
  tls_required: false,
  protocol: 0,
  user: '',
  pass: '',
  auth_token: '',
  name: '',
  lang: '',
  version: '',
  jwt: '',
  nkey: '',
  sig: '',
};

/** Turns parsed operations of one connection into changes and answers, in the words of nats-server. */
export class BrokerSession implements ProtocolSink {
  isAwaitingAuth: boolean;
  readonly #host: SessionHost;
  readonly #connection: BrokerConnection;
  readonly #settings: BrokerSettings;
  #stated = STATED;

  constructor(host: SessionHost, connection: BrokerConnection, settings: BrokerSettings) {
    this.#host = host;
    this.#connection = connection;
    this.#settings = settings;
    this.isAwaitingAuth = settings.auth !== undefined;
  }

  get isClosed(): boolean {
    return this.#connection.isClosed;
  }

  get acceptsHeaders(): boolean {
    return this.#connection.options.headers;
  }

  connect(json: string): void {
    const stated = parseConnect(json);
    if (stated === undefined) {
      this.violation();
      return;
    }
    this.#stated = { ...this.#stated, ...stated };
    const refusal = this.#refusal();
    if (refusal !== undefined) {
      this.violation(refusal);
      return;
    }
    const {
      verbose,
      pedantic,
      echo,
      headers,
      no_responders: noResponders,
      protocol,
    } = this.#stated;
    const hearsInfo = protocol > 0;
    this.#connection.options = { verbose, pedantic, echo, headers, noResponders, hearsInfo };
    this.isAwaitingAuth = false;
    this.#acknowledge();
  }

  announce(subject: string): void {
    if (this.#connection.options.pedantic && !isLiteralSubject(subject))
      this.#connection.writeText(`-ERR 'Invalid Publish Subject'\r\n`);
  }

  publish(message: PublishedMessage): void {
    this.#connection.liveness.active();
    this.#acknowledge();
    this.#host.publish(this.#connection, message);
  }

  subscribe(request: SubscribeRequest): void {
    this.#connection.liveness.active();
    const { subscriptions } = this.#connection;
    if (request.queue === SYSTEM_QUEUE) {
      const what = `"${request.subject}" using queue "${SYSTEM_QUEUE}"`;
      this.#connection.writeText(`-ERR 'Permissions Violation for Subscription to ${what}'\r\n`);
    } else if (subscriptions.size >= this.#settings.maxSubscriptions) {
      this.#connection.writeText(`-ERR 'maximum subscriptions exceeded'\r\n`);
    } else if (!subscriptions.has(request.sid) && !isValidPattern(request.subject)) {
      this.#connection.writeText(`-ERR 'Invalid Subject'\r\n`);
    } else {
      this.#host.subscribe(this.#connection, request);
      this.#acknowledge();
    }
  }

  unsubscribe(request: { sid: string; max: number }): void {
    this.#connection.liveness.active();
    this.#host.unsubscribe(this.#connection, request);
    this.#acknowledge();
  }

  ping(): void {
    this.#connection.liveness.active();
    this.#connection.writeText('PONG\r\n');
  }

  pong(): void {
    this.#connection.liveness.answered();
  }

  violation(reason?: string): void {
    if (reason === undefined) this.#connection.end();
    else this.#connection.closeWith(reason);
  }

  #refusal(): string | undefined {
    const { auth } = this.#settings;
    const { protocol, headers, no_responders } = this.#stated;
    if (auth !== undefined && !isAuthorized(auth, this.#stated)) return 'Authorization Violation';
    if (protocol !== 0 && protocol !== 1) return 'invalid client protocol';
    if (no_responders && !headers) return 'no responders requires headers support';
    return undefined;
  }

  #acknowledge(): void {
    if (this.#connection.options.verbose) this.#connection.writeText('+OK\r\n');
  }
}

function isAuthorized(auth: BrokerAuth, stated: typeof STATED): boolean {
  if ('token' in auth) return isSame(auth.token, stated.auth_token);
  return isSame(auth.user, stated.user) && isSame(auth.pass, stated.pass);
}

/** Takes the same time for every wrong secret. */
function isSame(secret: string, stated: string): boolean {
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(secret), digest(stated));
}

/** The fields that are heard; undefined for what is no object, or has a field of another type. */
function parseConnect(json: string): Partial<typeof STATED> | undefined {
  const parsed = parseJson(json);
  if (parsed === null) return {};
  if (typeof parsed !== 'object' || Array.isArray(parsed)) return undefined;
  const heard: Record<string, unknown> = {};
  for (const [name, initial] of Object.entries(STATED)) {
    const value = (parsed as Record<string, unknown>)[name];
    if (value === undefined || value === null) continue;
    const isWhole = typeof value !== 'number' || Number.isInteger(value);
    if (typeof value !== typeof initial || !isWhole) return undefined;
    heard[name] = value;
  }
  return heard as Partial<typeof STATED>;
}
