/**
 * All requests of one connection over one inbox: `<inbox>.<token>`.
 *
 * R1 Every request ends exactly once: with its reply, an error, its timeout, or the loss of the connection.
 * R2 A reply to nobody (late, or a second one) is dropped.
 * R3 An ended request leaves nothing behind: no timer, no entry.
 * R4 A reply that was there in time counts, also when this process was too busy to read it.
 */
import type { BusMessage } from './bus.ts';
import { NoRespondersError, RequestTimeoutError } from './errors.ts';
import { errorInReply, isNoResponders, type RawMessage } from './nats-message.ts';

interface Pending {
  /** True when the entry is finished with this reply. */
  take(raw: RawMessage): boolean;
  fail(error: Error): void;
  timer: NodeJS.Timeout;
}

/** Pending requests by token. The owner subscribes `pattern` and hands every message to `receive`. */
export class RequestMux {
  readonly #inbox: string;
  readonly #wrap: (raw: RawMessage) => BusMessage;
  readonly #pending = new Map<string, Pending>();
  #last = 0;

  constructor(inbox: string, wrap: (raw: RawMessage) => BusMessage) {
    this.#inbox = inbox;
    this.#wrap = wrap;
  }

  get pattern(): string {
    return `${this.#inbox}.*`;
  }

  /** Registers a request and sends it with its reply subject. Rejects with `RemoteError`, `bus.no-responders`, `bus.timeout`, or what `send` throws. */
  one(request: {
    subject: string;
    timeoutMs: number;
    send: (replyTo: string) => void;
  }): Promise<BusMessage> {
    const { subject, timeoutMs, send } = request;
    return new Promise((resolve, reject) => {
      const take = (raw: RawMessage): boolean => {
        if (isNoResponders(raw)) reject(new NoRespondersError(subject));
        else this.#settle(raw, resolve, reject);
        return true;
      };
      const onTimeout = (): void => reject(new RequestTimeoutError(subject, timeoutMs));
      this.#start({ take, fail: reject, onTimeout, timeoutMs, send });
    });
  }

  /** Collects every reply until the time is over or `max` are there; nobody there means an empty list. */
  many(request: {
    timeoutMs: number;
    max: number;
    send: (replyTo: string) => void;
  }): Promise<BusMessage[]> {
    const { timeoutMs, max, send } = request;
    return new Promise((resolve, reject) => {
      const replies: BusMessage[] = [];
      const take = (raw: RawMessage): boolean => {
        const isOver = isNoResponders(raw) || replies.push(this.#wrap(raw)) >= max;
        if (isOver) resolve(replies);
        return isOver;
      };
      this.#start({ take, fail: reject, onTimeout: () => resolve(replies), timeoutMs, send });
    });
  }

  /** Takes a message that arrived on the inbox. Never throws: what cannot be read fails its request. */
  receive(raw: RawMessage): void {
    const token = raw.subject.slice(this.#inbox.length + 1);
    const pending = this.#pending.get(token);
    if (pending === undefined) return;
    try {
      if (pending.take(raw)) this.#end(token, pending);
    } catch (error) {
      this.#end(token, pending);
      pending.fail(error as Error);
    }
  }

  /** Ends everything pending with an error. */
  failAll(error: Error): void {
    for (const [token, pending] of this.#pending) {
      this.#end(token, pending);
      pending.fail(error);
    }
  }

  #settle(
    raw: RawMessage,
    resolve: (message: BusMessage) => void,
    reject: (error: Error) => void,
  ): void {
    const message = this.#wrap(raw);
    const error = errorInReply(message);
    if (error === undefined) resolve(message);
    else reject(error);
  }

  #start(request: {
    take: Pending['take'];
    fail: Pending['fail'];
    onTimeout: () => void;
    timeoutMs: number;
    send: (replyTo: string) => void;
  }): void {
    this.#last += 1;
    const token = this.#last.toString(36);
    const timer = setTimeout(() => {
      // R4: what lies in the socket is read before the time is over.
      setImmediate(() => {
        if (this.#pending.delete(token)) request.onTimeout();
      });
    }, request.timeoutMs);
    const pending: Pending = { take: request.take, fail: request.fail, timer };
    this.#pending.set(token, pending);
    try {
      request.send(`${this.#inbox}.${token}`);
    } catch (error) {
      this.#end(token, pending);
      request.fail(error as Error);
    }
  }

  #end(token: string, pending: Pending): void {
    clearTimeout(pending.timer);
    this.#pending.delete(token);
  }
}
