/**
 * The load generator: starts runs over NATS as any client does, holds a number of them in flight, reads the feed.
 * It is the bench process itself; its CPU is not counted, neither for Troupe nor for the floors.
 */
import { performance } from 'node:perf_hooks';
import { type Client, createClient, type RequestInput } from '../src/client/client.ts';
import type { Bus } from '../src/messaging/bus.ts';
import { connectBus } from '../src/messaging/nats-bus.ts';
import { createSubjects } from '../src/messaging/subjects.ts';
import { TroupeError } from '../src/workflow/errors.ts';
import type { JsonObject } from '../src/workflow/value.ts';
import { FeedAudit, type StepTime } from './feed-audit.ts';
import type { Figures } from './figures.ts';
import type { System } from './system.ts';
import { cpuSecondsOf, diskBytesOf, peakRssMbOf } from './usage.ts';

/** Runs that are all alike. */
export interface Load {
  request: Pick<RequestInput, 'workflow' | 'input'>;
  runs: number;
  stepsPerRun: number;
  /** Runs that are under way at a time. */
  inFlight: number;
  stepTime: StepTime;
}

const STALL_MS = 60_000;
const READY_MS = 10_000;
const READY_PAUSE_MS = 20;
const MS_PER_SECOND = 1_000;
/** The orchestrator publishes a batch of events after its reply; the feed must be complete within this time. */
const FEED_PATIENCE_MS = 5_000;

/** Waits until a system takes requests; it refuses them until it knows its agents. */
export async function untilServing(bus: Bus, request: Load['request']): Promise<void> {
  const deadline = performance.now() + READY_MS;
  for (;;) {
    try {
      const body = { ...request, dryRun: true } as JsonObject;
      await bus.request(createSubjects().request(), body, { timeoutMs: READY_MS });
      return;
    } catch (error) {
      if (!(error instanceof TroupeError) || performance.now() > deadline) throw error;
      await new Promise((resolve) => setTimeout(resolve, READY_PAUSE_MS));
    }
  }
}

/**
 * Warms a system up, then measures one load on it. Throws when an event is missing on the feed, when a run does not
 * succeed, and when nothing has happened for a minute.
 */
export async function measureLoad(
  system: System,
  { load, warmUp }: { load: Load; warmUp: Load },
): Promise<Figures> {
  const bus = await connectBus({ url: system.url, name: 'bench-load' });
  const client = createClient({ bus });
  try {
    await untilServing(bus, warmUp.request);
    await drive(client, bus, warmUp);
    const cpuBefore = cpuSecondsOf(system.pids);
    const startedAt = performance.now();
    const audit = await drive(client, bus, load);
    const seconds = (audit.endedAt - startedAt) / MS_PER_SECOND;
    return {
      steps: load.runs * load.stepsPerRun,
      seconds,
      stepMs: audit.stepMs,
      cpuSeconds: cpuSecondsOf(system.pids) - cpuBefore,
      peakRssMb: peakRssMbOf(system.pids),
      diskBytes: diskBytesOf(system.directory),
    };
  } finally {
    await bus.close();
  }
}

export interface Driven {
  stepMs: number[];
  /** `performance.now()` when the last run ended. */
  endedAt: number;
}

/** Starts all runs, `inFlight` at a time, and resolves when all have ended on the feed. */
export async function drive(client: Client, bus: Bus, load: Load): Promise<Driven> {
  const state = { started: 0, ended: 0, endedAt: 0, failure: undefined as Error | undefined };
  let finish: () => void = () => undefined;
  const finished = new Promise<void>((resolve) => {
    finish = resolve;
  });
  const fail = (error: unknown): void => {
    state.failure ??= error instanceof Error ? error : new Error(String(error));
    finish();
  };
  const startNext = (): void => {
    if (state.started >= load.runs) return;
    state.started += 1;
    client.request(load.request).catch(fail);
  };
  const audit = new FeedAudit({
    bus,
    stepTime: load.stepTime,
    onEnd: (runId, type) => {
      if (type !== 'run.succeeded') fail(new Error(`${runId} ended with ${type}`));
      state.ended += 1;
      state.endedAt = performance.now();
      if (state.ended === load.runs) finish();
      else startNext();
    },
  });
  await bus.flush();
  const stopWatch = watchProgress(audit, fail);
  for (let count = 0; count < load.inFlight; count += 1) startNext();
  await finished;
  stopWatch();
  if (state.failure === undefined) await untilComplete(audit, load);
  await audit.close();
  if (state.failure !== undefined) throw state.failure;
  return { stepMs: audit.stepMs, endedAt: state.endedAt };
}

/** F1 and F2 of the audit, or an error that says what is missing. */
async function untilComplete(audit: FeedAudit, load: Load): Promise<void> {
  const deadline = performance.now() + FEED_PATIENCE_MS;
  for (;;) {
    const problems = audit.problems(load);
    if (problems.length === 0) return;
    if (performance.now() > deadline) {
      throw new Error(`the feed is not complete: ${problems.slice(0, 3).join('; ')}`);
    }
    await new Promise((resolve) => setTimeout(resolve, READY_PAUSE_MS));
  }
}

function watchProgress(audit: FeedAudit, fail: (error: Error) => void): () => void {
  let steps = -1;
  const timer = setInterval(() => {
    if (audit.steps === steps)
      fail(new Error(`nothing happened for ${STALL_MS / MS_PER_SECOND} s after ${steps} steps`));
    steps = audit.steps;
  }, STALL_MS);
  return () => clearInterval(timer);
}
