/**
 * A storm: runs are requested while processes are killed at random moments, all drawn from one seed. Most kills do not
 * wait for the recovery from the one before; some do, so that work is done between kills on a slow machine too.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { type Client, connectClient } from '../../src/client/client.ts';
import type { RunReport } from '../../src/messages/report.ts';
import { seededRandom } from '../support/seeded.ts';
import type { Cluster, Victim } from './cluster.ts';

export interface StormOptions {
  seed: number;
  kills: number;
  runs: number;
  /** Default: all that the cluster has. */
  victims?: Victim[];
}

export interface StormResult {
  /** Of every run that was answered. */
  reports: RunReport[];
  /** Why the other requests were not answered with a run. */
  unanswered: string[];
  seconds: number;
}

export const TASKS = 10;
const MIN_TASK_MS = 5;
const MAX_TASK_MS = 20;
/** Time between two kills. */
const MIN_CALM_MS = 150;
const MAX_CALM_MS = 1_000;
/** Time until what was killed is started again. */
const MAX_DOWN_MS = 250;
/** Before every so many kills all processes serve again; not after so long a storm. */
const KILLS_A_BREATH = 3;
const BREATHS_MS = 60_000;
/** For all requests to be answered and all runs to end, after the last kill. */
const PATIENCE_MS = 120_000;

/** Two lanes that meet in the last task; each task passes on the number it got plus one. */
export function lanes(random: () => number): object {
  const tasks = Array.from({ length: TASKS }, (_, index) => {
    const ms = Math.round(MIN_TASK_MS + random() * (MAX_TASK_MS - MIN_TASK_MS));
    const before = index === TASKS - 1 ? [index - 2, index - 1] : index < 2 ? [] : [index - 2];
    const sum = before.map((other) => `t${other}.output.n`).join(' + ');
    return {
      id: `t${index}`,
      agent: 'mark',
      parameters: { ms, n: before.length === 0 ? 1 : `\${${sum} + 1}` },
      dependencies: before.map((other) => `t${other}`),
    };
  });
  return { name: 'lanes', tasks, outputs: { n: '${t9.output.n}' } };
}

/** What `lanes` gives: 1 + 4 in one lane, 1 + 3 in the other, plus the last. */
export const LANES_OUTPUT = { n: 10 };

export async function storm(cluster: Cluster, options: StormOptions): Promise<StormResult> {
  const startedAt = performance.now();
  const random = seededRandom(options.seed);
  const client = await connectClient({ url: cluster.url });
  const runs: Promise<RunReport | string>[] = [];
  const late = new AbortController();
  const victims = options.victims ?? cluster.victims;
  for (let kill = 0; kill < options.kills; kill += 1) {
    const upTo = Math.ceil(((kill + 1) * options.runs) / options.kills);
    const calmMs = MIN_CALM_MS + random() * (MAX_CALM_MS - MIN_CALM_MS);
    while (runs.length < upTo) {
      runs.push(
        runOnce(client, {
          number: runs.length,
          workflow: lanes(random),
          delayMs: random() * calmMs,
          late: late.signal,
        }),
      );
    }
    const mayBreathe = performance.now() - startedAt < BREATHS_MS;
    if (mayBreathe && kill % KILLS_A_BREATH === 0) await cluster.ready();
    await sleep(calmMs);
    const victim = victims[Math.floor(random() * victims.length)] as Victim;
    await cluster.kill(victim);
    await sleep(random() * MAX_DOWN_MS);
    await cluster.restart(victim);
  }
  const patience = setTimeout(() => late.abort(new Error('nothing for too long')), PATIENCE_MS);
  const reports = await Promise.all(runs).finally(() => clearTimeout(patience));
  await client.close();
  return {
    reports: reports.filter((report) => typeof report !== 'string'),
    unanswered: reports.filter((report) => typeof report === 'string'),
    seconds: (performance.now() - startedAt) / 1000,
  };
}

/** What a run that does not end did last, for the one who has to find out why. */
async function whatIsLeft(client: Client, runId: string): Promise<string> {
  try {
    const { tasks, status } = await client.report(runId);
    const open = Object.entries(tasks).filter(([, task]) => task.status !== 'success');
    const { events } = await client.history(runId, { limit: 1_000 });
    return JSON.stringify({ status, open, last: events.slice(-5) });
  } catch (error) {
    return `and nobody answers: ${error}`;
  }
}

/** The report of an answered run at its end, or why the request was not answered. Rejects when the run does not end. */
async function runOnce(
  client: Client,
  options: { number: number; workflow: object; delayMs: number; late: AbortSignal },
): Promise<RunReport | string> {
  await sleep(options.delayMs);
  const request = { requestId: `storm-${options.number}`, workflow: options.workflow as never };
  // Until it is late, not for a time of its own: while the storm lasts nobody may be there.
  const asking = { signal: options.late, deadlineMs: Number.POSITIVE_INFINITY };
  const answer = await client.request(request, asking).catch(String);
  if (typeof answer === 'string') return answer;
  try {
    return await client.waitForRun(answer.runId, { signal: options.late });
  } catch (error) {
    throw new Error(
      `run ${answer.runId} (number ${options.number}) did not end: ${await whatIsLeft(client, answer.runId)}`,
      { cause: error },
    );
  }
}
