/** The bus of a process that is its own broker; kept apart from `nats-bus.ts`, whose names are public. */
import type { Bus } from './bus.ts';
import type { Broker } from './embedded-broker.ts';
import { type ConnectOptions, NatsBus } from './nats-bus.ts';
import { dialServer } from './nats-dial.ts';

/**
 * Connects to a broker in this process: messages go into it without a socket (decision 0013), and its own credentials
 * are used. Throws `bus.connect-failed`.
 */
export async function connectToOwnBroker(
  broker: Broker,
  given: Omit<ConnectOptions, 'url' | 'user' | 'pass' | 'token'>,
): Promise<Bus> {
  const options = { ...given, ...broker.auth, url: broker.url };
  return new NatsBus(await dialServer(options), options, broker.link());
}
