/** The two servers that must give the same answers, started with the same options. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { BrokerOptions } from '../../src/messaging/broker-options.ts';
import { startBroker } from '../../src/messaging/embedded-broker.ts';
import { startNatsServer } from '../support/nats-server.ts';

export interface TestedServer {
  port: number;
  /** Tells clients that the server goes. */
  leave(): Promise<void>;
  stop(): Promise<void>;
}

export type ServerOptions = Pick<
  BrokerOptions,
  | 'auth'
  | 'authTimeoutMs'
  | 'maxPayload'
  | 'maxControlLine'
  | 'maxConnections'
  | 'maxSubscriptions'
  | 'maxPendingBytes'
  | 'pingIntervalMs'
>;

export type StartServer = (options?: ServerOptions) => Promise<TestedServer>;

export async function startEmbedded(options: ServerOptions = {}): Promise<TestedServer> {
  const broker = await startBroker({ port: 0, ...options });
  return { port: broker.port, leave: () => broker.close(), stop: () => broker.close() };
}

export async function startReal(options: ServerOptions = {}): Promise<TestedServer> {
  const folder = await mkdtemp(join(tmpdir(), 'conformance-'));
  const file = join(folder, 'server.conf');
  await writeFile(file, configuration(options));
  const server = await startNatsServer({ args: ['-c', file] });
  return {
    port: server.port,
    leave: async () => {
      process.kill(server.pid, 'SIGUSR2');
    },
    stop: async () => {
      await server.stop();
      await rm(folder, { recursive: true });
    },
  };
}

/** The options as nats-server writes them. */
function configuration(options: ServerOptions): string {
  const lines: string[] = [];
  const add = (name: string, value: unknown): void => {
    if (value !== undefined) lines.push(`${name}: ${JSON.stringify(value)}`);
  };
  const { auth, authTimeoutMs = 2000, pingIntervalMs } = options;
  add('max_payload', options.maxPayload);
  add('max_control_line', options.maxControlLine);
  add('max_connections', options.maxConnections);
  add('max_subscriptions', options.maxSubscriptions);
  add('max_pending', options.maxPendingBytes);
  // How long it still tries to write to who reads nothing; 10 s where nothing is said.
  add('write_deadline', options.maxPendingBytes === undefined ? undefined : '2s');
  add('ping_interval', pingIntervalMs === undefined ? undefined : `${pingIntervalMs}ms`);
  if (auth !== undefined) {
    const secret =
      'token' in auth
        ? `token: ${JSON.stringify(auth.token)}`
        : `user: ${JSON.stringify(auth.user)}, password: ${JSON.stringify(auth.pass)}`;
    lines.push(`authorization { ${secret}, timeout: ${authTimeoutMs / 1000} }`);
  }
  return `${lines.join('\n')}\n`;
}
