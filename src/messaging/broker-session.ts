/** What one client of the embedded broker says, turned into changes of the broker and into answers. */
import type { BrokerConnection } from './broker-connection.ts';
import type { ProtocolSink, PublishedMessage } from './broker-parser.ts';
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

/** The part of CONNECT that is heard; everything else in it is ignored. */
interface StatedOptions {
  verbose?: unknown;
  pedantic?: unknown;
  echo?: unknown;
  headers?: unknown;
  no_responders?: unknown;
}

/** Turns parsed operations of one connection into changes and answers. */
export class BrokerSession implements ProtocolSink {
  readonly #host: SessionHost;
  readonly #connection: BrokerConnection;

  constructor(host: SessionHost, connection: BrokerConnection) {
    this.#host = host;
    this.#connection = connection;
  }

  connect(json: string): void {
    const stated = parseConnect(json);
    if (stated === undefined) {
      this.violation('Parser Error');
      return;
    }
    const headers = stated.headers === true;
    this.#connection.options = {
      verbose: stated.verbose === true,
      pedantic: stated.pedantic === true,
      echo: stated.echo !== false,
      headers,
      noResponders: headers && stated.no_responders === true,
    };
    this.#acknowledge();
  }

  publish(message: PublishedMessage): void {
    const { options } = this.#connection;
    if (options.pedantic && !isLiteralSubject(message.subject)) {
      this.#connection.writeText(`-ERR 'Invalid Publish Subject'\r\n`);
    }
    if (options.verbose) this.#acknowledge();
    this.#host.publish(this.#connection, message);
  }

  subscribe(request: SubscribeRequest): void {
    if (!isValidPattern(request.subject)) {
      this.#connection.writeText(`-ERR 'Invalid Subject'\r\n`);
      return;
    }
    this.#host.subscribe(this.#connection, request);
    this.#acknowledge();
  }

  unsubscribe(request: { sid: string; max: number }): void {
    this.#host.unsubscribe(this.#connection, request);
    this.#acknowledge();
  }

  ping(): void {
    this.#connection.writeText('PONG\r\n');
  }

  pong(): void {
    this.#connection.unansweredPings = 0;
  }

  violation(reason: string): void {
    this.#connection.closeWith(reason);
  }

  #acknowledge(): void {
    if (this.#connection.options.verbose) this.#connection.writeText('+OK\r\n');
  }
}

function parseConnect(json: string): StatedOptions | undefined {
  try {
    const parsed: unknown = JSON.parse(json);
    return typeof parsed === 'object' && parsed !== null ? (parsed as StatedOptions) : undefined;
  } catch {
    return undefined;
  }
}
