/** How a connection of the `nats` client is made, and how it comes back. */
import { connect, type NatsConnection } from 'nats';
import { ConnectFailedError, isRefusal, TlsFailedError, tlsReason } from './errors.ts';
import { requiresTls, type ServerTls, tlsOptionsOf } from './server-tls.ts';
import { USER_INFO, withoutCredentials } from './server-url.ts';

/** Told of what a handler threw, or what the server complained about. */
export type BusErrorListener = (error: unknown, context: { subject: string }) => void;

export interface ConnectOptions {
  /** `nats://host:port`, or `tls://` for TLS or nothing, also with `user:pass@` or `token@`, or several separated by commas. */
  url: string;
  /** Shown by the server's monitoring. */
  name: string;
  /** Files for TLS; with any of them the connection is TLS, also where the URL does not say so. */
  tls?: ServerTls | undefined;
  user?: string;
  pass?: string;
  token?: string;
  /** Default `_INBOX`. */
  inboxPrefix?: string;
  /** How long the first connection may take, 5 s by default. */
  connectTimeoutMs?: number;
  /** Default: a process warning. */
  onError?: BusErrorListener;
}

const CONNECT_TIMEOUT_MS = 5000;
const RECONNECT_WAIT_MS = 50;
/** One try to connect, from the first packet to the server's first answer; then the next one begins. */
const DIAL_TIMEOUT_MS = 450;
/** A server that does not answer is given up after `PING_INTERVAL_MS * (MAX_PINGS + 1)`. */
const PING_INTERVAL_MS = 2000;
const MAX_PINGS = 2;

/** Tries until the server answers or the time is over. Throws `bus.connect-failed`, `bus.tls-failed`, `bus.tls-file`. */
export async function dialServer(options: ConnectOptions): Promise<NatsConnection> {
  const timeoutMs = options.connectTimeoutMs ?? CONNECT_TIMEOUT_MS;
  const deadline = performance.now() + timeoutMs;
  const tls = tlsOptionsOf(options);
  for (;;) {
    try {
      return await dial(options, tls);
    } catch (error) {
      if (performance.now() + RECONNECT_WAIT_MS >= deadline || isRefusal(error)) {
        const url = withoutCredentials(options.url);
        // A server that wants another certificate of this side ends the connection; the client then only says TIMEOUT.
        const isTls =
          tlsReason(error) !== undefined ||
          (requiresTls(options) && (error as { code?: unknown }).code === 'TIMEOUT');
        throw isTls ? new TlsFailedError(url, error) : new ConnectFailedError(url, error);
      }
      await new Promise((resolve) => setTimeout(resolve, RECONNECT_WAIT_MS));
    }
  }
}

function dial(
  options: ConnectOptions,
  tls: ReturnType<typeof tlsOptionsOf>,
): Promise<NatsConnection> {
  return connect({
    servers: withoutCredentials(options.url).split(','),
    name: options.name,
    timeout: DIAL_TIMEOUT_MS,
    maxReconnectAttempts: -1,
    reconnectTimeWait: RECONNECT_WAIT_MS,
    reconnectJitter: 0,
    reconnectJitterTLS: 0,
    reconnectDelayHandler: () => RECONNECT_WAIT_MS,
    ignoreAuthErrorAbort: true,
    pingInterval: PING_INTERVAL_MS,
    maxPingOut: MAX_PINGS,
    noAsyncTraces: true,
    // Without it the client speaks in clear text to a server that offers no TLS.
    ...tls,
    ...credentialsOf(options),
    ...(options.inboxPrefix !== undefined && { inboxPrefix: options.inboxPrefix }),
  });
}

/** What the options say, else what the URL says (`user:pass@` or `token@`). */
function credentialsOf(options: ConnectOptions): { user?: string; pass?: string; token?: string } {
  const { user, pass, token } = options;
  if (token !== undefined) return { token };
  if (user !== undefined) return pass === undefined ? { user } : { user, pass };
  const info = [...options.url.matchAll(USER_INFO)][0]?.[2];
  if (info === undefined || info === '') return {};
  const [name = '', ...secret] = info.split(':');
  const decoded = decodeURIComponent(name);
  return secret.length === 0
    ? { token: decoded }
    : { user: decoded, pass: decodeURIComponent(secret.join(':')) };
}

const LOOPBACK = /^(localhost|127(\.\d+){3}|\[?::1\]?)$/;

/** True where nobody on another host can read along: TLS, or the server that it is connected to now is on this host. */
export function isPrivate(
  options: Pick<ConnectOptions, 'url' | 'tls'>,
  connection: Pick<NatsConnection, 'getServer' | 'info'>,
): boolean {
  if (requiresTls(options) || options.url.startsWith('wss://')) return true;
  if (connection.info?.tls_required === true) return true;
  return LOOPBACK.test(
    connection
      .getServer()
      .replace(/^.*:\/\//, '')
      .replace(/:\d+$/, ''),
  );
}
