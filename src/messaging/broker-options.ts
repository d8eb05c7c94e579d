/** What the embedded broker is started with; the defaults are those of nats-server where it has them. */
import { BrokerOptionError } from './errors.ts';

/** Credentials that every client on a socket must state in CONNECT; a link in this process needs none. */
export type BrokerAuth = { user: string; pass: string } | { token: string };

export interface BrokerOptions {
  /** Default 127.0.0.1. */
  host?: string;
  /** Default 4222; 0 picks a free one. */
  port?: number;
  /** Default: anybody who can reach the port. */
  auth?: BrokerAuth;
  /** How long a client may take to state its credentials, 2 s by default. */
  authTimeoutMs?: number;
  /** Bytes of headers and payload of a message, 1 MiB by default. */
  maxPayload?: number;
  /** Bytes of the arguments of an operation, 4096 by default. */
  maxControlLine?: number;
  /** Clients on sockets at a time, 65,536 by default. */
  maxConnections?: number;
  /** Subscriptions of one client on a socket, no limit by default. */
  maxSubscriptions?: number;
  /** Output kept for one client before it is cut off, 64 MiB by default. */
  maxPendingBytes?: number;
  /** Output kept for all clients together; beyond it the client with the most is cut off. 256 MiB by default. */
  maxTotalPendingBytes?: number;
  /** A client that takes none of its output for so long is cut off, 10 s by default. */
  writeDeadlineMs?: number;
  /** After how long clients that do nothing are asked whether they live; in place of a third unanswered PING the connection ends. Default 30 s. */
  pingIntervalMs?: number;
}

export interface BrokerSettings extends Required<Omit<BrokerOptions, 'auth'>> {
  auth: BrokerAuth | undefined;
}

const DEFAULTS: Omit<BrokerSettings, 'auth'> = {
  host: '127.0.0.1',
  port: 4222,
  authTimeoutMs: 2000,
  maxPayload: 1024 * 1024,
  maxControlLine: 4096,
  maxConnections: 65_536,
  maxSubscriptions: Number.MAX_SAFE_INTEGER,
  maxPendingBytes: 64 * 1024 * 1024,
  maxTotalPendingBytes: 256 * 1024 * 1024,
  writeDeadlineMs: 10_000,
  pingIntervalMs: 30_000,
};

/** The options with the defaults for what they leave open. Throws `broker.option-invalid`. */
export function brokerSettings(options: BrokerOptions): BrokerSettings {
  const stated = Object.entries(options).filter(([, value]) => value !== undefined);
  const settings: BrokerSettings = {
    ...DEFAULTS,
    auth: undefined,
    ...(Object.fromEntries(stated) as BrokerOptions),
  };
  for (const [name, value] of Object.entries(settings)) {
    if (typeof value !== 'number' || name === 'port') continue;
    if (!Number.isSafeInteger(value) || value < 1) throw new BrokerOptionError(name, value);
  }
  return settings;
}
