/** `bin/troupe up` and `worker` as a user starts them, and what they cost the machine: memory and processor time, from /proc. */
import { spawn } from 'node:child_process';
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

const BINARY = join(import.meta.dirname, '..', '..', 'bin', 'troupe');
/** As in the first line of `bin/troupe`. */
const FLAGS = ['--max-semi-space-size=64'];
/** Of the processor times in /proc. */
const TICK_MS = 10;

export interface Live {
  /** Where NATS is. */
  readonly url: string;
  /** Seconds from the start of the process until it said that it is ready. */
  readonly readySeconds: number;
  /** Resident memory in MB: all of it, and its own without the pages of files, which the system can take back. */
  rssMb(): number;
  ownMb(): number;
  /** Processor time since its start, in ms. */
  cpuMs(): number;
  /** Ctrl+C, and waits for its end. */
  stop(): Promise<void>;
}

/** Starts `up` on a data directory, on a port of its own. */
export function startUp(options: {
  dataDir: string;
  arguments?: readonly string[];
}): Promise<Live> {
  const { dataDir } = options;
  mkdirSync(dataDir, { recursive: true });
  const argv = ['up', '--nats-port', '0', '--data-dir', dataDir, ...(options.arguments ?? [])];
  return start(argv, dataDir);
}

/** Starts a worker with the built-in agents, each of which takes `concurrency` attempts at once. */
export function startWorker(options: {
  url: string;
  folder: string;
  concurrency: number;
}): Promise<Live> {
  const { url, folder, concurrency } = options;
  const argv = ['worker', '--nats-url', url, '--concurrency', String(concurrency)];
  return start(argv, folder);
}

async function start(argv: readonly string[], folder: string): Promise<Live> {
  const startedAt = performance.now();
  const child = spawn(process.execPath, [...FLAGS, BINARY, ...argv, '--json'], {
    cwd: folder,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let stderr = '';
  child.stderr.on('data', (chunk: Buffer) => {
    stderr = `${stderr}${chunk.toString()}`.slice(-20_000);
  });
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const line = await new Promise<{ nats: string; pid: number }>((resolve, reject) => {
    let text = '';
    child.stdout.on('data', (chunk: Buffer) => {
      text += chunk.toString();
      if (text.includes('\n')) resolve(JSON.parse(text.slice(0, text.indexOf('\n'))));
    });
    child.once('close', () => reject(new Error(`${argv[0]} ended: ${stderr}`)));
  });
  return {
    url: line.nats,
    readySeconds: (performance.now() - startedAt) / 1000,
    rssMb: () => memoryOf(line.pid, 'Rss'),
    ownMb: () => memoryOf(line.pid, 'Anonymous'),
    cpuMs: () => {
      const fields = proc(line.pid, 'stat').split(') ')[1]?.split(' ') ?? [];
      return (Number(fields[11]) + Number(fields[12])) * TICK_MS;
    },
    stop: async () => {
      if (child.exitCode === null && child.signalCode === null) process.kill(line.pid, 'SIGINT');
      await exited;
    },
  };
}

function memoryOf(pid: number, field: string): number {
  const kilobytes = new RegExp(`^${field}:\\s+(\\d+)`, 'm').exec(proc(pid, 'smaps_rollup'))?.[1];
  return Math.round(Number(kilobytes) / 1024);
}

function proc(pid: number, name: string): string {
  return readFileSync(`/proc/${pid}/${name}`, 'utf8');
}

/** The memory of an `up` at rest: runs that wait have left memory (60 s), and what they left behind is given back. */
export async function memoryAtRest(
  up: Live,
  seconds: number,
): Promise<{ rssMb: number; ownMb: number }> {
  const least = { rssMb: up.rssMb(), ownMb: up.ownMb() };
  for (let left = seconds; left > 0; left -= 5) {
    await sleep(5_000);
    least.rssMb = Math.min(least.rssMb, up.rssMb());
    least.ownMb = Math.min(least.ownMb, up.ownMb());
  }
  return least;
}
