/** What the founding document asks of the queue by number, through the public client, on a log that outlives a crash. */
import { afterEach, beforeEach, expect, it } from 'vitest';
import { functionAgent } from '../../src/agents/adapters/function-agent.ts';
import { builtinAgents } from '../../src/agents/builtin/index.ts';
import { startWorker, type Worker } from '../../src/agents/worker.ts';
import { upcast } from '../../src/events/catalogue.ts';
import { createMemoryLog, type MemoryLog } from '../../src/log/memory-log.ts';
import type { Bus } from '../../src/messaging/bus.ts';
import { connectBus } from '../../src/messaging/nats-bus.ts';
import type { JsonObject } from '../../src/workflow/value.ts';
import { House, subjects, until } from './house.ts';

let log: MemoryLog;
let house: House;
let bus: Bus;
let worker: Worker;
/** Whose work it was, in the order in which it began. */
let begun: string[];
let open: () => void;

beforeEach(async () => {
  log = createMemoryLog({ upcast });
  house = await House.open(log);
  bus = await connectBus({ url: house.broker.url, name: 'worker' });
  begun = [];
  const gate = new Promise<void>((resolve) => {
    open = resolve;
  });
  const counter = functionAgent<{ name: string }>({
    name: 'counter',
    run: async ({ name }) => {
      begun.push(name);
      await gate;
      return name;
    },
  });
  worker = await startWorker({
    bus,
    subjects,
    agents: [...builtinAgents(), counter],
    concurrency: 1,
  });
});

afterEach(async () => {
  open();
  await worker.close();
  await bus.close();
  await house.close();
  await log.close();
});

const one = (agent: string, parameters: JsonObject, rest: JsonObject = {}): JsonObject => ({
  name: 'one',
  tasks: [{ id: 'a', agent, parameters, ...rest }],
});

it('ORCH-016: the most urgent work goes first, and the least urgent is not starved', async () => {
  const ask = (name: string, priority: 'urgent' | 'high' | 'normal' | 'low') =>
    house.client.request({ workflow: one('counter', { name }), priority });
  await ask('first', 'normal');
  await until('the only place is taken', () => begun.length === 1);
  const runs = [];
  for (const priority of ['low', 'normal', 'high'] as const)
    runs.push(await ask(priority, priority));
  for (let number = 0; number < 60; number += 1) runs.push(await ask(`urgent ${number}`, 'urgent'));
  open();
  for (const { runId } of runs) await house.client.waitForRun(runId);
  expect(begun).toHaveLength(64);
  expect(begun[1], 'it came after others that wait').toBe('urgent 0');
  const [low, normal, high] = ['low', 'normal', 'high'].map((name) => begun.indexOf(name));
  expect(high).toBeLessThan(normal as number);
  expect(normal).toBeLessThan(low as number);
  expect(low, 'not the last of all').toBeLessThan(63);
});

it('ORCH-017: a task is tried again as its policy says, and a failed run from what failed', async () => {
  const retry = { max_attempts: 3, delay: 0.05, backoff: 'exponential' };
  const flaky = await house.client.request({
    workflow: one('fail', { times: 2 }, { retry }),
  });
  const mended = await house.client.waitForRun(flaky.runId);
  expect(mended).toMatchObject({
    status: 'succeeded',
    tasks: { a: { attempts: 3 } },
  });
  const { events } = await house.client.history(flaky.runId);
  const at = (type: string) => events.filter((each) => each.type === type).map((each) => each.at);
  const waits = at('task.attemptFailed').map((failed, index) => {
    const next = at('task.started')[index + 1] ?? Number.NaN;
    return next - failed;
  });
  expect(waits[0]).toBeGreaterThanOrEqual(50);
  expect(waits[1]).toBeGreaterThanOrEqual(100);

  const hopeless = await house.client.request({
    workflow: {
      name: 'two',
      tasks: [
        { id: 'good', agent: 'echo', parameters: { kept: true } },
        {
          ...{ id: 'bad', agent: 'fail', dependencies: ['good'] },
          parameters: { times: 3 },
          retry: { max_attempts: 3, delay: 0.01 },
        },
      ],
    },
  });
  const failed = await house.client.waitForRun(hopeless.runId);
  expect(failed).toMatchObject({ status: 'failed', tasks: { bad: { attempts: 3 } } });
  await house.client.command(hopeless.runId, { type: 'retry' });
  await until('the run is over once more', async () => {
    const { status } = await house.client.report(hopeless.runId);
    return status === 'succeeded';
  });
  expect(await house.client.report(hopeless.runId)).toMatchObject({
    tasks: { good: { attempts: 1 }, bad: { attempts: 4 } },
  });
});

it('ORCH-018: work for a later time waits for it, also over a crash, and runs once', async () => {
  const inASecond = Date.now() + 1_000;
  const { jobId } = await house.client.jobs.enqueue({
    ...{ agent: 'counter', parameters: { name: 'job' }, runAt: inASecond },
  });
  const later = await house.client.request({
    workflow: one('counter', { name: 'run' }),
    startAt: inASecond,
  });
  await house.bus.request(
    subjects.schedule(),
    {
      ...{ type: 'add', name: 'once', schedule: { at: new Date(inASecond).toISOString() } },
      request: { workflow: one('counter', { name: 'schedule' }) },
    },
    { timeoutMs: 20_000 },
  );
  expect(await house.client.jobs.get(jobId)).toMatchObject({ state: 'scheduled', attempts: 0 });
  await log.flush();
  await house.cutOff();
  log = log.crash();
  await house.serve(log);
  open();
  const job = await house.client.jobs.wait(jobId);
  expect(job).toMatchObject({ state: 'succeeded', attempts: 1 });
  await house.client.waitForRun(later.runId);
  await until('the schedule has started its run', () => begun.includes('schedule'));
  expect([...begun].sort()).toEqual(['job', 'run', 'schedule']);
  const { events } = await house.client.history(jobId);
  const started = events.find(({ type }) => type === 'task.started');
  expect(started?.at).toBeGreaterThanOrEqual(inASecond);
});
