import { type AddressInfo, createServer } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import {
  type Broker,
  type BrokerOptions,
  startBroker,
} from '../../src/messaging/embedded-broker.ts';
import { shortestWait, waitOf } from '../support/cost.ts';
import { openRawClient, type RawClient } from '../support/raw-client.ts';
import { seededBytes, seededRandom } from '../support/seeded.ts';

const cleanup: (() => void | Promise<void>)[] = [];
afterEach(async () => {
  for (const step of cleanup.splice(0).reverse()) await step();
});

async function start(options: BrokerOptions = {}): Promise<Broker> {
  const broker = await startBroker({ port: 0, ...options });
  cleanup.push(() => broker.close());
  return broker;
}

async function open(broker: Broker): Promise<RawClient> {
  const client = await openRawClient(broker.port);
  cleanup.push(() => client.end());
  client.send('CONNECT {"verbose":false,"pedantic":false,"headers":true,"no_responders":true}\r\n');
  await client.sync();
  return client;
}

describe('the embedded broker', () => {
  it('says in INFO what it can do', async () => {
    const broker = await start();
    const client = await open(broker);
    const info = JSON.parse(client.frames[0]?.line.slice('INFO '.length) ?? '') as object;
    expect(info).toMatchObject({
      proto: 1,
      headers: true,
      max_payload: 1048576,
      port: broker.port,
      host: '127.0.0.1',
    });
    expect(broker.url).toBe(`nats://127.0.0.1:${broker.port}`);
  });

  it('reports a taken port as `broker.port-in-use` with what to do', async () => {
    const holder = createServer();
    await new Promise<void>((resolve) => holder.listen(0, '127.0.0.1', resolve));
    cleanup.push(() => new Promise<void>((resolve) => void holder.close(() => resolve())));
    const { port } = holder.address() as AddressInfo;
    await expect(startBroker({ port })).rejects.toMatchObject({
      code: 'broker.port-in-use',
      hint: expect.stringMatching(/TROUPE_NATS_PORT=0.*TROUPE_NATS_URL/),
      details: { port },
    });
  });

  it('reports an address it cannot use as `broker.cannot-listen`', async () => {
    await expect(startBroker({ host: '192.0.2.1', port: 0 })).rejects.toMatchObject({
      code: 'broker.cannot-listen',
    });
  });

  it.each([
    ['maxPayload', 0],
    ['maxConnections', -1],
    ['pingIntervalMs', Number.NaN],
    ['maxControlLine', 1.5],
  ])('refuses %s: %d as `broker.option-invalid`', async (option, value) => {
    await expect(startBroker({ port: 0, [option]: value })).rejects.toMatchObject({
      code: 'broker.option-invalid',
      details: { option, value },
    });
  });

  it('cuts off a client that does not read, at its bound, and serves the others (E4)', async () => {
    const broker = await start({ maxPendingBytes: 1024 * 1024 });
    const [deaf, publisher, healthy] = [await open(broker), await open(broker), await open(broker)];
    deaf.send('SUB flood 1\r\n');
    healthy.send('SUB flood.end 1\r\n');
    await Promise.all([deaf.sync(), healthy.sync()]);
    deaf.pause();
    const message = `PUB flood 65536\r\n${'x'.repeat(65536)}\r\n`;
    for (let round = 0; round < 400; round += 1) {
      publisher.send(message);
      if (round % 20 === 0) await publisher.sync();
    }
    publisher.send('PUB flood.end 2\r\nok\r\n');
    await publisher.sync();
    expect((await healthy.next((frame) => frame.body !== undefined)).body).toBe('ok');
    deaf.resume();
    await deaf.closed();
    publisher.send('SUB in.* 1\r\nPUB flood in.1 0\r\n\r\n');
    const lines = (await publisher.sync()).map((frame) => frame.line);
    expect(lines).toContainEqual(expect.stringMatching(/^HMSG in\.1 1 /));
  });

  it('slows a fast publisher down instead of cutting off a reader that keeps reading (E4)', async () => {
    const broker = await start();
    const [reader, publisher] = [await open(broker), await open(broker)];
    reader.send('SUB fast 1\r\n');
    await reader.sync();
    const count = 1500;
    publisher.send(`PUB fast 65536\r\n${'x'.repeat(65536)}\r\n`.repeat(count));
    publisher.send('PUB fast 3\r\nend\r\n');
    await reader.next((frame) => frame.body === 'end');
    expect(reader.frames.filter((frame) => frame.body?.length === 65536)).toHaveLength(count);
  });

  it('sends what it has taken, ends every connection and frees the port on close', async () => {
    const broker = await startBroker({ port: 0 });
    const client = await openRawClient(broker.port);
    client.send('SUB a 1\r\n');
    await client.sync();
    await broker.close();
    await client.closed();
    const again = await start({ port: broker.port });
    expect(again.port).toBe(broker.port);
  });

  it('closes within a second also when a client does not go', async () => {
    const brokers = await Promise.all(Array.from({ length: 5 }, () => startBroker({ port: 0 })));
    for (const broker of brokers) {
      const client = await openRawClient(broker.port);
      cleanup.push(() => client.end());
      client.pause();
    }
    const waited = await shortestWait(1_000, () => waitOf(async () => brokers.pop()?.close()));
    await Promise.all(brokers.map((broker) => broker.close()));
    expect(waited).toBeLessThan(1_000);
  });

  it('ends a connection that does not answer PING, and keeps one that does', async () => {
    const broker = await start({ pingIntervalMs: 20 });
    const [silent, answering] = [await open(broker), await open(broker)];
    const answers = (async () => {
      for (let count = 0; count < 6; count += 1) {
        await answering.next((frame) => frame.line === 'PING');
        answering.send('PONG\r\n');
      }
    })();
    await silent.next((frame) => frame.line === "-ERR 'Stale Connection'");
    await silent.closed();
    await answers;
    expect(answering.isClosed).toBe(false);
  });

  it('lives through hundreds of connections that send random bytes (E3)', async () => {
    const broker = await start();
    const good = await open(broker);
    const random = seededRandom(7);
    for (let round = 0; round < 300; round += 1) {
      const client = await openRawClient(broker.port);
      client.send(
        round % 2 === 0
          ? seededBytes(random, 400)
          : Buffer.concat([Buffer.from('PUB a 5\r\n'), seededBytes(random, 50)]),
      );
      if (round % 3 === 0) client.end();
      else cleanup.push(() => client.end());
    }
    good.send('SUB fine 1\r\nPUB fine 1\r\nx\r\n');
    expect((await good.sync()).map((frame) => frame.body)).toEqual(['x']);
  });
});
