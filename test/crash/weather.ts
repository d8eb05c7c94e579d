/** A storm from its first kill to the judgement: what the crash suite and its longer variant share. */
import { expect } from 'vitest';
import { type BrokerKind, Cluster } from './cluster.ts';
import { judgeRepetitions, readLogEvidence } from './evidence.ts';
import { LANES_OUTPUT, type StormOptions, storm, TASKS } from './storm.ts';

/** Drawn anew for each run of the suite and printed; `TROUPE_CRASH_SEED` repeats one. */
export const seed = Number(process.env.TROUPE_CRASH_SEED ?? Date.now() % 1_000_000);

/** Runs a storm on a cluster of its own, then holds log and journal against the promises. */
export async function weather(kind: BrokerKind, options: StormOptions): Promise<void> {
  process.stderr.write(`${kind}: rerun with TROUPE_CRASH_SEED=${options.seed}\n`);
  await Cluster.use(kind, {}, (cluster) => judge(cluster, options));
}

async function judge(cluster: Cluster, options: StormOptions): Promise<void> {
  const { reports, unanswered, seconds } = await storm(cluster, options);
  expect(cluster.selfEnded).toEqual([]);
  await cluster.stop();
  const log = await readLogEvidence(cluster.logDirectory);
  const repetitions = judgeRepetitions(cluster.journal, cluster.kills);
  const { executions, allowed, unexplained } = repetitions;
  process.stderr.write(
    `${cluster.kind}: ${cluster.kills.length} kills, ${log.runs} runs, ${executions} executions, ` +
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
