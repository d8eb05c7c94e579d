/**
 * The state of one broker: clients, subscriptions, and who gets a message. What a client on a socket said is
 * `broker-session.ts`, how bytes leave is `broker-connection.ts`; a client in this process is `broker-link.ts`.
 * Keeps E1, E2 and E4 of `embedded-broker.ts`.
 */
import { randomUUID } from 'node:crypto';
import type { Socket } from 'node:net';
import { type BrokerClient, BrokerSubscription } from './broker-client.ts';
import { BrokerConnection } from './broker-connection.ts';
import { BrokerLink } from './broker-link.ts';
import type { BrokerSettings } from './broker-options.ts';
import { ProtocolParser, type PublishedMessage } from './broker-parser.ts';
import { PendingTotal } from './broker-pending.ts';
import { BrokerSession } from './broker-session.ts';
import { SubjectIndex } from './subject-index.ts';

/** The level of the core protocol that is spoken here. */
const PROTOCOL_LEVEL = '2.9.0';
const NO_RESPONDERS = Buffer.from('NATS/1.0 503\r\n\r\n');

/** Routes messages between clients; one for each broker. `address` is what INFO shows. */
export class BrokerCore {
  address = { host: '', port: 0 };
  readonly #serverId = randomUUID();
  readonly #settings: BrokerSettings;
  readonly #index = new SubjectIndex<BrokerSubscription>();
  readonly #connections = new Set<BrokerConnection>();
  readonly #links = new Set<BrokerLink>();
  readonly #total: PendingTotal;
  #dirty: BrokerConnection[] = [];
  #isFlushScheduled = false;
  #lastId = 0;
  #random = 0x9e3779b9;

  constructor(settings: BrokerSettings) {
    this.#settings = settings;
    this.#total = new PendingTotal(settings.maxTotalPendingBytes);
  }

  accept(socket: Socket): void {
    this.#lastId += 1;
    const settings = this.#settings;
    const id = this.#lastId;
    const schedule = this.#schedule;
    const connection = new BrokerConnection({ id, socket, settings, total: this.#total, schedule });
    const session = new BrokerSession(this, connection, settings);
    const parser = new ProtocolParser({ sink: session, ...settings });
    socket.on('data', (chunk: Buffer) => {
      if (connection.isClosed) connection.ignore(chunk.length);
      else parser.feed(chunk);
      this.#flushDirty();
    });
    connection.writeText(`INFO ${JSON.stringify(this.#info(connection))}\r\n`);
    if (this.#connections.size >= settings.maxConnections) {
      connection.closeWith('maximum connections exceeded');
      return;
    }
    this.#connections.add(connection);
    const stopClocks = this.#startClocks(connection, session);
    socket.on('close', () => {
      stopClocks();
      this.#connections.delete(connection);
      this.#forget(connection);
    });
  }

  /** A client in this process. */
  link(): BrokerLink {
    const link = new BrokerLink({
      publish: (message) => {
        this.publish(link, message);
      },
      subscribe: (request) => this.subscribe(link, request),
      unsubscribe: (sid) => this.unsubscribe(link, { sid, max: 0 }),
      flush: this.#flushDirty,
      forget: () => {
        this.#links.delete(link);
        this.#forget(link);
      },
    });
    this.#links.add(link);
    return link;
  }

  /** Ignores an id that the client uses already. */
  subscribe(client: BrokerClient, request: { subject: string; queue: string; sid: string }): void {
    if (client.subscriptions.has(request.sid)) return;
    const subscription = new BrokerSubscription(client, request);
    client.subscriptions.set(request.sid, subscription);
    this.#index.add(subscription);
  }

  unsubscribe(client: BrokerClient, request: { sid: string; max: number }): void {
    const subscription = client.subscriptions.get(request.sid);
    if (subscription === undefined) return;
    if (request.max > subscription.delivered) subscription.max = request.max;
    else this.#remove(subscription);
  }

  /** Delivers one message to everyone who should have it. */
  publish(from: BrokerClient, message: PublishedMessage): void {
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

  /** Tells those who listen that this server goes, then ends every client. */
  endAll(): void {
    for (const link of this.#links) link.close();
    for (const connection of this.#connections) {
      if (connection.options.hearsInfo)
        connection.writeText(
          `INFO ${JSON.stringify({ ...this.#info(connection), ldm: true })}\r\n`,
        );
      connection.end();
    }
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
      ...(this.#settings.auth !== undefined && { auth_required: true }),
      max_payload: this.#settings.maxPayload,
      client_id: connection.id,
      client_ip: (connection.socket.remoteAddress ?? '').replace('::ffff:', ''),
    };
  }

  /** Clocks of its own: one for all would ask those who came just before its tick between INFO and the answer to CONNECT. */
  #startClocks(connection: BrokerConnection, session: BrokerSession): () => void {
    const { pingIntervalMs, authTimeoutMs } = this.#settings;
    const pings = setInterval(() => connection.ping(), pingIntervalMs).unref();
    const auth = setTimeout(() => {
      if (session.isAwaitingAuth) connection.closeWith('Authentication Timeout');
    }, authTimeoutMs).unref();
    return () => {
      clearInterval(pings);
      clearTimeout(auth);
    };
  }

  #forget(client: BrokerClient): void {
    for (const subscription of client.subscriptions.values()) this.#index.remove(subscription);
    client.subscriptions.clear();
  }

  #remove(subscription: BrokerSubscription): void {
    subscription.client.subscriptions.delete(subscription.sid);
    this.#index.remove(subscription);
  }

  #canTake(subscription: BrokerSubscription, from: BrokerClient): boolean {
    const { client } = subscription;
    return !client.isClosed && (client !== from || from.options.echo);
  }

  #choose(
    members: readonly BrokerSubscription[],
    from: BrokerClient,
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
    from: BrokerClient,
    message: PublishedMessage,
  ): number {
    const { client } = subscription;
    client.deliver(subscription.sid, message);
    this.#count(subscription);
    if (client.isCongested) from.slowDown();
    return 1;
  }

  #reportNoResponders(from: BrokerClient, reply: string): void {
    const { plain } = this.#index.match(reply);
    const own = plain.find((subscription) => subscription.client === from);
    if (own === undefined) return;
    const size = NO_RESPONDERS.length;
    const buffer = NO_RESPONDERS;
    from.deliver(own.sid, { subject: reply, reply: '', headerSize: size, size, buffer, start: 0 });
  }

  #count(subscription: BrokerSubscription): void {
    subscription.delivered += 1;
    if (subscription.max !== 0 && subscription.delivered >= subscription.max)
      this.#remove(subscription);
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
