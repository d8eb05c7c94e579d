/** Quotas at every door through which a run begins: requests, forks, jobs, schedules. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { builtinAgents } from '../../src/agents/builtin/index.ts';
import { startWorker, type Worker } from '../../src/agents/worker.ts';
import { upcast } from '../../src/events/catalogue.ts';
import { createMemoryLog, type MemoryLog } from '../../src/log/memory-log.ts';
import type { Limits } from '../../src/messages/limits.ts';
import type { Bus } from '../../src/messaging/bus.ts';
import { connectBus } from '../../src/messaging/nats-bus.ts';
import { House, subjects, until } from './house.ts';

/** It waits for as long as no slot is there. */
const tasks = (count: number, name = 'queue') => ({
  name,
  tasks: Array.from({ length: count }, (_, index) => ({ id: `t${index}`, agent: 'echo' })),
});
const waiting = { name: 'waiting', tasks: [{ id: 'a', wait: { timer: '1h' } }] };
const acme = { tenant: 'acme' };

let log: MemoryLog;
let house: House;
let bus: Bus;
let worker: Worker;

beforeEach(async () => {
  log = createMemoryLog({ upcast });
  house = await House.open(log);
  bus = await connectBus({ url: house.broker.url, name: 'worker' });
  worker = await startWorker({ ...{ bus, subjects, concurrency: 8 }, agents: builtinAgents() });
});
afterEach(async () => {
  await worker.close();
  await bus.close();
  await house.close();
  await log.close();
});

const limit = (limits: Limits): void => house.orchestrator.limit(limits);
const over = (details: object) => ({ code: 'quota.exceeded', status: 429, details });
const full = over({ scope: 'tenant', name: 'acme', limit: 1, live: 1, retryAfterMs: 1_000 });

describe('live runs of a tenant', () => {
  let first: string;
  beforeEach(async () => {
    limit({ tenants: { acme: { live_runs: 1 } } });
    first = (await house.client.request({ workflow: waiting, ...acme })).runId;
  });

  it('bound forks, which count at once', async () => {
    await expect(house.client.fork(first)).rejects.toMatchObject(full);
    limit({ tenants: { acme: { live_runs: 3 } } });
    const forks = await Promise.allSettled(
      Array.from({ length: 4 }, () => house.client.fork(first)),
    );
    expect(forks.filter(({ status }) => status === 'fulfilled')).toHaveLength(2);
    await house.client.command(first, { type: 'terminate' });
    await house.client.fork(first);
  });

  it('bound jobs, of their own tenant or that of their run', async () => {
    const { jobs } = house.client;
    await expect(jobs.enqueue({ agent: 'echo', ...acme })).rejects.toMatchObject(full);
    await expect(jobs.enqueue({ agent: 'echo', runId: first })).rejects.toMatchObject(full);
    await jobs.enqueue({ agent: 'echo' });
    await jobs.enqueue({ agent: 'echo', runId: first, tenant: 'other' });
    limit({});
    const { jobId } = await jobs.enqueue({ agent: 'echo', runId: first, session: 's' });
    const { documents } = await house.client.query('runs', { prefix: jobId });
    expect(documents[0]?.document).toMatchObject({ tenant: 'acme', session: 's' });
  });

  it('let a schedule wait for its run, which is not lost', async () => {
    const at = new Date(Date.now() + 200).toISOString();
    const request = { workflow: { ...waiting, name: 'nightly' }, ...acme };
    const add = { type: 'add', name: 's', schedule: { at }, request };
    await house.bus.request(subjects.schedule(), add, { timeoutMs: 10_000 });
    await until('the time has come and was refused', () =>
      house.lines.some(({ message }) => message === 'the run of a schedule has to wait'),
    );
    const started = async () => {
      const { documents } = await house.client.query('runs', { index: 'name', prefix: 'nightly/' });
      return documents.length;
    };
    expect(await started()).toBe(0);
    await house.client.command(first, { type: 'terminate' });
    await until('its run is there', async () => (await started()) === 1);
    expect(log.streamHead('schedule_s')?.version).toBe(3);
  });
});

describe('tasks that wait', () => {
  const stopped: Limits = { agents: { echo: { concurrency: 0 } } };

  it('of a tenant, a session, a workflow bound new runs, and never what lives', async () => {
    limit({ ...stopped, tenants: { acme: { queued: 3 } }, workflows: { other: { queued: 1 } } });
    // More tasks than may wait: what was let in goes on.
    const { runId } = await house.client.request({ workflow: tasks(5), ...acme });
    const refused = over({
      ...{ scope: 'tenant', name: 'acme', limit: 3, queued: 5 },
      retryAfterMs: 1_000,
    });
    const again = () => house.client.request({ workflow: tasks(1), ...acme });
    await expect(again()).rejects.toMatchObject(refused);
    await expect(house.client.fork(runId)).rejects.toMatchObject(refused);
    await expect(house.client.jobs.enqueue({ agent: 'echo', ...acme })).rejects.toMatchObject(
      refused,
    );
    const other = () => house.client.request({ workflow: tasks(1, 'other') });
    await other();
    await expect(other()).rejects.toMatchObject(
      over({ scope: 'workflow', name: 'other', limit: 1, queued: 1, retryAfterMs: 1_000 }),
    );
    const { documents } = await house.client.query('queue', {});
    expect(documents[0]?.document).toMatchObject({ queuedTasks: 6, waiting: 2 });

    limit({ tenants: { acme: { queued: 3 } }, workflows: { other: { queued: 1 } } });
    expect((await house.client.waitForRun(runId)).status).toBe('succeeded');
    await again();
    await other();
  });

  it('go with their run', async () => {
    limit({ ...stopped, sessions: { '*': { queued: 2 } } });
    const begin = () => house.client.request({ workflow: tasks(2), session: 's1' });
    const { runId } = await begin();
    await expect(begin()).rejects.toMatchObject({ code: 'quota.exceeded' });
    await house.client.command(runId, { type: 'terminate' });
    await begin();
  });
});
