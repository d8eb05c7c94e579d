/**
 * One simulated world from one seed: an orchestrator on a memory log, workers, a client that asks until it is answered,
 * a subscriber of the feed. Whoever runs it decides when something fails, crashes or comes back.
 */
import { type Orchestrator, startOrchestrator } from '../../src/actors/orchestrator.ts';
import { idsFrom } from '../../src/actors/services/ids.ts';
import { upcast } from '../../src/events/catalogue.ts';
import type { JsonEnvelope } from '../../src/events/envelope.ts';
import { createMemoryLog, type GroupFate, type MemoryLog } from '../../src/log/memory-log.ts';
import type { Limits } from '../../src/messages/limits.ts';
import type { CommandReply, RequestReply } from '../../src/messages/request.ts';
import { RemoteError } from '../../src/messaging/errors.ts';
import { createSubjects } from '../../src/messaging/subjects.ts';
import type { JsonObject } from '../../src/workflow/value.ts';
import { seededRandom } from '../support/seeded.ts';
import { Invariants } from './invariants.ts';
import { SimBus } from './sim-bus.ts';
import { SimNetwork } from './sim-network.ts';
import { Scope, SimTime } from './sim-time.ts';
import { SimWorker, type WorkerRecord } from './sim-worker.ts';

export interface DiskFaults {
  failLost: number;
  failKept: number;
  /** The longest write, ms. */
  slowMs: number;
}

export const noDiskFaults: DiskFaults = { failLost: 0, failKept: 0, slowMs: 0 };
const AGENTS = ['echo', 'slow'];
const RETRY_MS = 300;
const SETTINGS = { snapshotEvery: 5, idleMs: 3_000 };

interface Process {
  scope: Scope;
  bus: SimBus;
}

/** What a command is refused with, depending on how far the run is. */
const REFUSALS: ReadonlySet<unknown> = new Set(['run.conflict', 'adapt.conflict', 'adapt.invalid']);

export class World {
  readonly time = new SimTime({ looksAMillisecond: 3 });
  readonly network: SimNetwork;
  readonly invariants = new Invariants();
  readonly random: () => number;
  readonly subjects = createSubjects();
  readonly records = new Map<string, WorkerRecord>();
  readonly errors: string[] = [];
  disk: DiskFaults = noDiskFaults;
  /** How far the orchestrator's clock is ahead of the time that passes. */
  clockAheadMs = 0;
  log: MemoryLog;
  orchestrator: Orchestrator | undefined;
  crashes = 0;
  #process: Process | undefined;
  #logScope = new Scope('disk');
  readonly #workers = new Map<string, Process>();
  readonly #outside: Process;

  readonly #limits: Limits;

  constructor(seed: number, { limits = {} }: { limits?: Limits } = {}) {
    this.#limits = limits;
    this.random = seededRandom(seed);
    this.network = new SimNetwork(this.time, this.random);
    this.log = createMemoryLog({ upcast, now: () => this.time.now, faults: () => this.#write() });
    this.#watchLog();
    const scope = new Scope('outside');
    this.#outside = { scope, bus: new SimBus(this.network, scope) };
    this.#outside.bus.subscribe(this.subjects.anyRunEvents(), {}, (message) =>
      this.invariants.published(message.body() as unknown as JsonEnvelope),
    );
  }

  #watchLog(): void {
    this.log.onDurable((commits) => {
      for (const commit of commits) this.invariants.commit(commit);
    });
  }

  #write(): Promise<GroupFate> {
    const { failLost, failKept, slowMs } = this.disk;
    const draw = this.random();
    const fate: GroupFate =
      draw < failLost ? 'fail-lost' : draw < failLost + failKept ? 'fail-kept' : 'durable';
    return new Promise((resolve) => {
      this.time.plan(this.#logScope, Math.floor(this.random() * (slowMs + 1)), () => resolve(fate));
    });
  }

  get isUp(): boolean {
    return this.#process !== undefined;
  }

  get bus(): SimBus | undefined {
    return this.#process?.bus;
  }

  /** Begins to start an orchestrator; it serves some simulated time later. */
  start(): void {
    const scope = new Scope(`orchestrator ${this.crashes}`);
    const bus = new SimBus(this.network, scope);
    this.#process = { scope, bus };
    const complain = (message: string, fields?: Record<string, unknown>): void => {
      if (scope.isAlive) this.errors.push(`${message} ${JSON.stringify(fields ?? {})}`);
    };
    const clock = this.time.clockOf(scope);
    startOrchestrator({
      log: this.log,
      bus,
      subjects: this.subjects,
      clock: { ...clock, now: () => clock.now() + this.clockAheadMs },
      ids: idsFrom({ digit: () => Math.floor(this.random() * 32), random: this.random }),
      logger: { debug: () => {}, info: () => {}, warn: () => {}, error: complain },
      settings: { ...SETTINGS, limits: this.#limits },
    }).then(
      (orchestrator) => {
        if (scope.isAlive) this.orchestrator = orchestrator;
      },
      (error: unknown) => {
        if (!scope.isAlive) return;
        this.errors.push(`start: ${String(error)}`);
        this.crash();
        this.time.plan(this.#outside.scope, RETRY_MS, () => this.start());
      },
    );
  }

  /** Closes the orchestrator and its log in good order; nothing of this world stays behind. */
  async close(): Promise<void> {
    let isClosed = false;
    const closing = this.orchestrator?.close().then(() => this.log.close());
    void closing?.then(() => {
      isClosed = true;
    });
    await this.until(() => isClosed, 10_000, 'the orchestrator closes');
    this.crash();
    this.#outside.scope.isAlive = false;
    for (const name of [...this.#workers.keys()]) this.killWorker(name);
  }

  /** Kills the orchestrator between two steps; the log keeps what was durable. */
  crash(options: { keepInFlight?: boolean } = {}): void {
    const process = this.#process;
    if (process === undefined) return;
    this.crashes += 1;
    process.scope.isAlive = false;
    this.#logScope.isAlive = false;
    this.#process = undefined;
    this.orchestrator = undefined;
    this.#logScope = new Scope('disk');
    this.log = this.log.crash(options);
    this.#watchLog();
  }

  /** What survived a crash although nobody had been told: the watcher reads it from the log. */
  async catchUpInvariants(): Promise<void> {
    for await (const commits of this.log.readAll({ after: this.invariants.position })) {
      for (const commit of commits) this.invariants.commit(commit);
    }
  }

  startWorker(name: string, concurrency = 4): void {
    const scope = new Scope(name);
    const bus = new SimBus(this.network, scope);
    this.#workers.set(name, { scope, bus });
    let record = this.records.get(name);
    if (record === undefined) {
      record = { executions: new Map(), finished: new Map() };
      this.records.set(name, record);
    }
    const { subjects, time } = this;
    new SimWorker({
      ...{ name, agents: AGENTS, bus, subjects, time, scope, record, concurrency },
      onAcknowledged: (ref, result) => this.invariants.acknowledged(ref, result),
    });
  }

  /** Lets a process stand still for a time, as SIGSTOP and SIGCONT do: the orchestrator, the server, or a worker. */
  freeze(who: string, ms: number): void {
    const until = this.time.now + ms;
    if (who === 'server') this.network.frozenUntil = Math.max(this.network.frozenUntil, until);
    const scope = who === 'orchestrator' ? this.#process?.scope : this.#workers.get(who)?.scope;
    const scopes = who === 'orchestrator' ? [scope, this.#logScope] : [scope];
    for (const one of scopes)
      if (one !== undefined) one.frozenUntil = Math.max(one.frozenUntil, until);
  }

  killWorker(name: string): void {
    const worker = this.#workers.get(name);
    if (worker !== undefined) worker.scope.isAlive = false;
    this.#workers.delete(name);
  }

  /** Executions of all workers by key. */
  executions(): Map<string, number> {
    const all = new Map<string, number>();
    for (const { executions } of this.records.values()) {
      for (const [key, count] of executions) all.set(key, (all.get(key) ?? 0) + count);
    }
    return all;
  }

  /** Asks until there is an answer: the run's id, or undefined where the request was refused. */
  async request(
    requestId: string,
    workflow: JsonObject,
    input: JsonObject = {},
    more: JsonObject = {},
  ): Promise<string> {
    return this.#request(requestId, { workflow, input, ...more });
  }

  /** Another run, as a copy of one. */
  async fork(requestId: string, fork: JsonObject): Promise<string> {
    return this.#request(requestId, { fork });
  }

  async #request(requestId: string, what: JsonObject): Promise<string> {
    const body = { requestId, ...what };
    const reply = (await this.#ask(this.subjects.request(), body)) as unknown as RequestReply;
    this.invariants.answered(requestId, reply.runId);
    return reply.runId;
  }

  /** A command, once however often it is sent; undefined where it was refused. */
  async command(runId: string, command: JsonObject): Promise<CommandReply | undefined> {
    try {
      return await this.insist(runId, command);
    } catch (error) {
      if (REFUSALS.has((error as { code?: string }).code)) return undefined;
      throw error;
    }
  }

  /** The same; throws the refusal. */
  async insist(runId: string, command: JsonObject): Promise<CommandReply> {
    const reply = await this.#ask(this.subjects.runCommand(runId), command);
    const done = reply as unknown as CommandReply;
    this.invariants.commanded(runId, done.streamVersion);
    return done;
  }

  /** Asks about jobs until there is an answer. */
  job(body: JsonObject): Promise<JsonObject> {
    return this.#ask(this.subjects.job(), body);
  }

  async #ask(subject: string, body: JsonObject): Promise<JsonObject> {
    for (;;) {
      try {
        const reply = await this.#outside.bus.request(subject, body, { timeoutMs: 1_000 });
        return reply.body() as JsonObject;
      } catch (error) {
        const { code } = error as { code?: string };
        const isFinal =
          error instanceof RemoteError && code !== 'overloaded' && code !== 'unavailable';
        const isEarly = code === 'workflow.invalid' || code === 'agent.unknown';
        if (isFinal && !code?.startsWith('log.') && !isEarly) throw error;
        await this.time.sleep(this.#outside.scope, RETRY_MS);
      }
    }
  }

  /** A message to a schedule, once however often it is sent. */
  schedule(body: JsonObject): Promise<JsonObject> {
    return this.#ask(this.subjects.schedule(), body);
  }

  /** A message of somebody outside. */
  publish(subject: string, body: JsonObject): void {
    this.#outside.bus.publish(subject, body);
  }

  /** Something that happens outside, later. */
  plan(delayMs: number, run: () => void): void {
    this.time.plan(this.#outside.scope, delayMs, run);
  }

  /** Time of those outside. */
  pause(ms: number): Promise<void> {
    return this.time.sleep(this.#outside.scope, ms);
  }

  /** Lets things happen until the condition holds; throws after a simulated time. */
  async until(condition: () => boolean, limitMs: number, what: string): Promise<void> {
    const deadline = this.time.now + limitMs;
    while (!condition()) {
      if (this.time.now > deadline)
        throw new Error(`not within ${limitMs} ms: ${what}; ${this.errors.slice(-3).join(' | ')}`);
      if (!(await this.time.step())) throw new Error(`nothing will ever happen: ${what}`);
    }
  }
}
