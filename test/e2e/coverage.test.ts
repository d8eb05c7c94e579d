/** Every workflow of docs/coverage.md runs to its end and gives what it should, on a real orchestrator, broker and worker. */
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { blocksOf } from '../../infra/docs/blocks.ts';
import { builtinAgents } from '../../src/agents/builtin/index.ts';
import { startWorker, type Worker } from '../../src/agents/worker.ts';
import type { JsonEnvelope } from '../../src/events/envelope.ts';
import { createMemoryLog } from '../../src/log/memory-log.ts';
import type { Bus } from '../../src/messaging/bus.ts';
import { connectBus } from '../../src/messaging/nats-bus.ts';
import { parseWorkflow } from '../../src/workflow/parse.ts';
import type { JsonObject, JsonValue } from '../../src/workflow/value.ts';
import { House, subjects, until } from './house.ts';

const text = readFileSync(new URL('../../docs/coverage.md', import.meta.url), 'utf8');
const workflows = new Map(
  blocksOf(text)
    .filter(({ language }) => language === 'yaml')
    .map(({ body }) => [parseWorkflow(body).definition?.name, body]),
);

interface Ending {
  workflow: string;
  input?: JsonObject;
  status?: string;
  output?: JsonValue;
  /** The last status of some of its tasks. */
  tasks?: Record<string, string>;
}

const endings: Ending[] = [
  { workflow: 'groups', output: { n: 5 } },
  { workflow: 'by-status', output: { c: { b: 'skipped', why: 'agent.failed' } } },
  { workflow: 'choice', output: { by: 'truck' } },
  { workflow: 'choice', input: { order: 'electronic' }, output: { by: 'mail' } },
  { workflow: 'choice', input: { order: 'unheard-of' }, output: { by: 'hand' } },
  { workflow: 'lists', output: { colours: ['red', 'green'], twice: [0, 2, 4] } },
  { workflow: 'try-again', output: { call: 'answered' } },
  { workflow: 'caught', output: { pet: 'nobody' }, tasks: { call: 'failed' } },
  {
    workflow: 'at-the-end',
    tasks: { 'after-work': 'success', announce: 'success', clean: 'success' },
  },
  { workflow: 'loop', output: { rounds: 3 } },
  { workflow: 'poll', output: { asked: 3 } },
  { workflow: 'rounds', output: { pages: 3 } },
  { workflow: 'subflow', output: { added: 'ann', deepest: 1 } },
  {
    workflow: 'saga',
    status: 'failed',
    tasks: { reserve: 'success', pay: 'success', ship: 'failed' },
  },
  { workflow: 'stop-early', tasks: { slow: 'canceled', done: 'success' } },
  {
    workflow: 'stop-early',
    input: { how: 'broken' },
    status: 'failed',
    tasks: { slow: 'canceled', broken: 'failed' },
  },
  {
    workflow: 'stop-early',
    input: { how: 'no-use' },
    status: 'canceled',
    tasks: { slow: 'canceled' },
  },
  { workflow: 'race', output: { who: 'nurse' }, tasks: { doctor: 'canceled' } },
  { workflow: 'daemon', output: { answers: 3 }, tasks: { server: 'canceled' } },
  { workflow: 'ask', output: { by: 'ann' } },
  { workflow: 'events', output: { at: 39, either: 'paid', three: 3 } },
  { workflow: 'locks' },
  {
    workflow: 'values',
    output: { shape: { kind: 'circle', size: { width: 6, height: 6 } }, area: 36 },
  },
];

const log = createMemoryLog();
let house: House;
let bus: Bus;
let worker: Worker;

beforeAll(async () => {
  house = await House.open(log);
  bus = await connectBus({ url: house.broker.url, name: 'worker' });
  worker = await startWorker({ bus, subjects, agents: builtinAgents() });
  await until('the agents are there', () => house.orchestrator.agents().includes('sleep'));
});
afterAll(async () => {
  await worker.close();
  await bus.close();
  await house.close();
  await log.close();
});

/** What people and programs do while some of the runs wait. */
async function help(name: string, { type, stream, data }: JsonEnvelope): Promise<void> {
  if (name === 'ask' && type === 'task.waiting' && (data as JsonObject).kind === 'approval')
    await house.client.approve(stream, 'approve', { by: 'ann' });
  if (name !== 'events' || type !== 'run.started') return;
  const signals: [string, JsonValue][] = [
    ['temperature', 39],
    ['pulse', 101],
    ['payment', null],
    ...[1, 2, 3].map((value): [string, JsonValue] => ['readings', value]),
  ];
  for (const [signal, payload] of signals) await house.client.signal(stream, signal, payload);
}

it('names an ending for each workflow', () => {
  expect([...workflows.keys()].sort()).toEqual(
    [...new Set(endings.map((one) => one.workflow))].sort(),
  );
});

it.each(endings)('$workflow $input', async ({ workflow, input, status, output, tasks }) => {
  const helped: Promise<void>[] = [];
  const { runId } = await house.client.runWorkflow({
    workflow: workflows.get(workflow) ?? '',
    ...(input !== undefined && { input }),
    onEvent: (event) => helped.push(help(workflow, event)),
  });
  await Promise.all(helped);
  const report = await house.client.report(runId);
  expect(report.status).toBe(status ?? 'succeeded');
  if (output !== undefined) expect(report.output).toEqual(output);
  const statuses = Object.entries(report.tasks).map(([id, task]) => [id, task.status]);
  expect(Object.fromEntries(statuses)).toMatchObject(tasks ?? {});
});

it('saga: what succeeded was undone, the last first', async () => {
  const outcome = await house.client.runWorkflow({ workflow: workflows.get('saga') ?? '' });
  const { events } = await house.client.history(outcome.runId, { limit: 1_000 });
  const undone = events.filter(({ type }) => type === 'task.compensated');
  expect(undone.map(({ data }) => (data as JsonObject).taskId)).toEqual(['pay', 'reserve']);
});
