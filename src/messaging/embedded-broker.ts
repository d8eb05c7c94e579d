/**
 * A server of the core NATS protocol inside this process, for one machine. Client code, the `nats` CLI and workers in
 * other languages connect to it as to nats-server; `test/conformance/` runs against both.
 *
 * E1 Messages of one connection reach each subscriber in the order in which they were published.
 * E2 Of a queue group one member gets a message; a request that nobody got is answered with 503 where the client asked for it.
 * E3 No input ends the process: what breaks the protocol ends its own connection.
 * E4 A client that does not read is cut off at `maxPendingBytes` or after `writeDeadlineMs`; before that, publishers to it
 *    are slowed down. What waits for all of them together is at most `maxTotalPendingBytes`: the one with the most goes.
 * E5 With `auth`, nothing but CONNECT is heard of a client before it has stated the credentials.
 */

import { type AddressInfo, createServer, type Server } from 'node:net';
import { BrokerCore } from './broker-core.ts';
import { type BrokerAuth, type BrokerOptions, brokerSettings } from './broker-options.ts';
import { BrokerListenError, PortInUseError } from './errors.ts';
import type { Link } from './link.ts';

export type { BrokerOptions } from './broker-options.ts';

export interface Broker {
  /** `nats://host:port`. */
  readonly url: string;
  readonly port: number;
  /** What clients on sockets must state. */
  readonly auth: BrokerAuth | undefined;
  /** A client in this process; `connectToOwnBroker` takes it from here. */
  link(): Link;
  /** Ends every connection after sending what was written to it, and frees the port. */
  close(): Promise<void>;
}

const CLOSE_GRACE_MS = 500;

/**
 * Starts the broker and resolves when it listens.
 * Throws `broker.port-in-use`, `broker.cannot-listen`, `broker.option-invalid`.
 */
export async function startBroker(options: BrokerOptions = {}): Promise<Broker> {
  const settings = brokerSettings(options);
  const { host, auth } = settings;
  const core = new BrokerCore(settings);
  const server = createServer({ noDelay: true, allowHalfOpen: true }, (socket) =>
    core.accept(socket),
  );
  await listen(server, { host, port: settings.port });
  const { port } = server.address() as AddressInfo;
  core.address = { host, port };
  return {
    url: `nats://${host.includes(':') ? `[${host}]` : host}:${port}`,
    port,
    auth,
    link: () => core.link(),
    close: () => closeServer(server, core),
  };
}

function listen(server: Server, address: { host: string; port: number }): Promise<void> {
  return new Promise((resolve, reject) => {
    const fail = (error: NodeJS.ErrnoException): void => {
      const isTaken = error.code === 'EADDRINUSE';
      reject(isTaken ? new PortInUseError(address, error) : new BrokerListenError(address, error));
    };
    server.once('error', fail);
    server.listen(address, () => {
      server.off('error', fail);
      // Later errors concern one connection that could not be accepted; its client tries again.
      server.on('error', () => undefined);
      resolve();
    });
  });
}

function closeServer(server: Server, core: BrokerCore): Promise<void> {
  return new Promise((resolve) => {
    const grace = setTimeout(() => core.destroyAll(), CLOSE_GRACE_MS);
    server.close(() => {
      clearTimeout(grace);
      resolve();
    });
    core.endAll();
  });
}
