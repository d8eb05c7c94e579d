import { expect, it } from 'vitest';
import { Feed } from '../../src/actors/services/feed.ts';
import type { EventLog } from '../../src/log/event-log.ts';
import { createMemoryLog } from '../../src/log/memory-log.ts';
import type { Bus } from '../../src/messaging/bus.ts';
import { createSubjects } from '../../src/messaging/subjects.ts';
import { plannedHistory, runName } from '../projections/histories.ts';
import { appendAll, ManualClock, settle } from './log-fixture.ts';

const subjects = createSubjects();
const history = plannedHistory({ runs: 12, troubles: 0 });
const eventCount = history.reduce((sum, { events }) => sum + events.length, 0);

/** A server whose connection can be cut: what was not flushed by then never arrived. */
class FakeServer {
  isConnected = true;
  readonly arrived: { subject: string; streamVersion: number; position: number }[] = [];
  #onTheWay: typeof this.arrived = [];
  #listener: () => void = () => undefined;

  readonly bus = {
    publishText: (subject: string, json: string) => {
      const body = JSON.parse(json) as { streamVersion: number; position: number };
      this.#onTheWay.push({ subject, streamVersion: body.streamVersion, position: body.position });
    },
    flush: async () => {
      this.arrived.push(...this.#onTheWay.splice(0));
    },
    onReconnect: (listener: () => void) => {
      this.#listener = listener;
      return () => undefined;
    },
  } as unknown as Bus;

  constructor() {
    Object.defineProperty(this.bus, 'isConnected', { get: () => this.isConnected });
  }

  cut(): void {
    this.isConnected = false;
    this.#onTheWay = [];
  }

  reconnect(): void {
    this.isConnected = true;
    this.#listener();
  }

  versionsOf(runId: string): number[] {
    const subject = subjects.runEvents(runId);
    return this.arrived
      .filter((each) => each.subject === subject)
      .map((each) => each.streamVersion);
  }
}

async function started(log: EventLog, server: FakeServer, clock: ManualClock): Promise<Feed> {
  const feed = new Feed({ log, bus: server.bus, subjects, clock });
  await feed.start();
  await settle();
  return feed;
}

it('publishes every event of every run in order, once, and nothing of other streams', async () => {
  const log = createMemoryLog();
  const server = new FakeServer();
  const feed = await started(log, server, new ManualClock());
  await appendAll(log, history);
  await settle();
  await feed.close();
  expect(server.arrived).toHaveLength(eventCount);
  expect(server.versionsOf(runName(3))).toEqual(
    Array.from({ length: log.streamHead(runName(3))?.version ?? 0 }, (_, index) => index + 1),
  );
  expect((await log.documents.checkpoint('feed'))?.position).toBe(log.durablePosition);
});

it('goes on from its cursor after a restart, and does not pass what the server has not seen', async () => {
  const log = createMemoryLog();
  const first = new FakeServer();
  const clock = new ManualClock();
  await started(log, first, clock);
  await appendAll(log, history.slice(0, 20));
  await settle();
  clock.advance(200);
  await settle();
  const saved = (await log.documents.checkpoint('feed'))?.position;
  expect(saved).toBe(20);
  await appendAll(log, history.slice(20));
  await settle();
  expect((await log.documents.checkpoint('feed'))?.position).toBe(20);

  const crashed = log.crash();
  const second = new FakeServer();
  const feed = await started(crashed, second, clock);
  await feed.close();
  expect(second.arrived[0]?.position).toBe(21);
  expect(second.arrived.at(-1)?.position).toBe(crashed.durablePosition);
});

it('waits while the connection is lost and then publishes again what may not have arrived', async () => {
  const log = createMemoryLog();
  const server = new FakeServer();
  const clock = new ManualClock();
  const feed = await started(log, server, clock);
  await appendAll(log, history.slice(0, 10));
  await settle();
  server.cut();
  await appendAll(log, history.slice(10));
  clock.advance(200);
  await settle();
  expect(server.arrived).toEqual([]);
  expect(feed.cursor).toBe(0);
  server.reconnect();
  clock.advance(500);
  await settle();
  await feed.close();
  expect(server.arrived).toHaveLength(eventCount);
});
