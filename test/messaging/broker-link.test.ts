/** A client in the broker's own process: what a client on a socket sees of it, and what it sees of that. */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { afterEach, expect, it } from 'vitest';
import { type Broker, startBroker } from '../../src/messaging/embedded-broker.ts';
import type { Link } from '../../src/messaging/link.ts';
import { connectBus } from '../../src/messaging/nats-bus.ts';
import type { RawMessage } from '../../src/messaging/nats-message.ts';
import { connectToOwnBroker } from '../../src/messaging/own-broker-bus.ts';
import { openRawClient, type RawClient } from '../support/raw-client.ts';

const cleanup: (() => void | Promise<void>)[] = [];
afterEach(async () => {
  for (const step of cleanup.splice(0).reverse()) await step();
});

async function linked(): Promise<{ broker: Broker; link: Link; raw: RawClient }> {
  const broker = await startBroker({ port: 0 });
  cleanup.push(() => broker.close());
  const raw = await openRawClient(broker.port);
  cleanup.push(() => raw.end());
  raw.send('CONNECT {"verbose":false,"pedantic":false,"headers":true,"no_responders":true}\r\n');
  await raw.sync();
  return { broker, link: broker.link(), raw };
}

function send(link: Link, subject: string, text: string, replyTo?: string): void {
  link.publish({ subject, bytes: Buffer.from(text), headers: undefined, replyTo });
}

function collect(link: Link, subject: string): RawMessage[] {
  const seen: RawMessage[] = [];
  link.subscribe(
    { subject, queue: undefined },
    { take: (message) => seen.push(message), fail: () => undefined },
  );
  return seen;
}

const text = ({ data }: RawMessage): string => Buffer.from(data).toString();

it('reaches a client on a socket in order, its bytes unchanged', async () => {
  const { link, raw } = await linked();
  raw.send('SUB a.* 7\r\n');
  await raw.sync();
  for (let index = 0; index < 200; index += 1) send(link, `a.${index}`, `m\r\n${index}`);
  link.flush();
  await raw.sync();
  const seen = raw.frames.filter((frame) => frame.line.startsWith('MSG'));
  expect(seen.map(({ line }) => line.split(' ')[1])).toEqual(
    Array.from({ length: 200 }, (_, index) => `a.${index}`),
  );
  expect(seen.map(({ body }) => body)).toEqual(
    Array.from({ length: 200 }, (_, index) => `m\r\n${index}`),
  );
});

it('hears a client on a socket in order, with reply subject and headers', async () => {
  const { link, raw } = await linked();
  const seen = collect(link, 'a.>');
  const head = 'NATS/1.0\r\nkind: x\r\n\r\n';
  raw.send(`PUB a.b 1\r\n1\r\nPUB a.c back 1\r\n2\r\n`);
  raw.send(`HPUB a.d ${head.length} ${head.length + 1}\r\n${head}3\r\n`);
  await raw.sync();
  await nextTurn();
  expect(seen.map((message) => [message.subject, text(message), message.reply])).toEqual([
    ['a.b', '1', ''],
    ['a.c', '2', 'back'],
    ['a.d', '3', ''],
  ]);
  expect(seen[2]?.headers?.get('kind')).toBe('x');
});

it('calls no handler before the caller has returned (L2)', async () => {
  const { link } = await linked();
  const seen = collect(link, 'own');
  send(link, 'own', '1');
  link.flush();
  expect(seen).toEqual([]);
  await Promise.resolve();
  expect(seen.map(text)).toEqual(['1']);
});

it('handles what had arrived before a subscription ends, and nothing after', async () => {
  const { link } = await linked();
  const seen: string[] = [];
  const subscription = link.subscribe(
    { subject: 'own', queue: undefined },
    { take: (message) => seen.push(text(message)), fail: () => undefined },
  );
  send(link, 'own', 'before');
  const stopped = subscription.stop(1000);
  send(link, 'own', 'after');
  await stopped;
  expect(seen).toEqual(['before']);
  await nextTurn();
  expect(seen).toEqual(['before']);
});

it('speaks of subjects beyond ASCII as clients on sockets do', async () => {
  const { link, raw } = await linked();
  const seen = collect(link, 'größe.*');
  raw.send(Buffer.from('SUB größe.> 3\r\nPUB größe.ß back.ü 1\r\n1\r\n'));
  await raw.sync();
  await nextTurn();
  expect(seen.map((message) => [message.subject, message.reply])).toEqual([['größe.ß', 'back.ü']]);
  send(link, 'größe.ä', '2', 'zurück');
  link.flush();
  const frame = await raw.next((each) => each.body === '2');
  expect(Buffer.from(frame.line, 'latin1').toString()).toBe('MSG größe.ä 3 zurück 1');
});

it.each(['', 'a b', 'a\r\nPUB b 0', 'ä ö'])('refuses to publish to %j', async (subject) => {
  const { link } = await linked();
  expect(() => send(link, subject, '1')).toThrow(
    expect.objectContaining({ code: 'subject.invalid-token' }),
  );
});

it.each(['', 'a b', 'a..b', '>.a'])('refuses to subscribe to %j', async (subject) => {
  const { link } = await linked();
  expect(() => collect(link, subject)).toThrow(
    expect.objectContaining({ code: 'subject.invalid-token' }),
  );
});

it('is gone with its broker: publishing does nothing, requests fail', async () => {
  const { broker } = await linked();
  const bus = await connectToOwnBroker(broker, { name: 'test', onError: () => undefined });
  cleanup.push(() => bus.close());
  expect(bus.isConnected).toBe(true);
  await broker.close();
  expect(bus.isConnected).toBe(false);
  bus.publish('a', 1);
  await expect(bus.request('a', 1, { timeoutMs: 1000 })).rejects.toMatchObject({
    code: 'bus.disconnected',
  });
});

it.each([
  ['user and password', { user: 'u', pass: 'p' }],
  ['a token', { token: 't' }],
])('needs no credentials for a broker with %s; a socket does', async (_what, auth) => {
  const broker = await startBroker({ port: 0, auth });
  cleanup.push(() => broker.close());
  const inside = await connectToOwnBroker(broker, { name: 'inside' });
  cleanup.push(() => inside.close());
  const outside = await connectBus({ url: broker.url, name: 'outside', ...auth });
  cleanup.push(() => outside.close());
  const seen = new Promise((resolve) => {
    outside.subscribe('a', {}, (message) => resolve(message.subject));
  });
  await outside.flush();
  inside.publish('a', 1);
  expect(await seen).toBe('a');
  await expect(connectBus({ url: broker.url, name: 'stranger' })).rejects.toMatchObject({
    code: 'bus.connect-failed',
  });
});

it('leaves nothing in the broker when its bus is closed', async () => {
  const { broker, raw } = await linked();
  const bus = await connectToOwnBroker(broker, { name: 'test' });
  bus.subscribe('a', {}, () => undefined);
  await bus.close();
  raw.send('SUB back 1\r\nPUB a back 1\r\n1\r\n');
  const frame = await raw.next((each) => each.line.startsWith('HMSG back'));
  expect(frame.body).toContain('503');
});
