/** Workers that were there before the orchestrator are known when it says that it serves. */
import { afterEach, expect, it } from 'vitest';
import { startOrchestrator } from '../../src/actors/orchestrator.ts';
import { functionAgent } from '../../src/agents/adapters/function-agent.ts';
import { startWorker } from '../../src/agents/worker.ts';
import { createClient } from '../../src/client/client.ts';
import { createMemoryLog } from '../../src/log/memory-log.ts';
import { type Broker, startBroker } from '../../src/messaging/embedded-broker.ts';
import { connectBus } from '../../src/messaging/nats-bus.ts';
import { createSubjects } from '../../src/messaging/subjects.ts';

const logger = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };
const HEARTBEAT_MS = 60_000; // the next one comes after this test
let broker: Broker;
afterEach(() => broker.close());

it('takes a request for the agent of a worker that came first, at once after the start', async () => {
  broker = await startBroker({ port: 0 });
  const subjects = createSubjects();
  const here = await connectBus({ url: broker.url, name: 'worker' });
  const agent = functionAgent({ name: 'early', description: 'Was here first.', run: () => 'yes' });
  const worker = await startWorker({
    bus: here,
    subjects,
    agents: [agent],
    heartbeatMs: HEARTBEAT_MS,
  });
  await here.flush();
  const bus = await connectBus({ url: broker.url, name: 'orchestrator' });
  const log = createMemoryLog();
  const orchestrator = await startOrchestrator({ log, bus, subjects, logger });
  expect(orchestrator.agents()).toContain('early');
  const outcome = await createClient({ bus: here }).runWorkflow({
    workflow: 'name: early\ntasks: [{ id: a, agent: early }]\noutputs: { a: "${a.output}" }\n',
  });
  expect(outcome).toMatchObject({ success: true, output: { a: 'yes' } });
  await worker.close();
  await orchestrator.close();
  for (const connection of [here, bus]) await connection.close();
  await log.close();
});
