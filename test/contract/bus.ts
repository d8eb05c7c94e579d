/**
 * What every `Bus` keeps, as a function of a factory.
 * Size: one test for each promise of the port.
 */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { BusMessage } from '../../src/messaging/bus.ts';
import type { JsonValue } from '../../src/workflow/value.ts';
import { RunFailedForTest } from '../support/test-error.ts';
import { BusContext as Context, type TestedNetwork } from './bus-context.ts';
import { describeLeaving } from './bus-leaving.ts';

export type { TestedNetwork } from './bus-context.ts';

const WAIT = { timeoutMs: 5000 };

/** Registers the suite for one implementation. */
export function testBus(name: string, start: () => Promise<TestedNetwork>): void {
  describe(`bus: ${name}`, () => {
    const context = new Context(start);
    beforeAll(() => context.begin());
    afterAll(() => context.end());
    afterEach(() => context.closeAll());
    describePublishing(context);
    describeRequests(context);
    describeErrors(context);
    describeServices(context);
    describeEnding(context);
    describeLeaving(context);
  });
}

function describePublishing(context: Context): void {
  it('delivers a value with its headers to every subscriber, in order', async () => {
    const [publisher, subscriber] = await context.pair();
    const seen: JsonValue[][] = [[], []];
    subscriber.subscribe('news.*', {}, (message) =>
      seen[0]?.push([message.body(), message.header('X-Kind') ?? null]),
    );
    subscriber.subscribe('news.>', {}, (message) =>
      seen[1]?.push([message.body(), message.subject]),
    );
    await subscriber.flush();
    for (let index = 0; index < 50; index += 1)
      publisher.publish('news.a', { index }, { headers: { 'X-Kind': 'k' } });
    await publisher.flush();
    await subscriber.flush();
    expect(seen[0]).toEqual(Array.from({ length: 50 }, (_, index) => [{ index }, 'k']));
    expect(seen[1]).toEqual(Array.from({ length: 50 }, (_, index) => [{ index }, 'news.a']));
  });

  it('also delivers to its own subscriptions', async () => {
    const bus = await context.bus();
    const seen: JsonValue[] = [];
    bus.subscribe('own', {}, (message) => seen.push(message.body()));
    bus.publish('own', 1);
    await bus.flush();
    expect(seen).toEqual([1]);
  });

  it('gives each message to one member of a queue', async () => {
    const [publisher, one] = await context.pair();
    const two = await context.bus();
    const seen: JsonValue[] = [];
    for (const member of [one, two]) {
      member.subscribe('work', { queue: 'workers' }, (message) => seen.push(message.body()));
      await member.flush();
    }
    for (let index = 0; index < 100; index += 1) publisher.publish('work', index);
    await publisher.flush();
    await Promise.all([one.flush(), two.flush()]);
    expect([...seen].sort((a, b) => Number(a) - Number(b))).toEqual(
      Array.from({ length: 100 }, (_, index) => index),
    );
  });

  it.each(['json', 'msgpack'] as const)(
    'carries every kind of value unchanged in %s',
    async (encoding) => {
      const [publisher, subscriber] = await context.pair();
      const value = {
        text: 'ä😀\u0000',
        list: [1, -2, 2.5, 1e300, 2 ** 53, true, null, []],
        deep: { a: { b: {} } },
        '': 'x',
      };
      const seen: JsonValue[] = [];
      subscriber.subscribe('values', {}, (message) => seen.push(message.body()));
      await subscriber.flush();
      publisher.publish('values', value, { encoding });
      await publisher.flush();
      await subscriber.flush();
      expect(seen).toEqual([value]);
    },
  );

  it('refuses a body over the limit of a message with `payload.too-large`', async () => {
    const bus = await context.bus();
    const body = 'x'.repeat(1024 * 1024);
    expect(() => bus.publish('big', body)).toThrow(
      expect.objectContaining({ code: 'payload.too-large' }),
    );
    await expect(bus.request('big', body, WAIT)).rejects.toMatchObject({
      code: 'payload.too-large',
    });
    expect(bus.isConnected).toBe(true);
  });
}

function describeRequests(context: Context): void {
  it.each(['json', 'msgpack'] as const)(
    'answers in the encoding of the asker: %s',
    async (encoding) => {
      const [asker, responder] = await context.pair();
      responder.subscribe('double', {}, (message) =>
        message.respond({ twice: Number(message.body()) * 2 }),
      );
      await responder.flush();
      const reply = await asker.request('double', 21, { ...WAIT, encoding });
      expect(reply.body()).toEqual({ twice: 42 });
      expect(reply.header('Content-Type')).toBe(
        encoding === 'msgpack' ? 'application/msgpack' : undefined,
      );
    },
  );

  it('keeps a thousand requests at once apart', async () => {
    const [asker, responder] = await context.pair();
    responder.subscribe('same', {}, (message) => message.respond(message.body()));
    await responder.flush();
    const replies = await Promise.all(
      Array.from({ length: 1000 }, (_, index) => asker.request('same', index, WAIT)),
    );
    expect(replies.map((reply) => reply.body())).toEqual(
      Array.from({ length: 1000 }, (_, index) => index),
    );
  });

  it('carries raw bytes and headers both ways', async () => {
    const [asker, responder] = await context.pair();
    responder.subscribe('blob', {}, (message) => {
      message.respondBytes(message.bytes().toReversed(), { Seq: message.header('seq') ?? 'none' });
    });
    await responder.flush();
    const bytes = Uint8Array.from([0, 255, 13, 10, 128]);
    const reply = await asker.request('blob', null, { ...WAIT, bytes, headers: { Seq: '7' } });
    expect([...reply.bytes()]).toEqual([128, 10, 13, 255, 0]);
    expect(reply.header('Seq')).toBe('7');
  });

  it('rejects with `bus.no-responders` at once when nobody is subscribed', async () => {
    const bus = await context.bus();
    await expect(bus.request('nobody', null, WAIT)).rejects.toMatchObject({
      code: 'bus.no-responders',
    });
  });

  it('rejects with `bus.timeout` when nobody answers in time, and drops the late reply', async () => {
    const [asker, responder] = await context.pair();
    const asked: BusMessage[] = [];
    responder.subscribe('slow', {}, (message) => void asked.push(message));
    await responder.flush();
    await expect(asker.request('slow', null, { timeoutMs: 50 })).rejects.toMatchObject({
      code: 'bus.timeout',
    });
    asked[0]?.respond('late');
    await responder.flush();
    await asker.flush();
    expect(context.errors).toEqual([]);
  });

  it('collects all replies within the time, and none where nobody is', async () => {
    const [asker, one] = await context.pair();
    const two = await context.bus();
    for (const [index, responder] of [one, two].entries()) {
      responder.subscribe('probe', {}, (message) => message.respond(index));
      await responder.flush();
    }
    const replies = await asker.requestMany('probe', null, { timeoutMs: 5000, max: 2 });
    expect(replies.map((reply) => reply.body()).sort()).toEqual([0, 1]);
    expect(await asker.requestMany('nobody', null, { timeoutMs: 5000 })).toEqual([]);
    expect(await asker.requestMany('probe', null, { timeoutMs: 100 })).toHaveLength(2);
  });

  it('does nothing on an answer to a message without a reply subject', async () => {
    const bus = await context.bus();
    const seen: (string | undefined)[] = [];
    bus.subscribe('oneway', {}, (message) => {
      seen.push(message.replyTo);
      message.respond('x');
      message.respondBytes(new Uint8Array(1));
    });
    bus.publish('oneway', null);
    await bus.flush();
    expect(seen).toEqual([undefined]);
    expect(context.errors).toEqual([]);
  });
}

function describeErrors(context: Context): void {
  it('carries a typed error with code, message, hint, details and status', async () => {
    const [asker, responder] = await context.pair();
    const error = {
      status: 409,
      code: 'run.conflict',
      message: 'ä: it has ended',
      hint: 'Retry it.',
      details: { runId: 'r' },
    };
    responder.subscribe('refuse', {}, (message) => message.respondError(error));
    await responder.flush();
    await expect(asker.request('refuse', null, WAIT)).rejects.toMatchObject(error);
    await expect(
      asker.request('refuse', null, { ...WAIT, encoding: 'msgpack' }),
    ).rejects.toMatchObject(error);
  });

  it('answers with the typed error a handler throws, reports it, and goes on', async () => {
    const [asker, responder] = await context.pair();
    responder.subscribe('fails', {}, () => {
      throw new RunFailedForTest();
    });
    // The port says void; an async handler slips through the types all the same.
    responder.subscribe('fails.async', {}, () => Promise.reject(new RunFailedForTest()) as never);
    await responder.flush();
    for (const subject of ['fails', 'fails', 'fails.async']) {
      await expect(asker.request(subject, null, WAIT)).rejects.toMatchObject({
        code: 'run.not-found',
        status: 404,
      });
    }
    expect(context.errors).toHaveLength(3);
  });

  it('answers `internal` for a bug in a handler, without its message', async () => {
    const [asker, responder] = await context.pair();
    responder.subscribe('bug', {}, () => {
      throw new Error('secret path /home');
    });
    await responder.flush();
    const error = await asker.request('bug', null, WAIT).then(
      () => undefined,
      (reason: unknown) => reason as Error,
    );
    expect(error).toMatchObject({ code: 'internal', status: 500 });
    expect(JSON.stringify(error) + String(error?.message)).not.toContain('secret');
  });

  it('answers `message.malformed` where a handler reads a body that is none', async () => {
    const [asker, responder] = await context.pair();
    responder.subscribe('read', {}, (message) => message.respond(message.body()));
    await responder.flush();
    for (const text of ['{"a":', '\xff', 'undefined']) {
      const bytes = Buffer.from(text, 'latin1');
      await expect(asker.request('read', null, { ...WAIT, bytes })).rejects.toMatchObject({
        code: 'message.malformed',
        status: 400,
      });
    }
    const bytes = Buffer.from(`${'['.repeat(100)}${']'.repeat(100)}`);
    await expect(asker.request('read', null, { ...WAIT, bytes })).rejects.toMatchObject({
      code: 'value.unsupported',
    });
    expect((await asker.request('read', 'fine', WAIT)).body()).toBe('fine');
  });
}

function describeServices(context: Context): void {
  // Length: one scene of serving.
  it('registers a service that answers on its endpoints and is found by PING, INFO and STATS', async () => {
    const [asker, owner] = await context.pair();
    const service = await owner.serve({
      name: 'tester',
      version: '1.2.3',
      description: 'For the test',
      metadata: { kind: 'agent' },
      endpoints: [
        {
          name: 'echo',
          subject: 'svc.echo',
          metadata: { cost: 'low' },
          handler: (message) => message.respond(message.body()),
        },
        {
          name: 'fail',
          subject: 'svc.fail',
          queue: 'other',
          handler: () => {
            throw new RunFailedForTest();
          },
        },
      ],
    });
    await owner.flush();
    expect((await asker.request('svc.echo', [1], WAIT)).body()).toEqual([1]);
    await expect(asker.request('svc.fail', null, WAIT)).rejects.toMatchObject({
      code: 'run.not-found',
    });
    const info = (await asker.request('$SRV.INFO.tester', null, WAIT)).body();
    expect(info).toMatchObject({
      type: 'io.nats.micro.v1.info_response',
      name: 'tester',
      version: '1.2.3',
      metadata: { kind: 'agent' },
    });
    expect(info).toMatchObject({
      endpoints: [
        { name: 'echo', subject: 'svc.echo', metadata: { cost: 'low' } },
        { queue_group: 'other' },
      ],
    });
    expect((await asker.request('$SRV.PING', null, WAIT)).body()).toMatchObject({ name: 'tester' });
    expect((await asker.request('$SRV.STATS.tester', null, WAIT)).body()).toMatchObject({
      type: 'io.nats.micro.v1.stats_response',
    });
    await service.stop();
    await expect(asker.request('svc.echo', 1, WAIT)).rejects.toMatchObject({
      code: 'bus.no-responders',
    });
  });
}

function describeEnding(context: Context): void {
  it('delivers nothing more once a subscription has stopped, and everything sent before', async () => {
    const [publisher, subscriber] = await context.pair();
    const seen: JsonValue[] = [];
    const subscription = subscriber.subscribe('stop', {}, (message) => seen.push(message.body()));
    await subscriber.flush();
    publisher.publish('stop', 1);
    await publisher.flush();
    await subscription.stop();
    publisher.publish('stop', 2);
    await publisher.flush();
    await subscriber.flush();
    expect(seen).toEqual([1]);
    await subscription.stop();
  });

  it('refuses a queue name that NATS would misread', async () => {
    const bus = await context.bus();
    expect(() => bus.subscribe('a', { queue: 'b c' }, () => undefined)).toThrow(
      expect.objectContaining({ code: 'subject.invalid-token' }),
    );
  });

  it('sends what was published before it closes, and then fails with `bus.closed`', async () => {
    const [closing, other] = await context.pair();
    const seen: JsonValue[] = [];
    other.subscribe('last', {}, (message) => seen.push(message.body()));
    other.subscribe('hang', {}, () => undefined);
    await other.flush();
    closing.publish('last', 'words');
    const hanging = closing.request('hang', null, WAIT);
    const outcome = expect(hanging).rejects.toMatchObject({ code: 'bus.closed' });
    await closing.close();
    await outcome;
    await other.flush();
    expect(seen).toEqual(['words']);
    expect(closing.isConnected).toBe(false);
    expect(() => closing.publish('last', 1)).toThrow(
      expect.objectContaining({ code: 'bus.closed' }),
    );
    expect(() => closing.subscribe('x', {}, () => undefined)).toThrow(
      expect.objectContaining({ code: 'bus.closed' }),
    );
    await expect(closing.request('x', 1, WAIT)).rejects.toMatchObject({ code: 'bus.closed' });
    await closing.close();
  });
}
