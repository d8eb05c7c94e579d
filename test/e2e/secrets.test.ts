/** Secrets on their way to an agent: read anew each time, refused where they are missing or would be read by others. */
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { upcast } from '../../src/events/catalogue.ts';
import { createMemoryLog, type MemoryLog } from '../../src/log/memory-log.ts';
import type { ExecutionRequest } from '../../src/messages/execution.ts';
import { FakeWorker } from './fake-worker.ts';
import { House, subjects, until } from './house.ts';

const workflow = {
  name: 'w',
  context: { secrets: { TOKEN: { env: 'PLANTED' }, OTHER: { env: 'PLANTED_OTHER' } } },
  tasks: [
    {
      ...{ id: 'a', agent: 'bare', retry: { max_attempts: 2, delay: 0.01 } },
      parameters: { auth: 'Bearer ${secrets.TOKEN}' },
    },
  ],
  outputs: { said: '${a.output}' },
};

let log: MemoryLog;
let house: House;
let bare: FakeWorker;

beforeEach(async () => {
  vi.stubEnv('PLANTED', 'the first value');
  log = createMemoryLog({ upcast });
  house = await House.open(log);
  bare = await FakeWorker.start({ bus: house.bus, agent: 'bare', worker: 'bare' });
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await bare.vanish();
  await house.close();
  await log.close();
});

/** The worker says what it has when it is asked, so that nobody sends it again. */
function answerProbes(): void {
  house.bus.subscribe(subjects.agentProbe('bare'), {}, (message) => {
    const attempts = [...bare.inHand.values()];
    message.respond({ agent: 'bare', worker: 'bare', ttl: 30, attempts, finished: [] });
  });
}

async function fail(request: ExecutionRequest): Promise<void> {
  const error = { code: 'bare.failed', message: 'the first value', retryable: true };
  const body = { status: 'failed', attempt: request.attempt, worker: 'bare', error };
  await house.bus.request(request.result, body, { timeoutMs: 10_000 });
}

async function ended(runId: string) {
  await until('the run has ended', async () => {
    const { status } = await house.client.report(runId);
    return status === 'succeeded' || status === 'failed';
  });
  return house.client.report(runId);
}

it('are read anew for each attempt; only those that the task names are sent', async () => {
  const { runId } = await house.client.request({ workflow });
  const first = await bare.request(1);
  expect(first.secrets).toEqual({ TOKEN: 'the first value' });
  expect(first.parameters).toEqual({ auth: { $secretText: ['Bearer ', { $secret: 'TOKEN' }] } });
  vi.stubEnv('PLANTED', 'the second value');
  await fail(first);
  const second = await bare.request(2);
  expect(second.secrets).toEqual({ TOKEN: 'the second value' });
  await bare.answer(second, ['the first value', 'the second value', { $secret: 'TOKEN' }]);
  const report = await ended(runId);
  expect(report.output).toEqual({
    said: ['[secret:TOKEN]', '[secret:TOKEN]', { $secret: 'TOKEN' }],
  });
  const { events } = await house.client.history(runId, { limit: 100 });
  expect(JSON.stringify(events)).not.toMatch(/first value|second value/);
  expect(JSON.stringify(house.lines)).not.toMatch(/first value|second value/);
});

it('fail the task where one is missing, without another attempt', async () => {
  vi.stubEnv('PLANTED', undefined);
  const { runId } = await house.client.request({ workflow });
  const report = await ended(runId);
  expect(report.tasks['a']).toMatchObject({
    attempts: 1,
    error: {
      code: 'secret.missing',
      message: expect.stringContaining('"TOKEN"'),
      retryable: false,
    },
  });
  expect(bare.requests).toEqual([]);
});

it('fail the task where a worker of the agent says that others can read along', async () => {
  const beat = { agent: 'bare', worker: 'far', ttl: 30, concurrency: 1, clear: true };
  house.bus.publish(subjects.agentHeartbeat('bare'), beat);
  await house.bus.flush();
  const { runId } = await house.client.request({ workflow });
  const report = await ended(runId);
  expect(report.tasks['a']?.error).toMatchObject({
    code: 'secret.insecure-transport',
    retryable: false,
  });
  expect(bare.requests).toEqual([]);
});

it('are looked for after a restart too: a result waits until they can be read again', async () => {
  const { runId } = await house.client.request({ workflow });
  const request = await bare.request(1);
  answerProbes();
  await house.cutOff();
  log = log.crash();
  vi.stubEnv('PLANTED', undefined);
  await house.serve(log);
  await expect(bare.answer(request, 'the first value')).rejects.toMatchObject({
    code: 'unavailable',
  });
  vi.stubEnv('PLANTED', 'the first value');
  expect(await bare.answer(request, 'the first value')).toEqual({ ack: true });
  expect((await ended(runId)).output).toEqual({ said: '[secret:TOKEN]' });
});

it('need not be known any more where the worker has taken them out itself', async () => {
  const { runId } = await house.client.request({ workflow });
  const request = await bare.request(1);
  answerProbes();
  await house.cutOff();
  log = log.crash();
  vi.stubEnv('PLANTED', undefined);
  await house.serve(log);
  const body = { status: 'succeeded', attempt: 1, worker: 'bare', output: 'clean', redacted: true };
  const reply = await house.bus.request(request.result, body, { timeoutMs: 10_000 });
  expect(reply.body()).toEqual({ ack: true });
  expect((await ended(runId)).output).toEqual({ said: 'clean' });
  const { events } = await house.client.history(runId, { limit: 100 });
  expect(JSON.stringify(events)).not.toContain('redacted');
});
