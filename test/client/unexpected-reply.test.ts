/** What another program answers on our subjects is an error with a code, never half a reply. */
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type Client, connectClient } from '../../src/client/client.ts';
import type { Bus } from '../../src/messaging/bus.ts';
import { type Broker, startBroker } from '../../src/messaging/embedded-broker.ts';
import { connectBus } from '../../src/messaging/nats-bus.ts';
import { createSubjects } from '../../src/messaging/subjects.ts';
import type { JsonValue } from '../../src/workflow/value.ts';

let broker: Broker;
let bus: Bus;
let client: Client;

beforeEach(async () => {
  broker = await startBroker({ port: 0 });
  bus = await connectBus({ url: broker.url, name: 'stranger' });
  client = await connectClient({ url: broker.url });
});

afterEach(async () => {
  await client.close();
  await bus.close();
  await broker.close();
});

const calls: [string, () => Promise<unknown>][] = [
  ['request', () => client.request({ text: 'x' })],
  ['command', () => client.command('run_1', { type: 'pause' })],
  ['history', () => client.history('run_1')],
  ['query', () => client.query('runs')],
  ['report', () => client.report('run_1')],
  ['hello', () => client.hello()],
];

test.each(calls)('%s refuses a reply without what it promises', async (_name, call) => {
  for (const answer of [{ other: 1 }, null, 'text'] satisfies JsonValue[]) {
    const stranger = bus.subscribe(createSubjects().everything(), {}, (message) => {
      message.respond(answer);
    });
    await bus.flush();
    await expect(call()).rejects.toMatchObject({ code: 'client.unexpected-reply' });
    await stranger.stop();
  }
});
