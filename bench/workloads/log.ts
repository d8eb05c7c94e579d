/**
 * `log`: a log of many events is written, folded, projected, and opened by an orchestrator. Measured from the start
 * of the processes until the first step of a live run has succeeded, which is after its dispatch.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import type { JsonEnvelope } from '../../src/events/envelope.ts';
import { connectBus } from '../../src/messaging/nats-bus.ts';
import { createSubjects } from '../../src/messaging/subjects.ts';
import { startProcess } from '../child-process.ts';
import { type Figures, median } from '../figures.ts';
import { compileModules, prepareSystem, troupe } from '../system.ts';
import { cpuSecondsOf, diskBytesOf, peakRssMbOf } from '../usage.ts';
import { type BenchOptions, type Result, summary } from '../workload.ts';
import type { BuildAnswer } from './log-messages.ts';

/** One live run for so many events: 1,000 in a log of 1,000,000. */
const EVENTS_PER_LIVE_RUN = 1_000;
const OPEN_PATIENCE_MS = 120_000;
const MS_PER_SECOND = 1_000;

interface Round {
  built: BuildAnswer;
  opened: Figures;
  completeSeconds: number;
}

/** Measures `log` with about `events` events. */
export async function measureLog(events: number, options: BenchOptions): Promise<Result> {
  const rounds: Round[] = [];
  await compileModules({ modules: troupe, broker: options.broker });
  for (let round = 0; round < options.repeat; round += 1) {
    const directory = await mkdtemp(join(tmpdir(), 'troupe-bench-log-'));
    try {
      rounds.push(await measureOnce({ directory, events }, options));
    } finally {
      await rm(directory, { recursive: true, force: true });
    }
  }
  const middle = (read: (round: Round) => number): number => median(rounds.map(read));
  const rebuildRate = middle(({ built }) => built.rebuildEventsPerSecond);
  return {
    line: {
      workload: 'log',
      broker: options.broker,
      ...summary(rounds.map(({ opened }) => opened)),
      durability: 'fsync',
      floorRatio: rebuildRate / middle(({ built }) => built.rawReadEventsPerSecond),
      contractFloorRatio: rebuildRate / middle(({ built }) => built.readEventsPerSecond),
      details: {
        appendEventsPerSecond: middle(({ built }) => built.appendEventsPerSecond),
        readEventsPerSecond: middle(({ built }) => built.readEventsPerSecond),
        foldEventsPerSecond: middle(({ built }) => built.foldEventsPerSecond),
        rebuildEventsPerSecond: rebuildRate,
        allCompleteSeconds: middle(({ completeSeconds }) => completeSeconds),
      },
    },
  };
}

async function measureOnce(
  { directory, events }: { directory: string; events: number },
  options: BenchOptions,
): Promise<Round> {
  const liveRuns = Math.max(1, Math.round(events / EVENTS_PER_LIVE_RUN));
  const builder = await startProcess({ module: 'log-process.ts', options: {} });
  try {
    const question = { directory, events, liveRuns };
    const built = (await builder.ask(question)) as unknown as BuildAnswer;
    return { built, ...(await measureOpening({ directory, liveRuns, built }, options)) };
  } finally {
    await builder.stop();
  }
}

async function measureOpening(
  { directory, liveRuns, built }: { directory: string; liveRuns: number; built: BuildAnswer },
  { broker, profileDirectory }: BenchOptions,
): Promise<Omit<Round, 'built'>> {
  const system = await prepareSystem({ modules: troupe, broker, directory, profileDirectory });
  const startedAt = performance.now();
  const started = system.start();
  const watched = watchRuns(system.url, liveRuns);
  try {
    await started;
    const { firstAt, cpuSeconds, lastAt } = await watched.then(async ({ first, last }) => {
      const at = await first;
      const used = cpuSecondsOf(system.pids);
      return { firstAt: at, cpuSeconds: used, lastAt: await last };
    });
    const opened = {
      steps: built.events,
      seconds: (firstAt - startedAt) / MS_PER_SECOND,
      stepMs: built.commitMs,
      cpuSeconds,
      peakRssMb: peakRssMbOf(system.pids),
      diskBytes: diskBytesOf(directory),
    };
    return { opened, completeSeconds: (lastAt - startedAt) / MS_PER_SECOND };
  } finally {
    await watched.then(({ close }) => close());
    await system.close();
  }
}

/** `performance.now()` of the first step that succeeds, and of the end of the last run. */
async function watchRuns(
  url: string,
  runs: number,
): Promise<{ first: Promise<number>; last: Promise<number>; close: () => Promise<void> }> {
  const bus = await connectBus({ url, name: 'bench-load', connectTimeoutMs: OPEN_PATIENCE_MS });
  const ended = new Set<string>();
  const first = Promise.withResolvers<number>();
  const last = Promise.withResolvers<number>();
  const timer = setTimeout(() => {
    const error = new Error(`${ended.size} of ${runs} live runs ended in ${OPEN_PATIENCE_MS} ms`);
    first.reject(error);
    last.reject(error);
  }, OPEN_PATIENCE_MS);
  // Whoever waits for the first gets the error; nobody may be waiting for the last yet.
  last.promise.catch(() => undefined);
  bus.subscribe(createSubjects().anyRunEvents(), {}, (message) => {
    const event = message.body() as unknown as JsonEnvelope;
    if (event.type === 'task.succeeded') first.resolve(performance.now());
    if (event.type !== 'run.succeeded') return;
    ended.add(event.stream);
    if (ended.size === runs) last.resolve(performance.now());
  });
  const close = (): Promise<void> => {
    clearTimeout(timer);
    return bus.close();
  };
  return { first: first.promise, last: last.promise, close };
}
