/** A task that ends its worker at once, in real processes: it is known who had it, and after the third its run is isolated. */
import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { upcast } from '../../src/events/catalogue.ts';
import type { EventLog } from '../../src/log/event-log.ts';
import { createMemoryLog } from '../../src/log/memory-log.ts';
import type { BlastRadius } from '../../src/messages/blast-radius.ts';
import { House, subjects, until } from './house.ts';

const CRASHES = 3;

let log: EventLog;
let house: House;
let child: ChildProcess | undefined;

beforeEach(async () => {
  log = createMemoryLog({ upcast });
  house = await House.open(log);
});

afterEach(async () => {
  child?.kill('SIGKILL');
  await house.close();
  await log.close();
});

/** Starts the worker; `ended` has the code with which it ends. */
async function startWorkerProcess(
  ...words: string[]
): Promise<{ id: string; ended: Promise<number | null> }> {
  const script = join(import.meta.dirname, 'crashing-worker-process.ts');
  const started = spawn(process.execPath, [script, house.broker.url, ...words], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  child = started;
  const ended = new Promise<number | null>((resolve) => started.once('exit', resolve));
  const id = await new Promise<string>((resolve) => {
    started.stdout.once('data', (data: Buffer) => resolve(data.toString().trim()));
  });
  return { id, ended };
}

/** A worker says in a heartbeat that it has an attempt of the run. */
async function listed(runId: string): Promise<void> {
  let stop = (): Promise<void> => Promise.resolve();
  await new Promise<void>((resolve) => {
    const subscription = house.bus.subscribe(subjects.anyHeartbeat(), {}, (message) => {
      if (JSON.stringify(message.body()).includes(runId)) resolve();
    });
    stop = () => subscription.stop();
  });
  await stop();
}

// Length: one story, for each crash costs a process.
it('isolates the run of a task that ended three workers before they could say anything else', async () => {
  const { client } = house;
  const first = await startWorkerProcess();
  await until('the worker is known', () => house.orchestrator.agents().includes('crash'));
  const other = await client.request({
    workflow: { name: 'other', tasks: [{ id: 'beside', agent: 'bystander' }] },
  });
  await listed(other.runId);
  const { runId } = await client.request({
    workflow: {
      name: 'crashes',
      settings: { quarantine: { after: CRASHES } },
      tasks: [{ id: 'parse', agent: 'crash' }],
    },
  });
  const workers = [first.id];
  expect(await first.ended).toBe(CRASHES);
  for (let crash = 2; crash <= CRASHES; crash += 1) {
    const next = await startWorkerProcess();
    workers.push(next.id);
    expect(await next.ended).toBe(CRASHES);
  }
  await until('the quarantine', async () =>
    (await house.history(runId)).includes('run.quarantined'),
  );
  const { events } = await client.history(runId);
  const lost = events.filter(({ type }) => type === 'task.attemptFailed').map(({ data }) => data);
  expect(lost.map((data) => (data as { worker?: string }).worker)).toEqual(workers);
  const evidence = events.find(({ type }) => type === 'run.quarantined')?.data;
  expect(evidence).toMatchObject({
    error: { code: 'task.crashed' },
    message: { task: 'parse', crashes: CRASHES, agent: 'crash', worker: workers.at(-1) },
  });

  const { documents } = await client.query('blast_radius', { key: runId });
  const radius = documents[0]?.document as unknown as BlastRadius;
  expect(radius.crashed.map(({ worker }) => worker)).toEqual(workers.toReversed());
  expect(radius.collateral).toContainEqual({
    ...{ runId: other.runId, task: 'beside', attempt: 1, agent: 'bystander' },
    ...{ worker: first.id, code: 'worker.lost' },
  });

  await startWorkerProcess('mended');
  await client.command(runId, { type: 'release', reason: 'mended' });
  expect(await client.waitForRun(runId)).toMatchObject({
    status: 'succeeded',
    tasks: { parse: { output: 'mended', attempts: CRASHES + 1 } },
  });
});
