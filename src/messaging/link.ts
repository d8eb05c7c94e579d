/**
 * The way of messages between a bus and its broker: over the socket of the `nats` client (`socket-link.ts`), or
 * straight into the embedded broker of the same process (`broker-link.ts`).
 *
 * L1 Messages arrive at each subscriber in the order in which they were published.
 * L2 No handler runs inside `publish`, `flush` or `subscribe`.
 */

import type { RawMessage } from './nats-message.ts';
import type { Outgoing } from './outbox.ts';

/** What a subscription's messages are handed to, and what the broker says against it. */
export interface LinkSubscriber {
  take(message: RawMessage): void;
  fail(error: Error): void;
}

export interface LinkSubscription {
  /** Resolves when the last message that was under way is handled, after `timeoutMs` at the latest. */
  stop(timeoutMs: number): Promise<void>;
}

export interface Link {
  /** False when the other side has gone for good. */
  readonly isOpen: boolean;
  /** Throws what the client says against a message, such as an invalid subject. */
  publish(message: Outgoing): void;
  /** Puts what was published on the wire. */
  flush(): void;
  subscribe(
    pattern: { subject: string; queue: string | undefined },
    subscriber: LinkSubscriber,
  ): LinkSubscription;
  close(): void;
}
