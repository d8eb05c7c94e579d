/** A run that breaks is set aside with its evidence; others go on; mended and released it finishes its work. */
import { mkdtempSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, it } from 'vitest';
import { functionAgent } from '../../src/agents/adapters/function-agent.ts';
import { builtinAgents } from '../../src/agents/builtin/index.ts';
import { startWorker, type Worker } from '../../src/agents/worker.ts';
import { upcast } from '../../src/events/catalogue.ts';
import type { EventLog } from '../../src/log/event-log.ts';
import { openLevelLog } from '../../src/log/level-log.ts';
import { House, subjects, until } from './house.ts';

const LARGE = 200_000;

let folder: string;
let log: EventLog | undefined;
let house: House | undefined;
let worker: Worker | undefined;
afterEach(async () => {
  await worker?.close();
  await house?.close();
  await log?.close();
  rmSync(folder, { recursive: true });
});

const large = functionAgent({ name: 'large', run: async () => ({ text: 'x'.repeat(LARGE) }) });

/** Its last task looks into the large output of the first, some time later. */
const workflow = {
  name: 'looks-back',
  tasks: [
    { id: 'first', agent: 'large' },
    { id: 'pause', wait: { timer: 1 }, dependencies: ['first'] },
    {
      id: 'last',
      agent: 'echo',
      dependencies: ['pause', 'first'],
      parameters: { n: '${size(first.output.text)}' },
    },
  ],
};

it('isolates a run whose blob is gone, and finishes it once the blob is back', async () => {
  folder = mkdtempSync(join(tmpdir(), 'troupe-quarantine-'));
  log = await openLevelLog({ directory: folder, upcast });
  const here = await House.open(log);
  house = here;
  worker = await startWorker({ bus: here.bus, subjects, agents: [...builtinAgents(), large] });
  await until('the worker is known', () => here.orchestrator.agents().includes('large'));
  const { client } = here;

  const { runId } = await client.request({ workflow });
  await until('the pause', async () => (await here.history(runId)).includes('task.waiting'));
  renameSync(join(folder, 'blobs'), join(folder, 'away'));
  await until('the quarantine', async () =>
    (await here.history(runId)).includes('run.quarantined'),
  );
  expect(await client.report(runId)).toMatchObject({
    status: 'quarantined',
    error: { code: 'blob.not-found' },
  });
  await expect(client.command(runId, { type: 'pause' })).rejects.toMatchObject({ status: 409 });

  const other = await client.runWorkflow({
    workflow: { name: 'other', tasks: [{ id: 'a', agent: 'echo' }] },
  });
  expect(other.errors).toEqual([]);

  renameSync(join(folder, 'away'), join(folder, 'blobs'));
  await client.command(runId, { type: 'release' });
  const report = await client.waitForRun(runId);
  expect(report.status).toBe('succeeded');
  expect(report.tasks.last?.output).toEqual({ n: LARGE });
  expect(report.tasks.first?.attempts).toBe(1);
});
