/**
 * W4: runs of sleeping steps; orchestrator and worker are killed with SIGKILL when half of the steps have succeeded,
 * then started again. Measured from the restart until every run is complete.
 *
 * Of the floors the same is asked without a history: both processes are killed and started again, then they work
 * through half of the steps from new requests.
 */
import { performance } from 'node:perf_hooks';
import { type Client, createClient } from '../../src/client/client.ts';
import { connectBus } from '../../src/messaging/nats-bus.ts';
import { FeedAudit } from '../feed-audit.ts';
import type { Figures } from '../figures.ts';
import { drive, untilServing } from '../load.ts';
import {
  compileModules,
  contractFloor,
  rawFloor,
  type System,
  type SystemModules,
  startSystem,
  troupe,
} from '../system.ts';
import { cpuSecondsOf, diskBytesOf, peakRssMbOf } from '../usage.ts';
import { type BenchOptions, byThroughput, type Result, resultOf } from '../workload.ts';
import { chains } from './shapes.ts';

const STEPS_PER_RUN = 10;
const SLEEP_MS = 20;
const LOOK_MS = 5;
/** The feed is silent for so long: events were published while this process had no connection. */
const SILENCE_MS = 300;
const PATIENCE_MS = 60_000;
const MS_PER_SECOND = 1_000;

type Work = Pick<Figures, 'steps' | 'stepMs'> & { endedAt: number };

/** Measures W4 with `runs` runs. */
export async function measureRecovery(runs: number, options: BenchOptions): Promise<Result> {
  const rounds: Record<'ours' | 'contract' | 'raw', Figures[]> = {
    ours: [],
    contract: [],
    raw: [],
  };
  const { broker } = options;
  for (const modules of [rawFloor, contractFloor, troupe])
    await compileModules({ modules, broker });
  for (let round = 0; round < options.repeat; round += 1) {
    rounds.raw.push(await measureRestart(rawFloor, options, (system) => rawWork(system, runs)));
    rounds.contract.push(
      await measureRestart(contractFloor, options, (system) => newWork(system, runs)),
    );
    rounds.ours.push(await measureKill(runs, options));
  }
  const plan = { workload: 'W4', broker, speed: byThroughput } as const;
  return { line: resultOf(plan, rounds).line };
}

async function measureRestart(
  modules: SystemModules,
  { broker }: BenchOptions,
  work: (system: System) => Promise<Work>,
): Promise<Figures> {
  const system = await startSystem({ modules, broker });
  try {
    await system.kill9();
    return await figuresFrom(system, performance.now(), async () => {
      await system.start();
      return work(system);
    });
  } finally {
    await system.close();
  }
}

async function figuresFrom(
  system: System,
  restartedAt: number,
  work: () => Promise<Work>,
): Promise<Figures> {
  const { steps, stepMs, endedAt } = await work();
  return {
    steps,
    stepMs,
    seconds: (endedAt - restartedAt) / MS_PER_SECOND,
    cpuSeconds: cpuSecondsOf(system.pids),
    peakRssMb: peakRssMbOf(system.pids),
    diskBytes: diskBytesOf(system.directory),
  };
}

async function rawWork(system: System, runs: number): Promise<Work> {
  const stepsPerRun = STEPS_PER_RUN / 2;
  const load = { runs, stepsPerRun, inFlight: runs, delayMs: SLEEP_MS };
  const { stepMs } = (await system.ask(load)) as unknown as Pick<Figures, 'stepMs'>;
  return { steps: runs * stepsPerRun, stepMs, endedAt: performance.now() };
}

async function newWork(system: System, runs: number): Promise<Work> {
  const length = STEPS_PER_RUN / 2;
  const load = chains({ runs, length, inFlight: runs, agent: 'sleep', sleepMs: SLEEP_MS });
  const bus = await connectBus({ url: system.url, name: 'bench-load' });
  try {
    const driven = await drive(createClient({ bus }), bus, load);
    return { steps: runs * length, ...driven };
  } finally {
    await bus.close();
  }
}

// Length: the story of one kill, told in order.
async function measureKill(runs: number, options: BenchOptions): Promise<Figures> {
  const { broker, profileDirectory } = options;
  const load = chains({
    ...{ runs, length: STEPS_PER_RUN, inFlight: runs },
    ...{ agent: 'sleep', sleepMs: SLEEP_MS },
  });
  const total = runs * STEPS_PER_RUN;
  const system = await startSystem({ modules: troupe, broker, profileDirectory });
  const bus = await connectBus({ url: system.url, name: 'bench-load' });
  const client = createClient({ bus });
  const ended = new Set<string>();
  const ends: { at: number; failed: string | undefined } = { at: 0, failed: undefined };
  const audit = new FeedAudit({
    bus,
    stepTime: 'chain',
    onEnd: (runId, type) => {
      if (type !== 'run.succeeded') ends.failed = `${runId} ended with ${type}`;
      ended.add(runId);
      ends.at = performance.now();
    },
  });
  const until = (isTrue: () => boolean): Promise<void> =>
    waitUntil(isTrue, () => `${audit.steps} of ${total} steps, ${ended.size} of ${runs} runs`);
  try {
    await untilServing(bus, load.request);
    await Promise.all(Array.from({ length: runs }, () => client.request(load.request)));
    await until(() => audit.steps >= total / 2);
    await system.kill9();
    const doneBefore = audit.steps;
    const restartedAt = performance.now();
    return await figuresFrom(system, restartedAt, async () => {
      await system.start();
      while (ended.size < runs) {
        const from = performance.now();
        await until(
          () =>
            ended.size === runs || performance.now() - Math.max(from, audit.heardAt) > SILENCE_MS,
        );
        if (ended.size < runs) await fillGaps(client, audit);
      }
      await fillGaps(client, audit);
      const problems = audit.problems({ runs, stepsPerRun: STEPS_PER_RUN });
      if (ends.failed !== undefined) problems.push(ends.failed);
      if (problems.length > 0)
        throw new Error(`lost by the kill: ${problems.slice(0, 3).join('; ')}`);
      const steps = total - doneBefore;
      return { steps, stepMs: audit.stepMs.slice(doneBefore), endedAt: ends.at };
    });
  } finally {
    await audit.close();
    await bus.close();
    await system.close();
  }
}

/** What was published while this process was not connected is read from history, as every client does. */
async function fillGaps(client: Client, audit: FeedAudit): Promise<void> {
  for (const { runId, from } of audit.incomplete()) {
    for (let next: number | undefined = from; next !== undefined; ) {
      const page: Awaited<ReturnType<Client['history']>> = await client.history(runId, {
        from: next,
      });
      for (const event of page.events) audit.take(event);
      next = page.next;
    }
  }
}

async function waitUntil(isTrue: () => boolean, state: () => string): Promise<void> {
  const deadline = performance.now() + PATIENCE_MS;
  while (!isTrue()) {
    if (performance.now() > deadline) throw new Error(`nothing more came: ${state()}`);
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
  }
}
