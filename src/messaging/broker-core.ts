/**
 * The state of one broker: connections, subscriptions, and who gets a message. What a client said is `broker-session.ts`,
 * how bytes leave is `broker-connection.ts`. Keeps E1, E2 and E4 of `embedded-broker.ts`.
 */
import { randomUUID } from 'node:crypto';
import type { Socket } from 'node:net';
import { BrokerConnection, BrokerSubscription } from './broker-connection.ts';
import { ProtocolParser, type PublishedMessage } from './broker-parser.ts';
import { BrokerSession } from './broker-session.ts';
import { SubjectIndex } from './subject-index.ts';

/** The limit of a message, headers included. */
const MAX_PAYLOAD = 1024 * 1024;
/** The level of the core protocol that is spoken here. */
const PROTOCOL_LEVEL = '2.9.0';
const MAX_UNANSWERED_PINGS = 2;
/** A publisher pauses this long when a subscriber of its message is congested. */
const STALL_MS = 5;
const CRLF_SIZE = 2;
const NO_RESPONDERS = 'NATS/1.0 503\r\n\r\n';

/** Routes messages between connections; one for each broker. `address` is what INFO shows. */
export class BrokerCore {
  address = { host: '', port: 0 };
  readonly #serverId = randomUUID();
  readonly #maxPendingBytes: number;
  readonly #index = new SubjectIndex<BrokerSubscription>();
  readonly #connections = new Set<BrokerConnection>();
  #dirty: BrokerConnection[] = [];
  #isFlushScheduled = false;
  #lastId = 0;
  #random = 0x9e3779b9;

  constructor(maxPendingBytes: number) {
    this.#maxPendingBytes = maxPendingBytes;
  }

  accept(socket: Socket): void {
    this.#lastId += 1;
    const connection = new BrokerConnection({
      id: this.#lastId,
      socket,
      maxPendingBytes: this.#maxPendingBytes,
      schedule: this.#schedule,
    });
    this.#connections.add(connection);
    const parser = new ProtocolParser({
      sink: new BrokerSession(this, connection),
      maxPayload: MAX_PAYLOAD,
    });
    socket.on('data', (chunk) => {
      if (connection.isClosed) parser.stop();
      else parser.feed(chunk as Buffer);
      this.#flushDirty();
    });
    // A reset connection is an ordinary end; `close` follows.
    socket.on('error', () => undefined);
    socket.on('close', () => this.#forget(connection));
    connection.writeText(`INFO ${JSON.stringify(this.#info(connection))}\r\n`);
  }

  subscribe(
    connection: BrokerConnection,
    request: { subject: string; queue: string; sid: string },
  ): void {
    const present = connection.subscriptions.get(request.sid);
    if (present !== undefined) return;
    const subscription = new BrokerSubscription(connection, request);
    connection.subscriptions.set(request.sid, subscription);
    this.#index.add(subscription);
  }

  unsubscribe(connection: BrokerConnection, request: { sid: string; max: number }): void {
    const subscription = connection.subscriptions.get(request.sid);
    if (subscription === undefined) return;
    if (request.max > subscription.delivered) subscription.max = request.max;
    else this.#remove(subscription);
  }

  /** Delivers one message to everyone who should have it. */
  publish(from: BrokerConnection, message: PublishedMessage): void {
    const match = this.#index.match(message.subject);
    let delivered = 0;
    for (const subscription of match.plain) {
      if (this.#canTake(subscription, from))
        delivered += this.#deliver(subscription, from, message);
    }
    for (const members of match.groups) {
      const member = this.#choose(members, from);
      if (member !== undefined) delivered += this.#deliver(member, from, message);
    }
    if (delivered === 0 && message.reply !== '' && from.options.noResponders)
      this.#reportNoResponders(from, message.reply);
  }

  pingAll(): void {
    for (const connection of this.#connections) {
      if (connection.unansweredPings >= MAX_UNANSWERED_PINGS) {
        connection.closeWith('Stale Connection');
      } else {
        connection.unansweredPings += 1;
        connection.writeText('PING\r\n');
      }
    }
  }

  endAll(): void {
    for (const connection of this.#connections) connection.end();
  }

  destroyAll(): void {
    for (const connection of this.#connections) connection.destroy();
  }

  #info(connection: BrokerConnection): object {
    return {
      server_id: this.#serverId,
      server_name: 'troupe-embedded',
      version: PROTOCOL_LEVEL,
      proto: 1,
      host: this.address.host,
      port: this.address.port,
      headers: true,
      max_payload: MAX_PAYLOAD,
      jetstream: false,
      client_id: connection.id,
      client_ip: connection.socket.remoteAddress ?? '',
    };
  }

  #forget(connection: BrokerConnection): void {
    connection.isClosed = true;
    this.#connections.delete(connection);
    for (const subscription of connection.subscriptions.values()) this.#index.remove(subscription);
    connection.subscriptions.clear();
  }

  #remove(subscription: BrokerSubscription): void {
    subscription.connection.subscriptions.delete(subscription.sid);
    this.#index.remove(subscription);
  }

  #canTake(subscription: BrokerSubscription, from: BrokerConnection): boolean {
    const { connection } = subscription;
    return !connection.isClosed && (connection !== from || from.options.echo);
  }

  #choose(
    members: readonly BrokerSubscription[],
    from: BrokerConnection,
  ): BrokerSubscription | undefined {
    const first = members.length === 1 ? 0 : this.#nextRandom() % members.length;
    for (let step = 0; step < members.length; step += 1) {
      const member = members[(first + step) % members.length] as BrokerSubscription;
      if (this.#canTake(member, from)) return member;
    }
    return undefined;
  }

  /** xorshift32: fair enough to spread load, and cheap. */
  #nextRandom(): number {
    let x = this.#random;
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    this.#random = x;
    return x >>> 0;
  }

  #deliver(
    subscription: BrokerSubscription,
    from: BrokerConnection,
    message: PublishedMessage,
  ): number {
    const { connection, sid } = subscription;
    const { subject, reply, headerSize, size, buffer, start } = message;
    const replyPart = reply === '' ? '' : `${reply} `;
    const end = start + size + CRLF_SIZE;
    if (headerSize === 0) {
      connection.writeMessage(`MSG ${subject} ${sid} ${replyPart}${size}\r\n`, {
        buffer,
        start,
        end,
      });
    } else if (connection.options.headers) {
      connection.writeMessage(`HMSG ${subject} ${sid} ${replyPart}${headerSize} ${size}\r\n`, {
        buffer,
        start,
        end,
      });
    } else {
      const head = `MSG ${subject} ${sid} ${replyPart}${size - headerSize}\r\n`;
      connection.writeMessage(head, { buffer, start: start + headerSize, end });
    }
    subscription.delivered += 1;
    if (subscription.max !== 0 && subscription.delivered >= subscription.max)
      this.#remove(subscription);
    if (connection.isCongested) stall(from);
    return 1;
  }

  #reportNoResponders(from: BrokerConnection, reply: string): void {
    const { plain, groups } = this.#index.match(reply);
    const own =
      plain.find((subscription) => subscription.connection === from) ??
      groups.flat().find((subscription) => subscription.connection === from);
    if (own === undefined) return;
    const size = NO_RESPONDERS.length;
    from.writeText(`HMSG ${reply} ${own.sid} ${size} ${size}\r\n${NO_RESPONDERS}\r\n`);
    own.delivered += 1;
    if (own.max !== 0 && own.delivered >= own.max) this.#remove(own);
  }

  /** What no chunk of input produced (greetings, pings) is sent at the end of this turn of the event loop. */
  readonly #schedule = (connection: BrokerConnection): void => {
    this.#dirty.push(connection);
    if (this.#isFlushScheduled) return;
    this.#isFlushScheduled = true;
    setImmediate(this.#flushDirty);
  };

  readonly #flushDirty = (): void => {
    this.#isFlushScheduled = false;
    const dirty = this.#dirty;
    this.#dirty = [];
    for (const connection of dirty) connection.flush();
  };
}

/** Slows a publisher down; E4 does not depend on it, so a short fixed pause is enough. */
function stall(from: BrokerConnection): void {
  if (from.socket.isPaused()) return;
  from.socket.pause();
  setTimeout(() => from.socket.resume(), STALL_MS);
}
