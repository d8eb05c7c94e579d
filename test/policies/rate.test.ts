import { describe, expect, it } from 'vitest';
import {
  afterToken,
  bucketAt,
  nextTokenAt,
  parseRate,
  type Rate,
} from '../../src/policies/rate.ts';
import fc from '../support/property.ts';

describe('a rate', () => {
  it.each([
    ['10/s', undefined, { intervalMs: 100, burst: 1 }],
    ['1000/s', undefined, { intervalMs: 1, burst: 50 }],
    ['90/m', 5, { intervalMs: 60_000 / 90, burst: 5 }],
    ['0.5/h', undefined, { intervalMs: 7_200_000, burst: 1 }],
    ['1/d', undefined, { intervalMs: 86_400_000, burst: 1 }],
  ])('is read from %s with burst %s', (text, burst, rate) => {
    expect(parseRate(text, burst)).toEqual(rate);
  });

  it.each(['', '10', '10/y', '-1/s', '0/s', 'x/s'])('is not read from %j', (text) => {
    expect(parseRate(text)).toBeUndefined();
  });
});

/** Takes a token whenever one is there at one of the times; the times at which it got one. */
function takenAt(rate: Rate, times: readonly number[]): number[] {
  let bucket = bucketAt(rate, 0);
  return times.filter((at) => {
    if (nextTokenAt(rate, bucket) > at) return false;
    bucket = afterToken(rate, bucket, at);
    return true;
  });
}

describe('a bucket', () => {
  it('R1: gives in any span at most its burst and what the span is worth', () => {
    const inputs = fc.record({
      intervalMs: fc.integer({ min: 1, max: 50 }),
      burst: fc.integer({ min: 1, max: 8 }),
      gaps: fc.array(fc.integer({ min: 0, max: 60 }), { maxLength: 200 }),
    });
    fc.assert(
      fc.property(inputs, ({ intervalMs, burst, gaps }) => {
        let now = 0;
        const taken = takenAt(
          { intervalMs, burst },
          gaps.map((gap) => (now += gap)),
        );
        for (const [index, from] of taken.entries())
          for (const [later, to] of taken.slice(index).entries())
            expect(later + 1).toBeLessThanOrEqual(burst + (to - from) / intervalMs + 1e-9);
      }),
    );
  });

  it('gives all that its rate is worth to who asks all the time', () => {
    const times = Array.from({ length: 10_000 }, (_, at) => at);
    expect(takenAt({ intervalMs: 10, burst: 3 }, times)).toHaveLength(1_000);
  });

  it('has one token where it begins, and as many as its burst after a pause', () => {
    const rate = { intervalMs: 100, burst: 4 };
    expect(takenAt(rate, [0, 0, 0])).toEqual([0]);
    expect(takenAt(rate, [0, 1_000, 1_000, 1_000, 1_000, 1_000])).toHaveLength(5);
  });
});
