/**
 * What every broker must do on the wire, as a function of a factory: run against the embedded broker and nats-server.
 * Raw sockets, so that nothing of a client library hides what the server does.
 * Size: one test for each part of the protocol.
 */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type Frame, openRawClient, type RawClient } from '../support/raw-client.ts';
import type { StartServer, TestedServer } from './tested-server.ts';

const CONNECT =
  'CONNECT {"verbose":false,"pedantic":false,"headers":true,"no_responders":true}\r\n';
const PAYLOAD_LIMIT = 1024 * 1024;

/** Registers the suite for one server. */
export function testCoreProtocol(name: string, start: StartServer): void {
  describe(name, () => {
    const context = new Context(start);
    beforeAll(() => context.begin());
    afterAll(() => context.end());
    afterEach(() => context.endClients());
    describeRouting(context);
    describeQueues(context);
    describeRequests(context);
    describeUnsubscribing(context);
    describeOptions(context);
    describeOrder(context);
    describeViolations(context);
  });
}

class Context {
  port = 0;
  readonly #start: StartServer;
  #server: TestedServer | undefined;
  #clients: RawClient[] = [];

  constructor(start: StartServer) {
    this.#start = start;
  }

  async begin(): Promise<void> {
    this.#server = await this.#start();
    this.port = this.#server.port;
  }

  async end(): Promise<void> {
    await this.#server?.stop();
  }

  async client(connect: string = CONNECT): Promise<RawClient> {
    const client = await openRawClient(this.port);
    this.#clients.push(client);
    client.send(connect);
    await client.sync();
    return client;
  }

  endClients(): void {
    for (const client of this.#clients) client.end();
    this.#clients = [];
  }
}

function messages(frames: Frame[]): Frame[] {
  return frames.filter((frame) => frame.body !== undefined);
}

function bodies(frames: Frame[]): (string | undefined)[] {
  return messages(frames).map((frame) => frame.body);
}

// Length: one scene of the protocol.
function describeRouting(context: Context): void {
  it.each([
    ['a.b.c', 'a.b.c', true],
    ['a.b.c', 'a.b', false],
    ['a.b', 'a.b.c', false],
    ['a.*.c', 'a.b.c', true],
    ['a.*.c', 'a.b.d', false],
    ['a.*', 'a.b.c', false],
    ['*.*', 'a.b', true],
    ['*', 'a.b', false],
    ['a.>', 'a.b.c.d', true],
    ['a.>', 'a', false],
    ['>', 'a.b', true],
    ['a.*.>', 'a.b', false],
    ['a.*.>', 'a.b.c', true],
    ['a.*b', 'a.xb', false],
    ['a.*b', 'a.*b', true],
    ['a@2~0~3!undo', 'a@2~0~3!undo', true],
    ['A.b', 'a.b', false],
  ])(
    'a subscription to %s gets what is published to %s: %s',
    async (pattern, subject, isDelivered) => {
      const client = await context.client();
      client.send(`SUB ${pattern} 1\r\nPUB ${subject} 2\r\nhi\r\n`);
      expect(messages(await client.sync())).toEqual(
        isDelivered ? [{ line: `MSG ${subject} 1 2`, body: 'hi' }] : [],
      );
    },
  );

  it('delivers once to each overlapping subscription', async () => {
    const client = await context.client();
    client.send(
      'SUB o.a 1\r\nSUB o.* 2\r\nSUB o.> 3\r\nSUB > 4\r\nSUB o.a 5\r\nPUB o.a 1\r\nx\r\n',
    );
    const sids = messages(await client.sync()).map((frame) => frame.line.split(' ')[2]);
    expect(sids.sort()).toEqual(['1', '2', '3', '4', '5']);
  });

  it('sees a subscription that is made after the subject was used', async () => {
    const client = await context.client();
    client.send(
      'PUB late.a 1\r\n1\r\nSUB late.* 1\r\nPUB late.a 1\r\n2\r\nSUB late.a 2\r\nPUB late.a 1\r\n3\r\n',
    );
    expect(bodies(await client.sync())).toEqual(['2', '3', '3']);
  });

  it('passes headers and payload through untouched, any bytes', async () => {
    const client = await context.client();
    const header = 'NATS/1.0\r\nA: 1\r\nB: x y\r\n\r\n';
    const payload = '\x00\xff\r\nPUB x 1\r\n\x80';
    const size = header.length + payload.length;
    client.send(`SUB h.> 9\r\nHPUB h.a re.ply ${header.length} ${size}\r\n${header}${payload}\r\n`);
    expect(messages(await client.sync())).toEqual([
      { line: `HMSG h.a 9 re.ply ${header.length} ${size}`, body: header + payload },
    ]);
  });

  it('delivers an empty payload', async () => {
    const client = await context.client();
    client.send('SUB e 1\r\nPUB e 0\r\n\r\n');
    expect(messages(await client.sync())).toEqual([{ line: 'MSG e 1 0', body: '' }]);
  });

  it('delivers a payload of exactly 1 MiB that arrives in pieces', async () => {
    const client = await context.client();
    const payload = 'ab'.repeat(PAYLOAD_LIMIT / 2);
    client.send(`SUB big 1\r\nPUB big ${PAYLOAD_LIMIT}\r\n`);
    for (let at = 0; at < payload.length; at += 300_000)
      client.send(payload.slice(at, at + 300_000));
    client.send('\r\n');
    const [message] = messages(await client.sync());
    expect(message?.line).toBe(`MSG big 1 ${PAYLOAD_LIMIT}`);
    expect(message?.body === payload).toBe(true);
  });

  it('reads operations in any case, with tabs and several spaces, and cut anywhere', async () => {
    const client = await context.client();
    for (const byte of 'sub  c.* \t 7\r\npub c.a   3\r\nxyz\r\n') {
      client.send(byte);
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(messages(await client.sync())).toEqual([{ line: 'MSG c.a 7 3', body: 'xyz' }]);
  });
}

function describeQueues(context: Context): void {
  it('gives each message to one member of a queue group, and every member gets some', async () => {
    const publisher = await context.client();
    const members = await Promise.all([context.client(), context.client(), context.client()]);
    for (const member of members) member.send('SUB q.work workers 1\r\n');
    await Promise.all(members.map((member) => member.sync()));
    const sent = Array.from({ length: 300 }, (_, index) => String(index));
    publisher.send(sent.map((text) => `PUB q.work ${text.length}\r\n${text}\r\n`).join(''));
    await publisher.sync();
    const received = await Promise.all(members.map(async (member) => bodies(await member.sync())));
    expect(received.flat().sort()).toEqual([...sent].sort());
    for (const part of received) expect(part.length).toBeGreaterThan(0);
  });

  it('counts members under different patterns as one group, other groups and plain subscribers apart', async () => {
    const client = await context.client();
    client.send(
      'SUB g.a one 1\r\nSUB g.* one 2\r\nSUB g.> two 3\r\nSUB g.a 4\r\nPUB g.a 1\r\nx\r\n',
    );
    const sids = messages(await client.sync()).map((frame) => Number(frame.line.split(' ')[2]));
    expect(sids).toHaveLength(3);
    expect(sids.filter((sid) => sid <= 2)).toHaveLength(1);
    expect(sids).toContain(3);
    expect(sids).toContain(4);
  });

  it('goes on with the members that are left when one disconnects', async () => {
    const [publisher, leaving, staying] = await Promise.all([
      context.client(),
      context.client(),
      context.client(),
    ]);
    leaving.send('SUB left q 1\r\n');
    staying.send('SUB left q 1\r\n');
    await Promise.all([leaving.sync(), staying.sync()]);
    leaving.end();
    await leaving.closed();
    for (let probe = 0; probe < 100; probe += 1) await publisher.sync();
    publisher.send('PUB left 1\r\nx\r\n'.repeat(20));
    await publisher.sync();
    expect(bodies(await staying.sync())).toHaveLength(20);
  });
}

function describeRequests(context: Context): void {
  it('answers a request that nobody is subscribed to with 503 on its reply subject', async () => {
    const client = await context.client();
    client.send('SUB inbox.* 3\r\nPUB nobody.home inbox.1 2\r\nhi\r\n');
    const [answer] = messages(await client.sync());
    expect(answer?.line).toMatch(/^HMSG inbox\.1 3 (\d+) \1$/);
    expect(answer?.body).toMatch(/^NATS\/1\.0 503\r\n/);
  });

  it('says nothing when the request had a subscriber, no reply subject, or the client did not ask for it', async () => {
    const [client, plain] = await Promise.all([
      context.client(),
      context.client('CONNECT {"verbose":false,"headers":true}\r\n'),
    ]);
    client.send(
      'SUB inbox.* 3\r\nSUB somebody 4\r\nPUB somebody inbox.1 2\r\nhi\r\nPUB nobody 2\r\nhi\r\n',
    );
    expect(messages(await client.sync()).map((frame) => frame.line)).toEqual([
      'MSG somebody 4 inbox.1 2',
    ]);
    plain.send('SUB inbox2.* 3\r\nPUB nobody inbox2.1 2\r\nhi\r\n');
    expect(messages(await plain.sync())).toEqual([]);
  });

  it('carries pipelined requests to a responder and the replies back in order', async () => {
    const [asker, responder] = await Promise.all([context.client(), context.client()]);
    responder.send('SUB serve 1\r\n');
    await responder.sync();
    asker.send('SUB back.* 2\r\n');
    asker.send(
      Array.from({ length: 500 }, (_, index) => `PUB serve back.${index} 1\r\nq\r\n`).join(''),
    );
    await asker.sync();
    const requests = messages(await responder.sync());
    expect(requests).toHaveLength(500);
    responder.send(requests.map((frame) => `PUB ${frame.line.split(' ')[3]} 1\r\na\r\n`).join(''));
    await responder.sync();
    const replies = messages(await asker.sync()).map((frame) => frame.line);
    expect(replies).toEqual(Array.from({ length: 500 }, (_, index) => `MSG back.${index} 2 1`));
  });
}

function describeUnsubscribing(context: Context): void {
  it('delivers nothing after UNSUB', async () => {
    const client = await context.client();
    client.send('SUB u 1\r\nPUB u 1\r\n1\r\nUNSUB 1\r\nPUB u 1\r\n2\r\n');
    expect(bodies(await client.sync())).toEqual(['1']);
  });

  it('delivers exactly N messages after UNSUB with a maximum, those before included', async () => {
    const client = await context.client();
    client.send(
      'SUB n 1\r\nPUB n 1\r\n1\r\nUNSUB 1 3\r\nPUB n 1\r\n2\r\nPUB n 1\r\n3\r\nPUB n 1\r\n4\r\n',
    );
    expect(bodies(await client.sync())).toEqual(['1', '2', '3']);
  });

  it('ends a subscription at once that already had its maximum', async () => {
    const client = await context.client();
    client.send('SUB m 1\r\nPUB m 1\r\n1\r\nPUB m 1\r\n2\r\nUNSUB 1 2\r\nPUB m 1\r\n3\r\n');
    expect(bodies(await client.sync())).toEqual(['1', '2']);
  });

  it('ignores UNSUB of an unknown subscription, and forgets all of a client that leaves', async () => {
    const [client, leaving] = await Promise.all([context.client(), context.client()]);
    client.send('UNSUB 77\r\nUNSUB 78 5\r\n');
    leaving.send('SUB gone 1\r\n');
    await leaving.sync();
    leaving.end();
    await leaving.closed();
    client.send('SUB in.* 1\r\n');
    await expect
      .poll(async () => {
        client.send('PUB gone in.1 0\r\n\r\n');
        return messages(await client.sync()).length;
      })
      .toBe(1);
  });
}

function describeOptions(context: Context): void {
  it('acknowledges operations with +OK where verbose is on', async () => {
    const client = await context.client('CONNECT {"verbose":true}\r\n');
    client.send('SUB v 1\r\nUNSUB 1\r\nPUB v 1\r\nx\r\n');
    const lines = (await client.sync()).map((frame) => frame.line);
    expect(lines).toEqual(['+OK', '+OK', '+OK']);
  });

  it('does not send a client its own messages where echo is off', async () => {
    const [quiet, other] = await Promise.all([
      context.client(
        'CONNECT {"verbose":false,"echo":false,"headers":true,"no_responders":true}\r\n',
      ),
      context.client(),
    ]);
    other.send('SUB echo.a 1\r\nSUB echo.q q 2\r\n');
    await other.sync();
    quiet.send('SUB echo.a 1\r\nSUB echo.q q 2\r\nPUB echo.a 1\r\nx\r\n');
    quiet.send('PUB echo.q 1\r\ny\r\n'.repeat(20));
    expect(bodies(await quiet.sync())).toEqual([]);
    expect(bodies(await other.sync())).toEqual(['x', ...Array<string>(20).fill('y')]);
  });

  it('reports a publish to a wildcard where pedantic is on, and goes on', async () => {
    const client = await context.client('CONNECT {"pedantic":true,"verbose":false}\r\n');
    client.send('PUB bad.* 1\r\nx\r\n');
    const lines = (await client.sync()).map((frame) => frame.line);
    expect(lines).toEqual(["-ERR 'Invalid Publish Subject'"]);
  });

  it('reports a subscription to an invalid subject and goes on', async () => {
    const client = await context.client();
    for (const subject of ['a..b', '.a', 'a.', 'a.>.b']) {
      client.send(`SUB ${subject} 1\r\n`);
      const lines = (await client.sync()).map((frame) => frame.line);
      expect(lines).toEqual(["-ERR 'Invalid Subject'"]);
    }
  });

  it('delivers nothing for a publish to a subject with an empty token', async () => {
    const client = await context.client();
    client.send('SUB > 1\r\nPUB a..b 1\r\nx\r\nPUB .a 1\r\nx\r\nPUB a. 1\r\nx\r\n');
    expect(messages(await client.sync())).toEqual([]);
  });

  it('strips headers for a client that did not ask for them', async () => {
    const [modern, plain] = await Promise.all([
      context.client(),
      context.client('CONNECT {"verbose":false,"headers":false}\r\n'),
    ]);
    plain.send('SUB strip 1\r\n');
    await plain.sync();
    modern.send('HPUB strip 18 20\r\nNATS/1.0\r\nA: 1\r\n\r\nhi\r\n');
    await modern.sync();
    expect(messages(await plain.sync())).toEqual([{ line: 'MSG strip 1 2', body: 'hi' }]);
  });
}

function describeOrder(context: Context): void {
  it('keeps the order of 100,000 messages of one connection', async () => {
    const [publisher, subscriber] = await Promise.all([context.client(), context.client()]);
    const count = 100_000;
    subscriber.send('SUB order.* 1\r\n');
    await subscriber.sync();
    const batch: string[] = [];
    for (let index = 0; index < count; index += 1) {
      const text = String(index);
      batch.push(`PUB order.${index % 7} ${text.length}\r\n${text}\r\n`);
      if (batch.length === 1000) publisher.send(batch.splice(0).join(''));
    }
    await publisher.sync();
    const received = bodies(await subscriber.sync());
    expect(received).toHaveLength(count);
    expect(received.findIndex((text, index) => text !== String(index))).toBe(-1);
  });
}

function describeViolations(context: Context): void {
  it.each([
    ['an unknown operation', 'NONSENSE\r\n'],
    ['a GET', 'GET / HTTP/1.1\r\n\r\n'],
    ['PUB without a size', 'PUB a\r\n\r\n'],
    ['PUB with a negative size', 'PUB a -1\r\n\r\n'],
    ['PUB with a size that is no number', 'PUB a x1\r\n\r\n'],
    ['PUB with too many arguments', 'PUB a b c 1\r\nx\r\n'],
    ['a payload longer than its size', 'PUB a 1\r\nxyz\r\n'],
    ['HPUB with more header than message', 'HPUB a 20 10\r\nNATS/1.0\r\n\r\n\r\n'],
    ['HPUB without sizes', 'HPUB a\r\n'],
    ['SUB without an id', 'SUB a\r\n'],
    ['SUB with too many arguments', 'SUB a b c d\r\n'],
    ['UNSUB without an id', 'UNSUB\r\n'],
    ['CONNECT with broken JSON', 'CONNECT {"verbose":\r\n'],
    ['a control line without end', `PUB ${'a'.repeat(10_000)}`],
    ['NUL bytes', '\0\0\0\0\r\n'],
    ['bytes over 127', '\xff\xfe\xfd\r\n'],
  ])('ends the connection for %s, and serves the others', async (_what, bytes) => {
    const [bad, good] = await Promise.all([context.client(), context.client()]);
    bad.send(bytes);
    await bad.closed();
    good.send('SUB fine 1\r\nPUB fine 1\r\nx\r\n');
    expect(bodies(await good.sync())).toEqual(['x']);
  });

  it('ends the connection with an error for a payload over 1 MiB, before it has arrived', async () => {
    const client = await context.client();
    client.send(`PUB big ${PAYLOAD_LIMIT + 1}\r\n`);
    const error = await client.next((frame) => frame.line.startsWith('-ERR'));
    expect(error.line).toBe("-ERR 'Maximum Payload Violation'");
    await client.closed();
  });
}
