/**
 * Pause, resume and cancel of a run with 10,000 attempts in the hands of a worker: how long until the reply, and until the
 * last task has heard of it, beside appending as many events to a log.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { type Client, type CommandInput, createClient } from '../../src/client/client.ts';
import type { JsonEnvelope } from '../../src/events/envelope.ts';
import { openLevelLog } from '../../src/log/level-log.ts';
import type { Bus } from '../../src/messaging/bus.ts';
import { connectBus } from '../../src/messaging/nats-bus.ts';
import { createSubjects } from '../../src/messaging/subjects.ts';
import type { JsonObject } from '../../src/workflow/value.ts';
import { type Live, startUp, startWorker } from './live-up.ts';

const TASKS = 10_000;
const EVENTS_A_COMMIT = 1_000;
const REPLY_MS = 600_000;
/** Events on the feed that are counted, and how many of them there are after each command. */
const QUIET_MS = 3_000;

const workflow: JsonObject = {
  name: 'many',
  settings: { max_parallel: TASKS },
  tasks: Array.from({ length: TASKS }, (_, index) => ({
    ...{ id: `t${index}`, agent: 'sleep', parameters: { ms: 3_600_000 }, timeout: '1d' },
  })),
};

/** Everything that was heard on the feed, by type, and when the last of it came. */
class Feed {
  readonly counts = new Map<string, number>();
  lastAt = 0;

  constructor(bus: Bus) {
    bus.subscribe(createSubjects().anyRunEvents(), {}, (message) => {
      const { type } = message.body() as unknown as JsonEnvelope;
      this.counts.set(type, this.count(type) + 1);
      this.lastAt = performance.now();
    });
  }

  count(type: string): number {
    return this.counts.get(type) ?? 0;
  }

  async until(type: string, count: number): Promise<void> {
    while (this.count(type) < count) await sleep(10);
  }
}

interface Measured {
  command: string;
  replyMs: number;
  allMs: number;
  upCpuMs: number;
  workerCpuMs: number;
  events: number;
}

interface System {
  up: Live;
  worker: Live;
  client: Client;
  feed: Feed;
}

/** Sends a command and waits for as many events of a type; then until the feed is quiet, for what follows costs too. */
async function measured(
  { up, worker, client, feed }: System,
  run: string,
  { message, type, count }: { message: CommandInput; type: string; count: number },
): Promise<Measured> {
  const cpu = [up.cpuMs(), worker.cpuMs()] as const;
  const before = sum(feed);
  const wanted = feed.count(type) + count;
  const since = performance.now();
  await client.command(run, message, { deadlineMs: REPLY_MS });
  const replyMs = performance.now() - since;
  await feed.until(type, wanted);
  while (performance.now() - feed.lastAt < QUIET_MS) await sleep(100);
  return {
    ...{ command: JSON.stringify(message), replyMs, allMs: feed.lastAt - since },
    ...{ upCpuMs: up.cpuMs() - cpu[0], workerCpuMs: worker.cpuMs() - cpu[1] },
    events: sum(feed) - before,
  };
}

function sum({ counts }: Feed): number {
  return [...counts.values()].reduce((total, count) => total + count, 0);
}

/** Processor time and time of appending as many events, durable: what no implementation can do without. */
async function floor(directory: string, events: number): Promise<{ ms: number; cpuMs: number }> {
  const log = await openLevelLog({ directory });
  const data = { activation: 't1234', attempt: 1, reason: 'paused', dueAt: Date.now() };
  const cpu = process.cpuUsage();
  const since = performance.now();
  for (let version = 0; version < events; version += EVENTS_A_COMMIT) {
    const some = Array.from({ length: EVENTS_A_COMMIT }, () => ({
      ...{ type: 'task.cancelRequested', schemaVersion: 1, data },
    }));
    log.append({
      ...{ stream: 'run_floor', expectedVersion: version, events: some, at: Date.now() },
      ...{ correlationId: 'c', causationId: 'c', actor: { kind: 'client', id: 'soak' } },
    });
  }
  await log.flush();
  const used = process.cpuUsage(cpu);
  const result = { ms: performance.now() - since, cpuMs: (used.user + used.system) / 1000 };
  await log.close();
  return result;
}

async function inHand(system: System): Promise<string> {
  const { client, feed } = system;
  const before = feed.count('task.started');
  const { runId = '' } = await client.request({ workflow }, { deadlineMs: REPLY_MS });
  await feed.until('task.started', before + TASKS);
  await sleep(QUIET_MS);
  return runId;
}

test('10,000 live tasks are paused, resumed and canceled', async () => {
  const root = mkdtempSync(join(tmpdir(), 'troupe-live-tasks-'));
  const up = await startUp({ dataDir: join(root, 'data'), arguments: ['--no-worker'] });
  const worker = await startWorker({ url: up.url, folder: root, concurrency: TASKS });
  const bus = await connectBus({ url: up.url, name: 'soak' });
  const system: System = { up, worker, client: createClient({ bus }), feed: new Feed(bus) };
  try {
    await sleep(1_000);
    const run = await inHand(system);
    const lines = [
      await measured(system, run, { message: { type: 'pause' }, type: 'run.paused', count: 1 }),
      await measured(system, run, { message: { type: 'resume' }, type: 'run.resumed', count: 1 }),
      await measured(system, run, {
        ...{
          message: { type: 'pause', hard: true },
          type: 'task.cancelAcknowledged',
          count: TASKS,
        },
      }),
      await measured(system, run, {
        ...{ message: { type: 'resume' }, type: 'task.started', count: TASKS },
      }),
      await measured(system, run, { message: { type: 'cancel' }, type: 'run.canceled', count: 1 }),
    ];
    for (const line of lines) process.stderr.write(`live tasks: ${JSON.stringify(line)}\n`);
    const base = await floor(join(root, 'floor'), 2 * TASKS);
    process.stderr.write(`floor of ${2 * TASKS} events: ${JSON.stringify(base)}\n`);
    for (const { command, replyMs } of lines) expect(replyMs, command).toBeLessThan(1_000);
  } finally {
    await bus.close();
    await worker.stop();
    await up.stop();
    rmSync(root, { recursive: true, force: true });
  }
});
