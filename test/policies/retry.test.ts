import { describe, expect, it } from 'vitest';
import { chooseRetry, isRetried, retryDelayMs } from '../../src/policies/retry.ts';
import type { RetryPolicy } from '../../src/workflow/definition.ts';
import fc from '../support/property.ts';

const error = { code: 'task.timeout', message: '', retryable: true };
const fixed: RetryPolicy = { maxAttempts: 3, delayMs: 1_000, backoff: 'fixed' };
const THIRTY_DAYS = 30 * 24 * 3600 * 1000;

const policy = fc.record({
  maxAttempts: fc.integer({ min: 1, max: 1_000 }),
  delayMs: fc.integer({ min: 0, max: 1e9 }),
  backoff: fc.constantFrom('fixed' as const, 'exponential' as const),
  maxDelayMs: fc.integer({ min: 0, max: 1e10 }),
  jitter: fc.double({ min: 0, max: 1, noNaN: true }),
});
const random = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });

describe('the delay before another attempt', () => {
  it('is a whole number, never negative, never over `max_delay` or thirty days', () => {
    fc.assert(
      fc.property(policy, fc.integer({ min: 1, max: 1e6 }), random, (chosen, attempts, number) => {
        const delay = retryDelayMs(chosen, attempts, number);
        expect(Number.isInteger(delay)).toBe(true);
        expect(delay).toBeGreaterThanOrEqual(0);
        expect(delay).toBeLessThanOrEqual(Math.min(chosen.maxDelayMs, THIRTY_DAYS));
      }),
    );
  });

  it('without jitter never shrinks from one attempt to the next', () => {
    fc.assert(
      fc.property(policy, fc.integer({ min: 1, max: 60 }), (chosen, attempts) => {
        const plain = { ...chosen, jitter: 0 };
        expect(retryDelayMs(plain, attempts + 1, 0)).toBeGreaterThanOrEqual(
          retryDelayMs(plain, attempts, 0),
        );
      }),
    );
  });

  it('with jitter stays between its share of the delay and the delay', () => {
    fc.assert(
      fc.property(policy, random, (chosen, number) => {
        const whole = retryDelayMs({ ...chosen, jitter: 0 }, 1, 0);
        const spread = retryDelayMs(chosen, 1, number);
        expect(spread).toBeLessThanOrEqual(whole);
        expect(spread).toBeGreaterThanOrEqual(Math.floor(whole * (1 - chosen.jitter)));
      }),
    );
  });
});

describe('whether there is another attempt', () => {
  it('says no without a policy, and after `max_attempts`', () => {
    expect(chooseRetry({ policy: undefined, countedAttempts: 1, error, random: 0 }).retry).toBe(
      false,
    );
    expect(chooseRetry({ policy: fixed, countedAttempts: 2, error, random: 0 }).retry).toBe(true);
    const last = chooseRetry({ policy: fixed, countedAttempts: 3, error, random: 0 });
    expect(last).toEqual({ retry: false, rule: '3 attempts used' });
  });

  it('says why in words', () => {
    expect(chooseRetry({ policy: fixed, countedAttempts: 1, error, random: 0 })).toEqual({
      retry: true,
      delayMs: 1_000,
      rule: 'fixed backoff, attempt 2 of 3',
    });
  });

  it('`retry_on` names the code or its last part; it overrides `retryable`', () => {
    const named = { ...fixed, retryOn: ['timeout', 'http.503'] };
    expect(isRetried(named, error)).toBe(true);
    expect(isRetried(named, { ...error, code: 'http.503', retryable: false })).toBe(true);
    expect(isRetried(named, { ...error, code: 'http.500' })).toBe(false);
    expect(isRetried(named, { ...error, code: 'timeout' })).toBe(true);
    expect(isRetried(fixed, { ...error, retryable: false })).toBe(false);
  });
});
