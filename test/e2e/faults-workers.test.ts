import { afterEach, beforeEach, expect, test } from 'vitest';
import { upcast } from '../../src/events/catalogue.ts';
import { createMemoryLog } from '../../src/log/memory-log.ts';
import { FakeWorker, type FakeWorkerOptions } from './fake-worker.ts';
import { House, pause, subjects, until } from './house.ts';

const TTL_SECONDS = 1;
/** Losses are looked for every half second. */
const SWEEP_MS = 500;

let house: House;
let workers: FakeWorker[];

beforeEach(async () => {
  house = await House.open(createMemoryLog({ upcast }));
  workers = [];
});

afterEach(async () => {
  for (const worker of workers) await worker.vanish();
  await house.close();
});

async function startFake(worker: string, more: Partial<FakeWorkerOptions> = {}) {
  const fake = await FakeWorker.start({
    ...{ bus: house.bus, agent: 'odd', worker, ttl: TTL_SECONDS },
    ...more,
  });
  workers.push(fake);
  return fake;
}

async function startRun(task: object = {}): Promise<string> {
  const tasks = [{ id: 't', agent: 'odd', parameters: {}, ...task }];
  const { runId } = await house.client.request({ workflow: { name: 'odd', tasks } as never });
  return runId;
}

test('a worker that takes nothing loses the attempt each time; after three losses in a row the task has failed with worker.lost', async () => {
  const silent = await startFake('silent', { accepts: false });
  const runId = await startRun();
  const report = await house.client.waitForRun(runId);
  expect(report).toMatchObject({
    status: 'failed',
    tasks: { t: { status: 'failed', attempts: 3, error: { code: 'worker.lost' } } },
  });
  expect(silent.requests.map(({ attempt }) => attempt)).toEqual([1, 2, 3]);
  const types = await house.history(runId);
  expect(types.filter((type) => type === 'task.attemptFailed')).toHaveLength(3);
});

test('an attempt that a worker lists in its heartbeats is not lost, however long it takes', async () => {
  const slow = await startFake('slow');
  const runId = await startRun();
  const request = await slow.request(1);
  await pause(2 * TTL_SECONDS * 1000 + 2 * SWEEP_MS);
  expect(slow.requests).toHaveLength(1);
  expect(await slow.answer(request, 'at last')).toEqual({ ack: true });
  expect(await house.client.waitForRun(runId)).toMatchObject({
    status: 'succeeded',
    tasks: { t: { output: 'at last', attempts: 1 } },
  });
});

test('an attempt that never finishes is out of time, canceled at its worker, and its late result is refused', async () => {
  const stuck = await startFake('stuck');
  const runId = await startRun({ timeout: '700ms' });
  const request = await stuck.request(1);
  expect(await house.client.waitForRun(runId)).toMatchObject({
    status: 'failed',
    tasks: { t: { error: { code: 'task.timeout' }, attempts: 1 } },
  });
  await until('the worker is told', () => stuck.canceled.length > 0);
  expect(stuck.canceled[0]).toMatchObject({ runId, activation: 't', attempt: 1 });
  await expect(stuck.answer(request, 'too late')).rejects.toMatchObject({
    code: 'attempt.superseded',
    hint: expect.stringMatching(/.+/),
  });
});

test('a worker that disappears loses what it had once its ttl has passed; the next attempt starts at once elsewhere', async () => {
  const gone = await startFake('gone');
  const runId = await startRun();
  await gone.request(1);
  await gone.vanish();
  const vanishedAt = performance.now();
  const other = await startFake('other');
  const second = await other.request(1);
  const waitedMs = performance.now() - vanishedAt;
  expect(second.attempt).toBe(2);
  // How late at most is a matter of simulated time: `test/simulation/stalls.test.ts`.
  expect(waitedMs).toBeGreaterThan((TTL_SECONDS * 1000 * 3) / 4 - 50);
  await other.answer(second, 'done');
  const { events } = await house.client.history(runId, { limit: 100 });
  const failure = events.find(({ type }) => type === 'task.attemptFailed');
  expect(failure?.data).toMatchObject({ error: { code: 'worker.lost' }, worker: 'gone' });
  expect(await house.client.waitForRun(runId)).toMatchObject({ status: 'succeeded' });
});

test('the first success counts although its attempt was lost and retried; the newer attempt is canceled and refused', async () => {
  const late = await startFake('late');
  const runId = await startRun();
  const first = await late.request(1);
  await late.vanish();
  const newer = await startFake('newer');
  const second = await newer.request(1);
  expect(await late.answer(first, 'late')).toEqual({ ack: true });
  await until('the newer attempt is canceled', () =>
    newer.canceled.some((cancel) => cancel.runId === runId && cancel.attempt === 2),
  );
  await expect(newer.answer(second, 'newer')).rejects.toMatchObject({ code: 'attempt.superseded' });
  expect(await late.answer(first, 'late')).toEqual({ ack: true });
  expect(await house.client.waitForRun(runId)).toMatchObject({
    status: 'succeeded',
    tasks: { t: { output: 'late' } },
  });
  const types = await house.history(runId);
  expect(types.filter((type) => type === 'task.succeeded')).toHaveLength(1);
});

test('a failure of a lost attempt that comes late changes nothing', async () => {
  const late = await startFake('late');
  const runId = await startRun();
  const first = await late.request(1);
  await late.vanish();
  const newer = await startFake('newer');
  const second = await newer.request(1);
  const failure = { code: 'agent.error', message: 'late', retryable: false };
  const body = { status: 'failed', attempt: first.attempt, worker: 'late', error: failure };
  const reply = await house.bus.request(first.result, body, { timeoutMs: 5_000 });
  expect(reply.body()).toEqual({ ack: true });
  await newer.answer(second, 'newer');
  expect(await house.client.waitForRun(runId)).toMatchObject({
    status: 'succeeded',
    tasks: { t: { output: 'newer' } },
  });
});

test('a result that is garbage is refused and leaves the attempt as it was', async () => {
  const odd = await startFake('odd');
  const runId = await startRun();
  const request = await odd.request(1);
  for (const body of [5, [], { status: 'done' }, { status: 'succeeded' }]) {
    const answer = house.bus.request(request.result, body, { timeoutMs: 5_000 });
    await expect(answer).rejects.toMatchObject({ code: 'message.invalid' });
  }
  expect(await odd.answer(request, 'good')).toEqual({ ack: true });
  expect(await house.client.report(runId)).toMatchObject({ tasks: { t: { attempts: 1 } } });
});

test('a worker that answers a request with garbage gets the same attempt again, under the same key', async () => {
  const keys: unknown[] = [];
  const fake = await startFake('babbler', { ttl: 60, accepts: false });
  const babble = house.bus.subscribe(subjects.agentInvoke('odd'), {}, (message) => {
    keys.push((message.body() as { key: string }).key);
    if (keys.length < 4) message.respondBytes(new Uint8Array([0x7b, 0xff]));
    else message.respond({ accepted: true, worker: 'babbler' });
  });
  const runId = await startRun();
  await until('it was offered four times', () => keys.length >= 4);
  const request = await fake.request(1);
  await fake.answer(request, 'good');
  expect(await house.client.waitForRun(runId)).toMatchObject({
    status: 'succeeded',
    tasks: { t: { attempts: 1 } },
  });
  expect(new Set(keys).size).toBe(1);
  await babble.stop();
});
