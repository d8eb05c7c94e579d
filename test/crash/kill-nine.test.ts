import { afterEach, describe, expect, test } from 'vitest';
import { type BrokerKind, Cluster } from './cluster.ts';
import { judgeRepetitions, readLogEvidence } from './evidence.ts';
import { LANES_OUTPUT, type StormOptions, storm, TASKS } from './storm.ts';

const seed = Number(process.env.TROUPE_CRASH_SEED ?? Date.now() % 1_000_000);
let cluster: Cluster | undefined;

afterEach(async ({ task }) => {
  if (task.result?.state === 'fail') process.stderr.write(`${cluster?.complaints}\n`);
  await cluster?.stop();
  cluster?.remove();
  cluster = undefined;
});

/** Runs a storm, then holds log and journal against the promises. */
async function weather(kind: BrokerKind, options: StormOptions): Promise<void> {
  cluster = await Cluster.start(kind);
  process.stderr.write(`${kind}: rerun with TROUPE_CRASH_SEED=${options.seed}\n`);
  const { reports, unanswered, seconds } = await storm(cluster, options);
  expect(cluster.selfEnded).toEqual([]);
  await cluster.stop();
  const log = await readLogEvidence(cluster.logDirectory);
  const repetitions = judgeRepetitions(cluster.journal, cluster.kills);
  const { executions, allowed, unexplained } = repetitions;
  process.stderr.write(
    `${kind}: ${cluster.kills.length} kills, ${log.runs} runs, ${executions} executions, ` +
      `${allowed} again after a kill, ${log.lost} attempts lost, ${seconds.toFixed(1)} s\n`,
  );
  expect(unanswered).toEqual([]);
  expect(reports.map(({ status, output }) => ({ status, output }))).toEqual(
    Array.from({ length: options.runs }, () => ({ status: 'succeeded', output: LANES_OUTPUT })),
  );
  expect(log.runs).toBe(options.runs);
  expect(log.withoutEnd).toEqual([]);
  expect([...log.successes].filter(([, count]) => count !== 1)).toEqual([]);
  expect(log.successes.size).toBe(options.runs * TASKS);
  expect(unexplained).toEqual([]);
}

describe.each<BrokerKind>(['embedded', 'nats-server'])('on the %s broker', (kind) => {
  test('50 kills over 200 runs: every answered run completes, no result is recorded twice, only what was in flight in a killed worker runs again', async () => {
    await weather(kind, { seed, kills: 50, runs: 200 });
  });
});
