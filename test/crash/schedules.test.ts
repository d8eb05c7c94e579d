/** Schedules over kill -9 around their times, with real processes and a real broker. */
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { upcast } from '../../src/events/catalogue.ts';
import type { ScheduleEvent } from '../../src/events/schedule-events.ts';
import { openLevelLog } from '../../src/log/level-log.ts';
import { type BrokerKind, Cluster } from './cluster.ts';

const EVERY_MS = 1_000;
const KILLS = 12;

/** Due times that started a run, and the schedule of each run of the log by its request id. */
async function readLog(directory: string): Promise<{ started: number[]; requests: string[] }> {
  const log = await openLevelLog({ directory, upcast });
  const started: number[] = [];
  const requests: string[] = [];
  for await (const commits of log.readAll()) {
    for (const { events } of commits) {
      for (const { type, data } of events as ScheduleEvent[]) {
        if (type === 'schedule.started') started.push(data.dueAt);
        const { requestId } = data as { requestId?: string };
        if ((type as string) === 'run.created') requests.push(requestId ?? '');
      }
    }
  }
  await log.close();
  return { started, requests };
}

describe.each<BrokerKind>(['embedded', 'nats-server'])('on the %s broker', (kind) => {
  test(`${KILLS} kills around the times of a schedule: each time starts one run`, async () => {
    await Cluster.useWithClient(kind, {}, async (cluster, client) => {
      const workflow = {
        name: 'tick',
        tasks: [{ id: 'a', agent: 'sleep', parameters: { ms: 1 } }],
      };
      const schedule = { every: '1s', catchUp: 'all' as const };
      const reply = await client.schedule({
        ...{ type: 'add', name: 'tick', schedule, request: { workflow } },
      });
      const first = Date.parse(reply.next[0] ?? '');
      for (let kill = 0; kill < KILLS; kill += 1) {
        // from 40 ms before a time to 70 ms after it, in steps: in between is every moment of its start
        const wanted = (kill % KILLS) * 10 - 40;
        const now = Date.now();
        const next = first + Math.ceil((now - first + 100) / EVERY_MS) * EVERY_MS;
        await sleep(next - now + wanted);
        await cluster.kill('orchestrator');
        await cluster.restart('orchestrator');
        await cluster.ready();
      }
      const removed = await client.schedule({ type: 'remove', name: 'tick' });
      expect(removed.status).toBe('removed');
      expect(cluster.selfEnded).toEqual([]);
      await cluster.stop();
      const { started, requests } = await readLog(cluster.logDirectory);
      process.stderr.write(`${started.length} times over ${KILLS} kills\n`);
      expect(started.length).toBeGreaterThanOrEqual(KILLS);
      expect(started).toEqual(started.map((_, index) => first + index * EVERY_MS));
      const expected = started.map((at) => `schedule:tick/1/${new Date(at).toISOString()}`);
      expect(requests.sort()).toEqual(expected.sort());
    });
  });
});
