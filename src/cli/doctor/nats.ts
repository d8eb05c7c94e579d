/** NATS: is there a server, which, how far away, what can it do; or can the embedded broker have its port. */
import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import { reasonOf, TroupeError } from '../../workflow/errors.ts';
import { type Settings, serverAt } from '../settings.ts';
import { readUpFile } from '../up-file.ts';
import { type Finding, findings } from './finding.ts';
import { medianMs } from './median.ts';

const { ok, warn, fail } = findings('nats');
const CONNECT_MS = 2_000;
const MAX_INFO_BYTES = 65_536;
const ROUND_TRIPS = 9;
const SLOW_ROUND_TRIP_MS = 20;
/** A message of ours may have this size (contracts.md, Blobs). */
const NEEDED_PAYLOAD = 1024 * 1024;
const DEFAULT_PORT = 4222;
const LOOPBACK = /^(localhost|127\.\d+\.\d+\.\d+|\[?::1\]?)$/;

export async function checkNats(settings: Settings): Promise<Finding[]> {
  const url = settings.natsUrl ?? readUpFile(settings.dataDir)?.nats;
  if (url === undefined) return [await portFinding(settings.natsPort)];
  const found: Finding[] = [];
  for (const part of serverAt(url, settings).url.split(','))
    found.push(...(await checkServer(part)));
  if (found.some(({ status, check }) => check === 'server' && status === 'ok'))
    found.push(await roundTrip(url, settings));
  return found;
}

async function portFinding(port: number): Promise<Finding> {
  const text = 'no server is named: the broker is in the process';
  if (port === 0) return ok('port', `${text}, on a free port`);
  try {
    const server = createServer();
    server.listen(port, '127.0.0.1');
    await once(server, 'listening');
    server.close();
    return ok('port', `${text}, port ${port} is free`);
  } catch (error) {
    return warn(
      'port',
      `port ${port}, which \`troupe up\` takes for its broker, is not free (${reasonOf(error)})`,
      'Use another one with --nats-port, or the server that is there with TROUPE_NATS_URL.',
    );
  }
}

async function checkServer(url: string): Promise<Finding[]> {
  const { protocol, hostname, port } = new URL(url.includes('://') ? url : `nats://${url}`);
  const place = `${hostname}:${port || DEFAULT_PORT}`;
  const fix = 'Start the server, or correct TROUPE_NATS_URL.';
  if (protocol === 'ws:' || protocol === 'wss:')
    return [ok('server', `${place} is asked over WebSockets; what it can do is not read`)];
  try {
    const info = await readInfo(hostname, Number(port || DEFAULT_PORT));
    return [...serverFindings(info, place), ...security({ protocol, hostname, info })];
  } catch (error) {
    return [fail('server', `${place} does not answer as a NATS server: ${reasonOf(error)}`, fix)];
  }
}

interface ServerInfo {
  version?: string;
  server_name?: string;
  max_payload?: number;
  jetstream?: boolean;
  auth_required?: boolean;
  tls_required?: boolean;
}

function serverFindings(info: ServerInfo, place: string): Finding[] {
  const { version = 'unknown', server_name = '', max_payload = 0 } = info;
  const payload = `messages up to ${max_payload} bytes`;
  return [
    ok('server', `${place} is ${server_name || 'a server'}, version ${version}`),
    max_payload >= NEEDED_PAYLOAD
      ? ok('payload', payload)
      : fail('payload', payload, `Set max_payload of the server to ${NEEDED_PAYLOAD} or more.`),
    ok(
      'jetstream',
      info.jetstream === true ? 'JetStream is there' : 'no JetStream; none is needed',
    ),
  ];
}

function security(parts: { protocol: string; hostname: string; info: ServerInfo }): Finding[] {
  const { protocol, hostname, info } = parts;
  const isEncrypted = protocol === 'tls:' || info.tls_required === true;
  if (LOOPBACK.test(hostname) || isEncrypted) return [];
  return [
    warn(
      'security',
      `the connection to ${hostname} is not encrypted: secrets are not sent over it`,
      'Use a server with TLS and a tls:// address.',
    ),
  ];
}

/** The server speaks first: one line `INFO {...}`. */
async function readInfo(host: string, port: number): Promise<ServerInfo> {
  const socket = connect({ host: host.replace(/^\[|\]$/g, ''), port });
  const signal = AbortSignal.timeout(CONNECT_MS);
  try {
    let text = '';
    while (!text.includes('\r\n') && text.length < MAX_INFO_BYTES) {
      const [chunk] = (await once(socket, 'data', { signal })) as [Buffer];
      text += chunk.toString('utf8');
    }
    const line = text.split('\r\n', 1)[0] ?? '';
    if (!line.startsWith('INFO ')) throw new Error('its first line is no INFO');
    return JSON.parse(line.slice('INFO '.length)) as ServerInfo;
  } catch (error) {
    throw signal.aborted ? new Error(`no answer within ${CONNECT_MS} ms`) : error;
  } finally {
    socket.destroy();
  }
}

async function roundTrip(url: string, settings: Settings): Promise<Finding> {
  const { connectBus } = await import('../../messaging/nats-bus.ts');
  try {
    const bus = await connectBus({
      ...serverAt(url, settings),
      name: 'troupe-doctor',
      connectTimeoutMs: CONNECT_MS,
    });
    const median = await medianMs(ROUND_TRIPS, () => bus.flush());
    await bus.close();
    const text = `a round trip takes ${median.toFixed(2)} ms`;
    return median <= SLOW_ROUND_TRIP_MS
      ? ok('round-trip', text)
      : warn('round-trip', text, 'Every step takes two: use a server that is nearer.');
  } catch (error) {
    const isTls = error instanceof TroupeError && error.code.startsWith('bus.tls');
    return fail(
      'round-trip',
      reasonOf(error),
      isTls ? error.hint : 'Check user, password and token in TROUPE_NATS_URL.',
    );
  }
}
