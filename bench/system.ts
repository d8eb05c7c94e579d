/**
 * What is measured: an orchestrator and a worker, each a process of its own, and the broker inside the first or
 * nats-server beside them. The contract floor is started by the same code with other modules, so that both have the
 * same layout, load and audit.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { JsonObject } from '../src/workflow/value.ts';
import { freePort } from '../test/support/free-ports.ts';
import { type NatsServer, startNatsServer } from '../test/support/nats-server.ts';
import { type BenchProcess, startProcess } from './child-process.ts';

export type BrokerName = 'embedded' | 'nats-server';

/** What the process with the log is given. */
export interface ServingOptions {
  directory: string;
  /** A server to use; absent: the embedded broker. */
  url?: string;
  /** Of the embedded broker. */
  port?: number;
}

/** What the process with the agents is given. */
export interface WorkingOptions {
  url: string;
  directory: string;
}

/** The two modules of a system. */
export interface SystemModules {
  serving: string;
  working: string;
}

export const troupe: SystemModules = {
  serving: 'orchestrator-process.ts',
  working: 'worker-process.ts',
};
export const contractFloor: SystemModules = {
  serving: 'floors/contract-driver-process.ts',
  working: 'floors/contract-worker-process.ts',
};
export const rawFloor: SystemModules = {
  serving: 'floors/raw-driver-process.ts',
  working: 'floors/raw-worker-process.ts',
};

export interface System {
  readonly url: string;
  /** Of everything but the load generator, which is this process. */
  readonly pids: number[];
  readonly directory: string;
  /** Asks the process with the log; the drivers of the raw floor answer. */
  ask(question: object): Promise<JsonObject>;
  /** SIGKILL to orchestrator and worker; nats-server and the data stay. */
  kill9(): Promise<void>;
  /** Starts both on the same data and address, also after `kill9`; resolves when both serve. */
  start(): Promise<void>;
  /** Ends every process and removes the data. */
  close(): Promise<void>;
}

export interface SystemOptions {
  modules: SystemModules;
  broker: BrokerName;
  /** A data directory to use and keep; default: a new one that is removed at the end. */
  directory?: string | undefined;
  profileDirectory?: string | undefined;
}

/** Starts a system; resolves when both processes serve. */
export async function startSystem(options: SystemOptions): Promise<System> {
  const system = await prepareSystem(options);
  try {
    await system.start();
    return system;
  } catch (error) {
    await system.close();
    throw error;
  }
}

/** Starts a system and ends it, so that the next start finds its modules compiled, as that of an installed command does. */
export async function compileModules(options: SystemOptions): Promise<void> {
  const system = await startSystem({ modules: options.modules, broker: options.broker });
  await system.close();
}

/** A system whose address and data directory are there, and nats-server, but none of its processes. */
export async function prepareSystem(options: SystemOptions): Promise<System> {
  const system = new RunningSystem(options);
  try {
    await system.prepare();
    return system;
  } catch (error) {
    await system.close();
    throw error;
  }
}

class RunningSystem implements System {
  url = '';
  directory = '';
  readonly #options: SystemOptions;
  #port: number | undefined;
  #server: NatsServer | undefined;
  #processes: BenchProcess[] = [];

  constructor(options: SystemOptions) {
    this.#options = options;
  }

  get pids(): number[] {
    const own = this.#processes.map(({ pid }) => pid);
    return this.#server === undefined ? own : [...own, this.#server.pid];
  }

  async prepare(): Promise<void> {
    this.directory = this.#options.directory ?? (await mkdtemp(join(tmpdir(), 'troupe-bench-')));
    if (this.#options.broker === 'nats-server') {
      this.#server = await startNatsServer();
      this.url = this.#server.url;
    } else {
      this.#port = await freePort();
      this.url = `nats://127.0.0.1:${this.#port}`;
    }
  }

  async start(): Promise<void> {
    const { modules, profileDirectory } = this.#options;
    const { directory, url } = this;
    const address = this.#port === undefined ? { url } : { port: this.#port };
    const serving: ServingOptions = { directory, ...address };
    const working: WorkingOptions = { url, directory: join(directory, 'worker') };
    // Whoever could be started is known to `close`, also when the other one could not.
    const started = await Promise.allSettled([
      startProcess({ module: modules.serving, options: serving, profileDirectory }),
      startProcess({ module: modules.working, options: working, profileDirectory }),
    ]);
    for (const outcome of started) {
      if (outcome.status === 'fulfilled') this.#processes.push(outcome.value);
    }
    for (const outcome of started) if (outcome.status === 'rejected') throw outcome.reason;
  }

  ask(question: object): Promise<JsonObject> {
    const [serving] = this.#processes;
    if (serving === undefined) throw new Error('the system does not run');
    return serving.ask(question);
  }

  async kill9(): Promise<void> {
    await Promise.all(this.#processes.splice(0).map((each) => each.kill9()));
  }

  async close(): Promise<void> {
    // The worker first: it says goodbye to a broker that is still there.
    for (const each of this.#processes.splice(0).reverse()) await each.stop();
    await this.#server?.stop();
    if (this.#options.directory === undefined && this.directory !== '') {
      await rm(this.directory, { recursive: true, force: true });
    }
  }
}
