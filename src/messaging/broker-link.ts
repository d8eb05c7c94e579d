/**
 * A client of the embedded broker in its own process: the same messages in the same order as over a socket, without
 * the protocol's text and the operating system in between (decision 0013). Keeps L1 and L2 of `link.ts`.
 *
 * K1 A message is handed over in a microtask of its own, after what delivered it.
 * K2 Subjects are JavaScript strings here and UTF-8 bytes in the broker (`broker-parser.ts`).
 */
import { type MsgHdrs, MsgHdrsImpl } from 'nats';
import type { BrokerClient, BrokerSubscription, ClientOptions } from './broker-client.ts';
import type { PublishedMessage } from './broker-parser.ts';
import { InvalidTokenError } from './errors.ts';
import type { Link, LinkSubscriber, LinkSubscription } from './link.ts';
import type { RawMessage } from './nats-message.ts';
import type { Outgoing } from './outbox.ts';
import { isValidPattern } from './subject-index.ts';

/** What the link asks of its broker. */
export interface LinkHost {
  publish(message: PublishedMessage): void;
  subscribe(request: { subject: string; queue: string; sid: string }): void;
  unsubscribe(sid: string): void;
  /** Sends what was written to other clients. */
  flush(): void;
  forget(): void;
}

const OPTIONS: ClientOptions = {
  verbose: false,
  pedantic: false,
  echo: true,
  headers: true,
  noResponders: true,
  hearsInfo: false,
};
const PLAIN_SUBJECT = /^[!-~]+$/;
const BLANK = /\s/;

export class BrokerLink implements Link, BrokerClient {
  readonly options = OPTIONS;
  readonly subscriptions = new Map<string, BrokerSubscription>();
  /** Nothing waits here: what is delivered is handed over in the same turn. */
  readonly isCongested = false;
  isClosed = false;
  readonly #host: LinkHost;
  readonly #subscribers = new Map<string, LinkSubscriber>();
  #arrived: { subscriber: LinkSubscriber; message: RawMessage }[] = [];
  #lastSid = 0;

  constructor(host: LinkHost) {
    this.#host = host;
  }

  get isOpen(): boolean {
    return !this.isClosed;
  }

  publish({ subject, bytes, headers, replyTo }: Outgoing): void {
    if (this.isClosed) return;
    const head = headers === undefined ? undefined : (headers as MsgHdrsImpl).encode();
    const body = asBuffer(bytes);
    const buffer = head === undefined ? body : Buffer.concat([head, body]);
    this.#host.publish({
      subject: subjectBytes(subject),
      reply: replyTo === undefined ? '' : subjectBytes(replyTo),
      headerSize: head?.length ?? 0,
      size: buffer.length,
      buffer,
      start: 0,
    });
  }

  flush(): void {
    this.#host.flush();
  }

  subscribe(
    { subject, queue }: { subject: string; queue: string | undefined },
    subscriber: LinkSubscriber,
  ): LinkSubscription {
    if (!isValidPattern(subject) || BLANK.test(subject))
      throw new InvalidTokenError('the text', subject);
    this.#lastSid += 1;
    const sid = String(this.#lastSid);
    this.#subscribers.set(sid, subscriber);
    const pattern = PLAIN_SUBJECT.test(subject) ? subject : latin1(subject);
    this.#host.subscribe({ subject: pattern, queue: queue ?? '', sid });
    return { stop: () => this.#stop(sid) };
  }

  deliver(sid: string, message: PublishedMessage): void {
    const subscriber = this.#subscribers.get(sid);
    if (subscriber === undefined) return;
    if (this.#arrived.push({ subscriber, message: new LinkMessage(message) }) === 1)
      queueMicrotask(this.#handOver);
  }

  /** Its owner is a publisher that nothing can pause; the bound of the slow client (E4) holds all the same. */
  slowDown(): void {}

  end(): void {
    this.close();
  }

  destroy(): void {
    this.close();
  }

  close(): void {
    if (this.isClosed) return;
    this.isClosed = true;
    this.#host.forget();
    this.#subscribers.clear();
  }

  /** What has arrived is handed over before the promise resolves: its microtask is older. */
  async #stop(sid: string): Promise<void> {
    this.#host.unsubscribe(sid);
    this.#subscribers.delete(sid);
    await Promise.resolve();
  }

  readonly #handOver = (): void => {
    const arrived = this.#arrived;
    this.#arrived = [];
    for (const { subscriber, message } of arrived) subscriber.take(message);
  };
}

/** A delivered message; it keeps the bytes, not a copy: the broker writes into no buffer that it has read from. */
class LinkMessage implements RawMessage {
  readonly subject: string;
  readonly reply: string;
  readonly data: Uint8Array;
  readonly #head: Uint8Array | undefined;
  #headers: MsgHdrs | undefined;

  constructor({ subject, reply, headerSize, size, buffer, start }: PublishedMessage) {
    this.subject = subjectText(subject);
    this.reply = reply === '' ? '' : subjectText(reply);
    this.data = buffer.subarray(start + headerSize, start + size);
    this.#head = headerSize === 0 ? undefined : buffer.subarray(start, start + headerSize);
  }

  /** Throws for headers that are none. */
  get headers(): MsgHdrs | undefined {
    if (this.#head === undefined) return undefined;
    this.#headers ??= MsgHdrsImpl.decode(this.#head);
    return this.#headers;
  }
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes)
    ? bytes
    : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** A subject as the broker holds it. Throws `subject.invalid-token` for what would break the protocol. */
function subjectBytes(subject: string): string {
  if (PLAIN_SUBJECT.test(subject)) return subject;
  if (subject === '' || BLANK.test(subject)) throw new InvalidTokenError('the text', subject);
  return latin1(subject);
}

function subjectText(bytes: string): string {
  return PLAIN_SUBJECT.test(bytes) ? bytes : Buffer.from(bytes, 'latin1').toString('utf8');
}

function latin1(text: string): string {
  return Buffer.from(text, 'utf8').toString('latin1');
}
