import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Bus } from '../../src/messaging/bus.ts';
import { type Broker, startBroker } from '../../src/messaging/embedded-broker.ts';
import { connectBus } from '../../src/messaging/nats-bus.ts';
import { FakeOrchestrator } from './fake-orchestrator.ts';

let directory: string;
let broker: Broker;
let bus: Bus;
let children: ChildProcess[];

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'troupe-worker-kill-'));
  broker = await startBroker({ port: 0 });
  bus = await connectBus({ url: broker.url, name: 'orchestrator' });
  children = [];
});

afterEach(async () => {
  for (const child of children) await kill9(child);
  await bus.close();
  await broker.close();
  rmSync(directory, { recursive: true, force: true });
});

async function startProcess(): Promise<{ child: ChildProcess; workerId: string }> {
  const script = join(import.meta.dirname, 'worker-kill-process.ts');
  const child = spawn(
    process.execPath,
    [script, broker.url, join(directory, 'cache'), join(directory, 'marks')],
    {
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  );
  children.push(child);
  const workerId = await new Promise<string>((resolve, reject) => {
    child.stdout?.once('data', (data: Buffer) => resolve(data.toString().trim()));
    child.once('exit', (code) => reject(new Error(`the worker ended with ${code}`)));
  });
  return { child, workerId };
}

function kill9(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve();
  return new Promise((resolve) => {
    child.once('exit', () => resolve());
    child.kill('SIGKILL');
  });
}

const marks = (): string[] => readFileSync(join(directory, 'marks'), 'utf8').trim().split('\n');

test('results that were not acknowledged before kill -9 are sent by the next worker, and nothing is executed twice', async () => {
  const orchestrator = new FakeOrchestrator(bus);
  const runs = Array.from({ length: 20 }, (_, index) => `run_${index}`);
  orchestrator.answer = () => {};
  const first = await startProcess();
  await Promise.all(runs.map((run) => orchestrator.dispatch(run, 'mark', { run })));
  await orchestrator.until(() => runs.every((run) => orchestrator.countOf(run) > 0));
  await kill9(first.child);

  orchestrator.results.length = 0;
  orchestrator.answer = ({ message }) => message.respond({ ack: true });
  const second = await startProcess();
  expect(second.workerId).toBe(first.workerId);
  await orchestrator.until(() => runs.every((run) => orchestrator.countOf(run) > 0));
  expect(await orchestrator.resultOf('run_7')).toMatchObject({
    status: 'succeeded',
    output: { marked: 'run_7', run: 'run_7' },
  });

  // The orchestrator, not knowing, dispatches one again: the answer is the known result.
  const before = orchestrator.countOf('run_3');
  expect(await orchestrator.dispatch('run_3', 'mark')).toEqual({
    accepted: true,
    worker: second.workerId,
  });
  await orchestrator.until(() => orchestrator.countOf('run_3') > before);
  expect(marks().toSorted()).toEqual(runs.toSorted());
});

test('an acknowledged result is not sent again after kill -9', async () => {
  const orchestrator = new FakeOrchestrator(bus);
  const first = await startProcess();
  await orchestrator.dispatch('run_done', 'mark');
  await orchestrator.until(() => orchestrator.countOf('run_done') === 1);
  // The note of the acknowledgement is written with the next result.
  orchestrator.answer = ({ runId, message }) =>
    runId === 'run_open' || message.respond({ ack: true });
  await orchestrator.dispatch('run_open', 'mark');
  await orchestrator.until(() => orchestrator.countOf('run_open') === 1);
  await kill9(first.child);
  orchestrator.results.length = 0;
  await startProcess();
  await orchestrator.until(() => orchestrator.countOf('run_open') === 1);
  expect(orchestrator.countOf('run_done')).toBe(0);
});
