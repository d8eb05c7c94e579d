/**
 * When a failed attempt is followed by another one, and after what delay. Pure: the random number is passed in,
 * and the decider records the choice in `task.retryScheduled`.
 */
import type { Failure } from '../messages/failure.ts';
import type { RetryPolicy } from '../workflow/definition.ts';

export interface RetryQuestion {
  policy: RetryPolicy | undefined;
  /** Attempts that count so far, the one that just failed included. */
  countedAttempts: number;
  error: Failure;
  /** 0 <= random < 1, from the message. */
  random: number;
  /** What the agent needed to recover before, from the message; absent where it is not known. */
  recoveryMs?: number | undefined;
}

export type RetryChoice =
  | { retry: true; delayMs: number; rule: string }
  | { retry: false; rule: string };

/** The longest delay that a policy can ask for: 30 days. */
const MAX_DELAY_MS = 30 * 24 * 3600 * 1000;

/** True when `retry_on` names the code or its last part, or is absent and the error is retryable. */
export function isRetried(policy: RetryPolicy, error: Failure): boolean {
  if (policy.retryOn === undefined) return error.retryable;
  const lastPart = error.code.slice(error.code.lastIndexOf('.') + 1);
  return policy.retryOn.some((entry) => entry === error.code || entry === lastPart);
}

/** The longest delay of a policy. */
function ceilingOf({ maxDelayMs }: RetryPolicy): number {
  return Math.min(maxDelayMs ?? MAX_DELAY_MS, MAX_DELAY_MS);
}

/** Milliseconds before attempt `countedAttempts + 1`: fixed, or doubling from `delayMs`; capped; then spread by jitter. */
export function retryDelayMs(policy: RetryPolicy, countedAttempts: number, random: number): number {
  const exponent = policy.backoff === 'exponential' ? Math.min(countedAttempts - 1, 40) : 0;
  const delay = Math.min(policy.delayMs * 2 ** exponent, ceilingOf(policy));
  const jitter = policy.jitter ?? 0;
  return Math.round(delay * (1 - jitter + jitter * random));
}

/**
 * Decides about the next attempt; `rule` says why in words that fit a timeline. What the agent asked for
 * (`retryAfter`) is waited for, up to the longest delay of the policy.
 */
export function chooseRetry(question: RetryQuestion): RetryChoice {
  const { policy, countedAttempts, error, random } = question;
  if (policy === undefined) return { retry: false, rule: 'no retry policy' };
  if (countedAttempts >= policy.maxAttempts) {
    return { retry: false, rule: `${policy.maxAttempts} attempts used` };
  }
  if (!isRetried(policy, error)) return { retry: false, rule: `${error.code} is not retried` };
  const learned = policy.adaptive === true ? question.recoveryMs : undefined;
  const delayMs = learned ?? policy.delayMs;
  const planned = retryDelayMs({ ...policy, delayMs }, countedAttempts, random);
  const asked = Math.min(Math.round((error.retryAfter ?? 0) * 1000), ceilingOf(policy));
  const reasons = [
    `${policy.backoff} backoff, attempt ${countedAttempts + 1} of ${policy.maxAttempts}`,
    ...(learned === undefined ? [] : [`the agent needed ${seconds(learned)} to recover before`]),
    ...(asked > planned ? [`the agent asked for ${seconds(asked)}`] : []),
  ];
  return { retry: true, delayMs: Math.max(planned, asked), rule: reasons.join('; ') };
}

function seconds(ms: number): string {
  return `${Math.round(ms) / 1000} s`;
}
