/**
 * 100,000 queued tasks of 1,000 sessions and four priorities, through the whole system: what a step costs beside the same
 * steps without a queue, how long each session waits beside its fair share, and how soon urgent work starts.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Client, createClient } from '../../src/client/client.ts';
import type { JsonEnvelope } from '../../src/events/envelope.ts';
import type { Bus } from '../../src/messaging/bus.ts';
import { connectBus } from '../../src/messaging/nats-bus.ts';
import { createSubjects } from '../../src/messaging/subjects.ts';
import { PRIORITY_WEIGHTS } from '../../src/policies/admission-order.ts';
import type { JsonObject } from '../../src/workflow/value.ts';
import { type Live, startUp, startWorker } from './live-up.ts';

const TASKS_EACH = 10;
const SESSIONS = 1_000;
const RUNS_EACH = 10;
const RUNS = SESSIONS * RUNS_EACH;
const TASKS = RUNS * TASKS_EACH;
/** The same tasks without a queue, to compare with. */
const PLAIN_RUNS = 2_000;
const PLAIN_IN_FLIGHT = 20;
const IN_FLIGHT = 200;
const CONCURRENCY = 200;
const URGENT_RUNS = 40;
const URGENT_EVERY_MS = 250;
/** Sessions of what is queued; the fourth priority comes while they wait. */
const priorities = ['high', 'normal', 'low'] as const;
type Queued = (typeof priorities)[number];

const chunk: JsonObject = {
  name: 'chunk',
  tasks: Array.from({ length: TASKS_EACH }, (_, index) => ({
    ...{ id: `t${index}`, agent: 'echo', parameters: { index } },
  })),
};
const single: JsonObject = { name: 'single', tasks: [{ id: 'only', agent: 'echo' }] };

let root: string;
let up: Live;
let bus: Bus;
let client: Client;

beforeAll(async () => {
  root = mkdtempSync(join(tmpdir(), 'troupe-queue-'));
  up = await startUp({ dataDir: root, arguments: ['--no-worker'] });
  bus = await connectBus({ url: up.url, name: 'soak' });
  client = createClient({ bus });
});

afterAll(async () => {
  await bus?.close();
  await up?.stop();
  rmSync(root, { recursive: true, force: true });
});

/** What the feed says: which run each task was of, in order, and how long each run waited for its first task. */
class Feed {
  readonly succeeded: string[] = [];
  /** When a run was promised, then how long after that its first task started, in ms by the log. */
  readonly created = new Map<string, number>();
  readonly waited = new Map<string, number>();
  readonly ended = new Set<string>();

  constructor(source: Bus) {
    source.subscribe(createSubjects().anyRunEvents(), {}, (message) => {
      const event = message.body() as unknown as JsonEnvelope;
      if (event.type === 'task.succeeded') this.succeeded.push(event.stream);
      else if (event.type === 'run.succeeded') this.ended.add(event.stream);
      else if (event.type === 'run.created') this.created.set(event.stream, event.at);
      else if (event.type === 'task.started' && !this.waited.has(event.stream))
        this.waited.set(event.stream, event.at - (this.created.get(event.stream) ?? 0));
    });
  }

  async untilEnded(runs: number): Promise<void> {
    while (this.ended.size < runs) await sleep(20);
  }
}

async function inParallel(count: number, work: (index: number) => Promise<void>, width: number) {
  let next = 0;
  const one = async (): Promise<void> => {
    while (next < count) {
      next += 1;
      await work(next - 1);
    }
  };
  await Promise.all(Array.from({ length: width }, one));
}

/** Milliseconds of processor time a task, and tasks a second, of the same work without a queue. */
async function withoutQueue(feed: Feed): Promise<{ cpuMs: number; perSecond: number }> {
  const worker = await startWorker({ url: up.url, folder: root, concurrency: CONCURRENCY });
  await client.request({ workflow: single });
  await feed.untilEnded(1);
  const [cpu, since] = [up.cpuMs() + worker.cpuMs(), performance.now()];
  const ended = new Map<string, () => void>();
  const ends = bus.subscribe(createSubjects().anyRunEvents(), {}, (message) => {
    const event = message.body() as unknown as JsonEnvelope;
    if (event.type === 'run.succeeded') ended.get(event.stream)?.();
  });
  await inParallel(
    PLAIN_RUNS,
    async () => {
      const { runId } = await client.request({ workflow: chunk });
      if (!feed.ended.has(runId ?? ''))
        await new Promise<void>((resolve) => ended.set(runId ?? '', resolve));
    },
    PLAIN_IN_FLIGHT,
  );
  await ends.stop();
  const tasks = PLAIN_RUNS * TASKS_EACH;
  const cpuMs = (up.cpuMs() + worker.cpuMs() - cpu) / tasks;
  const perSecond = (1_000 * tasks) / (performance.now() - since);
  await worker.stop();
  return { cpuMs, perSecond };
}

/** How many tasks of all have ended by the time that `tasks` of one session have, if each has its fair share throughout. */
function fairOrder(priority: Queued, tasks: number): number {
  const sessions = priorities.map((_, index) => sessionsOf(index));
  const left = sessions.map((count) => count * RUNS_EACH * TASKS_EACH);
  const own = priorities.indexOf(priority);
  const mine = tasks * (sessions[own] as number);
  const done = left.map(() => 0);
  let total = 0;
  for (;;) {
    const active = left.map((_, index) => (left[index] as number) > 0);
    const weights = priorities.map((name, index) => (active[index] ? PRIORITY_WEIGHTS[name] : 0));
    if (!active[own]) return total;
    const all = weights.reduce((sum, weight) => sum + weight, 0);
    // The next moment at which a priority has nothing left, or at which this one is where it is asked for.
    const steps = weights.map((weight, index) => ((left[index] as number) * all) / weight);
    const wanted = ((mine - (done[own] as number)) * all) / (weights[own] as number);
    const step = Math.min(wanted, ...steps.filter(Number.isFinite));
    total += step;
    if (step >= wanted) return total;
    for (const [index, weight] of weights.entries()) {
      const part = (step * weight) / all;
      done[index] = (done[index] as number) + part;
      left[index] = Math.max(0, (left[index] as number) - part);
      if ((left[index] as number) < 1e-6) left[index] = 0;
    }
  }
}

function sessionsOf(index: number): number {
  return Math.floor((SESSIONS + priorities.length - 1 - index) / priorities.length);
}

/** The worst of all tasks: after how many of all it came, over how many its session's fair share would have let pass. */
function worstWait(order: readonly string[], sessionOf: ReadonlyMap<string, number>) {
  const seen = new Map<number, number>();
  let worst = { ratio: 0, session: -1, task: 0, at: 0 };
  let at = 0;
  for (const run of order) {
    const session = sessionOf.get(run);
    if (session === undefined) continue;
    at += 1;
    const task = (seen.get(session) ?? 0) + 1;
    seen.set(session, task);
    const ratio = (at - CONCURRENCY) / fairOrder(priorities[session % 3] as Queued, task);
    if (ratio > worst.ratio) worst = { ratio, session, task, at };
  }
  return worst;
}

function spread(values: readonly number[]): { p50: number; max: number } {
  const sorted = [...values].sort((a, b) => a - b);
  return { p50: sorted[sorted.length >> 1] as number, max: sorted.at(-1) as number };
}

test('100,000 queued tasks of 1,000 sessions', async () => {
  const feed = new Feed(bus);
  const plain = await withoutQueue(feed);
  const before = feed.ended.size;
  const cpuBefore = up.cpuMs();
  const sessionOf = new Map<string, number>();
  const queueing = async (index: number): Promise<void> => {
    const session = index % SESSIONS;
    const priority = priorities[session % 3] as Queued;
    const { runId } = await client.request({ workflow: chunk, session: `s${session}`, priority });
    sessionOf.set(runId ?? '', session);
  };
  await inParallel(RUNS, queueing, IN_FLIGHT);
  const [since, skipped] = [performance.now(), feed.succeeded.length];
  const worker = await startWorker({ url: up.url, folder: root, concurrency: CONCURRENCY });
  const urgent: string[] = [];
  const asked: number[] = [];
  for (let run = 0; run < URGENT_RUNS; run += 1) {
    await sleep(URGENT_EVERY_MS);
    const askedAt = performance.now();
    const { runId } = await client.request({
      workflow: single,
      priority: 'urgent',
      session: 'now',
    });
    urgent.push(runId ?? '');
    asked.push(performance.now() - askedAt);
  }
  const queuedAtLastUrgent = RUNS - (feed.ended.size - before);
  await feed.untilEnded(before + RUNS + URGENT_RUNS);
  const perSecond = (1_000 * TASKS) / (performance.now() - since);
  const cpuMs = (up.cpuMs() - cpuBefore + worker.cpuMs()) / TASKS;
  const urgentMs = {
    waited: spread(urgent.map((run) => feed.waited.get(run) as number)),
    reply: spread(asked),
  };
  const worst = worstWait(feed.succeeded.slice(skipped), sessionOf);
  const line = { plain, queued: { cpuMs, perSecond }, worst, urgentMs, queuedAtLastUrgent };
  process.stderr.write(`queue: ${JSON.stringify({ ...line, rssMb: up.rssMb() })}\n`);
  await worker.stop();
  expect(cpuMs / plain.cpuMs).toBeLessThan(1.3);
  expect(worst.ratio).toBeLessThan(2);
  expect(urgentMs.waited.p50).toBeLessThan(100);
});
