import { afterEach, beforeEach, expect, test } from 'vitest';
import { upcast } from '../../src/events/catalogue.ts';
import type { JsonEnvelope } from '../../src/events/envelope.ts';
import { createMemoryLog, type GroupFate, type MemoryLog } from '../../src/log/memory-log.ts';
import { FakeWorker } from './fake-worker.ts';
import { House, pause, subjects, until } from './house.ts';

/** Long enough for an answer that must not come. */
const SILENCE_MS = 200;
const ONE_TASK = { name: 'one', tasks: [{ id: 't', agent: 'slow', parameters: {} }] };

let log: MemoryLog;
let house: House;
let worker: FakeWorker;
let held: ((fate: GroupFate) => void)[];
let isHeld: boolean;

beforeEach(async () => {
  held = [];
  isHeld = false;
  const faults = () =>
    isHeld ? new Promise<GroupFate>((resolve) => held.push(resolve)) : ('durable' as const);
  log = createMemoryLog({ upcast, faults });
  house = await House.open(log);
  worker = await FakeWorker.start({ bus: house.bus, agent: 'slow', worker: 'w1', ttl: 60 });
});

afterEach(async () => {
  letGo();
  await worker.vanish();
  await house.close();
});

function letGo(): void {
  isHeld = false;
  for (const release of held.splice(0)) release('durable');
}

/** A promise and whether it has come to an end. */
function watch<T>(promise: Promise<T>): { promise: Promise<T>; isSettled: boolean } {
  const watched = { promise, isSettled: false };
  const settle = (): void => {
    watched.isSettled = true;
  };
  promise.then(settle, settle);
  return watched;
}

test('neither a result nor its duplicate is acknowledged before it is durable (C2)', async () => {
  const { runId } = await house.client.request({ workflow: ONE_TASK });
  const request = await worker.request(1);
  isHeld = true;
  const first = watch(worker.answer(request, 'done'));
  const second = watch(worker.answer(request, 'done'));
  await until('the log holds the commit', () => held.length > 0);
  const third = watch(worker.answer(request, 'done'));
  await pause(SILENCE_MS);
  expect([first.isSettled, second.isSettled, third.isSettled]).toEqual([false, false, false]);
  expect(await house.history(runId)).not.toContain('task.succeeded');
  letGo();
  const answers = await Promise.all([first.promise, second.promise, third.promise]);
  expect(answers).toEqual([{ ack: true }, { ack: true }, { ack: true }]);
  const history = await house.history(runId);
  expect(history.filter((type) => type === 'task.succeeded')).toEqual(['task.succeeded']);
});

test('a refusal and a report wait for what was applied before them (C2), also when the run ends meanwhile', async () => {
  const { runId } = await house.client.request({ workflow: ONE_TASK });
  const request = await worker.request(1);
  isHeld = true;
  const result = watch(worker.answer(request, 'done'));
  await until('the log holds the commit', () => held.length > 0);
  const unknown = watch(worker.answer({ ...request, attempt: 9 }, 'done'));
  const report = watch(house.client.report(runId));
  await pause(SILENCE_MS);
  expect([result.isSettled, unknown.isSettled, report.isSettled]).toEqual([false, false, false]);
  letGo();
  await expect(unknown.promise).rejects.toMatchObject({ code: 'attempt.unknown' });
  expect(await report.promise).toMatchObject({ status: 'succeeded' });
});

test('a result that was not durable at a crash is taken again, and once', async () => {
  const { runId } = await house.client.request({ workflow: ONE_TASK });
  const request = await worker.request(1);
  isHeld = true;
  const lost = watch(worker.answer(request, 'done'));
  lost.promise.catch(() => undefined); // nobody answers: the orchestrator is gone
  await until('the log holds the commit', () => held.length > 0);
  const after = log.crash();
  await house.cutOff();
  isHeld = false;
  await house.serve(after);
  expect(await house.history(runId)).not.toContain('task.succeeded');
  expect(await worker.answer(request, 'done')).toEqual({ ack: true });
  expect(await house.client.waitForRun(runId)).toMatchObject({ status: 'succeeded' });
  const history = await house.history(runId);
  expect(history.filter((type) => type === 'task.succeeded')).toHaveLength(1);
});

test('the last event before a crash reaches a subscriber after the restart', async () => {
  const { runId } = await house.client.request({ workflow: ONE_TASK });
  const request = await worker.request(1);
  const seen: string[] = [];
  house.bus.subscribe(subjects.runEvents(runId), {}, (message) => {
    seen.push((message.body() as unknown as JsonEnvelope).type);
  });
  isHeld = true;
  worker.answer(request, 'done').catch(() => undefined); // nobody answers: the orchestrator is gone
  await until('the log holds the commit', () => held.length > 0);
  const after = log.crash({ keepInFlight: true });
  await house.cutOff();
  expect(seen).not.toContain('run.succeeded');
  isHeld = false;
  await house.serve(after);
  await until('the end is published', () => seen.includes('run.succeeded'));
  expect(seen).toContain('task.succeeded');
});
