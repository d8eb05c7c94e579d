/** The link over the socket of the `nats` client. It writes by itself: `flush` has nothing to add. */
import type { NatsConnection } from 'nats';
import type { Link, LinkSubscriber, LinkSubscription } from './link.ts';
import type { Outgoing } from './outbox.ts';
import { within } from './within.ts';

export class SocketLink implements Link {
  /** The client tells of a lost connection itself. */
  readonly isOpen = true;
  readonly #connection: NatsConnection;

  constructor(connection: NatsConnection) {
    this.#connection = connection;
  }

  publish({ subject, bytes, headers, replyTo }: Outgoing): void {
    if (headers === undefined && replyTo === undefined) {
      this.#connection.publish(subject, bytes);
      return;
    }
    this.#connection.publish(subject, bytes, {
      ...(headers !== undefined && { headers }),
      ...(replyTo !== undefined && { reply: replyTo }),
    });
  }

  flush(): void {}

  subscribe(
    { subject, queue }: { subject: string; queue: string | undefined },
    subscriber: LinkSubscriber,
  ): LinkSubscription {
    const subscription = this.#connection.subscribe(subject, {
      ...(queue !== undefined && { queue }),
      callback: (error, message) => {
        if (error === null) subscriber.take(message);
        else subscriber.fail(error);
      },
    });
    return {
      stop: async (timeoutMs) => {
        if (subscription.isClosed()) return;
        if (timeoutMs > 0) await within(timeoutMs, subscription.drain());
        if (!subscription.isClosed()) subscription.unsubscribe();
      },
    };
  }

  /** The owner of the client's connection closes that. */
  close(): void {}
}
