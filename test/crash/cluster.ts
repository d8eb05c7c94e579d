/**
 * Orchestrator, worker and broker as real processes that can be killed and started again.
 *
 * On the embedded broker the broker lives in the orchestrator's process and dies with it. The port, the data directory
 * and the worker's cache stay the same over all lives. A process that ends by itself is an error of the test.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Client, connectClient } from '../../src/client/client.ts';
import { freePort } from '../support/free-ports.ts';
import { type NatsServer, startNatsServer } from '../support/nats-server.ts';
import { type Child, startChild } from './child.ts';
import type { OrchestratorProcessSettings } from './orchestrator-process.ts';
import type { WorkerProcessSettings } from './worker-process.ts';

export type BrokerKind = 'embedded' | 'nats-server';
export type Victim = 'orchestrator' | 'worker' | 'nats-server';

/** One kill; `at` is milliseconds since the epoch, just before the signal was sent. */
export interface Kill {
  victim: Victim;
  pid: number;
  at: number;
}

/** How the worker differs from that of a storm. */
export interface ClusterOptions {
  /** Attempts at a time; default the worker's own choice. */
  concurrency?: number;
  /** Default 1,000. */
  heartbeatMs?: number;
}

/** A heartbeat counts twice as long: what a killed worker had in hand is lost after two seconds. */
const HEARTBEAT_MS = 1_000;

export class Cluster {
  readonly kind: BrokerKind;
  readonly kills: Kill[] = [];
  readonly directory = mkdtempSync(join(tmpdir(), 'troupe-crash-'));
  readonly url: string;
  readonly #port: number;
  readonly #server: NatsServer | undefined;
  readonly #options: ClusterOptions;
  #orchestrator: Child;
  #worker: Child;
  readonly #ended: Child[] = [];

  private constructor(
    kind: BrokerKind,
    {
      port,
      server,
      options,
    }: { port: number; server: NatsServer | undefined; options: ClusterOptions },
  ) {
    this.kind = kind;
    this.#port = port;
    this.#server = server;
    this.#options = options;
    this.url = server?.url ?? `nats://127.0.0.1:${port}`;
    this.#orchestrator = this.#startOrchestrator();
    this.#worker = this.#startWorker();
  }

  /** Starts all processes; resolves when they serve and the worker's agents are in the log. */
  static async start(kind: BrokerKind, options: ClusterOptions = {}): Promise<Cluster> {
    const server = kind === 'embedded' ? undefined : await startNatsServer();
    const port = server?.port ?? (await freePort());
    const cluster = new Cluster(kind, { port, server, options });
    await cluster.#serving();
    return cluster;
  }

  /** Processes for one test: told about when it fails, ended and removed whatever happens. */
  static async use(
    kind: BrokerKind,
    options: ClusterOptions,
    play: (cluster: Cluster) => Promise<void>,
  ): Promise<void> {
    const cluster = await Cluster.start(kind, options);
    try {
      await play(cluster);
    } catch (error) {
      process.stderr.write(`${cluster.complaints}\n`);
      throw error;
    } finally {
      await cluster.stop();
      cluster.remove();
    }
  }

  /** The same with a client. */
  static useWithClient(
    kind: BrokerKind,
    options: ClusterOptions,
    play: (cluster: Cluster, client: Client) => Promise<void>,
  ): Promise<void> {
    return Cluster.use(kind, options, async (cluster) => {
      const client = await connectClient({ url: cluster.url });
      try {
        await play(cluster, client);
      } finally {
        await client.close();
      }
    });
  }

  get logDirectory(): string {
    return join(this.directory, 'data');
  }

  get journal(): string {
    return join(this.directory, 'journal');
  }

  get victims(): Victim[] {
    return this.kind === 'embedded'
      ? ['orchestrator', 'worker']
      : ['orchestrator', 'worker', 'nats-server'];
  }

  /** Resolves when the processes that run now have said that they are ready; rejects when one did not start. */
  async ready(): Promise<void> {
    const lines = await Promise.all([this.#orchestrator.first, this.#worker.first]);
    for (const line of lines) {
      if (line.ready !== true) throw new Error(`a process did not start: ${JSON.stringify(line)}`);
    }
  }

  async #serving(): Promise<void> {
    await this.ready();
    const client = await connectClient({ url: this.url });
    const isKnown = async (key: string): Promise<boolean> =>
      (await client.query('agents', { key })).documents.length > 0;
    for (const agent of ['mark', 'sleep']) while (!(await isKnown(agent))) await sleep(20);
    await client.close();
  }

  /** kill -9; resolves when the process is gone. */
  async kill(victim: Victim): Promise<void> {
    const target = this.#target(victim);
    this.kills.push({ victim, pid: target.pid, at: Date.now() });
    await target.kill9();
  }

  /** SIGSTOP: it stands still until `goOn`. */
  halt(victim: Victim): void {
    process.kill(this.#target(victim).pid, 'SIGSTOP');
  }

  /** SIGCONT. */
  goOn(victim: Victim): void {
    process.kill(this.#target(victim).pid, 'SIGCONT');
  }

  /** Starts what was killed; does not wait until it serves. */
  async restart(victim: Victim): Promise<void> {
    if (victim === 'nats-server') await this.#server?.restart();
    else if (victim === 'worker') {
      this.#ended.push(this.#worker);
      this.#worker = this.#startWorker();
    } else {
      this.#ended.push(this.#orchestrator);
      this.#orchestrator = this.#startOrchestrator();
    }
  }

  /** What the processes complained about. */
  get complaints(): string {
    return [...this.#ended, this.#orchestrator, this.#worker].map(({ stderr }) => stderr).join('');
  }

  /** Processes that ended without being killed. */
  get selfEnded(): string[] {
    const killed = new Set(this.kills.map(({ pid }) => pid));
    return [...this.#ended, this.#orchestrator, this.#worker]
      .filter((child) => !child.isRunning && !killed.has(child.pid))
      .map((child) => `process ${child.pid}: ${child.stderr}`);
  }

  /** Ends all processes; the files stay until `remove`. */
  async stop(): Promise<void> {
    await Promise.all([this.#orchestrator.kill9(), this.#worker.kill9(), this.#server?.stop()]);
  }

  remove(): void {
    rmSync(this.directory, { recursive: true, force: true });
  }

  #target(victim: Victim): { pid: number; kill9(): Promise<void> } {
    if (victim === 'worker') return this.#worker;
    if (victim === 'orchestrator' || this.#server === undefined) return this.#orchestrator;
    return this.#server;
  }

  #startOrchestrator(): Child {
    const where = this.#server === undefined ? { port: this.#port } : { natsUrl: this.url };
    const settings: OrchestratorProcessSettings = { directory: this.logDirectory, ...where };
    return startChild('orchestrator-process.ts', settings);
  }

  #startWorker(): Child {
    const settings: WorkerProcessSettings = {
      url: this.url,
      cacheDirectory: join(this.directory, 'worker'),
      journal: this.journal,
      heartbeatMs: this.#options.heartbeatMs ?? HEARTBEAT_MS,
      ...(this.#options.concurrency !== undefined && { concurrency: this.#options.concurrency }),
    };
    return startChild('worker-process.ts', settings);
  }
}
