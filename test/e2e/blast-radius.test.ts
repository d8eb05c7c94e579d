/** What a run in quarantine touches: its family, those like it, schedules, held work; and all of them released at once. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { functionAgent } from '../../src/agents/adapters/function-agent.ts';
import { builtinAgents } from '../../src/agents/builtin/index.ts';
import { startWorker, type Worker } from '../../src/agents/worker.ts';
import { upcast } from '../../src/events/catalogue.ts';
import type { EventLog } from '../../src/log/event-log.ts';
import { openLevelLog } from '../../src/log/level-log.ts';
import type { BlastRadius } from '../../src/messages/blast-radius.ts';
import { House, subjects, until } from './house.ts';
import { Folder } from './troupe.ts';

let directory: string;
let folder: Folder;
let log: EventLog;
let house: House;
let worker: Worker;
let isMended: boolean;
let open: () => void;

const bad = {
  name: 'bad-parse',
  settings: { quarantine: { after: 1 } },
  tasks: [
    { id: 'parse', agent: 'parser' },
    { id: 'after', agent: 'echo', dependencies: ['parse'] },
  ],
};

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'troupe-blast-'));
  folder = new Folder();
  isMended = false;
  const gate = new Promise<void>((resolve) => {
    open = resolve;
  });
  const parser = functionAgent({
    name: 'parser',
    run: () => {
      if (isMended) return 'parsed';
      throw new TypeError('no such thing');
    },
  });
  const door = functionAgent({ name: 'door', concurrency: 1, run: () => gate });
  log = await openLevelLog({ directory, upcast });
  house = await House.open(log);
  worker = await startWorker({
    bus: house.bus,
    subjects,
    agents: [...builtinAgents(), parser, door],
  });
  await until('the worker is known', () => house.orchestrator.agents().includes('parser'));
});

afterEach(async () => {
  open();
  await worker.close();
  await house.close();
  await log.close();
  await folder.dispose();
  rmSync(directory, { recursive: true });
});

async function start(workflow: object): Promise<string> {
  return (await house.client.request({ workflow: workflow as never })).runId;
}

async function isolated(runId: string): Promise<string> {
  await until(
    'the quarantine',
    async () => (await house.client.report(runId)).status === 'quarantined',
  );
  return runId;
}

async function radiusOf(runId: string): Promise<BlastRadius> {
  const { documents } = await house.client.query('blast_radius', { key: runId });
  return documents[0]?.document as unknown as BlastRadius;
}

function troupe(...words: string[]) {
  return folder.troupe(words, { TROUPE_NATS_URL: house.broker.url });
}

const idsOf = (runs: readonly { runId: string }[]): string[] => runs.map(({ runId }) => runId);

// Length: one story; each run in it is there for the others.
it('names forks, jobs, runs of the same definition and schedules, and releases all of them', async () => {
  const { client } = house;
  const runId = await isolated(await start(bad));
  const like = await isolated(await start(bad));
  await start({ ...bad, name: 'another', tasks: [{ id: 'wait', agent: 'door' }] });
  const fork = await isolated((await client.fork(runId, { at: 2 })).runId);
  const forkOfFork = await isolated((await client.fork(fork, { at: 1 })).runId);
  const { jobId } = await client.jobs.enqueue({ agent: 'door', parameters: {}, runId });
  await client.schedule({
    ...{ type: 'add', name: 'nightly', schedule: { cron: '0 3 * * *' } },
    request: { workflow: bad as never },
  });

  const radius = await radiusOf(runId);
  expect(radius.quarantine).toMatchObject({
    code: 'task.crashed',
    evidence: { task: 'parse', agent: 'parser', crashes: 1 },
  });
  expect(radius.family).toEqual([
    { runId: fork, name: 'bad-parse', status: 'quarantined', relation: 'fork', of: runId },
    expect.objectContaining({ runId: jobId, relation: 'job', of: runId }),
    expect.objectContaining({ runId: forkOfFork, relation: 'fork', of: fork }),
  ]);
  expect(idsOf(radius.alike)).toEqual([like]);
  expect(radius.alikeCount).toBe(1);
  expect(idsOf((await radiusOf(like)).alike)).toEqual([runId, fork, forkOfFork]);
  expect(radius.schedules).toEqual([
    { name: 'nightly', status: 'active', nextDueAt: expect.any(Number), startedIt: false },
  ]);
  expect(radius.held).toEqual([
    { task: 'parse', state: 'scheduled', attempt: 2, agent: 'parser', dueAt: null },
  ]);
  expect(radius).toMatchObject({ open: 1, pending: 1, isWhole: true, collateral: [] });
  expect(radius.crashed).toEqual([
    expect.objectContaining({ runId, task: 'parse', agent: 'parser', code: 'agent.error' }),
  ]);

  const shown = await troupe('runs', 'show', runId);
  expect(shown.stdout).toContain(`forks: ${fork} "bad-parse" quarantined, ${forkOfFork}`);
  expect(shown.stdout).toContain('started by schedules: nightly active');
  isMended = true;
  const released = await troupe('runs', 'release', runId, '--with-family', '--alike', '--json');
  expect(released.json()).toEqual({ released: [runId, fork, forkOfFork, like], refused: [] });
  for (const each of [runId, fork, forkOfFork, like])
    expect((await client.waitForRun(each)).status).toBe('succeeded');
  // The job is well, so it was left alone.
  expect((await client.report(jobId)).status).toBe('running');
});

it('knows the parent that waits, and terminates a family from the top', async () => {
  const parent = await start({
    name: 'parent',
    tasks: [
      { id: 'call', workflow: 'bad-parse' },
      { id: 'beside', agent: 'door' },
    ],
    workflows: { 'bad-parse': bad },
  });
  await until('the child', async () => (await radiusOf(parent)).family.length === 1);
  const child = await isolated((await radiusOf(parent)).family[0]?.runId as string);
  expect(idsOf((await radiusOf(child)).ancestors)).toEqual([parent]);
  expect((await troupe('runs', 'blast-radius', child)).stdout).toContain(
    `waited for by: ${parent} "parent" running`,
  );
  const ended = await troupe('runs', 'terminate', parent, '--with-family', '--json');
  expect(ended.code).toBe(0);
  expect((ended.json() as { terminated: string[] }).terminated[0]).toBe(parent);
  expect((await house.client.waitForRun(parent)).status).toBe('canceled');
  expect((await house.client.waitForRun(child)).status).toBe('canceled');
});

it('holds back what stood in a queue until the run is released', async () => {
  const { client } = house;
  const first = await start({ name: 'first', tasks: [{ id: 'hold', agent: 'door' }] });
  await until('it runs', async () => (await house.history(first)).includes('task.started'));
  const runId = await isolated(
    await start({ ...bad, tasks: [...bad.tasks, { id: 'queued', agent: 'door' }] }),
  );
  expect((await client.query('queue')).documents.map(({ key }) => key)).toEqual(['node']);
  open();
  await client.waitForRun(first);
  // Somebody else gets the slot, and the one in quarantine does not.
  const other = await start({ name: 'other', tasks: [{ id: 'go', agent: 'door' }] });
  expect((await client.waitForRun(other)).status).toBe('succeeded');
  const held = (await radiusOf(runId)).held?.find(({ task }) => task === 'queued');
  expect(held).toMatchObject({ state: 'scheduled', attempt: 1 });
  isMended = true;
  await client.command(runId, { type: 'release' });
  expect(await client.waitForRun(runId)).toMatchObject({
    status: 'succeeded',
    tasks: { queued: { status: 'success', attempts: 1 } },
  });
});

it('refuses a run that is not there', async () => {
  await expect(client404()).rejects.toMatchObject({ code: 'run.not-found' });
  const shown = await troupe('runs', 'blast-radius', 'run_nobody');
  expect(shown.code).toBe(3);
});

function client404() {
  return house.client.query('blast_radius', { key: 'run_nobody' });
}
