import { afterEach, expect, test } from 'vitest';
import { builtinAgents } from '../../src/agents/builtin/index.ts';
import { startWorker } from '../../src/agents/worker.ts';
import { upcast } from '../../src/events/catalogue.ts';
import { createMemoryLog } from '../../src/log/memory-log.ts';
import { connectBus } from '../../src/messaging/nats-bus.ts';
import { FakeWorker } from './fake-worker.ts';
import { House, pause, subjects, until } from './house.ts';
import { ManualClock, ShiftedClock } from './shifted-clock.ts';

const DAY_MS = 86_400_000;
const HOUR_MS = 3_600_000;
const START_MS = Date.UTC(2026, 0, 1);
const closers: (() => Promise<void>)[] = [];

afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

async function openHouse(
  log: ReturnType<typeof createMemoryLog>,
  clock: ManualClock | ShiftedClock,
) {
  const house = await House.open(log, { clock });
  closers.push(() => house.close());
  return house;
}

async function addWorker(house: House): Promise<void> {
  const bus = await connectBus({ url: house.broker.url, name: 'worker' });
  const agents = builtinAgents();
  const worker = await startWorker({ bus, subjects, agents });
  closers.push(async () => {
    await worker.close();
    await bus.close();
  });
  await until('the agents are known', async () => {
    const { documents } = await house.client.query('agents', {});
    return documents.length >= agents.length;
  });
}

const waitFor = (timer: string) => ({
  name: 'wait',
  settings: { timeout: '365d' },
  tasks: [{ id: 'w', wait: { timer } }],
});

test('a timer of 30 days fires neither at once nor early, over a restart, and then it does', async () => {
  const clock = new ManualClock(START_MS);
  const log = createMemoryLog({ upcast, now: () => clock.now() });
  const house = await openHouse(log, clock);
  const { runId } = await house.client.request({ workflow: waitFor('30d') });
  const status = async () => (await house.client.report(runId)).tasks.w?.status;
  await pause(100);
  expect(await status()).toBe('waiting');
  await clock.advance(10 * DAY_MS, HOUR_MS);
  expect(await status()).toBe('waiting');

  const after = log.crash();
  await house.cutOff();
  await house.serve(after);
  await clock.advance(20 * DAY_MS - 1_000, HOUR_MS);
  await pause(50);
  expect(await status()).toBe('waiting');
  await clock.advance(HOUR_MS, 60_000);
  expect(await house.client.waitForRun(runId)).toMatchObject({ status: 'succeeded' });
  const { events } = await house.client.history(runId, { limit: 100 });
  const end = events.find(({ type }) => type === 'task.succeeded');
  expect((end?.at ?? 0) - START_MS).toBeGreaterThanOrEqual(30 * DAY_MS);
});

test('a timer that fell due while nothing ran fires at once after the start', async () => {
  const clock = new ManualClock(START_MS);
  const log = createMemoryLog({ upcast, now: () => clock.now() });
  const house = await openHouse(log, clock);
  const { runId } = await house.client.request({ workflow: waitFor('30d') });
  const after = log.crash();
  await house.cutOff();
  await clock.advance(31 * DAY_MS, DAY_MS);
  const serving = house.serve(after);
  await Promise.all([serving, clock.advance(5_000, 100)]);
  await clock.advance(1_000, 100);
  expect(await house.client.waitForRun(runId)).toMatchObject({ status: 'succeeded' });
});

const CHAIN = {
  name: 'chain',
  tasks: Array.from({ length: 12 }, (_, index) => ({
    id: `s${index}`,
    agent: 'sleep',
    parameters: { ms: 100 },
    dependencies: index === 0 ? [] : [`s${index - 1}`],
  })),
};

test.each([
  ['forwards by a day', DAY_MS],
  ['backwards by a day', -DAY_MS],
])(
  'a clock that jumps %s neither stops a run nor records anything twice nor breaks the order of time',
  async (_, jumpMs) => {
    const clock = new ShiftedClock();
    const house = await openHouse(createMemoryLog({ upcast }), clock);
    await addWorker(house);
    const workflow = { ...CHAIN, settings: { timeout: '30d' } };
    const { runId } = await house.client.request({ workflow: workflow as never });
    await until('the second task runs', async () => {
      return (await house.client.report(runId)).tasks.s0?.status === 'success';
    });
    clock.offsetMs = jumpMs;
    expect(await house.client.waitForRun(runId)).toMatchObject({ status: 'succeeded' });
    const { events } = await house.client.history(runId, { limit: 200 });
    const successes = events.filter(({ type }) => type === 'task.succeeded');
    expect(successes).toHaveLength(CHAIN.tasks.length);
    const times = events.map(({ at }) => at);
    expect(times).toEqual(times.toSorted((left, right) => left - right));
    expect(events.filter(({ type }) => type === 'task.attemptFailed')).toEqual([]);
  },
);

test('after a jump backwards a worker that disappears is still noticed when its ttl has passed', async () => {
  const clock = new ShiftedClock();
  const house = await openHouse(createMemoryLog({ upcast }), clock);
  const fake = await FakeWorker.start({ bus: house.bus, agent: 'odd', worker: 'gone', ttl: 1 });
  closers.push(() => fake.vanish());
  const tasks = [{ id: 't', agent: 'odd', parameters: {} }];
  const { runId } = await house.client.request({ workflow: { name: 'odd', tasks } });
  await fake.request(1);
  clock.offsetMs = -DAY_MS;
  await fake.vanish();
  await until('the attempt is lost', async () => {
    return (await house.history(runId)).includes('task.attemptFailed');
  });
});
