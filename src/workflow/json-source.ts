/**
 * A quick way in for JSON: the platform's parser reads it, and two counts find what that parser keeps quiet about.
 * Large requests are JSON, and the YAML reader takes 100 times as long.
 */
import { MAX_DEPTH } from './limits.ts';
import type { JsonValue } from './value.ts';

export interface JsonText {
  readonly value: JsonValue;
  /** Nothing in it is nested too deeply, no infinite number, no half of a letter: it can be used as it is. */
  readonly isSound: boolean;
}

/**
 * The value of a JSON text that has no repeated keys and no key `__proto__`; `undefined` for every
 * other text, which the YAML reader then explains with places. Linear.
 */
export function readJson(source: string): JsonText | undefined {
  if (!/^\s*[{[]/.test(source)) return undefined;
  try {
    const value = JSON.parse(source) as JsonValue;
    const { keys, isSound } = countIn(value);
    // Of a key that is given twice the parser keeps one.
    return keys === keysWritten(source) ? { value, isSound } : undefined;
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof RangeError) return undefined;
    throw error;
  }
}

/** Keys in a value; -1 where one is `__proto__`. Without recursion: what is nested too deeply is reported elsewhere. */
function countIn(root: JsonValue): { keys: number; isSound: boolean } {
  let keys = 0;
  let isSound = true;
  let level: JsonValue[] = [root];
  for (let depth = 0; level.length > 0; depth += 1) {
    if (depth > MAX_DEPTH) isSound = false;
    const below: JsonValue[] = [];
    for (const value of level) {
      if (typeof value === 'string') isSound &&= value.isWellFormed();
      else if (typeof value === 'number') isSound &&= Number.isFinite(value);
      else if (Array.isArray(value)) for (const item of value) below.push(item);
      else if (typeof value === 'object' && value !== null) {
        for (const key in value) {
          if (key === '__proto__') return { keys: -1, isSound };
          keys += 1;
          below.push(value[key] as JsonValue);
        }
      }
    }
    level = below;
  }
  return { keys, isSound };
}

const COLON = 58;
const BACKSLASH = 92;

/** Keys in a text that is JSON, each as often as it is written: texts that a colon follows. */
function keysWritten(source: string): number {
  let keys = 0;
  for (let open = source.indexOf('"'); open !== -1; ) {
    const close = closingQuote(source, open);
    let next = close + 1;
    while (source.charCodeAt(next) <= 32) next += 1;
    if (source.charCodeAt(next) === COLON) keys += 1;
    open = source.indexOf('"', next);
  }
  return keys;
}

function closingQuote(source: string, open: number): number {
  for (let close = source.indexOf('"', open + 1); ; close = source.indexOf('"', close + 1)) {
    let escapes = 0;
    while (source.charCodeAt(close - 1 - escapes) === BACKSLASH) escapes += 1;
    if (escapes % 2 === 0) return close;
  }
}
