/**
 * What the founding document asks of orchestration by number, through the public client: an embedded broker on
 * loopback, an orchestrator on a log on disk, a worker with the built-in agents.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { type Orchestrator, startOrchestrator } from '../../src/actors/orchestrator.ts';
import { builtinAgents } from '../../src/agents/builtin/index.ts';
import { startWorker } from '../../src/agents/worker.ts';
import { type Client, connectClient } from '../../src/client/client.ts';
import { upcast } from '../../src/events/catalogue.ts';
import type { JsonEnvelope } from '../../src/events/envelope.ts';
import type { EventLog } from '../../src/log/event-log.ts';
import { openLevelLog } from '../../src/log/level-log.ts';
import type { Bus } from '../../src/messaging/bus.ts';
import { type Broker, startBroker } from '../../src/messaging/embedded-broker.ts';
import { connectBus } from '../../src/messaging/nats-bus.ts';
import { createSubjects } from '../../src/messaging/subjects.ts';
import type { JsonObject } from '../../src/workflow/value.ts';

const logger = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };
const subjects = createSubjects();
let directory: string;
let broker: Broker;
let client: Client;
let worker: Awaited<ReturnType<typeof startWorker>>;
let workerBus: Bus;
let node: { log: EventLog; bus: Bus; orchestrator: Orchestrator };

async function startNode(): Promise<typeof node> {
  const log = await openLevelLog({ directory, upcast });
  const bus = await connectBus({ url: broker.url, name: 'orchestrator' });
  const orchestrator = await startOrchestrator({ log, bus, subjects, logger });
  return { log, bus, orchestrator };
}

async function stopNode(): Promise<void> {
  await node.orchestrator.close();
  await node.bus.close();
  await node.log.close();
}

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'troupe-orch-'));
  broker = await startBroker({ port: 0 });
  node = await startNode();
  workerBus = await connectBus({ url: broker.url, name: 'worker' });
  worker = await startWorker({
    bus: workerBus,
    subjects,
    agents: builtinAgents(),
    concurrency: 16,
  });
  client = await connectClient({ url: broker.url });
});

afterEach(async () => {
  await client.close();
  await worker.close();
  await workerBus.close();
  await stopNode();
  await broker.close();
  rmSync(directory, { recursive: true, force: true });
});

const task = (
  id: string,
  agent: string,
  parameters: JsonObject,
  rest: JsonObject = {},
): JsonObject => ({
  id,
  agent,
  parameters,
  ...rest,
});
/** What others do on this machine only makes it later. */
const PATIENCE = { timeout: 20_000 };
const flow = (tasks: JsonObject[], rest: JsonObject = {}): { workflow: JsonObject } => ({
  workflow: { name: 'orch', settings: { max_parallel: 10 }, tasks, ...rest },
});

it('ORCH-001: the orchestrator initializes, says who it is and knows its agents', async () => {
  const hello = await client.hello();
  expect(hello.logId).toBe(node.log.logId);
  await expect
    .poll(() => node.orchestrator.agents(), PATIENCE)
    .toEqual(expect.arrayContaining(['echo', 'sleep', 'fail']));
  const second = await connectBus({ url: broker.url, name: 'second' });
  const other = startOrchestrator({ log: node.log, bus: second, subjects, logger });
  await expect(other).rejects.toMatchObject({ code: 'orchestrator.duplicate' });
  await second.close();
});

it('ORCH-003: tasks that depend on each other run one after the other and hand their outputs on', async () => {
  const tasks = [
    task('a', 'echo', { n: 1 }),
    task('b', 'echo', { n: '${a.output.n + 1}' }, { dependencies: ['a'] }),
    task('c', 'echo', { n: '${b.output.n + 1}' }, { dependencies: ['b'] }),
  ];
  const outcome = await client.runWorkflow(flow(tasks, { outputs: { n: '${c.output.n}' } }));
  expect(outcome).toMatchObject({ success: true, output: { n: 3 }, errors: [] });
  const { tasks: ended } = await client.report(outcome.runId);
  expect(ended.b?.startedAt).toBeGreaterThanOrEqual(ended.a?.endedAt ?? Number.NaN);
  expect(ended.c?.startedAt).toBeGreaterThanOrEqual(ended.b?.endedAt ?? Number.NaN);
});

it('ORCH-004: tasks that do not depend on each other run at the same time', async () => {
  const tasks = ['a', 'b', 'c', 'd'].map((id) => task(id, 'sleep', { ms: 150 }));
  const { runId, success } = await client.runWorkflow(flow(tasks));
  expect(success).toBe(true);
  const ended = Object.values((await client.report(runId)).tasks);
  const lastStart = Math.max(...ended.map(({ startedAt }) => startedAt ?? Number.NaN));
  const firstEnd = Math.min(...ended.map(({ endedAt }) => endedAt ?? Number.NaN));
  expect(lastStart).toBeLessThan(firstEnd);
});

it('ORCH-005: a failed task is tried again; a failure that stays is handled, or ends the run with its results', async () => {
  const retried = await client.runWorkflow(
    flow([task('a', 'fail', { times: 2 }, { retry: { max_attempts: 3, delay: 0.01 } })]),
  );
  expect(retried.success).toBe(true);
  expect((await client.report(retried.runId)).tasks.a).toMatchObject({
    status: 'success',
    attempts: 3,
  });
  const handled = await client.runWorkflow(
    flow([
      task('bad', 'fail', { retryable: false }),
      task('fix', 'echo', { fixed: true }, { dependencies: ['bad'], trigger: 'one_failed' }),
    ]),
  );
  expect(handled.success).toBe(true);
  const failed = await client.runWorkflow(
    flow([
      task('good', 'echo', { kept: 1 }),
      task('bad', 'fail', { code: 'x.broken' }, { dependencies: ['good'] }),
      task('never', 'echo', {}, { dependencies: ['bad'] }),
    ]),
  );
  expect(failed.success).toBe(false);
  expect(failed.errors).toContainEqual(
    expect.objectContaining({ code: 'x.broken', taskId: 'bad' }),
  );
  expect(await client.report(failed.runId)).toMatchObject({
    status: 'failed',
    partial: true,
    tasks: { good: { output: { kept: 1 } }, never: { status: 'skipped' } },
  });
});

// Length: one story from the booking to the last undoing.
it('ORCH-007: a saga undoes what succeeded, the last first, in a child before its parent, and keeps the first failure', async () => {
  const undo = (by: string): JsonObject => ({
    compensate: { agent: 'echo', parameters: { undone: by } },
  });
  const saga = { settings: { max_parallel: 10, on_failure: 'compensate' } };
  const trip = {
    name: 'trip',
    ...saga,
    tasks: [
      task('seat', 'echo', { n: 1 }, undo('seat ${seat.output.n}')),
      task(
        'room',
        'fail',
        {},
        { dependencies: ['seat'], fallback: ['echo'], ...undo('room after ${room.attempts}') },
      ),
      task('pay', 'fail', { code: 'card.refused', retryable: false }, { dependencies: ['room'] }),
    ],
  };
  const tasks = [
    task('charge', 'echo', { n: 3 }, undo('charge ${charge.output.n}')),
    { id: 'book', workflow: 'trip', dependencies: ['charge'] },
  ];
  const hooks = { on_failure: [task('tell', 'echo', { why: '${book.error.code}' })] };
  const run = await client.runWorkflow(flow(tasks, { ...saga, hooks, workflows: { trip } }));
  expect(run.success).toBe(false);
  const report = await client.report(run.runId);
  expect(report).toMatchObject({
    status: 'failed',
    error: { code: 'card.refused' },
    tasks: { charge: { compensated: true }, tell: { output: { why: 'card.refused' } } },
  });
  const child = report.tasks.book?.runId ?? '';
  expect(await client.report(child)).toMatchObject({
    status: 'failed',
    tasks: {
      seat: { compensated: true },
      room: { agent: 'echo', attempts: 2, compensated: true },
    },
  });
  const undone: unknown[] = [];
  for await (const commits of node.log.readAll())
    for (const { type, data } of commits.flatMap(({ events }) => events))
      if (type === 'task.succeeded')
        undone.push((data as { output: { undone?: string } }).output.undone ?? []);
  expect(undone.flat()).toEqual(['room after 2', 'seat 1', 'charge 3']);
});

it('ORCH-008: a run goes on from the log after a restart, and nothing is done twice', async () => {
  const tasks = [
    task('a', 'echo', { n: 1 }),
    task('b', 'sleep', { ms: 2_000 }, { dependencies: ['a'] }),
    task('c', 'echo', { n: '${a.output.n + b.attempts}' }, { dependencies: ['b'] }),
  ];
  const { runId } = await client.request(flow(tasks, { outputs: { n: '${c.output.n}' } }));
  const statusOfB = async () => (await client.report(runId)).tasks.b?.status;
  await expect.poll(statusOfB, PATIENCE).toBe('running');
  await stopNode();
  node = await startNode();
  await expect.poll(async () => (await client.report(runId)).status, PATIENCE).toBe('succeeded');
  const report = await client.report(runId);
  expect(report.output).toEqual({ n: 2 });
  for (const id of ['a', 'b', 'c']) expect(report.tasks[id]?.attempts).toBe(1);
});

it('ORCH-009: every event of a run reaches a subscriber, once each and in order, and is in its history', async () => {
  const seen: JsonEnvelope[] = [];
  const tasks = [task('a', 'echo', {}), task('b', 'echo', {}, { dependencies: ['a'] })];
  const { runId } = await client.runWorkflow({
    ...flow(tasks),
    onEvent: (event) => seen.push(event),
  });
  expect(seen.map(({ streamVersion }) => streamVersion)).toEqual(seen.map((_, index) => index + 1));
  expect(seen.map(({ type }) => type)).toEqual([
    'run.created',
    'run.started',
    'task.scheduled',
    'task.started',
    'task.succeeded',
    'task.scheduled',
    'task.started',
    'task.succeeded',
    'run.succeeded',
  ]);
  const { events } = await client.history(runId);
  expect(events).toEqual(seen);
});

it('ORCH-010: the state of a run and of its tasks can be asked for at any time', async () => {
  const tasks = [task('a', 'sleep', { ms: 2_000 }), task('b', 'echo', {}, { dependencies: ['a'] })];
  const { runId, position } = await client.request(flow(tasks));
  const stateOf = async () => {
    const { status, tasks: now } = await client.report(runId);
    return [status, now.a?.status, now.b?.status];
  };
  await expect.poll(stateOf, PATIENCE).toEqual(['running', 'running', 'pending']);
  const { documents } = await client.query('runs', { key: runId, after: position });
  expect(documents[0]?.document).toMatchObject({ status: 'running', name: 'orch' });
  await expect.poll(stateOf, PATIENCE).toEqual(['succeeded', 'success', 'success']);
});

it('ORCH-011: progress that an agent reports becomes part of the run', async () => {
  const agentBus = await connectBus({ url: broker.url, name: 'reporter' });
  agentBus.publish(subjects.agentHeartbeat('reporter'), {
    worker: 'w9',
    agent: 'reporter',
    ttl: 30,
  });
  agentBus.subscribe(subjects.agentInvoke('reporter'), { queue: 'agents' }, (message) => {
    const { result, progress, attempt } = message.body() as {
      result: string;
      progress: string;
      attempt: number;
    };
    message.respond({ accepted: true, worker: 'w9' });
    agentBus.publish(progress, { attempt, percent: 40, message: 'reading', worker: 'w9' });
    agentBus
      .flush()
      .then(() =>
        agentBus.request(
          result,
          { attempt, status: 'succeeded', output: 1, worker: 'w9' },
          { timeoutMs: 5_000 },
        ),
      )
      .catch(() => {});
  });
  await agentBus.flush();
  await expect.poll(() => node.orchestrator.agents(), PATIENCE).toContain('reporter');
  const seen: JsonEnvelope[] = [];
  const outcome = await client.runWorkflow({
    ...flow([task('a', 'reporter', {})]),
    onEvent: (event) => seen.push(event),
  });
  expect(outcome.success).toBe(true);
  expect(seen.find(({ type }) => type === 'task.progressed')?.data).toMatchObject({
    taskId: 'a',
    percent: 40,
    message: 'reading',
  });
  await agentBus.close();
});
