/** The embedded broker under many connections and under clients that do not read. */
import { afterEach, expect, it } from 'vitest';
import {
  type Broker,
  type BrokerOptions,
  startBroker,
} from '../../src/messaging/embedded-broker.ts';
import { openRawClient, type RawClient } from '../support/raw-client.ts';

const CONNECT =
  'CONNECT {"verbose":false,"pedantic":false,"headers":true,"no_responders":true}\r\n';
const MIB = 1024 * 1024;

const cleanup: (() => void | Promise<void>)[] = [];
afterEach(async () => {
  for (const step of cleanup.splice(0).reverse()) await step();
});

async function start(options: BrokerOptions = {}): Promise<Broker> {
  const broker = await startBroker({ port: 0, ...options });
  cleanup.push(() => broker.close());
  return broker;
}

async function open(broker: Broker, says = ''): Promise<RawClient> {
  const client = await openRawClient(broker.port);
  cleanup.push(() => client.end());
  client.send(CONNECT + says);
  await client.sync();
  return client;
}

/** Resolves when a request on `subject` finds nobody. */
async function untilNobody(client: RawClient, subject: string): Promise<void> {
  client.send('SUB probe.* 99\r\n');
  await expect
    .poll(
      async () => {
        client.send(`PUB ${subject} probe.1 0\r\n\r\n`);
        return (await client.sync()).some(({ line }) => line.startsWith('HMSG probe.1 99 '));
      },
      { timeout: 5000 },
    )
    .toBe(true);
}

it('serves 1,000 connections at once: to all, to each, and to one of a group', async () => {
  const broker = await start();
  const count = 1000;
  const clients = await Promise.all(
    Array.from({ length: count }, (_, index) =>
      open(broker, `SUB all 1\r\nSUB own.${index} 2\r\nSUB group g 3\r\n`),
    ),
  );
  const publisher = await open(broker);
  publisher.send('PUB all 1\r\na\r\n');
  publisher.send(clients.map((_, index) => `PUB own.${index} 1\r\no\r\n`).join(''));
  publisher.send('PUB group 1\r\ng\r\n'.repeat(count));
  await publisher.sync();
  const heard = (await Promise.all(clients.map((client) => client.sync()))).map((frames) =>
    frames.map(({ line }) => line),
  );
  heard.forEach((lines, index) => {
    expect(lines.slice(0, 2)).toEqual(['MSG all 1 1', `MSG own.${index} 2 1`]);
  });
  const ofGroup = heard.flatMap((lines) => lines.slice(2));
  expect(ofGroup).toEqual(Array.from({ length: count }, () => 'MSG group 3 1'));
});

it('needs memory for what is under way, not for what clients do not read (E4, B2)', async () => {
  const broker = await start({ maxPendingBytes: MIB });
  const deaf = await Promise.all(Array.from({ length: 20 }, () => open(broker, 'SUB flood 1\r\n')));
  const publisher = await open(broker);
  const used = (): number => process.memoryUsage().arrayBuffers;
  const before = used();
  for (const client of deaf) client.pause();
  const message = `PUB flood 65536\r\n${'x'.repeat(65_536)}\r\n`;
  let peak = 0;
  for (let round = 0; round < 1024; round += 1) {
    publisher.send(message);
    if (round % 8 === 0) {
      await publisher.sync();
      peak = Math.max(peak, used() - before);
    }
  }
  await untilNobody(publisher, 'flood');
  // 64 MiB to each of 20 clients, of which 1 MiB may wait for each; the rest is for garbage of the test's own sockets.
  expect(peak).toBeLessThan(200 * MIB);
});

it('cuts off a client that takes nothing for `writeDeadlineMs`, far below its bound (E4)', async () => {
  const broker = await start({ writeDeadlineMs: 100 });
  const [deaf, reader, publisher] = [
    await open(broker, 'SUB slow 1\r\n'),
    await open(broker, 'SUB other 1\r\n'),
    await open(broker),
  ];
  deaf.pause();
  publisher.send(`PUB slow 65536\r\n${'x'.repeat(65_536)}\r\n`.repeat(300));
  await untilNobody(publisher, 'slow');
  publisher.send('PUB other 2\r\nok\r\n');
  expect((await reader.next(({ body }) => body !== undefined)).body).toBe('ok');
});

it('keeps a client that is idle longer than `writeDeadlineMs`', async () => {
  const broker = await start({ writeDeadlineMs: 20, pingIntervalMs: 100 });
  const client = await open(broker);
  await client.next(({ line }) => line === 'PING');
  client.send('PONG\r\n');
  expect((await client.sync()).map(({ line }) => line)).toEqual([]);
});

it('reads a client that sends a byte at a time', async () => {
  const broker = await start();
  const client = await open(broker);
  const header = 'NATS/1.0\r\nA: 1\r\n\r\n';
  const says = `SUB a.* 1\r\nPUB a.b r 3\r\nx\r\n\r\nHPUB a.c ${header.length} ${header.length + 1}\r\n${header}y\r\nUNSUB 1\r\n`;
  for (const byte of says) {
    client.send(byte);
    await new Promise((resolve) => setImmediate(resolve));
  }
  expect(await client.sync()).toEqual([
    { line: 'MSG a.b 1 r 3', body: 'x\r\n' },
    { line: `HMSG a.c 1 ${header.length} ${header.length + 1}`, body: `${header}y` },
  ]);
});

it('carries 10,000 messages that come in one write, in order', async () => {
  const broker = await start();
  const client = await open(broker, 'SUB many 1\r\n');
  const texts = Array.from({ length: 10_000 }, (_, index) => String(index));
  client.send(texts.map((text) => `PUB many ${text.length}\r\n${text}\r\n`).join(''));
  expect((await client.sync()).map(({ body }) => body)).toEqual(texts);
});

it('bounds what waits for all clients together: the one with the most goes (E4, P1)', async () => {
  const broker = await start({ maxPendingBytes: 64 * MIB, maxTotalPendingBytes: 8 * MIB });
  const deaf = await Promise.all(Array.from({ length: 20 }, () => open(broker, 'SUB flood 1\r\n')));
  const [reader, publisher] = [await open(broker, 'SUB flood 1\r\n'), await open(broker)];
  const used = (): number => process.memoryUsage().arrayBuffers;
  const before = used();
  for (const client of deaf) client.pause();
  const rounds = 256;
  let peak = 0;
  for (let round = 0; round < rounds; round += 1) {
    publisher.send(`PUB flood 65536\r\n${'x'.repeat(65_536)}\r\n`);
    if (round % 8 !== 0) continue;
    await publisher.sync();
    peak = Math.max(peak, used() - before);
  }
  await publisher.sync();
  // 16 MiB to each of 20 clients, each far below its own bound. Whoever reads has it all.
  const frames = await reader.sync();
  expect(frames.filter(({ body }) => body?.length === 65_536)).toHaveLength(rounds);
  expect(peak).toBeLessThan(150 * MIB);
});
