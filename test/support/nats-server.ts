/**
 * A real nats-server for tests and benchmarks: its own process, a free port, no JetStream, no files.
 * A missing server is a failure, never a skip: the promise is that both brokers behave alike.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createConnection } from 'node:net';
import { delimiter, join } from 'node:path';
import { freePort } from './free-ports.ts';

export interface NatsServer {
  /** `nats://127.0.0.1:<port>`; the same after `restart`. */
  readonly url: string;
  readonly port: number;
  /** Of the process that runs now. */
  readonly pid: number;
  /** SIGKILL; resolves when the process is gone. */
  kill9(): Promise<void>;
  /** Starts it again on the same port, after `kill9` or `stop`; resolves when it accepts connections. */
  restart(): Promise<void>;
  /** SIGTERM, then SIGKILL after 2 s; resolves when the process is gone. */
  stop(): Promise<void>;
}

const EXTRA_FOLDERS = ['/usr/sbin', '/usr/local/sbin', '/usr/local/bin', '/opt/homebrew/bin'];
const READY_TIMEOUT_MS = 30_000;
const RETRY_MS = 20;
const STOP_TIMEOUT_MS = 2000;
const MAX_STARTS = 5;

/** Starts a server on loopback. `args` are added to its command line. Throws when there is none on PATH or it does not start. */
export async function startNatsServer(
  options: { port?: number; args?: string[] } = {},
): Promise<NatsServer> {
  const binary = findNatsServer();
  const args = options.args ?? [];
  for (let start = 1; ; start += 1) {
    const port = options.port ?? (await freePort());
    try {
      return serverOn({ binary, port, args, child: await launch({ binary, port, args }) });
    } catch (error) {
      // Somebody else may have taken the free port in between.
      if (options.port !== undefined || start === MAX_STARTS) throw error;
    }
  }
}

/** The path of nats-server; throws with what to do when there is none. */
export function findNatsServer(): string {
  const folders = [...(process.env.PATH ?? '').split(delimiter), ...EXTRA_FOLDERS];
  const found = folders
    .map((folder) => join(folder, 'nats-server'))
    .find((path) => existsSync(path));
  if (found === undefined) {
    throw new Error(
      'nats-server is not installed; this test needs it. Debian: apt-get install nats-server',
    );
  }
  return found;
}

function serverOn(options: {
  binary: string;
  port: number;
  args: string[];
  child: ChildProcess;
}): NatsServer {
  let { child } = options;
  const url = `nats://127.0.0.1:${options.port}`;
  return {
    url,
    port: options.port,
    get pid() {
      return child.pid as number;
    },
    kill9: () => end(child, 'SIGKILL'),
    restart: async () => {
      if (child.exitCode === null && child.signalCode === null)
        throw new Error('nats-server still runs');
      child = await launch(options);
    },
    stop: () => end(child, 'SIGTERM'),
  };
}

async function launch(options: {
  binary: string;
  port: number;
  args: string[];
}): Promise<ChildProcess> {
  const child = spawn(
    options.binary,
    ['-a', '127.0.0.1', '-p', String(options.port), ...options.args],
    { stdio: ['ignore', 'ignore', 'pipe'] },
  );
  let output = '';
  child.stderr?.on('data', (chunk: Buffer) => {
    output = `${output}${chunk.toString()}`.slice(-2000);
  });
  const deadline = performance.now() + READY_TIMEOUT_MS;
  while (performance.now() < deadline) {
    if (child.exitCode !== null)
      throw new Error(`nats-server ended with ${child.exitCode}: ${output}`);
    if (await accepts(options.port)) return child;
    await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
  }
  await end(child, 'SIGKILL');
  throw new Error(`nats-server did not start within ${READY_TIMEOUT_MS} ms: ${output}`);
}

/** True when a server on the port says INFO. */
function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createConnection({ port, host: '127.0.0.1' });
    const done = (answer: boolean): void => {
      socket.destroy();
      resolve(answer);
    };
    socket.once('data', () => done(true));
    socket.once('error', () => done(false));
  });
}

function end(child: ChildProcess, signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve();
  return new Promise((resolve) => {
    const force = setTimeout(() => child.kill('SIGKILL'), STOP_TIMEOUT_MS);
    child.once('exit', () => {
      clearTimeout(force);
      resolve();
    });
    child.kill(signal);
  });
}
