/**
 * Jobs end the same with a crash of the orchestrator after any commit: those that wait for their time, those that are tried
 * again, and those that are canceled with their run. None is lost, none is made twice, none works twice.
 */
import { expect, it } from 'vitest';
import type { JobReply } from '../../src/messages/job.ts';
import type { JsonObject } from '../../src/workflow/value.ts';
import { servingWorld } from './crash-points.ts';
import { agent } from './simulated-tasks.ts';
import type { World } from './world.ts';

const LIMIT_MS = 120_000;
const JOBS = ['once', 'again', 'later', 'ofRun', 'laterOfRun'];

/** Everything of a job but ids and times. */
function timeless(job: JobReply): unknown {
  const { jobId: _, createdAt: __, startedAt: ___, endedAt: ____, runAt: _____, ...rest } = job;
  const { runId, reason, streamVersion: ______, ...told } = rest;
  return { ...told, hasRun: runId !== undefined, reason: reason?.replace(/run_\w+/, 'run') };
}

/** A run, jobs in and beside its scope, and its cancellation a second later. */
async function scene(world: World): Promise<string> {
  const runId = await world.request('r1', { name: 'parent', tasks: [agent('a', { ms: 90_000 })] });
  const enqueue = (jobId: string, more: JsonObject): Promise<JsonObject> =>
    world.job({ type: 'enqueue', agent: 'echo', jobId, ...more });
  const soon = world.time.now + 600;
  await enqueue('ofRun', { runId, parameters: { ms: 90_000 } });
  await enqueue('laterOfRun', { runId, runAt: world.time.now + 80_000 });
  await enqueue('once', { parameters: { gives: '${as it is}' } });
  await enqueue('again', { parameters: { fails: 2, gives: 7 } });
  await enqueue('later', { runAt: soon, parameters: { gives: 'in time' } });
  await world.pause(1_000);
  await world.command(runId, { id: 'c1', type: 'cancel' });
  return runId;
}

async function play(crash?: { at: number; keepInFlight: boolean }) {
  const world = await servingWorld();
  let failure: unknown;
  let isAsked = false;
  scene(world).then(
    () => {
      isAsked = true;
    },
    (error: unknown) => {
      failure = error;
    },
  );
  const isOver = (): boolean => {
    if (failure !== undefined) throw failure;
    const runs = [...world.invariants.streams].filter(([stream]) => stream.startsWith('run_'));
    return isAsked && runs.length > JOBS.length && runs.every(([, { isEnded }]) => isEnded);
  };
  if (crash !== undefined) {
    const { at, keepInFlight } = crash;
    await world.until(() => world.invariants.position >= at || isOver(), LIMIT_MS, 'the crash');
    world.crash({ keepInFlight });
    await world.catchUpInvariants();
    world.start();
  }
  await world.until(isOver, LIMIT_MS, 'the end of all jobs');
  const jobs = new Map<string, JobReply>();
  for (const jobId of JOBS) {
    const answered = (job: JsonObject) => jobs.set(jobId, job as unknown as JobReply);
    void world.job({ type: 'wait', jobId }).then(answered);
    await world.until(() => jobs.has(jobId), LIMIT_MS, `an answer about ${jobId}`);
  }
  world.invariants.finished();
  expect(world.errors).toEqual([]);
  const runs = [...world.invariants.streams.keys()].filter((name) => name.startsWith('run_'));
  const { position } = world.invariants;
  const found = Object.fromEntries([...jobs].map(([id, job]) => [id, timeless(job)]));
  return { found, runs: runs.length, position, executions: world.executions() };
}

it('end the same after a crash at every commit, with the write under way lost or kept', async () => {
  const undisturbed = await play();
  expect(undisturbed.found).toMatchObject({
    once: { state: 'succeeded', output: '${as it is}', attempts: 1 },
    again: { state: 'succeeded', output: 7, attempts: 3 },
    later: { state: 'succeeded', output: 'in time' },
    ofRun: { state: 'canceled', reason: 'the run run was canceled' },
    laterOfRun: { state: 'canceled', attempts: 0 },
  });
  expect(undisturbed.runs).toBe(JOBS.length + 1);
  for (let at = 1; at < undisturbed.position; at += 1) {
    for (const keepInFlight of [false, true]) {
      const where = `crash at position ${at}, ${keepInFlight ? 'kept' : 'lost'}`;
      const crashed = await play({ at, keepInFlight }).catch((error: unknown) => {
        throw new Error(where, { cause: error });
      });
      expect(crashed.found, where).toEqual(undisturbed.found);
      expect(crashed.runs, where).toBe(undisturbed.runs);
      for (const [key, count] of crashed.executions) expect(count, `${where}: ${key}`).toBe(1);
    }
  }
});
