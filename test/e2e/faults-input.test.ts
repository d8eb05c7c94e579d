import { afterEach, beforeEach, expect, test } from 'vitest';
import { functionAgent } from '../../src/agents/adapters/function-agent.ts';
import { builtinAgents } from '../../src/agents/builtin/index.ts';
import { startWorker, type Worker } from '../../src/agents/worker.ts';
import { upcast } from '../../src/events/catalogue.ts';
import { createMemoryLog } from '../../src/log/memory-log.ts';
import type { Bus } from '../../src/messaging/bus.ts';
import { connectBus } from '../../src/messaging/nats-bus.ts';
import { TroupeError } from '../../src/workflow/errors.ts';
import { openRawClient } from '../support/raw-client.ts';
import { type Attack, attacks, text } from './bad-input.ts';
import { House, subjects, until } from './house.ts';

const ANSWER_MS = 60_000;
const ENDED = { name: 'ended', tasks: [{ id: 'a', agent: 'echo', parameters: { x: 1 } }] };
/** Its first task is in hand until the attack is over. */
const HEALTHY = {
  name: 'healthy',
  tasks: Array.from({ length: 4 }, (_, index) => ({
    id: `s${index}`,
    agent: index === 0 ? 'gate' : 'sleep',
    // biome-ignore lint/suspicious/noThenProperty: the parameter of the agent has this name.
    parameters: { ms: 20, then: index },
    dependencies: index === 0 ? [] : [`s${index - 1}`],
  })),
  outputs: { last: '${s3.output}' },
};

let house: House;
let bus: Bus;
let worker: Worker;
let openGate: () => void;

beforeEach(async () => {
  house = await House.open(createMemoryLog({ upcast }));
  bus = await connectBus({ url: house.broker.url, name: 'worker' });
  const opened = new Promise<null>((resolve) => {
    openGate = () => resolve(null);
  });
  const gate = functionAgent({ name: 'gate', run: () => opened });
  const agents = [...builtinAgents(), gate];
  worker = await startWorker({ bus, subjects, agents });
  await until('the agents are known', async () => {
    const { documents } = await house.client.query('agents', {});
    return documents.length >= agents.length;
  });
});

afterEach(async () => {
  await worker.close();
  await bus.close();
  await house.close();
});

/** Starts the run that must not notice anything; resolves when its first task is in hand. */
async function startHealthy(): Promise<string> {
  const { runId } = await house.client.request({ workflow: HEALTHY });
  await until('the healthy run works', () => worker.inHand().length > 0);
  return runId;
}

async function expectUnharmed(runId: string): Promise<void> {
  expect((await house.client.report(runId)).tasks.s0?.status).toBe('running');
  openGate();
  const report = await house.client.waitForRun(runId);
  expect(report).toMatchObject({ status: 'succeeded', output: { last: 3 } });
  expect(Object.values(report.tasks).map(({ attempts }) => attempts)).toEqual([1, 1, 1, 1]);
  const types = await house.history(runId);
  expect(types.filter((type) => type === 'task.succeeded')).toHaveLength(4);
  expect(types).not.toContain('run.quarantined');
}

/** What comes back: `code`, and whether the error is complete. */
async function answerTo({ subject, bytes, headers }: Attack): Promise<string> {
  try {
    const options = { timeoutMs: ANSWER_MS, bytes, ...(headers === undefined ? {} : { headers }) };
    const reply = await house.bus.request(subject, null, options);
    return `no error: ${Buffer.from(reply.bytes()).toString().slice(0, 100)}`;
  } catch (error) {
    if (!(error instanceof TroupeError)) return String(error);
    const { status } = error as { status?: number };
    const isComplete = error.hint !== '' && status !== undefined && status >= 400 && status <= 599;
    return isComplete ? error.code : `${error.code} with status ${status} and hint "${error.hint}"`;
  }
}

test('bad input gets a typed error with a hint, and a run that goes on at the same time does not notice', async () => {
  const { runId: ended } = await house.client.runWorkflow({ workflow: ENDED });
  const healthy = await startHealthy();
  const all = attacks({ root: subjects.root, healthy, ended });
  const answers = await Promise.all(all.map(answerTo));
  const got = all.map(({ what }, index) => `${what}: ${answers[index]}`);
  expect(got).toEqual(all.map(({ what, code }) => `${what}: ${code}`));
  await expectUnharmed(healthy);
});

test('bad heartbeats, progress and answers are dropped; the agents stay as they are', async () => {
  const healthy = await startHealthy();
  const before = house.orchestrator.agents();
  const bodies = [
    null,
    5,
    'x',
    [],
    {},
    { worker: 'a.b', agent: 'echo' },
    { worker: 'w', agent: 'gate' },
  ];
  for (const body of bodies) {
    house.bus.publish(subjects.agentHeartbeat('echo'), body);
    house.bus.publish(subjects.taskProgress(healthy, 's0'), body);
    house.bus.publish(subjects.agentCancel('gate'), body);
    house.bus.publish(subjects.agentInvoke('gate'), body);
  }
  house.bus.publish(subjects.agentHeartbeat('echo'), { worker: 'w', agent: 'echo', ttl: 1e9 });
  const raw = await openRawClient(house.broker.port);
  raw.send('CONNECT {"verbose":false}\r\n');
  for (const subject of [subjects.agentHeartbeat('echo'), subjects.taskProgress(healthy, 's0')]) {
    raw.send(`PUB ${subject} 3\r\n\xff\xfe{\r\n`);
  }
  await raw.sync();
  raw.end();
  await house.client.hello();
  expect(house.orchestrator.agents()).toEqual(before);
  await expectUnharmed(healthy);
});

test('a message of 2 MiB ends the connection that sent it and nothing else', async () => {
  const healthy = await startHealthy();
  const raw = await openRawClient(house.broker.port);
  const size = 2 * 1024 * 1024;
  raw.send(`CONNECT {"verbose":false}\r\nPUB ${subjects.request()} ${size}\r\n`);
  raw.send(new Uint8Array(size));
  expect(await raw.next(({ line }) => line.startsWith('-ERR'))).toMatchObject({
    line: expect.stringMatching(/maximum payload/i),
  });
  await raw.closed();
  const request = house.bus.request(subjects.request(), null, {
    timeoutMs: ANSWER_MS,
    bytes: new Uint8Array(size),
  });
  await expect(request).rejects.toMatchObject({ code: 'payload.too-large' });
  await expectUnharmed(healthy);
});

test('the same requestId gets the first run, and a conflict with another body', async () => {
  const body = { requestId: 'twice', workflow: ENDED };
  const [first, second] = await Promise.all([
    house.client.request(body),
    house.client.request(body),
  ]);
  expect(second.runId).toBe(first.runId);
  const other = { ...body, input: { other: true } };
  await expect(house.client.request(other)).rejects.toMatchObject({ status: expect.any(Number) });
  const renamed = { requestId: 'twice', workflow: { ...ENDED, name: 'other' } };
  await expect(house.client.request(renamed)).rejects.toMatchObject({
    code: 'run.conflict',
    status: 409,
  });
  await house.client.waitForRun(first.runId);
  await expect(house.client.request(renamed)).rejects.toMatchObject({ code: 'run.conflict' });
  expect(await house.client.request(body)).toMatchObject({ runId: first.runId });
});

test('a result for an ended run is acknowledged when it repeats, and refused when it differs in its attempt', async () => {
  const { runId } = await house.client.runWorkflow({ workflow: ENDED });
  const send = (attempt: number) =>
    house.bus.request(
      subjects.taskResult(runId, 'a'),
      { status: 'succeeded', attempt, output: { x: 2 } },
      { timeoutMs: ANSWER_MS },
    );
  expect((await send(1)).body()).toEqual({ ack: true });
  await expect(send(2)).rejects.toMatchObject({ code: 'attempt.unknown' });
  expect(await house.client.report(runId)).toMatchObject({ tasks: { a: { output: { x: 1 } } } });
});

test('chunks of a blob out of order are refused; the upload goes on where it was', async () => {
  const put = (seq: number, last: boolean, chunk: string) =>
    house.bus.request(subjects.blobPut(), null, {
      timeoutMs: ANSWER_MS,
      bytes: text(chunk),
      headers: { 'Troupe-Blob': JSON.stringify({ upload: 'u', seq, last }) },
    });
  await put(0, false, 'ab');
  await expect(put(2, true, 'ef')).rejects.toMatchObject({ code: 'blob.upload-unknown' });
  await put(0, false, 'ab');
  await put(1, false, 'cd');
  const { sha256, size } = (await put(2, true, 'ef')).body() as { sha256: string; size: number };
  expect(size).toBe(6);
  const bytes = await house.client.getBlob({ $blob: `sha256:${sha256}` });
  expect(Buffer.from(bytes).toString()).toBe('abcdef');
});
