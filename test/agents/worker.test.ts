// Size: one test for each promise of the worker.
import { createHash } from 'node:crypto';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { functionAgent } from '../../src/agents/adapters/function-agent.ts';
import type { Agent } from '../../src/agents/agent.ts';
import { startWorker, type Worker, type WorkerOptions } from '../../src/agents/worker.ts';
import type { Bus } from '../../src/messaging/bus.ts';
import { type Broker, startBroker } from '../../src/messaging/embedded-broker.ts';
import { connectBus } from '../../src/messaging/nats-bus.ts';
import type { JsonObject, JsonValue } from '../../src/workflow/value.ts';
import { FakeOrchestrator, subjects } from './fake-orchestrator.ts';

let broker: Broker;
let bus: Bus;
let workerBus: Bus;
let workers: Worker[];
let orchestrator: FakeOrchestrator;
let executions: string[];
/** Lets the `gate` agent go on. */
let openGate: () => void;
let gate: Agent;

beforeEach(async () => {
  broker = await startBroker({ port: 0 });
  bus = await connectBus({ url: broker.url, name: 'orchestrator' });
  workerBus = await connectBus({ url: broker.url, name: 'worker', onError: () => {} });
  workers = [];
  executions = [];
  orchestrator = new FakeOrchestrator(bus);
  const { promise, resolve } = Promise.withResolvers<void>();
  openGate = resolve;
  gate = functionAgent({
    name: 'gate',
    run: async (_, { signal, task }) => {
      executions.push(task.runId);
      const aborted = new Promise((_resolve, reject) =>
        signal.addEventListener('abort', () => reject(signal.reason)),
      );
      await Promise.race([promise, aborted]);
      return 'open';
    },
  });
});

afterEach(async () => {
  openGate();
  for (const worker of workers) await worker.close();
  await workerBus.close();
  await bus.close();
  await broker.close();
});

async function start(agents: Agent[], more: Partial<WorkerOptions> = {}): Promise<Worker> {
  const worker = await startWorker({ bus: workerBus, subjects, agents, heartbeatMs: 50, ...more });
  workers.push(worker);
  return worker;
}

const echo = functionAgent({
  name: 'echo',
  run: (parameters: JsonObject, { task }) => {
    executions.push(task.runId);
    return parameters;
  },
});

test('an attempt is accepted, executed, and its result sent until it is acknowledged', async () => {
  orchestrator.answer = ({ message }, count) => {
    if (count === 2)
      message.respondError({ status: 429, code: 'overloaded', message: 'full', hint: '' });
    else if (count === 3) message.respond({ something: 'else' });
    else if (count === 4) message.respond({ ack: true });
    else message.respondError({ status: 500, code: 'internal', message: 'oops', hint: '' });
  };
  const worker = await start([echo]);
  expect(await orchestrator.dispatch('run_a', 'echo', { n: 1 })).toEqual({
    accepted: true,
    worker: worker.id,
  });
  await orchestrator.until(() => orchestrator.countOf('run_a') === 4);
  expect(await orchestrator.resultOf('run_a')).toEqual({
    attempt: 1,
    worker: worker.id,
    logId: 'log_test',
    status: 'succeeded',
    output: { n: 1 },
  });
  await worker.drain();
  expect(executions).toEqual(['run_a']);
});

test('a final error ends the sending', async () => {
  orchestrator.answer = ({ message }) =>
    message.respondError({ status: 404, code: 'run.not-found', message: 'gone', hint: '' });
  const worker = await start([echo]);
  await orchestrator.dispatch('run_a', 'echo');
  await worker.drain();
  expect(orchestrator.countOf('run_a')).toBe(1);
});

test('the same key is executed once: while it runs, and when its result is known', async () => {
  const worker = await start([gate]);
  const accepted = { accepted: true, worker: worker.id };
  expect(await orchestrator.dispatch('run_a', 'gate')).toEqual(accepted);
  expect(await orchestrator.dispatch('run_a', 'gate')).toEqual(accepted);
  openGate();
  await orchestrator.resultOf('run_a');
  expect(await orchestrator.dispatch('run_a', 'gate')).toEqual(accepted);
  await orchestrator.until(() => orchestrator.countOf('run_a') === 2);
  expect(executions).toEqual(['run_a']);
});

test('beyond concurrency and queue new attempts are refused as overloaded, and a canceled one in the queue never runs', async () => {
  await start([gate], { concurrency: 1, maxQueued: 1 });
  await orchestrator.dispatch('run_a', 'gate');
  await orchestrator.dispatch('run_b', 'gate');
  await expect(orchestrator.dispatch('run_c', 'gate')).rejects.toMatchObject({
    code: 'overloaded',
  });
  orchestrator.cancel('run_b', 'gate');
  expect(await orchestrator.resultOf('run_b')).toMatchObject({
    status: 'failed',
    error: { code: 'task.canceled', retryable: false },
  });
  openGate();
  await orchestrator.resultOf('run_a');
  expect(executions).toEqual(['run_a']);
});

test('a cancel aborts the agent and is reported; a forced one says nothing and frees the place', async () => {
  const worker = await start([gate], { concurrency: 1 });
  await orchestrator.dispatch('run_a', 'gate');
  orchestrator.cancel('run_a', 'gate');
  expect(await orchestrator.resultOf('run_a')).toMatchObject({
    error: { code: 'task.canceled', message: 'asked to' },
  });
  await orchestrator.dispatch('run_b', 'gate');
  orchestrator.cancel('run_b', 'gate', { force: true });
  await orchestrator.dispatch('run_c', 'gate');
  openGate();
  await orchestrator.resultOf('run_c');
  await worker.drain();
  expect(orchestrator.countOf('run_b')).toBe(0);
});

test('an attempt past its deadline is aborted as task.timeout, retryable', async () => {
  await start([gate]);
  await orchestrator.dispatch('run_a', 'gate', {}, { deadline: Date.now() + 30 });
  expect(await orchestrator.resultOf('run_a')).toMatchObject({
    error: { code: 'task.timeout', retryable: true },
  });
});

test('heartbeats register the agent at once, list what is in hand, and say goodbye', async () => {
  const worker = await start([gate]);
  await orchestrator.until(() => orchestrator.heartbeats.length > 0);
  expect(orchestrator.heartbeats[0]).toMatchObject({
    worker: worker.id,
    agent: 'gate',
    concurrency: 16,
    load: 0,
    attempts: [],
    ttl: 0.1,
  });
  await orchestrator.dispatch('run_a', 'gate');
  await orchestrator.until(() => orchestrator.heartbeats.at(-1)?.attempts.length === 1);
  expect(orchestrator.heartbeats.at(-1)).toMatchObject({
    load: 1 / 16,
    attempts: [{ runId: 'run_a', activation: 't', attempt: 1 }],
  });
  expect(worker.inHand()).toEqual([{ runId: 'run_a', activation: 't', attempt: 1 }]);
  await worker.close();
  await orchestrator.until(() => orchestrator.heartbeats.at(-1)?.ttl === 0);
});

test('a probe is told what is in hand and what is finished, and makes the worker send that again', async () => {
  orchestrator.answer = ({ message }, count) => count > 1 && message.respond({ ack: true });
  const worker = await start([gate, echo]);
  await orchestrator.dispatch('run_done', 'echo');
  await orchestrator.resultOf('run_done');
  await orchestrator.dispatch('run_open', 'gate');
  const ask = async (agent: string): Promise<JsonValue> => {
    const attempts = ['run_done', 'run_open', 'run_never'].map((runId) => ({
      runId,
      activation: 't',
      attempt: 1,
    }));
    return (
      await bus.request(subjects.agentProbe(agent), { attempts }, { timeoutMs: 2_000 })
    ).body();
  };
  const done = { runId: 'run_done', activation: 't', attempt: 1 };
  expect(await ask('echo')).toMatchObject({ worker: worker.id, agent: 'echo', finished: [done] });
  await orchestrator.until(() => orchestrator.countOf('run_done') === 2);
  expect(await ask('gate')).toMatchObject({
    attempts: [{ runId: 'run_open', activation: 't', attempt: 1 }],
  });
});

test('values that cannot travel, and failures of the agent, become typed failures', async () => {
  await start([
    functionAgent({ name: 'date', run: () => ({ at: new Date(0) }) as never }),
    functionAgent({
      name: 'thrower',
      run: () => {
        throw new Error('no');
      },
    }),
  ]);
  await orchestrator.dispatch('run_a', 'date');
  expect(await orchestrator.resultOf('run_a')).toMatchObject({
    error: { code: 'value.unsupported', retryable: false },
  });
  await orchestrator.dispatch('run_b', 'thrower');
  expect(await orchestrator.resultOf('run_b')).toMatchObject({
    error: { code: 'agent.error', message: 'no', retryable: true },
  });
  await orchestrator.dispatch('run_c', 'date', 'text');
  expect(await orchestrator.resultOf('run_c')).toMatchObject({
    error: { code: 'agent.invalid-parameters', retryable: false },
  });
});

test('a malformed request gets a typed error and harms nothing', async () => {
  await start([echo]);
  const send = (body: JsonValue) =>
    bus.request(subjects.agentInvoke('echo'), body, { timeoutMs: 20_000 });
  await expect(send({ runId: 'run.with.dots' })).rejects.toMatchObject({ code: 'message.invalid' });
  await expect(send(orchestrator.requestFor('run_a', 'other'))).rejects.toMatchObject({
    code: 'message.invalid',
  });
  await expect(
    send({ ...orchestrator.requestFor('run_a', 'echo'), result: 'two words\r\nPUB' }),
  ).rejects.toMatchObject({ code: 'message.invalid' });
  await orchestrator.dispatch('run_b', 'echo');
  await orchestrator.resultOf('run_b');
});

test('progress is thinned out and the latest follows', async () => {
  const reporter = functionAgent({
    name: 'reporter',
    run: async (_, context) => {
      for (let percent = 0; percent <= 100; percent += 1) context.progress({ percent });
      await context.sleep(150);
      return null;
    },
  });
  await start([reporter]);
  await orchestrator.dispatch('run_a', 'reporter');
  await orchestrator.resultOf('run_a');
  expect(orchestrator.progress.map(({ percent }) => percent)).toEqual([0, 100]);
});

test('a large output is stored as a blob before its result is sent, a large parameter fetched', async () => {
  const blobs = new Map<string, Buffer>();
  let parts: Uint8Array[] = [];
  bus.subscribe(subjects.blobPut(), {}, (message) => {
    parts.push(message.bytes());
    if ((JSON.parse(message.header('Troupe-Blob') as string) as { last: boolean }).last !== true)
      return message.respond({});
    const bytes = Buffer.concat(parts);
    parts = [];
    const sha256 = createHash('sha256').update(bytes).digest('hex');
    blobs.set(sha256, bytes);
    message.respond({ sha256, size: bytes.length });
  });
  bus.subscribe(subjects.blobGet(), {}, (message) => {
    const { sha256, offset } = message.body() as { sha256: string; offset: number };
    message.respondBytes((blobs.get(sha256) as Buffer).subarray(offset, offset + 512 * 1024));
  });
  await start([echo]);
  const text = 'ä'.repeat(700_000);
  const stored = Buffer.from(JSON.stringify(text));
  const sha256 = createHash('sha256').update(stored).digest('hex');
  blobs.set(sha256, stored);
  await orchestrator.dispatch('run_a', 'echo', {
    text: { $blob: `sha256:${sha256}`, size: stored.length, type: 'application/json' },
  });
  const result = await orchestrator.resultOf('run_a');
  const output = (result as unknown as { output: { $blob: string; size: number } }).output;
  expect(output).toMatchObject({
    type: 'application/json',
    size: Buffer.byteLength(JSON.stringify({ text })),
  });
  expect(JSON.parse(String(blobs.get(output.$blob.slice(7))))).toEqual({ text });
});

test('a worker that loses its server keeps working and delivers when it is back', async () => {
  const worker = await start([gate]);
  await orchestrator.dispatch('run_a', 'gate');
  const port = broker.port;
  await broker.close();
  await new Promise<void>((resolve) => setImmediate(resolve));
  openGate();
  broker = await startBroker({ port });
  await orchestrator.resultOf('run_a');
  await worker.drain();
  expect(executions).toEqual(['run_a']);
});

test('a draining worker takes no more work and finishes what it has', async () => {
  const worker = await start([gate]);
  await orchestrator.dispatch('run_a', 'gate');
  const drained = worker.drain();
  await expect(orchestrator.dispatch('run_b', 'gate')).rejects.toMatchObject({
    code: expect.stringMatching(/^(agent\.unavailable|bus\.no-responders)$/) as string,
  });
  openGate();
  await drained;
  expect(orchestrator.countOf('run_a')).toBe(1);
});

test('each agent is a NATS service with its metadata', async () => {
  await start([
    functionAgent({ name: 'listed', version: '2.1.0', capabilities: ['analyze'], run: () => null }),
  ]);
  const [reply] = await bus.requestMany('$SRV.INFO', null, { timeoutMs: 1_000, max: 1 });
  expect(reply?.body()).toMatchObject({
    name: 'troupe-agent-listed',
    version: '2.1.0',
    metadata: { agent: 'listed', capabilities: 'analyze' },
  });
});
