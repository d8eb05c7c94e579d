import { Packr } from 'msgpackr';
import { describe, expect, it } from 'vitest';
import { decodeBody, encodeBody, encodingOf } from '../../src/messaging/wire.ts';
import { TroupeError } from '../../src/workflow/errors.ts';
import { checkValue, type JsonValue } from '../../src/workflow/value.ts';
import fc from '../support/property.ts';
import { seededBytes, seededRandom } from '../support/seeded.ts';
import { arbitraryValue } from '../support/values.ts';

const malformed = expect.objectContaining({ code: 'message.malformed' });
const unsupported = expect.objectContaining({ code: 'value.unsupported' });
const FUZZ_CASES = 12_000;

// Length: one table.
describe('the wire codec', () => {
  it.each(['json', 'msgpack'] as const)('gives back every value unchanged: %s', (encoding) => {
    fc.assert(
      fc.property(arbitraryValue(), (candidate) => {
        expect(decodeBody(encodeBody(candidate, encoding), encoding)).toEqual(candidate);
      }),
    );
  });

  it('reads the encoding from Content-Type, JSON where it says nothing else', () => {
    expect(
      [
        'application/msgpack',
        'application/msgpack; v=1',
        'application/json',
        'text/plain',
        '',
        undefined,
      ].map(encodingOf),
    ).toEqual(['msgpack', 'msgpack', 'json', 'json', 'json', 'json']);
  });

  it('reads an empty body as null', () => {
    expect([decodeBody(new Uint8Array(), 'json'), decodeBody(new Uint8Array(), 'msgpack')]).toEqual(
      [null, null],
    );
  });

  it('drops fields that are undefined, in both encodings', () => {
    const body = { a: 1, b: undefined, c: [{ d: undefined }] } as unknown as JsonValue;
    for (const encoding of ['json', 'msgpack'] as const) {
      expect(Object.keys(decodeBody(encodeBody(body, encoding), encoding) as object)).toEqual([
        'a',
        'c',
      ]);
    }
  });

  it('does not let one msgpack body overwrite another', () => {
    const first = encodeBody({ a: 1 }, 'msgpack');
    encodeBody({ a: 2 }, 'msgpack');
    expect(decodeBody(first, 'msgpack')).toEqual({ a: 1 });
  });

  it.each([
    ['bigint', { a: 2n ** 60n }],
    ['undefined', undefined],
    ['a circular value', circular()],
  ])('refuses to encode %s with `value.unsupported`', (_what, body) => {
    expect(() => encodeBody(body as unknown as JsonValue, 'json')).toThrow(unsupported);
    expect(() => encodeBody(body as unknown as JsonValue, 'msgpack')).toThrow(unsupported);
  });

  it.each(['{', '{"a":1}x', 'undefined', 'NaN', "{'a':1}", '\ud800', '[1,]'])(
    'refuses %j as `message.malformed`',
    (text) => {
      expect(() => decodeBody(Buffer.from(text, 'latin1'), 'json')).toThrow(malformed);
    },
  );

  it('refuses invalid UTF-8 as `message.malformed`', () => {
    for (const bytes of [
      [0x22, 0xff, 0x22],
      [0x22, 0xc3, 0x22],
      [0x22, 0xed, 0xa0, 0x80, 0x22],
    ]) {
      expect(() => decodeBody(Uint8Array.from(bytes), 'json')).toThrow(malformed);
    }
    expect(() => decodeBody(Uint8Array.from([0xa1, 0xff]), 'msgpack')).toThrow(malformed);
  });

  it.each([
    '{"__proto__":{"a":1}}',
    '{"a":[{"__proto__":1}]}',
    '"\\ud800"',
    '{"\\udc00":1}',
    '1e999',
    '[-1e999]',
  ])('refuses %s as `value.unsupported`', (text) => {
    expect(() => decodeBody(Buffer.from(text), 'json')).toThrow(unsupported);
  });

  it('takes 80 levels, 16 around a value of 64, and refuses more, however many', () => {
    const nest = (levels: number): Buffer => Buffer.from('['.repeat(levels) + ']'.repeat(levels));
    const pack = (levels: number): Buffer =>
      Buffer.concat([Buffer.alloc(levels, 0x91), Buffer.from([0xc0])]);
    expect(() => decodeBody(nest(80), 'json')).not.toThrow();
    expect(() => decodeBody(pack(80), 'msgpack')).not.toThrow();
    for (const levels of [81, 100, 500_000]) {
      expect(() => decodeBody(nest(levels), 'json')).toThrow(unsupported);
      expect(() => decodeBody(pack(levels), 'msgpack')).toThrow(unsupported);
    }
  });

  it('refuses msgpack that is no value: dates, bytes, bigint, sets, the key __proto__, keys that are no text', () => {
    const packr = new Packr({ useRecords: false, moreTypes: true, mapsAsObjects: false });
    for (const bad of [
      new Date(0),
      Buffer.from('a'),
      2n ** 62n,
      new Set([1]),
      Number.NaN,
      Number.POSITIVE_INFINITY,
    ]) {
      expect(() => decodeBody(packr.pack({ bad }), 'msgpack')).toThrow(unsupported);
    }
    expect(() => decodeBody(packr.pack(new Map([['__proto__', 1]])), 'msgpack')).toThrow(
      unsupported,
    );
    expect(() => decodeBody(packr.pack(new Map([[1, 1]])), 'msgpack')).toThrow(malformed);
  });

  it('takes 64-bit integers of other writers as numbers', () => {
    expect(decodeBody(Uint8Array.from([0xd3, 0, 0, 0, 0, 0, 0, 0, 5]), 'msgpack')).toBe(5);
    expect(decodeBody(Uint8Array.from([0xcf, 0, 0, 0, 1, 0, 0, 0, 0]), 'msgpack')).toBe(2 ** 32);
  });

  it('refuses msgpack that claims more than it has, or has more than it claims', () => {
    for (const bytes of [
      [0xdd, 0xff, 0xff, 0xff, 0xff],
      [0xdf, 0x7f, 0xff, 0xff, 0xff],
      [0xdb, 0xff, 0xff, 0xff, 0xff, 0x61],
      [0x92, 0x01],
      [0xc1],
      [0x01, 0x01],
      [0xcb, 0],
    ]) {
      expect(() => decodeBody(Uint8Array.from(bytes), 'msgpack')).toThrow(malformed);
    }
  });

  it('refuses a body over the limit of a message with `payload.too-large` and its size', () => {
    expect(() => encodeBody('x'.repeat(1024 * 1024), 'json')).toThrow(
      expect.objectContaining({
        code: 'payload.too-large',
        details: expect.objectContaining({ size: 1024 * 1024 + 2 }),
      }),
    );
    expect(() => encodeBody('x'.repeat(1000 * 1024), 'json')).not.toThrow();
  });

  it(`answers ${FUZZ_CASES} random and damaged bodies with a value or a typed error, in both encodings`, () => {
    const random = seededRandom(20260101);
    const outcomes = { values: 0, refused: 0 };
    for (let round = 0; round < FUZZ_CASES; round += 1) {
      const encoding = round % 2 === 0 ? 'json' : 'msgpack';
      const bytes = round % 3 === 0 ? seededBytes(random, 40) : damaged(random, encoding);
      try {
        checkValue(decodeBody(bytes, encoding));
        outcomes.values += 1;
      } catch (error) {
        if (!(error instanceof TroupeError))
          throw new Error(`case ${round}: ${String(error)}`, { cause: error });
        outcomes.refused += 1;
      }
    }
    expect(outcomes.values).toBeGreaterThan(FUZZ_CASES / 20);
    expect(outcomes.refused).toBeGreaterThan(FUZZ_CASES / 4);
  });
});

function damaged(random: () => number, encoding: 'json' | 'msgpack'): Uint8Array {
  const body = {
    id: 'évt_1',
    list: [1, -5, 2.5, null, true, 70_000, 5e9],
    nested: { '': { text: 'x'.repeat(40) } },
  };
  const bytes = Uint8Array.from(encodeBody(body, encoding));
  const changes = 1 + Math.floor(random() * 3);
  for (let change = 0; change < changes; change += 1)
    bytes[Math.floor(random() * bytes.length)] = Math.floor(random() * 256);
  return random() < 0.3 ? bytes.subarray(0, Math.floor(random() * bytes.length)) : bytes;
}

function circular(): object {
  const value: { self?: object } = {};
  value.self = value;
  return value;
}
