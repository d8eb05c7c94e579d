/**
 * What one turn of the event loop sends goes to the socket together: one system call, and one wake-up of the other
 * side, instead of one for every promise that settled in between (decision 0012).
 *
 * O1 Messages leave in the order in which they were added.
 * O2 A message leaves before the event loop waits for anything: nothing lies here while the process is idle.
 */
import type { MsgHdrs } from 'nats';

/** One message, encoded. */
export interface Outgoing {
  subject: string;
  bytes: Uint8Array;
  headers: MsgHdrs | undefined;
  replyTo: string | undefined;
}

export class Outbox {
  readonly #send: (message: Outgoing) => void;
  readonly #sent: () => void;
  #waiting: Outgoing[] = [];

  /** `sent` is called after the last message of a batch. Neither may throw. */
  constructor(send: (message: Outgoing) => void, sent: () => void) {
    this.#send = send;
    this.#sent = sent;
  }

  add(message: Outgoing): void {
    if (this.#waiting.push(message) === 1) setImmediate(this.flush);
  }

  /** Sends what waits now: before anything whose order with the messages matters. */
  readonly flush = (): void => {
    const waiting = this.#waiting;
    if (waiting.length === 0) return;
    this.#waiting = [];
    for (const message of waiting) this.#send(message);
    this.#sent();
  };
}
