/**
 * Processes that stand still for longer than a `ttl` and go on (SIGSTOP, SIGCONT): what a living worker has is not
 * executed again. A worker that is dead is noticed all the same.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { type BrokerKind, Cluster, type Victim } from './cluster.ts';
import { readLogEvidence } from './evidence.ts';
import { readExecutions } from './journal.ts';

const HALT_MS = 5_000;
const LOOK_MS = 20;

const nap = (id: string, ms: number, dependencies: string[] = []) => ({
  ...{ id, agent: 'sleep', dependencies },
  parameters: { ms },
});
/** Work that ends while somebody stands still, and work that goes on until after it. */
const workflow = {
  name: 'naps',
  tasks: [nap('short', 1_000), nap('long', HALT_MS + 1_000), nap('after', 10, ['short', 'long'])],
};

/** Resolves when the executions of the tasks have begun. */
async function begun(cluster: Cluster, tasks: readonly string[]): Promise<void> {
  const isIn = (task: string) =>
    readExecutions(cluster.journal).some(({ place }) => place.endsWith(`/${task}`));
  while (!tasks.every(isIn)) await sleep(LOOK_MS);
}

const cases: [BrokerKind, Victim][] = [
  ['embedded', 'orchestrator'],
  ['embedded', 'worker'],
  ['nats-server', 'orchestrator'],
  ['nats-server', 'worker'],
  ['nats-server', 'nats-server'],
];

test.concurrent.each(cases)(
  'on the %s broker, the %s stands still for 5 s: every task is executed once',
  async (kind, victim) => {
    await Cluster.useWithClient(kind, {}, async (cluster, client) => {
      const { runId } = await client.request({ workflow });
      await begun(cluster, ['short', 'long']);
      cluster.halt(victim);
      await sleep(HALT_MS);
      cluster.goOn(victim);
      expect(await client.waitForRun(runId)).toMatchObject({ status: 'succeeded' });
      expect(cluster.selfEnded).toEqual([]);
      await cluster.stop();
      const places = readExecutions(cluster.journal).map(({ place }) => place);
      const tasks = ['short', 'long', 'after'].map((task) => `${runId}/${task}`);
      expect(places.toSorted()).toEqual(tasks.toSorted());
      const { lost, successes } = await readLogEvidence(cluster.logDirectory);
      expect([...successes.values()]).toEqual([1, 1, 1]);
      // A worker that stands still cannot be told from a dead one; of whoever else does, nobody is declared dead.
      if (victim !== 'worker') expect(lost).toBe(0);
    });
  },
);

test.concurrent('a worker that is dead is noticed, and what it had is executed by the next one', async () => {
  await Cluster.useWithClient('embedded', {}, async (cluster, client) => {
    const tasks = [nap('nap', 500)];
    const { runId } = await client.request({ workflow: { name: 'nap', tasks } });
    await begun(cluster, ['nap']);
    await cluster.kill('worker');
    const isLost = async () => {
      const { events } = await client.history(runId, { limit: 100 });
      return events.some(({ type }) => type === 'task.attemptFailed');
    };
    while (!(await isLost())) await sleep(LOOK_MS);
    await cluster.restart('worker');
    expect(await client.waitForRun(runId)).toMatchObject({ status: 'succeeded' });
    expect(readExecutions(cluster.journal)).toHaveLength(2);
  });
});
