import { afterEach, describe, expect, it } from 'vitest';
import type { Bus } from '../../src/messaging/bus.ts';
import { startBroker } from '../../src/messaging/embedded-broker.ts';
import { connectBus } from '../../src/messaging/nats-bus.ts';
import { connectToOwnBroker } from '../../src/messaging/own-broker-bus.ts';
import { testBus } from '../contract/bus.ts';
import { shortestWait, waitOf } from '../support/cost.ts';
import { startNatsServer } from '../support/nats-server.ts';
import { openRawClient } from '../support/raw-client.ts';

testBus('NatsBus on the embedded broker', async () => {
  const broker = await startBroker({ port: 0 });
  return {
    connect: (options) => connectBus({ url: broker.url, name: 'test', ...options }),
    stop: () => broker.close(),
  };
});

testBus('NatsBus in the process of its broker', async () => {
  const broker = await startBroker({ port: 0 });
  return {
    connect: (options) => connectToOwnBroker(broker, { name: 'test', ...options }),
    stop: () => broker.close(),
  };
});

testBus('NatsBus on nats-server', async () => {
  const server = await startNatsServer();
  return {
    connect: (options) => connectBus({ url: server.url, name: 'test', ...options }),
    stop: () => server.stop(),
  };
});

const cleanup: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const step of cleanup.splice(0).reverse()) await step();
});

async function connected(url: string): Promise<Bus> {
  const bus = await connectBus({ url, name: 'test', onError: () => undefined });
  cleanup.push(() => bus.close());
  return bus;
}

describe('what a foreign client sends', () => {
  const badHeader = 'NATS/1.0\r\nbad key\u0001: x\r\n\r\n';
  const headerSize = badHeader.length;

  it('cannot stop a subscription, a service or a request by headers that are none', async () => {
    const broker = await startBroker({ port: 0 });
    cleanup.push(() => broker.close());
    const errors: unknown[] = [];
    const bus = await connectBus({
      url: broker.url,
      name: 'test',
      onError: (error) => errors.push(error),
    });
    cleanup.push(() => bus.close());
    const foreign = await openRawClient(broker.port);
    cleanup.push(async () => foreign.end());
    bus.subscribe('read', {}, (message) => message.respond(message.header('X') ?? message.body()));
    await bus.flush();
    foreign.send(`CONNECT {"headers":true}\r\nSUB answer 1\r\nSUB broken 2\r\n`);
    foreign.send(`HPUB read answer ${headerSize} ${headerSize}\r\n${badHeader}\r\n`);
    const answer = await foreign.next((frame) => frame.body !== undefined);
    expect(answer.body).toContain('message.malformed');
    const pending = expect(bus.request('broken', 1, { timeoutMs: 5000 })).rejects.toMatchObject({
      code: 'message.malformed',
    });
    const request = await foreign.next((frame) => frame.line.startsWith('MSG broken'));
    const inbox = request.line.split(' ')[3] ?? '';
    foreign.send(`HPUB ${inbox} ${headerSize} ${headerSize}\r\n${badHeader}\r\n`);
    await pending;
    expect((await bus.request('read', 'alive', { timeoutMs: 5000 })).body()).toBe('alive');
    expect(errors).toHaveLength(1);
  });
});

describe('reporting', () => {
  it('survives a listener that throws, and details that cannot be sent', async () => {
    const broker = await startBroker({ port: 0 });
    cleanup.push(() => broker.close());
    const bus = await connectBus({
      url: broker.url,
      name: 'test',
      onError: () => {
        throw new Error('listener');
      },
    });
    cleanup.push(() => bus.close());
    bus.subscribe('fails', {}, () => {
      throw new Error('handler');
    });
    bus.subscribe('details', {}, (message) =>
      message.respondError({
        status: 409,
        code: 'run.conflict',
        message: 'm',
        hint: 'h',
        details: { n: 1n },
      }),
    );
    await bus.flush();
    const warned = new Promise((resolve) => process.once('warning', resolve));
    await expect(bus.request('fails', 1, { timeoutMs: 5000 })).rejects.toMatchObject({
      code: 'internal',
    });
    await warned;
    await expect(bus.request('details', 1, { timeoutMs: 5000 })).rejects.toMatchObject({
      code: 'run.conflict',
      details: {},
    });
  });
});

describe('a lost connection', () => {
  it('serves again within 1 s after nats-server was killed and came back', async () => {
    const server = await startNatsServer();
    cleanup.push(() => server.stop());
    const [asker, responder] = [await connected(server.url), await connected(server.url)];
    responder.subscribe('echo', {}, (message) => message.respond(message.body()));
    await responder.serve({
      name: 's',
      version: '1.0.0',
      description: '',
      endpoints: [{ name: 'e', subject: 'svc', handler: (message) => message.respond(1) }],
    });
    responder.subscribe('hang', {}, () => undefined);
    await responder.flush();
    const reconnected = new Promise<void>((resolve) => asker.onReconnect(resolve));
    const hanging = expect(
      asker.request('hang', null, { timeoutMs: 30_000 }),
    ).rejects.toMatchObject({ code: 'bus.disconnected' });
    await asker.flush();
    await server.kill9();
    await hanging;
    expect(asker.isConnected).toBe(false);
    await expect(asker.request('echo', 1, { timeoutMs: 1000 })).rejects.toMatchObject({
      code: 'bus.disconnected',
    });
    await expect(asker.flush()).rejects.toMatchObject({ code: 'bus.disconnected' });
    expect(() => asker.publish('echo', 1)).not.toThrow();
    await server.restart();
    const served = (returned: Promise<void>) =>
      waitOf(async () => {
        await returned;
        await untilServed(asker, 'echo');
        await untilServed(asker, 'svc');
      });
    const first = await served(reconnected);
    const again = await shortestWait(1_000, async () => {
      if (first < 1_000) return first;
      const returned = new Promise<void>((resolve) => asker.onReconnect(resolve));
      await server.kill9();
      await server.restart();
      return served(returned);
    });
    expect(again).toBeLessThan(1_000);
  });

  it('reconnects to an embedded broker that was started again on its port', async () => {
    const first = await startBroker({ port: 0 });
    const bus = await connected(first.url);
    bus.subscribe('echo', {}, (message) => message.respond(message.body()));
    await bus.flush();
    const reconnected = new Promise<void>((resolve) => bus.onReconnect(resolve));
    await first.close();
    const second = await startBroker({ port: first.port });
    cleanup.push(() => second.close());
    await reconnected;
    expect((await bus.request('echo', 'again', { timeoutMs: 1000 })).body()).toBe('again');
  });

  it('goes on when a listener of the reconnect throws', async () => {
    const server = await startNatsServer();
    cleanup.push(() => server.stop());
    const bus = await connected(server.url);
    bus.onReconnect(() => {
      throw new Error('listener');
    });
    const heard = new Promise<void>((resolve) => bus.onReconnect(resolve));
    await server.kill9();
    await server.restart();
    await heard;
    expect(bus.isConnected).toBe(true);
  });

  it('closes at once while it is down', async () => {
    const server = await startNatsServer();
    const connecting = Array.from({ length: 5 }, () =>
      connectBus({ url: server.url, name: 'test', onError: () => undefined }),
    );
    const buses = await Promise.all(connecting);
    await server.kill9();
    await expect.poll(() => buses.some((bus) => bus.isConnected)).toBe(false);
    const waited = await shortestWait(1_000, () => waitOf(async () => buses.pop()?.close()));
    await Promise.all(buses.map((bus) => bus.close()));
    expect(waited).toBeLessThan(1_000);
  });
});

describe('the first connection', () => {
  it('fails with `bus.connect-failed` when nobody listens, within the time given', async () => {
    const broker = await startBroker({ port: 0 });
    await broker.close();
    const refused = () =>
      expect(
        connectBus({ url: broker.url, name: 'test', connectTimeoutMs: 200 }),
      ).rejects.toMatchObject({ code: 'bus.connect-failed' });
    const waited = await shortestWait(1_500, () => waitOf(refused));
    expect(waited).toBeLessThan(1_500);
  });

  it('waits for a server that is about to start', async () => {
    const broker = await startBroker({ port: 0 });
    await broker.close();
    const connecting = connectBus({ url: broker.url, name: 'test' });
    const later = await startBroker({ port: broker.port });
    cleanup.push(() => later.close());
    const bus = await connecting;
    expect(bus.isConnected).toBe(true);
    await bus.close();
  });

  it('fails at once for wrong credentials, and connects with the right ones', async () => {
    const server = await startNatsServer({ args: ['--user', 'u', '--pass', 'p'] });
    cleanup.push(() => server.stop());
    await expect(
      connectBus({ url: server.url, name: 'test', user: 'u', pass: 'wrong' }),
    ).rejects.toMatchObject({ code: 'bus.connect-failed' });
    const bus = await connectBus({ url: server.url, name: 'test', user: 'u', pass: 'p' });
    expect(bus.isConnected).toBe(true);
    await bus.close();
    const address = server.url.replace('//', '//u:p@');
    const other = await connectBus({ url: address, name: 'test' });
    expect(other.url).toBe(server.url);
    await other.close();
  });
});

async function untilServed(bus: Bus, subject: string): Promise<void> {
  await expect
    .poll(
      () =>
        bus.request(subject, 1, { timeoutMs: 500 }).then(
          (reply) => reply.body(),
          () => undefined,
        ),
      { interval: 10, timeout: 5000 },
    )
    .toBe(1);
}
