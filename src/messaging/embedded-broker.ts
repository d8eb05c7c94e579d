/**
 * A server of the core NATS protocol inside this process, for one machine. Client code, the `nats` CLI and workers in
 * other languages connect to it as to nats-server; `test/conformance/` runs against both.
 *
 * E1 Messages of one connection reach each subscriber in the order in which they were published.
 * E2 Of a queue group one member gets a message; a request that nobody got is answered with 503 where the client asked for it.
 * E3 No input ends the process: what breaks the protocol ends its own connection.
 * E4 A client that does not read is cut off at `maxPendingBytes`; before that, publishers to it are slowed down.
 */

import { type AddressInfo, createServer, type Server } from 'node:net';
import { BrokerCore } from './broker-core.ts';
import { BrokerListenError, PortInUseError } from './errors.ts';
import type { Link } from './link.ts';

export interface BrokerOptions {
  /** Default 127.0.0.1. */
  host?: string;
  /** Default 4222; 0 picks a free one. */
  port?: number;
  /** Output kept for one client before it is cut off; default 64 MiB. */
  maxPendingBytes?: number;
  /** How often clients are asked whether they live; the third unanswered PING ends a connection. Default 30 s. */
  pingIntervalMs?: number;
}

export interface Broker {
  /** `nats://host:port`. */
  readonly url: string;
  readonly port: number;
  /** A client in this process; `connectBus` takes it from here. */
  link(): Link;
  /** Ends every connection after sending what was written to it, and frees the port. */
  close(): Promise<void>;
}

const DEFAULT_HOST = '127.0.0.1';
const DEFAULT_PORT = 4222;
const DEFAULT_MAX_PENDING_BYTES = 64 * 1024 * 1024;
const PING_INTERVAL_MS = 30_000;
const CLOSE_GRACE_MS = 500;

/**
 * Starts the broker and resolves when it listens.
 * Throws `broker.port-in-use`, `broker.cannot-listen`.
 */
export async function startBroker(options: BrokerOptions = {}): Promise<Broker> {
  const host = options.host ?? DEFAULT_HOST;
  const core = new BrokerCore(options.maxPendingBytes ?? DEFAULT_MAX_PENDING_BYTES);
  const server = createServer({ noDelay: true }, (socket) => core.accept(socket));
  await listen(server, { host, port: options.port ?? DEFAULT_PORT });
  const { port } = server.address() as AddressInfo;
  core.address = { host, port };
  const pings = setInterval(
    () => core.pingAll(),
    options.pingIntervalMs ?? PING_INTERVAL_MS,
  ).unref();
  return {
    url: `nats://${host.includes(':') ? `[${host}]` : host}:${port}`,
    port,
    link: () => core.link(),
    close: () => {
      clearInterval(pings);
      return closeServer(server, core);
    },
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
