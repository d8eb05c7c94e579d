/**
 * Patterns: runs of every control-flow pattern that needs nothing from outside and no children, and chains of as many plain tasks in
 * the same processes. Measured is the CPU of both a task. What sleeps in a pattern sleeps as long in its chain: work that
 * comes drop by drop shares no commit, with or without a pattern around it.
 */
import { performance } from 'node:perf_hooks';
import { type Client, createClient } from '../../src/client/client.ts';
import type { JsonEnvelope } from '../../src/events/envelope.ts';
import type { Bus } from '../../src/messaging/bus.ts';
import { connectBus } from '../../src/messaging/nats-bus.ts';
import type { JsonObject } from '../../src/workflow/value.ts';
import { patterns, workflowOf } from '../../test/patterns/patterns.ts';
import { tasksThatRan } from '../../test/patterns/tasks.ts';
import { FeedAudit } from '../feed-audit.ts';
import { median } from '../figures.ts';
import { type Load, untilServing } from '../load.ts';
import { type System, startSystem, troupe } from '../system.ts';
import { cpuSecondsOf, diskBytesOf, peakRssMbOf } from '../usage.ts';
import { type BenchOptions, type Result, summary } from '../workload.ts';
import { chains } from './shapes.ts';

const IN_FLIGHT = 50;
/** What the machine does meanwhile disturbs both alike where they take turns. */
const SLICES = 2;
/** Enough for the compiler to have seen everything. */
const WARM_UPS = 8;
const QUICK_PATTERNS = 3;
const ENDS: ReadonlySet<string> = new Set([
  'task.succeeded',
  'task.attemptFailed',
  'task.canceled',
]);
const MAX_EVENTS = 1_000;
const PATIENCE_MS = 60_000;
const MS_PER_SECOND = 1_000;

type Request = Load['request'];

interface Measured {
  steps: number;
  cpuSeconds: number;
  stepMs: number[];
}

/** Measures `runs` runs of each pattern. */
export async function measurePatterns(runs: number, options: BenchOptions): Promise<Result> {
  const { broker, profileDirectory } = options;
  const system = await startSystem({ modules: troupe, broker, profileDirectory });
  const bus = await connectBus({ url: system.url, name: 'bench-load' });
  try {
    const driver = new Driver(system, bus, runs);
    await untilServing(bus, chainOf(1));
    const warmUps = options.quick ? 1 : WARM_UPS;
    for (let count = 0; count < warmUps; count += 1) await driver.measure(chainOf(4), 4);
    const startedAt = performance.now();
    const ratios = await measureAll(driver, options);
    const { all } = driver;
    const figures = {
      steps: all.reduce((sum, { steps }) => sum + steps, 0),
      seconds: (performance.now() - startedAt) / MS_PER_SECOND,
      stepMs: all.flatMap(({ stepMs }) => stepMs),
      cpuSeconds: all.reduce((sum, { cpuSeconds }) => sum + cpuSeconds, 0),
      peakRssMb: peakRssMbOf(system.pids),
      diskBytes: diskBytesOf(system.directory),
    };
    const line = {
      workload: 'patterns',
      broker,
      ...summary([figures]),
      durability: 'fsync',
    } as const;
    return { line: { ...line, details: ratios } };
  } finally {
    await bus.close();
    await system.close();
  }
}

/** CPU a task of each pattern over that of its chain, by id; of all together, and the largest. */
async function measureAll(
  driver: Driver,
  { repeat, quick }: Pick<BenchOptions, 'repeat' | 'quick'>,
): Promise<Record<string, number>> {
  const ratios: Record<string, number> = {};
  const total = { ours: 0, plain: 0 };
  for (const pattern of quick ? patterns.slice(0, QUICK_PATTERNS) : patterns) {
    const use = pattern.cases.find(({ outside }) => outside === undefined);
    if (use === undefined || pattern.child !== undefined) continue;
    const workflow = workflowOf(pattern);
    const request = { workflow, ...(use.input === undefined ? {} : { input: use.input }) };
    const tasks = await driver.tasksOf(request);
    const plain = chainOf(tasks.count, tasks.sleeps);
    const rounds: number[] = [];
    for (let round = 0; round < repeat; round += 1) {
      const cpu = { ours: 0, plain: 0 };
      for (let slice = 0; slice < SLICES; slice += 1) {
        cpu.plain += (await driver.measure(plain, tasks.count)).cpuSeconds;
        cpu.ours += (await driver.measure(request, tasks.count)).cpuSeconds;
      }
      total.ours += cpu.ours;
      total.plain += cpu.plain;
      rounds.push(cpu.ours / cpu.plain);
    }
    ratios[pattern.id] = median(rounds);
  }
  const dearest = Math.max(...Object.values(ratios));
  return { ...ratios, all: total.ours / total.plain, dearest };
}

/** A chain of so many tasks, of which the first ones sleep. */
function chainOf(length: number, sleeps: readonly number[] = []): Request {
  const { request } = chains({ runs: 1, length, inFlight: 1 });
  const { tasks, ...workflow } = request.workflow as JsonObject & { tasks: JsonObject[] };
  const changed = tasks.map((task, index) => {
    const ms = sleeps[index];
    return ms === undefined ? task : { ...task, agent: 'sleep', parameters: { ms } };
  });
  return { ...request, workflow: { ...workflow, tasks: changed } };
}

/** How long each attempt of `sleep` was under way, in ms. */
function sleepsOf(events: readonly JsonEnvelope[]): number[] {
  const began = new Map<string, number>();
  const sleeps: number[] = [];
  for (const { type, at, data } of events) {
    const { taskId, agent } = data as { taskId?: string; agent?: string };
    if (taskId === undefined) continue;
    if (type === 'task.started' && agent === 'sleep') began.set(taskId, at);
    const since = began.get(taskId);
    if (since === undefined || !ENDS.has(type)) continue;
    sleeps.push(Math.max(1, at - since));
    began.delete(taskId);
  }
  return sleeps;
}

class Driver {
  readonly all: Measured[] = [];
  readonly #system: System;
  readonly #bus: Bus;
  readonly #client: Client;
  readonly #runs: number;

  constructor(system: System, bus: Bus, runs: number) {
    this.#system = system;
    this.#bus = bus;
    this.#client = createClient({ bus });
    this.#runs = runs;
  }

  /** Tasks that one run has, and how long those took that sleep. */
  async tasksOf(request: Request): Promise<{ count: number; sleeps: number[] }> {
    const { runId } = await this.#client.request(request);
    await this.#client.waitForRun(runId);
    const { events } = await this.#client.history(runId, { limit: MAX_EVENTS });
    const count = tasksThatRan(request.workflow as JsonObject, events);
    return { count, sleeps: sleepsOf(events).slice(0, count) };
  }

  /** All runs of one request; `tasks` of each. */
  async measure(request: Request, tasks: number): Promise<Measured> {
    const cpuBefore = cpuSecondsOf(this.#system.pids);
    const stepMs = await this.#drive(request);
    const cpuSeconds = cpuSecondsOf(this.#system.pids) - cpuBefore;
    const measured = { steps: this.#runs * tasks, cpuSeconds, stepMs };
    this.all.push(measured);
    return measured;
  }

  async #drive(request: Request): Promise<number[]> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const timer = setTimeout(() => reject(new Error('the runs do not end')), PATIENCE_MS);
    let started = 0;
    let ended = 0;
    const startNext = (): void => {
      if (started >= this.#runs) return;
      started += 1;
      this.#client.request(request).catch(reject);
    };
    const audit = new FeedAudit({
      bus: this.#bus,
      stepTime: 'task',
      onEnd: () => {
        ended += 1;
        if (ended >= this.#runs) resolve();
        else startNext();
      },
    });
    try {
      await this.#bus.flush();
      for (let count = 0; count < IN_FLIGHT; count += 1) startNext();
      await promise;
      return audit.stepMs;
    } finally {
      clearTimeout(timer);
      await audit.close();
    }
  }
}
