/** Jobs that were promised are done after kill -9 of everything that was under way, and those that wait wait on. */
import { describe, expect, test } from 'vitest';
import type { Client } from '../../src/client/client.ts';
import { type BrokerKind, Cluster } from './cluster.ts';

const JOBS = 40;
/** Long enough that nothing has begun when the orchestrator is killed. */
const DELAY_MS = 700;

async function enqueueAll(client: Client): Promise<Map<string, string>> {
  const names = Array.from({ length: JOBS }, (_, n) => `job-${n}`);
  const replies = await Promise.all(
    names.map((jobId, n) => {
      const delay = n % 2 === 0 ? {} : { delay: `${DELAY_MS}ms` };
      return client.jobs.enqueue({ agent: 'mark', jobId, parameters: { ms: 60, n }, ...delay });
    }),
  );
  return new Map(replies.map(({ jobId }, n) => [names[n] as string, jobId]));
}

describe.each<BrokerKind>(['embedded', 'nats-server'])('on the %s broker', (kind) => {
  test('every job that was answered ends with its result, and is the same when it is enqueued again', async () => {
    await Cluster.useWithClient(kind, {}, async (cluster, client) => {
      const promised = await enqueueAll(client);
      const waiting = [...promised.keys()].map((id) => client.jobs.wait(id, { timeoutMs: 60_000 }));
      await cluster.kill('orchestrator');
      await cluster.restart('orchestrator');
      await cluster.ready();
      expect(await enqueueAll(client)).toEqual(promised);
      const jobs = await Promise.all(waiting);
      for (const [n, job] of jobs.entries()) {
        expect(job).toMatchObject({ state: 'succeeded', output: { n } });
        expect(job.startedAt ?? 0).toBeGreaterThanOrEqual(job.runAt ?? 0);
      }
      expect((await client.jobs.list({ limit: 1_000 })).jobs).toHaveLength(JOBS);
      expect(cluster.selfEnded).toEqual([]);
    });
  });
});
