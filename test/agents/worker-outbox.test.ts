import { afterEach, beforeEach, expect, test } from 'vitest';
import type { FinishedAttempt } from '../../src/agents/attempt-record.ts';
import { type Settlement, WorkerOutbox } from '../../src/agents/worker-outbox.ts';
import type { BusMessage } from '../../src/messaging/bus.ts';
import {
  PayloadTooLargeError,
  RemoteError,
  RequestTimeoutError,
} from '../../src/messaging/errors.ts';
import { ManualWorkerClock } from './manual-worker-clock.ts';

const DAY_MS = 86_400_000;
const MAX_IN_FLIGHT = 1_024;
const silent = { debug() {}, info() {}, warn() {}, error() {} };
const acknowledged = { body: () => ({ ack: true }) } as unknown as BusMessage;

interface Try {
  finished: FinishedAttempt;
  resolve: (reply: BusMessage) => void;
  reject: (error: Error) => void;
}

let clock: ManualWorkerClock;
let tries: Try[];
let settled: [string, Settlement][];
let outbox: WorkerOutbox;

beforeEach(() => {
  clock = new ManualWorkerClock();
  tries = [];
  settled = [];
  outbox = new WorkerOutbox({
    transmit: (finished) =>
      new Promise((resolve, reject) => tries.push({ finished, resolve, reject })),
    onSettled: (finished, settlement) => settled.push([finished.key, settlement]),
    clock,
    logger: silent,
  });
});

afterEach(() => outbox.stop());

const settle = () => new Promise<void>((resolve) => setImmediate(resolve));

function finished(key: string): FinishedAttempt {
  const ref = { runId: key, activation: 't', attempt: 1 };
  return { key, agent: 'a', ref, subject: 's', body: {}, finishedAt: clock.now() };
}

const triesOf = (key: string) => tries.filter((one) => one.finished.key === key);

test('a result that this process could not send is sent again; only the other side refuses one', async () => {
  outbox.send(finished('a'));
  tries[0]?.reject(new PayloadTooLargeError({ size: 2, limit: 1 }));
  await settle();
  expect([settled, outbox.size]).toEqual([[], 1]);
  clock.advance(1_000);
  tries[1]?.resolve(acknowledged);
  await settle();
  expect(settled).toEqual([['a', 'acknowledged']]);

  outbox.send(finished('b'));
  const wire = { status: 413, code: 'payload.too-large', message: 'no', hint: '' };
  tries[2]?.reject(new RemoteError(wire));
  await settle();
  expect(settled.at(-1)).toEqual(['b', 'refused']);
});

test('a result that waits is sent in time, also when the clock of the machine is set back', async () => {
  outbox.send(finished('a'));
  tries[0]?.reject(new RequestTimeoutError('s', 1));
  await settle();
  clock.offsetMs -= DAY_MS;
  clock.advance(1_000);
  expect(tries).toHaveLength(2);
});

test('a result that is asked for again and again while all places are taken gets one turn', async () => {
  for (let n = 0; n < MAX_IN_FLIGHT; n += 1) outbox.send(finished(`r${n}`));
  const asked = tries[0]?.finished as FinishedAttempt;
  for (let n = 0; n < 100; n += 1) outbox.send(asked);
  for (const one of tries.slice(1, 201)) one.resolve(acknowledged);
  await settle();
  expect(triesOf('r0')).toHaveLength(2);
});

test('more results than places leave in order, each once', async () => {
  const count = 3 * MAX_IN_FLIGHT;
  for (let n = 0; n < count; n += 1) outbox.send(finished(`r${n}`));
  expect(tries).toHaveLength(MAX_IN_FLIGHT);
  for (let n = 0; n < count; n += 1) {
    tries[n]?.resolve(acknowledged);
    await settle();
  }
  const keys = Array.from({ length: count }, (_, n) => `r${n}`);
  expect(tries.map((one) => one.finished.key)).toEqual(keys);
  expect(settled.map(([key]) => key)).toEqual(keys);
});
