/** Runs are steered by NATS while real workers work: cancellation, hard pause, retry, and the same command twice. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { functionAgent } from '../../src/agents/adapters/function-agent.ts';
import { builtinAgents } from '../../src/agents/builtin/index.ts';
import { startWorker, type Worker } from '../../src/agents/worker.ts';
import { createMemoryLog } from '../../src/log/memory-log.ts';
import type { Bus } from '../../src/messaging/bus.ts';
import { connectBus } from '../../src/messaging/nats-bus.ts';
import { House, subjects, until } from './house.ts';

const log = createMemoryLog();
let house: House;
let bus: Bus;
let worker: Worker;
/** Lets an agent go that does not listen to cancellation. */
let letGo: () => void = () => {};

beforeAll(async () => {
  house = await House.open(log);
  bus = await connectBus({ url: house.broker.url, name: 'worker' });
  const deaf = functionAgent({
    name: 'deaf',
    run: () =>
      new Promise((resolve) => {
        letGo = () => resolve('done all the same');
      }),
  });
  worker = await startWorker({ bus, subjects, agents: [...builtinAgents(), deaf], concurrency: 8 });
});

afterAll(async () => {
  letGo();
  await worker.close();
  await bus.close();
  await house.close();
  await log.close();
});

const workflow = (...tasks: object[]) => ({ name: 'steered', tasks }) as never;
const sleeping = { id: 'a', agent: 'sleep', parameters: { ms: 600_000 } };

async function begin(definition: never, type = 'task.started'): Promise<string> {
  const { runId } = await house.client.request({ workflow: definition });
  await until(type, async () => (await house.history(runId)).includes(type));
  return runId;
}

const typesOf = (runId: string) => house.history(runId);

it('a worker that is asked to stop says so, and the task was canceled', async () => {
  const runId = await begin(workflow(sleeping));
  await house.client.command(runId, { type: 'cancel' });
  const report = await house.client.waitForRun(runId);
  expect(report).toMatchObject({ status: 'canceled', tasks: { a: { cancel: 'acknowledged' } } });
  expect((await typesOf(runId)).slice(-4)).toEqual([
    'task.cancelRequested',
    'task.cancelAcknowledged',
    'task.canceled',
    'run.canceled',
  ]);
});

it('one that does not stop is given up after its time, and the run ends', {
  timeout: 40_000,
}, async () => {
  const runId = await begin(workflow({ id: 'a', agent: 'deaf' }));
  await house.client.command(runId, { type: 'cancel' });
  expect((await house.client.report(runId)).tasks['a']).toMatchObject({ cancel: 'requested' });
  const report = await house.client.waitForRun(runId);
  expect(report).toMatchObject({ status: 'canceled', tasks: { a: { cancel: 'forced' } } });
  expect(await typesOf(runId)).not.toContain('task.cancelAcknowledged');
  letGo();
});

it('a hard pause interrupts, and the attempts go on counting', async () => {
  const runId = await begin(workflow(sleeping));
  await house.client.command(runId, { type: 'pause', hard: true });
  await until('it stopped', async () => (await typesOf(runId)).includes('task.reset'));
  expect((await house.client.report(runId)).tasks['a']).toMatchObject({ status: 'pending' });
  await house.client.command(runId, { type: 'resume' });
  await until('it runs', async () => (await typesOf(runId)).at(-1) === 'task.started');
  const { documents } = await house.client.query('step_attempts', { prefix: `${runId}/` });
  await house.client.command(runId, { type: 'terminate' });
  const attempts = documents.map(({ document }) => document as { attempt: number; status: string });
  expect(attempts[0]).toMatchObject({ attempt: 1, status: 'canceled' });
});

it('a failed run is retried, and every list shows it', async () => {
  const runId = await begin(
    workflow(
      { id: 'a', agent: 'echo', parameters: { n: 1 } },
      {
        id: 'b',
        agent: 'fail',
        parameters: { times: 1, retryable: false },
        dependencies: ['a'],
      },
      { id: 'c', agent: 'echo', dependencies: ['b'] },
    ),
    'run.failed',
  );
  const reply = await house.client.command(runId, { type: 'retry' });
  expect(reply.status).toBe('running');
  const report = await house.client.waitForRun(runId);
  expect(report).toMatchObject({ status: 'succeeded', tasks: { a: { attempts: 1 } } });
  const { events } = await house.client.history(runId, { limit: 100 });
  const after = events.at(-1)?.position ?? 0;
  const { documents } = await house.client.query('runs', { key: runId, after });
  expect(documents[0]?.document).toMatchObject({
    status: 'succeeded',
    error: null,
    tasks: { succeeded: 3, failed: 0, skipped: 0, reset: 2 },
    attempts: 4,
  });
});

it('the same command twice is done once and answered the same', async () => {
  const runId = await begin(workflow(sleeping));
  const pause = { type: 'pause', id: 'p1' } as const;
  const first = await house.client.command(runId, pause);
  await house.client.command(runId, { type: 'resume', id: 'r1' });
  expect(await house.client.command(runId, pause)).toEqual(first);
  expect((await house.client.report(runId)).status).toBe('running');
  await house.client.command(runId, { type: 'terminate' });
  expect(await house.client.command(runId, pause)).toEqual(first);
});

it('a refusal says what would be possible', async () => {
  const runId = await begin(workflow(sleeping));
  await expect(house.client.command(runId, { type: 'retry' })).rejects.toMatchObject({
    code: 'run.conflict',
    details: { possible: ['pause', 'adapt', 'signal', 'checkpoint', 'cancel', 'terminate'] },
  });
  await house.client.command(runId, { type: 'terminate' });
  await house.client.waitForRun(runId);
  await expect(house.client.command(runId, { type: 'resume' })).rejects.toMatchObject({
    code: 'run.conflict',
    details: { possible: [] },
  });
});
