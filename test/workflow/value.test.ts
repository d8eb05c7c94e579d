import { describe, expect, it } from 'vitest';
import { canonicalJson, checkValue, isBlobReference } from '../../src/workflow/value.ts';
import fc from '../support/property.ts';
import { arbitraryValue } from '../support/values.ts';

function refusal(value: unknown): unknown {
  try {
    return checkValue(value);
  } catch (error) {
    return {
      code: (error as { code: string }).code,
      path: (error as { details: { path: string } }).details.path,
    };
  }
}

describe('checkValue', () => {
  it('returns a value itself, without a copy', () => {
    const value = {
      a: [1, 'ä😀', null, { b: true }],
      c: Object.assign(Object.create(null) as object, { d: 1 }),
    };
    expect(checkValue(value)).toBe(value);
  });

  it('drops undefined fields and turns -0 into 0, in a copy', () => {
    const value = { a: undefined, b: { c: undefined, d: [-0] } };
    const checked = checkValue(value);
    expect(checked).toStrictEqual({ b: { d: [0] } });
    expect(value.b.d).toStrictEqual([-0]);
  });

  it.each([
    ['bigint', { n: 2n ** 53n }, '$.n'],
    ['NaN', [Number.NaN], '$[0]'],
    ['Infinity', { a: [{ b: Number.NEGATIVE_INFINITY }] }, '$.a[0].b'],
    ['a date', { at: new Date(0) }, '$.at'],
    ['a map', { 'x y': new Map() }, '$["x y"]'],
    ['a set', [[new Set()]], '$[0][0]'],
    ['bytes', { b: new Uint8Array(1) }, '$.b'],
    ['a function', { f: () => 1 }, '$.f'],
    ['a symbol', [Symbol('x')], '$[0]'],
    ['undefined', undefined, '$'],
    ['a hole in a list', [1, undefined], '$[1]'],
    ['the key __proto__', JSON.parse('{"a":{"__proto__":1}}'), '$.a.__proto__'],
    ['a lone surrogate', { s: 'a\ud800' }, '$.s'],
    ['a key with a lone surrogate', { '\udc00': 1 }, '$["\\udc00"]'],
  ])('refuses %s with its path', (_what, value, path) => {
    expect(refusal(value)).toEqual({ code: 'value.unsupported', path });
  });

  it('takes 64 levels and refuses 65, also a circular value', () => {
    const nest = (levels: number): unknown => (levels === 0 ? 1 : [nest(levels - 1)]);
    expect(() => checkValue(nest(64))).not.toThrow();
    expect(() => checkValue(nest(65))).toThrow(
      expect.objectContaining({ code: 'value.unsupported' }),
    );
    const circular: unknown[] = [];
    circular.push(circular);
    expect(() => checkValue(circular)).toThrow(
      expect.objectContaining({ code: 'value.unsupported' }),
    );
  });

  it('passes whatever JSON can carry, and then JSON carries it', () => {
    fc.assert(
      fc.property(arbitraryValue(), (value) => {
        const checked = checkValue(value);
        expect(JSON.parse(JSON.stringify(checked))).toEqual(checked);
      }),
    );
  });
});

describe('canonicalJson', () => {
  it('writes the example of RFC 8785, section 3.2', () => {
    const value = {
      numbers: [Number('333333333.33333329'), 1e30, 4.5, 2e-3, 0.000000000000000000000000001],
      string: '\u20ac$\u000f\u000aA\'\u0042\u0022\u005c\\"\u002f',
      literals: [null, true, false],
    };
    expect(canonicalJson(value)).toBe(
      '{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],"string":"€$\\u000f\\nA\'B\\"\\\\\\\\\\"/"}',
    );
  });

  it('sorts keys by UTF-16 code units (RFC 8785, section 3.2.3)', () => {
    const value = {
      '\u20ac': 1,
      '\r': 2,
      '\ufb33': 3,
      '1': 4,
      '\u{1f600}': 5,
      '\u0080': 6,
      '\u00f6': 7,
    };
    expect(Object.values(JSON.parse(canonicalJson(value)) as object)).toEqual([
      4, 2, 6, 7, 1, 5, 3,
    ]);
    expect(canonicalJson({ b: 1, a: { d: 1, c: 2 } })).toBe('{"a":{"c":2,"d":1},"b":1}');
  });

  it('is the same for equal values, whatever the order of their keys', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), arbitraryValue()), (value) => {
        const keys = Object.keys(value).filter((key) => key !== '__proto__');
        const forward = Object.fromEntries(keys.map((key) => [key, value[key]]));
        const backward = Object.fromEntries(keys.toReversed().map((key) => [key, value[key]]));
        expect(canonicalJson(backward)).toBe(canonicalJson(forward));
        expect(JSON.parse(canonicalJson(forward))).toEqual(checkValue(forward));
      }),
    );
  });
});

describe('isBlobReference', () => {
  it('knows a reference from other objects', () => {
    const reference = { $blob: 'sha256:00', size: 1, type: 'text/plain' };
    expect(
      [reference, { $blob: 'md5:00' }, { $blob: 1 }, null, 'sha256:00', []].map(isBlobReference),
    ).toEqual([true, false, false, false, false, false]);
  });
});
