/** A worker that is probed sends what it has finished again: the results must get in while runs are still loaded. */
import { expect, it } from 'vitest';
import { startOrchestrator } from '../../src/actors/orchestrator.ts';
import { createClient } from '../../src/client/client.ts';
import { createMemoryLog } from '../../src/log/memory-log.ts';
import type { ExecutionRequest } from '../../src/messages/execution.ts';
import { startBroker } from '../../src/messaging/embedded-broker.ts';
import { connectBus } from '../../src/messaging/nats-bus.ts';
import { createSubjects } from '../../src/messaging/subjects.ts';
import type { JsonObject } from '../../src/workflow/value.ts';

const logger = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };
/** More than one batch, each slower than the time between two probes. */
const RUNS = 33;
const LOAD_MS = 60;
const PATIENCE = { timeout: 20_000 };
const AGENT = 'slow';
const WORKER = 'worker_slow';
const heartbeat: JsonObject = { worker: WORKER, agent: AGENT, concurrency: 100, attempts: [] };

it('takes results of probed workers before all runs are loaded', async () => {
  const broker = await startBroker({ port: 0 });
  const subjects = createSubjects();
  const worker = await connectBus({ url: broker.url, name: 'worker' });
  const requests: ExecutionRequest[] = [];
  worker.subscribe(subjects.agentInvoke(AGENT), {}, (message) => {
    requests.push(message.body() as unknown as ExecutionRequest);
    message.respond({ accepted: true, worker: WORKER });
  });
  const replies: Promise<unknown>[] = [];
  worker.subscribe(subjects.agentProbe(AGENT), {}, (message) => {
    const { attempts } = message.body() as { attempts: JsonObject[] };
    message.respond({ ...heartbeat, finished: attempts });
    const asked = requests.filter(({ runId }) => attempts.some((ref) => ref['runId'] === runId));
    replies.push(...asked.map(answer));
  });
  const log = createMemoryLog();
  const bus = await connectBus({ url: broker.url, name: 'orchestrator' });
  const first = await startOrchestrator({ log, bus, subjects, logger });
  worker.publish(subjects.agentHeartbeat(AGENT), heartbeat);
  const client = createClient({ bus: worker });
  await expect.poll(() => first.agents(), PATIENCE).toContain(AGENT);
  const workflow = { name: 'slow', tasks: [{ id: 'a', agent: AGENT }] };
  for (let run = 0; run < RUNS; run += 1) await client.request({ workflow });
  await expect.poll(() => requests.length, PATIENCE).toBe(RUNS);
  await first.close();

  const load = log.loadSnapshot.bind(log);
  log.loadSnapshot = async (stream, options) => {
    await new Promise((resolve) => setTimeout(resolve, LOAD_MS));
    return load(stream, options);
  };
  const second = await startOrchestrator({ log, bus, subjects, logger });
  // More where a probe came late itself and was sent again.
  await expect.poll(() => replies.length, PATIENCE).toBeGreaterThanOrEqual(RUNS);
  for (const reply of await Promise.all(replies)) expect(reply).toEqual({ ack: true });
  expect(requests).toHaveLength(RUNS); // nothing was dispatched again
  await second.close();
  for (const connection of [worker, bus]) await connection.close();
  await log.close();
  await broker.close();

  async function answer({ attempt, logId, result }: ExecutionRequest): Promise<unknown> {
    const body = { attempt, logId, worker: WORKER, status: 'succeeded', output: null };
    return (await worker.request(result, body, { timeoutMs: 5_000 })).body();
  }
});
