import { describe, expect, it } from 'vitest';
import { ProtocolParser } from '../../src/messaging/broker-parser.ts';
import { costOf, unitCost } from '../support/cost.ts';
import fc from '../support/property.ts';
import { seededBytes, seededRandom } from '../support/seeded.ts';

const MAX_PAYLOAD = 1000;
const MAX_CONTROL_LINE = 4096;
const FUZZ_CASES = 12_000;
const header = 'NATS/1.0\r\nA: 1\r\n\r\n';
const session = [
  'CONNECT {"verbose":false,"name":"ä"}\r\n',
  'PING\r\npong\r\n',
  'SUB a.* 1\r\n',
  'SUB  b\tworkers   2\r\n',
  'PUB a.b 5\r\nhe\r\no\r\n',
  'PUB a.b reply.1 0\r\n\r\n',
  `HPUB a.c ${header.length} ${header.length + 2}\r\n${header}hi\r\n`,
  `HPUB a.c r ${header.length} ${header.length}\r\n${header}\r\n`,
  'UNSUB 1\r\nUNSUB 2 7\n',
  `PUB big ${MAX_PAYLOAD}\r\n${'x'.repeat(MAX_PAYLOAD)}\r\n`,
].join('');

/** Feeds a parser and writes down every call. */
function parse(chunks: readonly Uint8Array[]): string[] {
  const calls: string[] = [];
  const parser = new ProtocolParser({
    maxPayload: MAX_PAYLOAD,
    maxControlLine: MAX_CONTROL_LINE,
    sink: {
      isAwaitingAuth: false,
      acceptsHeaders: true,
      get isClosed() {
        return calls.at(-1)?.startsWith('violation') ?? false;
      },
      announce: () => undefined,
      connect: (json) => calls.push(`connect ${json.trim()}`),
      publish: ({ subject, reply, headerSize, size, buffer, start }) => {
        calls.push(
          `publish ${subject}|${reply}|${headerSize}|${buffer.toString('latin1', start, start + size + 2)}`,
        );
      },
      subscribe: ({ subject, queue, sid }) => calls.push(`subscribe ${subject}|${queue}|${sid}`),
      unsubscribe: ({ sid, max }) => calls.push(`unsubscribe ${sid}|${max}`),
      ping: () => calls.push('ping'),
      pong: () => calls.push('pong'),
      violation: (reason) => calls.push(`violation ${reason ?? 'silent'}`),
    },
  });
  for (const chunk of chunks) parser.feed(Buffer.from(chunk));
  return calls;
}

function cut(bytes: Buffer, places: readonly number[]): Buffer[] {
  const ends = [...new Set(places.map((place) => place % bytes.length))].sort((a, b) => a - b);
  return [0, ...ends].map((from, index) => bytes.subarray(from, ends[index] ?? bytes.length));
}

describe('the protocol parser', () => {
  const whole = parse([Buffer.from(session)]);

  it('calls for each operation with its arguments', () => {
    expect(whole).toEqual([
      'connect {"verbose":false,"name":"ä"}',
      'ping',
      'pong',
      'subscribe a.*||1',
      'subscribe b|workers|2',
      'publish a.b||0|he\r\no\r\n',
      'publish a.b|reply.1|0|\r\n',
      `publish a.c||${header.length}|${header}hi\r\n`,
      `publish a.c|r|${header.length}|${header}\r\n`,
      'unsubscribe 1|0',
      'unsubscribe 2|7',
      `publish big||0|${'x'.repeat(MAX_PAYLOAD)}\r\n`,
    ]);
  });

  it('calls the same however the bytes are cut (P2)', () => {
    const bytes = Buffer.from(session);
    expect(parse(Array.from(bytes, (byte) => Uint8Array.of(byte)))).toEqual(whole);
    fc.assert(
      fc.property(fc.array(fc.nat(), { maxLength: 20 }), (places) => {
        expect(parse(cut(bytes, places))).toEqual(whole);
      }),
    );
  });

  it('reports one violation and ignores what follows (P1)', () => {
    expect(parse([Buffer.from('PING\r\nNO\r\nPING\r\n'), Buffer.from('PING\r\nNO\r\n')])).toEqual([
      'ping',
      'violation Unknown Protocol Operation',
    ]);
  });

  it('refuses a control line over 4 KiB, whole or in pieces (P3)', () => {
    const long = Buffer.from(`SUB ${'a'.repeat(5000)} 1\r\n`);
    const tooLong = ['violation maximum control line exceeded'];
    expect(parse([long])).toEqual(tooLong);
    expect(parse(cut(long, [1000, 2000, 3000, 4000]))).toEqual(tooLong);
    expect(parse([long.subarray(0, 5000)])).toEqual(tooLong);
  });

  it('says of bytes that can become no operation that they are none, without waiting for their line', () => {
    const unknown = ['violation Unknown Protocol Operation'];
    expect(parse([Buffer.from('NO')])).toEqual(unknown);
    expect(parse([Buffer.from([0x16, 3, 1])])).toEqual(unknown);
    expect(parse([Buffer.from('PU'), Buffer.from('X')])).toEqual(unknown);
    expect(parse([Buffer.from('PU')])).toEqual([]);
  });

  it('keeps nothing of what follows PING before the end of its line (P3)', () => {
    const junk = Array.from({ length: 100 }, () => Buffer.alloc(1000, 0x61));
    expect(parse([Buffer.from('PING'), ...junk, Buffer.from('\n')])).toEqual(['ping']);
  });

  it('keeps no blanks before the arguments, however many there are (P3)', () => {
    const blanks = Array.from({ length: 128 }, () => Buffer.alloc(64 * 1024, ' \t'));
    for (const [line, called] of [
      ['CONNECT|{"name":"x"}', 'connect {"name":"x"}'],
      ['SUB |a 1', 'subscribe a||1'],
      ['PUB |a 0\r\n', 'publish a||0|\r\n'],
    ] as const) {
      const [verb, rest] = line.split('|') as [string, string];
      const chunks = [Buffer.from(verb), ...blanks, Buffer.from(`${rest}\r\n`)];
      const cost = costOf(() => expect(parse(chunks)).toEqual([called]));
      // 8 MiB take one floor; copied again with each chunk they take two hundred.
      expect(cost / unitCost(), `${Math.round(cost)} ms`).toBeLessThan(40);
    }
  });

  it('refuses a payload over the maximum without waiting for it', () => {
    expect(parse([Buffer.from(`PUB a ${MAX_PAYLOAD + 1}\r\n`)])).toEqual([
      'violation Maximum Payload Violation',
    ]);
    expect(parse([Buffer.from('PUB a 99999999999999999999\r\n')])).toEqual(['violation silent']);
  });

  it(`survives ${FUZZ_CASES} random and damaged inputs with at most one violation each`, () => {
    const random = seededRandom(4222);
    let violations = 0;
    for (let round = 0; round < FUZZ_CASES; round += 1) {
      const bytes = round % 4 === 0 ? Buffer.from(seededBytes(random, 200)) : damaged(random);
      const calls = parse(
        cut(bytes.length === 0 ? Buffer.from('\r\n') : bytes, [
          Math.floor(random() * 5000),
          Math.floor(random() * 5000),
        ]),
      );
      const ended = calls.filter((call) => call.startsWith('violation'));
      if (ended.length > 1 || (ended.length === 1 && calls.at(-1) !== ended[0]))
        throw new Error(`case ${round}: ${calls.join('\n')}`);
      violations += ended.length;
    }
    expect(violations).toBeGreaterThan(FUZZ_CASES / 4);
    expect(violations).toBeLessThan(FUZZ_CASES);
  });
});

function damaged(random: () => number): Buffer {
  const bytes = Buffer.from(session);
  const changes = 1 + Math.floor(random() * 3);
  for (let change = 0; change < changes; change += 1)
    bytes[Math.floor(random() * bytes.length)] = Math.floor(random() * 256);
  return random() < 0.2 ? bytes.subarray(Math.floor(random() * bytes.length)) : bytes;
}
