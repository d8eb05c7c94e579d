/** Limits at each level, by what an agent sees of itself: of the run, the agent, the worker, the node; and rates. */
import { afterEach, beforeEach, expect, it } from 'vitest';
import { functionAgent } from '../../src/agents/adapters/function-agent.ts';
import { startWorker } from '../../src/agents/worker.ts';
import { upcast } from '../../src/events/catalogue.ts';
import { createMemoryLog } from '../../src/log/memory-log.ts';
import type { Limits } from '../../src/messages/limits.ts';
import { connectBus } from '../../src/messaging/nats-bus.ts';
import type { JsonObject } from '../../src/workflow/value.ts';
import { House, subjects } from './house.ts';

const ITEMS = 8;
let closing: (() => Promise<void>)[];
let atOnce: number;
let most: number;

beforeEach(() => {
  closing = [];
  atOnce = 0;
  most = 0;
});
afterEach(async () => {
  for (const close of closing.reverse()) await close();
});

/** A worker whose agents count how many of them work at once. */
async function work(
  house: House,
  agent: { name: string; concurrency?: number; rate?: string; burst?: number },
): Promise<void> {
  const bus = await connectBus({ url: house.broker.url, name: 'worker' });
  const counting = functionAgent({
    ...agent,
    run: async (_parameters, context) => {
      atOnce += 1;
      most = Math.max(most, atOnce);
      await context.sleep(200);
      atOnce -= 1;
    },
  });
  const worker = await startWorker({ bus, subjects, agents: [counting], concurrency: 16 });
  closing.push(
    () => bus.close(),
    () => worker.close(),
  );
}

async function open(limits: Limits): Promise<House> {
  const house = await House.open(createMemoryLog({ upcast }), { settings: { limits } });
  closing.push(() => house.close());
  return house;
}

const each = (maxParallel: number): JsonObject => ({
  name: 'each',
  settings: { max_parallel: maxParallel },
  tasks: [{ id: 'a', agent: 'count', foreach: Array.from({ length: ITEMS }, (_, n) => n) }],
});

it.each<[string, { limits: Limits; concurrency?: number; maxParallel?: number; most: number }]>([
  ['none', { limits: {}, most: ITEMS }],
  ['the run (max_parallel)', { limits: {}, maxParallel: 2, most: 2 }],
  ['the agent (limits.agents)', { limits: { agents: { count: { concurrency: 3 } } }, most: 3 }],
  ['the worker (concurrency of its heartbeat)', { limits: {}, concurrency: 4, most: 4 }],
  ['the node (limits.node)', { limits: { node: 5 }, most: 5 }],
])('of %s holds', async (_level, { limits, concurrency, maxParallel, most: expected }) => {
  const house = await open(limits);
  await work(house, { name: 'count', ...(concurrency === undefined ? {} : { concurrency }) });
  const outcome = await house.client.runWorkflow({ workflow: each(maxParallel ?? ITEMS) });
  expect(outcome.success).toBe(true);
  expect(most).toBe(expected);
});

/** Times between the starts of the attempts of a run, in ms. */
async function gaps(house: House, runId: string): Promise<number[]> {
  const starts: number[] = [];
  for await (const { type, at } of house.client.events(runId)) {
    if (type === 'task.started') starts.push(at);
    if (type === 'run.succeeded') break;
  }
  return starts.slice(1).map((start, index) => start - (starts[index] ?? 0));
}

it.each<[string, Limits, number]>([
  ['the heartbeat alone', {}, 100],
  [
    'the heartbeat, where it is the stricter',
    { agents: { count: { rate: '50/s', burst: 1 } } },
    100,
  ],
  ['the setting, where that is', { agents: { count: { rate: '5/s', burst: 1 } } }, 200],
])('a rate holds that is said by %s', async (_by, limits, leastMs) => {
  const house = await open(limits);
  await work(house, { name: 'count', rate: '10/s', burst: 1 });
  const { runId } = await house.client.request({ workflow: each(ITEMS) });
  const waits = Object.values((await house.client.report(runId)).tasks['a']?.instances ?? []);
  expect(waits.map(({ waitsFor }) => waitsFor?.['kind'])).toContain('rate');
  const between = await gaps(house, runId);
  expect(between).toHaveLength(ITEMS - 1);
  // the clock of the events has whole milliseconds
  for (const gap of between) expect(gap).toBeGreaterThanOrEqual(leastMs - 1);
});

it('refuses a rate that is none where the agent is made', () => {
  const make = (more: object) => () => functionAgent({ name: 'a', run: () => null, ...more });
  expect(make({ rate: '10 a second' })).toThrow('is no rate');
  expect(make({ rate: '1/s', burst: 0 })).toThrow('is no burst');
});
