/**
 * A rate as a token bucket, kept as one number: the time at which the bucket would be full again (the virtual
 * scheduling form of the generic cell rate algorithm, ITU-T I.371). Pure; the time is an argument.
 *
 * R1 In any span of `t` ms at most `burst + t / intervalMs` tokens are taken.
 */

/** One token each `intervalMs`; at most `burst` at once. */
export interface Rate {
  intervalMs: number;
  burst: number;
}

const UNITS_MS = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;
const RATE = /^(\d+(?:\.\d+)?)\/([smhd])$/;
/** How much of a rate may be taken at once where nothing is said: a timer that is late loses no tokens. */
const SLACK_MS = 50;

/** Reads `10/s`, `100/m`, `5/h`, `1/d`; undefined where the text is none. */
export function parseRate(text: string, burst?: number): Rate | undefined {
  const match = RATE.exec(text);
  const count = Number(match?.[1]);
  if (match === null || !(count > 0)) return undefined;
  const intervalMs = UNITS_MS[match[2] as keyof typeof UNITS_MS] / count;
  return { intervalMs, burst: burst ?? Math.max(1, Math.ceil(SLACK_MS / intervalMs)) };
}

/** A bucket with one token, as one that begins: what was taken before is not known. */
export function bucketAt(rate: Rate, now: number): number {
  return now + (rate.burst - 1) * rate.intervalMs;
}

/** When the next token is there; not after `now` where one is. `fullAt` is the bucket. */
export function nextTokenAt(rate: Rate, fullAt: number): number {
  return fullAt - (rate.burst - 1) * rate.intervalMs;
}

/** The bucket after one token was taken. */
export function afterToken(rate: Rate, fullAt: number, now: number): number {
  return Math.max(fullAt, now) + rate.intervalMs;
}
