/** A probe whose answers nobody was there to read is sent again: R2 of `recovery.ts`. */
import { expect, it } from 'vitest';
import { probeWorkers } from '../../src/actors/services/recovery.ts';
import type { Bus, BusMessage } from '../../src/messaging/bus.ts';
import { createSubjects } from '../../src/messaging/subjects.ts';

const ref = { runId: 'run_1', activation: 'a', attempt: 1 };
const answer = { body: () => ({ worker: 'w1', agent: 'x', attempts: [ref] }) };

/** Probes that take so long, each; the last one is answered. */
async function probe(tookMs: readonly number[]) {
  let now = 1_000;
  let asked = 0;
  const bus = {
    requestMany: async () => {
      now += tookMs[asked] ?? 0;
      asked += 1;
      return asked === tookMs.length ? [answer as unknown as BusMessage] : [];
    },
  } as unknown as Bus;
  const question = { owed: [{ ref, agent: 'x' }], clock: { now: () => now } };
  const { taken } = await probeWorkers(bus, createSubjects(), question);
  return { asked, taken: [...taken] };
}

it('asks once where the answers could be read in time', async () => {
  expect(await probe([200])).toEqual({ asked: 1, taken: ['run_1/a/1'] });
  expect(await probe([300, 200])).toEqual({ asked: 1, taken: [] });
});

it('asks again after it stood still, until it did not', async () => {
  expect(await probe([5_200, 301, 200])).toEqual({ asked: 3, taken: ['run_1/a/1'] });
});

it('goes on after three probes, however slow the machine is', async () => {
  expect(await probe([999, 999, 999, 999])).toEqual({ asked: 3, taken: [] });
});

it('asks once where the clock was set back', async () => {
  expect(await probe([-86_400_000, 200])).toEqual({ asked: 1, taken: [] });
});
