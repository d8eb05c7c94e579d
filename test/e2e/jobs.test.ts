/**
 * Jobs over the public surface: NATS, the client, a worker that really works, an orchestrator that is cut off and comes back.
 * Size: one test for each state and each way to be refused.
 */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { functionAgent } from '../../src/agents/adapters/function-agent.ts';
import { builtinAgents } from '../../src/agents/builtin/index.ts';
import { AgentFailure } from '../../src/agents/errors.ts';
import { startWorker, type Worker } from '../../src/agents/worker.ts';
import { upcast } from '../../src/events/catalogue.ts';
import { createMemoryLog, type MemoryLog } from '../../src/log/memory-log.ts';
import type { JobReply } from '../../src/messages/job.ts';
import type { Bus } from '../../src/messaging/bus.ts';
import { connectBus } from '../../src/messaging/nats-bus.ts';
import type { JsonObject } from '../../src/workflow/value.ts';
import { House, subjects, until } from './house.ts';

let log: MemoryLog;
let house: House;
let bus: Bus;
let worker: Worker;
/** Lets the agent `held` go on. */
let letGo: (output: string) => void;

beforeEach(async () => {
  log = createMemoryLog({ upcast });
  house = await House.open(log);
  bus = await connectBus({ url: house.broker.url, name: 'worker' });
  const held = new Promise<string>((resolve) => {
    letGo = resolve;
  });
  const agents = [
    functionAgent<JsonObject>({
      name: 'held',
      run: (_parameters, { progress, signal }) => {
        progress({ percent: 40, message: 'nearly half' });
        return Promise.race([
          held,
          new Promise<never>((_, reject) =>
            signal.addEventListener('abort', () => reject(signal.reason)),
          ),
        ]);
      },
    }),
  ];
  const busy = functionAgent<JsonObject>({
    name: 'busy',
    run: () => {
      const error = { code: 'agent.busy', message: 'not now', retryable: true, retryAfter: 60 };
      throw new AgentFailure(error);
    },
  });
  worker = await startWorker({
    ...{ bus, subjects, concurrency: 2 },
    agents: [...builtinAgents(), ...agents, busy],
  });
});

afterEach(async () => {
  letGo('the end');
  await worker.close();
  await bus.close();
  await house.close();
  await log.close();
});

const ask = async (body: object): Promise<JsonObject> => {
  const reply = await house.bus.request(subjects.job(), body as JsonObject, { timeoutMs: 20_000 });
  return reply.body() as JsonObject;
};
const refusal = (code: string) => expect.objectContaining({ code });
const soon = () => Date.now() + 60_000;

async function reaches(jobId: string, wanted: Partial<JobReply>): Promise<JobReply> {
  let job = await house.client.jobs.get(jobId);
  await until(JSON.stringify(wanted), async () => {
    job = await house.client.jobs.get(jobId);
    return Object.entries(wanted).every(([key, value]) => job[key as keyof JobReply] === value);
  });
  return job;
}

describe('the seven states', () => {
  it('scheduled: it waits for its time, out of memory', async () => {
    const reply = await house.client.jobs.enqueue({ agent: 'echo', runAt: soon() });
    expect(reply).toMatchObject({ state: 'scheduled', idempotent: true });
    expect(house.orchestrator.activeRuns).toBe(0);
    expect(await house.client.jobs.get(reply.jobId)).toMatchObject({ attempts: 0 });
  });

  it('queued: no agent has room for it', async () => {
    const jobs = house.client.jobs;
    for (const id of ['a', 'b']) await jobs.enqueue({ agent: 'held', jobId: id });
    expect((await jobs.enqueue({ agent: 'held', jobId: 'c' })).state).toBe('queued');
    letGo('done');
    expect((await jobs.wait('c')).state).toBe('succeeded');
  });

  it('running: with the progress that its agent tells', async () => {
    const { jobId, state } = await house.client.jobs.enqueue({ agent: 'held' });
    expect(state).toBe('running');
    const job = await reaches(jobId, { progress: 40 });
    expect(job).toMatchObject({ state: 'running', message: 'nearly half', attempts: 1 });
  });

  it('retrying: it waits between two attempts, and says why', async () => {
    const { jobId } = await house.client.jobs.enqueue({ agent: 'busy' });
    const retrying = await reaches(jobId, { state: 'retrying' });
    expect(retrying).toMatchObject({ attempts: 1, error: { code: 'agent.busy' } });
    expect((await house.client.jobs.cancel(jobId)).state).toBe('canceled');
  });

  it('succeeded: after the attempts that it took', async () => {
    const parameters = { times: 1 };
    const { jobId } = await house.client.jobs.enqueue({ agent: 'fail', parameters });
    const ended = await house.client.jobs.wait(jobId);
    expect(ended).toMatchObject({ state: 'succeeded', attempts: 2, progress: 100 });
    expect(ended.output).toBeNull();
    expect(ended.error).toBeUndefined();
  });

  it('failed: at once where no retry is wanted, or where none can help', async () => {
    const once = { agent: 'fail', maxRetries: 0 };
    const { jobId } = await house.client.jobs.enqueue(once);
    expect(await house.client.jobs.wait(jobId)).toMatchObject({ state: 'failed', attempts: 1 });
    const parameters = { retryable: false, code: 'odd' };
    const other = await house.client.jobs.enqueue({ agent: 'fail', parameters });
    const failed = await house.client.jobs.wait(other.jobId);
    expect(failed).toMatchObject({ state: 'failed', attempts: 1, error: { code: 'odd' } });
  });

  it('canceled: while it is scheduled at once, while it runs once its agent has stopped', async () => {
    const jobs = house.client.jobs;
    const later = await jobs.enqueue({ agent: 'echo', runAt: soon() });
    expect((await jobs.cancel(later.jobId, { reason: 'not needed' })).state).toBe('canceled');
    expect((await jobs.get(later.jobId)).reason).toBe('not needed');
    const { jobId } = await jobs.enqueue({ agent: 'held' });
    await reaches(jobId, { progress: 40 });
    await jobs.cancel(jobId);
    expect(await jobs.wait(jobId)).toMatchObject({ state: 'canceled', attempts: 1 });
    expect((await jobs.cancel(jobId)).state).toBe('canceled');
  });

  it('an ended job cannot be canceled', async () => {
    const { jobId } = await house.client.jobs.enqueue({ agent: 'echo' });
    await house.client.jobs.wait(jobId);
    await expect(house.client.jobs.cancel(jobId)).rejects.toEqual(refusal('run.conflict'));
  });
});

describe('later', () => {
  it('jobs start within 100 ms of their time where the machine has any to spare, and never before', async () => {
    const late: number[] = [];
    for (let count = 0; count < 5; count += 1) {
      const runAt = Date.now() + 100;
      const { jobId } = await house.client.jobs.enqueue({ agent: 'echo', runAt });
      const { startedAt = 0 } = await house.client.jobs.wait(jobId);
      late.push(startedAt - runAt);
    }
    expect(Math.min(...late)).toBeGreaterThanOrEqual(0);
    expect(Math.min(...late)).toBeLessThan(100);
  });

  it('a time that has passed is now; an ISO time will do', async () => {
    const runAt = '2001-02-03T04:05:06+01:00';
    const { jobId, state } = await house.client.jobs.enqueue({ agent: 'held', runAt });
    expect(state).toBe('running');
    expect((await house.client.jobs.get(jobId)).runAt).toBe(Date.parse(runAt));
  });

  it('a delay is counted from its arrival, so that the same message is the same job', async () => {
    const body = { type: 'enqueue', agent: 'echo', jobId: 'delayed', delay: '200ms' };
    const { jobId } = await ask(body);
    expect(await ask(body)).toMatchObject({ jobId, repeated: true });
    const { createdAt, startedAt = 0, runAt = 0 } = await house.client.jobs.wait('delayed');
    expect(runAt - createdAt).toBe(200);
    expect(startedAt).toBeGreaterThanOrEqual(runAt);
  });

  it('what fell due while nobody served starts at once, the rest waits on', async () => {
    const jobs = house.client.jobs;
    const due = await jobs.enqueue({ agent: 'echo', runAt: Date.now() + 150 });
    const later = await jobs.enqueue({ agent: 'echo', runAt: soon() });
    await house.cutOff();
    log = log.crash();
    await new Promise((resolve) => setTimeout(resolve, 300));
    await house.serve(log);
    expect((await jobs.wait(due.jobId)).state).toBe('succeeded');
    expect((await jobs.get(later.jobId)).state).toBe('scheduled');
    expect((await jobs.cancel(later.jobId)).state).toBe('canceled');
  });

  it('a run of a workflow waits as well, and can be started earlier', async () => {
    const workflow = { name: 'w', tasks: [{ id: 'a', agent: 'echo' }] };
    const startAt = soon();
    const { runId } = await house.client.request({ workflow, startAt });
    expect((await house.client.report(runId)).status).toBe('pending');
    expect((await house.client.command(runId, { type: 'start' })).status).not.toBe('pending');
    expect((await house.client.waitForRun(runId)).status).toBe('succeeded');
    const bad = { workflow, startAt, deadline: startAt - 1 };
    await expect(house.client.request(bad)).rejects.toEqual(refusal('message.invalid'));
    const never = { workflow, startAt, start: false };
    await expect(house.client.request(never)).rejects.toEqual(refusal('message.invalid'));
  });
});

describe('once', () => {
  it('the same id gives the first job, whatever way it came; with another body it is a conflict', async () => {
    const body = { type: 'enqueue', agent: 'echo', parameters: { n: 1 } };
    const first = await ask({ ...body, jobId: 'once' });
    expect(await ask({ ...body, id: 'once' })).toMatchObject({
      ...{ jobId: first['jobId'], id: 'once', repeated: true },
    });
    const headers = { 'Nats-Msg-Id': 'once' };
    const third = await house.bus.request(subjects.job(), body, { timeoutMs: 5_000, headers });
    expect(third.body()).toMatchObject({ jobId: first['jobId'] });
    await expect(ask({ ...body, jobId: 'once', agent: 'held' })).rejects.toEqual(
      refusal('run.conflict'),
    );
    expect((await house.client.jobs.list()).jobs).toHaveLength(1);
  });

  it('also while the first is still on its way to the disk', async () => {
    const body = { type: 'enqueue', agent: 'echo', jobId: 'twin' };
    const replies = await Promise.all([ask(body), ask(body), ask(body)]);
    expect(new Set(replies.map(({ jobId }) => jobId)).size).toBe(1);
  });

  it('without an id every message makes a job, and the reply says so', async () => {
    const body = { type: 'enqueue', agent: 'echo' };
    const [first, second] = [await ask(body), await ask(body)];
    expect(first['idempotent']).toBe(false);
    expect(first['jobId']).not.toBe(second['jobId']);
  });

  it('a job is found by the id that its client gave', async () => {
    const { jobId } = await house.client.jobs.enqueue({ agent: 'echo', jobId: 'mine' });
    expect(await house.client.jobs.wait('mine')).toMatchObject({ jobId, id: 'mine' });
  });
});

describe('waiting', () => {
  it('ends with the job as it is when the time is over', async () => {
    await house.client.jobs.enqueue({ agent: 'held', jobId: 'slow' });
    const reply = await ask({ type: 'wait', jobId: 'slow', timeout: '50ms' });
    expect(reply).toMatchObject({ state: 'running', timedOut: true });
    expect(await house.client.jobs.wait('slow', { timeoutMs: 50 })).toMatchObject({
      timedOut: true,
    });
  });

  it('goes on over an orchestrator that was away', async () => {
    await house.client.jobs.enqueue({ agent: 'held', jobId: 'slow' });
    const waiting = house.client.jobs.wait('slow');
    await house.client.jobs.get('slow');
    await house.cutOff();
    log = log.crash();
    await house.serve(log);
    letGo('late');
    expect(await waiting).toMatchObject({ state: 'succeeded', output: 'late' });
  });

  it('gives a large output whole', async () => {
    const text = 'x'.repeat(100_000);
    const { jobId } = await house.client.jobs.enqueue({ agent: 'echo', parameters: { text } });
    expect((await house.client.jobs.wait(jobId)).output).toEqual({ text });
  });

  it('stops when the caller wants no more', async () => {
    await house.client.jobs.enqueue({ agent: 'held', jobId: 'slow' });
    const controller = new AbortController();
    const waiting = house.client.jobs.wait('slow', { signal: controller.signal });
    controller.abort(new Error('enough'));
    await expect(waiting).rejects.toThrow('enough');
  });
});

describe('in the scope of a run', () => {
  const workflow = { name: 'parent', tasks: [{ id: 'a', agent: 'held' }] };

  it('jobs are listed by it, and canceled with it', async () => {
    const jobs = house.client.jobs;
    const { runId } = await house.client.request({ workflow });
    await jobs.enqueue({ agent: 'held', jobId: 'running', runId });
    await jobs.enqueue({ agent: 'echo', jobId: 'later', runId, runAt: soon() });
    await jobs.enqueue({ agent: 'echo', jobId: 'other', runAt: soon() });
    const listed = (await jobs.list({ runId })).jobs.map(({ id }) => id);
    expect(listed.sort()).toEqual(['later', 'running']);
    await house.client.command(runId, { type: 'cancel' });
    for (const id of ['running', 'later']) {
      const job = await jobs.wait(id);
      expect(job).toMatchObject({ state: 'canceled', reason: `the run ${runId} was canceled` });
    }
    expect((await jobs.get('other')).state).toBe('scheduled');
  });

  it('a run that is over or unknown takes none', async () => {
    const { runId } = await house.client.request({ workflow });
    await house.client.command(runId, { type: 'terminate' });
    await house.client.waitForRun(runId);
    const jobs = house.client.jobs;
    const refused = jobs.enqueue({ agent: 'echo', runId });
    await expect(refused).rejects.toEqual(refusal('run.conflict'));
    for (const unknown of ['run_0', 'nonsense'])
      await expect(jobs.enqueue({ agent: 'echo', runId: unknown })).rejects.toEqual(
        refusal('run.not-found'),
      );
  });
});

describe('lists', () => {
  it('go by state and agent, newest first, in pages', async () => {
    const jobs = house.client.jobs;
    const at = soon();
    for (let n = 0; n < 5; n += 1)
      await jobs.enqueue({ agent: n % 2 === 0 ? 'echo' : 'sleep', jobId: `l${n}`, runAt: at });
    await jobs.cancel('l2');
    const ids = async (filter: object) => (await jobs.list(filter)).jobs.map(({ id }) => id).sort();
    expect(await ids({ state: 'scheduled' })).toEqual(['l0', 'l1', 'l3', 'l4']);
    expect(await ids({ agent: 'echo' })).toEqual(['l0', 'l2', 'l4']);
    expect(await ids({ agent: 'echo', state: 'scheduled' })).toEqual(['l0', 'l4']);
    const first = await jobs.list({ limit: 3 });
    const second = await jobs.list({ limit: 3, page: first.next ?? '' });
    const all = [...first.jobs, ...second.jobs].map(({ createdAt }) => createdAt);
    expect(all).toEqual([...all].sort((a, b) => b - a));
    expect(second.jobs).toHaveLength(2);
    expect(second.next).toBeUndefined();
  });

  it('of runs leave jobs out, whatever their status; the queries of runs know them by id', async () => {
    const { jobId } = await house.client.jobs.enqueue({ agent: 'echo', runAt: soon() });
    const { position } = await house.client.command(jobId, { type: 'signal', name: 'hello' });
    const query = { index: 'status', prefix: 'pending/', after: position };
    expect((await house.client.query('runs', query)).documents).toEqual([]);
    const known = await house.client.query('runs', { key: jobId });
    expect(known.documents[0]?.document).toMatchObject({ job: { state: 'scheduled' } });
    expect((await house.client.report(jobId)).status).toBe('pending');
  });
});

describe('what is refused', () => {
  const enqueue = (more: object) => ask({ type: 'enqueue', agent: 'echo', ...more });

  it.each([
    ['a type that is not there', { type: 'begin' }],
    ['no agent', { type: 'enqueue' }],
    ['a field of another name', { type: 'enqueue', agent: 'echo', retries: 3 }],
    ['a list of parameters', { type: 'enqueue', agent: 'echo', parameters: [1] }],
    ['a time without a zone', { type: 'enqueue', agent: 'echo', runAt: '2031-01-01T00:00:00' }],
    ['a time in seconds', { type: 'enqueue', agent: 'echo', runAt: 1_900_000_000 }],
    ['a time after ten years', { type: 'enqueue', agent: 'echo', runAt: 8_000_000_000_000 }],
    ['two times', { type: 'enqueue', agent: 'echo', runAt: 1_900_000_000_000, delay: 5 }],
    ['half a retry', { type: 'enqueue', agent: 'echo', maxRetries: 0.5 }],
    ['retries without end', { type: 'enqueue', agent: 'echo', maxRetries: 1_000_000 }],
    ['an id like ours', { type: 'enqueue', agent: 'echo', jobId: 'run_mine' }],
    ['a priority of another name', { type: 'enqueue', agent: 'echo', priority: 'asap' }],
    ['a wait of a day', { type: 'wait', jobId: 'x', timeout: '1d' }],
    ['a wait of less than nothing', { type: 'wait', jobId: 'x', timeout: -1 }],
    ['a state that is not there', { type: 'list', state: 'done' }],
    ['a number for a body', 7],
  ])('%s', async (_what, body) => {
    await expect(ask(body as object)).rejects.toEqual(refusal('message.invalid'));
  });

  it('an agent that nobody ever offered, with the one that was meant', async () => {
    await expect(enqueue({ agent: 'ehco' })).rejects.toMatchObject({
      code: 'agent.unknown',
      hint: 'Did you mean `echo`?',
    });
  });

  it('parameters that no message can hold, and a blob that nobody stored', async () => {
    const text = 'x'.repeat(2 * 1024 * 1024);
    await expect(enqueue({ parameters: { text } })).rejects.toEqual(refusal('payload.too-large'));
    const blob = { $blob: `sha256:${'0'.repeat(64)}`, size: 1, type: 'text/plain' };
    await expect(enqueue({ parameters: { blob } })).rejects.toEqual(refusal('blob.not-found'));
  });

  it('jobs that are not there, and runs that are none', async () => {
    const workflow = { name: 'w', tasks: [{ id: 'a', agent: 'echo' }] };
    const { runId } = await house.client.request({ workflow });
    for (const type of ['get', 'wait', 'cancel'])
      for (const jobId of ['nobody', 'run_jnobody', runId])
        await expect(ask({ type, jobId })).rejects.toEqual(refusal('job.not-found'));
  });
});
