/** One run's history as a real orchestrator records it: the pattern of the histories in a large log. */
import { startOrchestrator } from '../../src/actors/orchestrator.ts';
import { echo } from '../../src/agents/builtin/echo.ts';
import { startWorker } from '../../src/agents/worker.ts';
import { connectClient } from '../../src/client/client.ts';
import { upcast } from '../../src/events/catalogue.ts';
import type { Commit } from '../../src/events/envelope.ts';
import { createMemoryLog } from '../../src/log/memory-log.ts';
import { startBroker } from '../../src/messaging/embedded-broker.ts';
import { connectBus } from '../../src/messaging/nats-bus.ts';
import { createSubjects } from '../../src/messaging/subjects.ts';
import { untilServing } from '../load.ts';
import { chains } from './shapes.ts';

const STEPS = 10;
const logger = { debug() {}, info() {}, warn: console.error, error: console.error };

/** The commits of a run of ten tasks, from its creation to its success. */
export async function recordHistory(): Promise<Commit[]> {
  const broker = await startBroker({ port: 0 });
  const bus = await connectBus({ url: broker.url, name: 'bench-history' });
  const log = createMemoryLog({ upcast });
  const subjects = createSubjects();
  const orchestrator = await startOrchestrator({ log, bus, subjects, logger });
  const worker = await startWorker({ bus, subjects, agents: [echo] });
  const client = await connectClient({ url: broker.url });
  const { request } = chains({ runs: 1, length: STEPS, inFlight: 1 });
  await untilServing(bus, request);
  const { runId } = await client.runWorkflow(request);
  const commits: Commit[] = [];
  for await (const batch of log.readStream(runId)) commits.push(...batch);
  await client.close();
  await worker.close();
  await orchestrator.close();
  await bus.close();
  await log.close();
  await broker.close();
  return commits;
}
