/** Orchestrator and worker on machines whose clocks differ. */
import { afterEach, expect, test } from 'vitest';
import { functionAgent } from '../../src/agents/adapters/function-agent.ts';
import { systemClock } from '../../src/agents/clock.ts';
import { startWorker } from '../../src/agents/worker.ts';
import { upcast } from '../../src/events/catalogue.ts';
import { createMemoryLog } from '../../src/log/memory-log.ts';
import type { ExecutionRequest } from '../../src/messages/execution.ts';
import { connectBus } from '../../src/messaging/nats-bus.ts';
import { House, subjects, until } from '../e2e/house.ts';
import { ShiftedClock } from '../e2e/shifted-clock.ts';

const HOUR_MS = 3_600_000;
const TIMEOUT_MS = 60_000;
const closers: (() => Promise<void>)[] = [];

afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

async function openHouse(clock = new ShiftedClock()): Promise<House> {
  const house = await House.open(createMemoryLog({ upcast, now: () => clock.now() }), { clock });
  closers.push(() => house.close());
  return house;
}

async function known(house: House): Promise<void> {
  await until('the agent is known', async () => {
    const { documents } = await house.client.query('agents', {});
    return documents.length > 0;
  });
}

const oneTask = (agent: string) => ({
  name: 'one',
  settings: { timeout: '10m' },
  tasks: [{ id: 't', agent, parameters: {}, timeout: '60s' }],
});

test.each([
  ['ahead', HOUR_MS],
  ['behind', -HOUR_MS],
])('a worker whose clock is an hour %s does its work in one attempt', async (_, offsetMs) => {
  const house = await openHouse();
  const bus = await connectBus({ url: house.broker.url, name: 'worker' });
  const agent = functionAgent({
    name: 'patient',
    run: async (_parameters, context) => {
      await context.sleep(50);
      return 'done';
    },
  });
  const clock = { ...systemClock, now: () => systemClock.now() + offsetMs };
  const worker = await startWorker({ bus, subjects, agents: [agent], clock });
  closers.push(async () => {
    await worker.close();
    await bus.close();
  });
  await known(house);
  const { runId } = await house.client.request({ workflow: oneTask('patient') });
  expect(await house.client.waitForRun(runId)).toMatchObject({ status: 'succeeded' });
  expect(await house.history(runId)).not.toContain('task.attemptFailed');
});

test('an execution request says how much time is left, also when it is offered again', async () => {
  const clock = new ShiftedClock();
  const house = await openHouse(clock);
  const { bus } = house;
  const received: { request: ExecutionRequest; at: number }[] = [];
  bus.subscribe(subjects.agentInvoke('busy'), { queue: 'agents' }, (message) => {
    received.push({ request: message.body() as unknown as ExecutionRequest, at: clock.now() });
    clock.offsetMs += 20_000;
    if (received.length > 1) message.respond({ accepted: true, worker: 'w' });
    else message.respondError({ status: 429, code: 'overloaded', message: 'full', hint: '' });
  });
  bus.publish(subjects.agentHeartbeat('busy'), { agent: 'busy', worker: 'w', ttl: 3_600 });
  await known(house);
  await house.client.request({ workflow: oneTask('busy') });
  await until('it is offered again', () => Promise.resolve(received.length === 2));
  const most = [TIMEOUT_MS, TIMEOUT_MS - 20_000];
  for (const [index, { request, at }] of received.entries()) {
    const { deadline = 0, timeoutMs } = request;
    expect(timeoutMs).toBeGreaterThanOrEqual(deadline - at);
    expect(timeoutMs).toBeLessThanOrEqual(most[index] as number);
  }
});
