/** Commands to a run in quarantine that come together, or again: its history goes on to fold. */
import { afterEach, beforeEach, expect, it } from 'vitest';
import { functionAgent } from '../../src/agents/adapters/function-agent.ts';
import { startWorker, type Worker } from '../../src/agents/worker.ts';
import { upcast } from '../../src/events/catalogue.ts';
import type { EventLog } from '../../src/log/event-log.ts';
import { createMemoryLog } from '../../src/log/memory-log.ts';
import { House, subjects, until } from './house.ts';

let log: EventLog;
let house: House;
let worker: Worker;
let isMended: boolean;

beforeEach(async () => {
  isMended = false;
  log = createMemoryLog({ upcast });
  house = await House.open(log);
  const broken = functionAgent({
    name: 'broken',
    run: () => {
      if (!isMended) throw new TypeError('no such thing');
    },
  });
  worker = await startWorker({ bus: house.bus, subjects, agents: [broken] });
  await until('the worker is known', () => house.orchestrator.agents().includes('broken'));
});

afterEach(async () => {
  await worker.close();
  await house.close();
  await log.close();
});

async function isolatedRun(): Promise<string> {
  const { runId } = await house.client.request({
    workflow: {
      name: 'breaks',
      settings: { quarantine: { after: 1 } },
      tasks: [{ id: 'a', agent: 'broken' }],
    },
  });
  await isolated(runId, 1);
  return runId;
}

/** That often by now. */
async function isolated(runId: string, times: number): Promise<void> {
  await until('the quarantine', async () => {
    const types = await house.history(runId);
    return types.filter((type) => type === 'run.quarantined').length === times;
  });
}

it('takes one of several operators who terminate it at once', async () => {
  const runId = await isolatedRun();
  const ends = await Promise.allSettled(
    ['a', 'b', 'c'].map((id) => house.client.command(runId, { id, type: 'terminate' })),
  );
  const refused = ends.filter(({ status }) => status === 'rejected');
  expect(refused).toHaveLength(2);
  for (const each of refused)
    expect(each).toMatchObject({
      reason: { code: 'run.conflict', details: { status: 'canceled' } },
    });
  expect((await house.history(runId)).filter((type) => type === 'run.canceled')).toHaveLength(1);
  expect((await house.client.waitForRun(runId)).status).toBe('canceled');
});

it('takes a termination that comes with a release, in either order', async () => {
  isMended = true;
  for (const types of [['release', 'terminate'] as const, ['terminate', 'release'] as const]) {
    isMended = false;
    const runId = await isolatedRun();
    isMended = true;
    const [first] = await Promise.allSettled(
      types.map((type) => house.client.command(runId, { type })),
    );
    expect(first?.status).toBe('fulfilled');
    const report = await house.client.waitForRun(runId);
    expect(['succeeded', 'canceled']).toContain(report.status);
    const events = await house.history(runId);
    expect(events.filter((type) => type === 'run.canceled').length).toBeLessThanOrEqual(1);
  }
});

it('answers a release that is sent again as it did the first time, also when the run is isolated anew', async () => {
  const runId = await isolatedRun();
  const release = { id: 'again', type: 'release' } as const;
  const first = await house.client.command(runId, release);
  await isolated(runId, 2);
  const second = await house.client.command(runId, release);
  expect(second).toEqual(first);
  expect((await house.client.report(runId)).status).toBe('quarantined');
});
