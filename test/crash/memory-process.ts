/**
 * Many short runs in one process: `node --expose-gc memory-process.ts <settings as JSON>`. Prints the heap after the
 * first runs and after all of them.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { startOrchestrator } from '../../src/actors/orchestrator.ts';
import { builtinAgents } from '../../src/agents/builtin/index.ts';
import { startWorker } from '../../src/agents/worker.ts';
import { connectClient } from '../../src/client/client.ts';
import { upcast } from '../../src/events/catalogue.ts';
import type { JsonEnvelope } from '../../src/events/envelope.ts';
import { openLevelLog } from '../../src/log/level-log.ts';
import { startBroker } from '../../src/messaging/embedded-broker.ts';
import { connectBus } from '../../src/messaging/nats-bus.ts';
import { createSubjects } from '../../src/messaging/subjects.ts';
import { lineLogger } from './line-logger.ts';

export interface MemoryProcessSettings {
  directory: string;
  /** Runs until the first look, and in all. */
  first: number;
  total: number;
}

export interface MemoryLine {
  /** Bytes in use after collection. */
  heapAfterFirst: number;
  heapAfterAll: number;
  rss: number;
  activeRuns: number;
  seconds: number;
}

const IN_FLIGHT = 50;
const SETTLE_MS = 1_500;
const WORKFLOW = { name: 'short', tasks: [{ id: 't', agent: 'echo', parameters: { text: 'x' } }] };

const settings = JSON.parse(process.argv[2] ?? '{}') as MemoryProcessSettings;
const subjects = createSubjects();
const log = await openLevelLog({ directory: settings.directory, upcast });
const { url } = await startBroker({ port: 0 });
const bus = await connectBus({ url, name: 'orchestrator' });
const orchestrator = await startOrchestrator({ log, bus, subjects, logger: lineLogger('memory') });
const workerBus = await connectBus({ url, name: 'worker' });
await startWorker({ bus: workerBus, subjects, agents: builtinAgents() });
const client = await connectClient({ url });
await sleep(500);

let requested = 0;
let ended = 0;

/** Requests runs, some at a time, until `target` have ended. */
function runUpTo(target: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const next = (): void => {
      if (requested >= target) return;
      requested += 1;
      client.request({ workflow: WORKFLOW, requestId: `m-${requested}` }).catch(reject);
    };
    const subscription = workerBus.subscribe(subjects.anyRunEvents(), {}, (message) => {
      if ((message.body() as unknown as JsonEnvelope).type !== 'run.succeeded') return;
      ended += 1;
      next();
      if (ended === target) void subscription.stop().then(resolve);
    });
    void workerBus.flush().then(() => {
      for (let index = 0; index < IN_FLIGHT; index += 1) next();
    });
  });
}

async function heapInUse(): Promise<number> {
  await sleep(SETTLE_MS);
  for (let round = 0; round < 4; round += 1) {
    globalThis.gc?.();
    await sleep(50);
  }
  return process.memoryUsage().heapUsed;
}

const startedAt = performance.now();
await runUpTo(settings.first);
const heapAfterFirst = await heapInUse();
await runUpTo(settings.total);
const heapAfterAll = await heapInUse();
const line: MemoryLine = {
  heapAfterFirst,
  heapAfterAll,
  rss: process.memoryUsage().rss,
  activeRuns: orchestrator.activeRuns,
  seconds: (performance.now() - startedAt) / 1000,
};
process.stdout.write(`${JSON.stringify(line)}\n`);
process.exit(0);
