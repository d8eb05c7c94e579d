/**
 * Ids and random numbers: lower-case, time-sortable, without dots.
 */
import { randomBytes } from 'node:crypto';

const ALPHABET = '0123456789abcdefghjkmnpqrstvwxyz';
const TIME_DIGITS = 10;
const RANDOM_DIGITS = 12;

export interface IdSource {
  /** `run_` and 22 characters; later ids sort behind earlier ones of another millisecond. */
  runId(nowMs: number): string;
  /** An id for anything else, with the prefix given. */
  id(prefix: string, nowMs: number): string;
  /** 0 <= random < 1. */
  random(): number;
}

function encodeTime(nowMs: number): string {
  let rest = nowMs;
  let text = '';
  for (let digit = 0; digit < TIME_DIGITS; digit += 1) {
    text = ALPHABET.charAt(rest % ALPHABET.length) + text;
    rest = Math.floor(rest / ALPHABET.length);
  }
  return text;
}

/** Ids from `digit()`, a source of whole numbers 0 to 31; `random()` beside it. */
export function idsFrom(source: { digit(): number; random(): number }): IdSource {
  const id = (prefix: string, nowMs: number): string => {
    let text = `${prefix}_${encodeTime(nowMs)}`;
    for (let digit = 0; digit < RANDOM_DIGITS; digit += 1) text += ALPHABET.charAt(source.digit());
    return text;
  };
  return { id, runId: (nowMs) => id('run', nowMs), random: source.random };
}

const POOL_BYTES = 4096;
let pool = Buffer.alloc(0);
let used = 0;

function randomByte(): number {
  if (used >= pool.length) {
    pool = randomBytes(POOL_BYTES);
    used = 0;
  }
  const byte = pool[used] ?? 0;
  used += 1;
  return byte;
}

/** Ids from the operating system's randomness. */
export const systemIds: IdSource = idsFrom({
  digit: () => randomByte() & 31,
  random: () => Math.random(),
});
