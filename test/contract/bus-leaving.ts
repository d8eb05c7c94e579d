/** How messages leave: their size, their order with subscriptions, and what is still answered at the end. */
import { expect, it } from 'vitest';
import type { JsonValue } from '../../src/workflow/value.ts';
import type { BusContext } from './bus-context.ts';

const WAIT = { timeoutMs: 5000 };

export function describeLeaving(context: BusContext): void {
  it('counts headers to the size of a message', async () => {
    const bus = await context.bus();
    const headers = { 'X-Long': 'h'.repeat(200_000) };
    const body = 'x'.repeat(900_000);
    expect(() => bus.publish('big', body, { headers })).toThrow(
      expect.objectContaining({ code: 'payload.too-large' }),
    );
    await expect(bus.request('big', body, { ...WAIT, headers })).rejects.toMatchObject({
      code: 'payload.too-large',
    });
  });

  it('does not give a subscription what was published before it', async () => {
    const bus = await context.bus();
    const seen: JsonValue[] = [];
    bus.publish('later', 'before');
    bus.subscribe('later', {}, (message) => seen.push(message.body()));
    bus.publish('later', 'after');
    await bus.flush();
    expect(seen).toEqual(['after']);
  });

  it('sends at once what `sendNow` is called for, in order with the rest', async () => {
    const [publisher, subscriber] = await context.pair();
    const seen: JsonValue[] = [];
    subscriber.subscribe('now', {}, (message) => seen.push(message.body()));
    await subscriber.flush();
    publisher.publish('now', 1);
    publisher.sendNow();
    publisher.publishText('now', '2');
    await publisher.flush();
    await subscriber.flush();
    expect(seen).toEqual([1, 2]);
  });

  it('answers what it has been asked while it closes', async () => {
    const [asker, responder] = await context.pair();
    responder.subscribe('last', {}, (message) => message.respond('answered'));
    await responder.flush();
    const asked = Array.from({ length: 20 }, () => asker.request('last', null, WAIT));
    asker.sendNow();
    await asker.flush();
    await responder.close();
    const replies = await Promise.all(asked);
    expect(replies.map((reply) => reply.body())).toEqual(new Array(20).fill('answered'));
  });
}
