/**
 * The operators over JSON values. There is one number type; types that do not fit fail by name.
 * Every result is again a JSON value: numbers are finite, and negative zero is zero.
 */
import { type Evaluation, textSteps } from './evaluation.ts';
import { MAX_LIST_LENGTH, MAX_TEXT_LENGTH } from './limits.ts';
import type { JsonObject, JsonValue } from './value.ts';

export type BinaryOperator =
  | '+'
  | '-'
  | '*'
  | '/'
  | '%'
  | '=='
  | '!='
  | '<'
  | '<='
  | '>'
  | '>='
  | 'in';
/** Keys of a map that are collected for one step: about as long as a step of other work takes. */
const KEYS_A_STEP = 8;

type Operation = (left: JsonValue, right: JsonValue, evaluation: Evaluation) => JsonValue;

/** What a value is called in messages and by `type(...)`. */
export function typeName(value: JsonValue): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'list';
  if (typeof value === 'object') return 'map';
  return typeof value === 'boolean' ? 'bool' : typeof value;
}

export function isMap(value: JsonValue | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The number itself where it is finite; otherwise the evaluation fails. */
export function finite(value: number, evaluation: Evaluation): number {
  if (!Number.isFinite(value))
    evaluation.fail('the number is too large', 'Numbers must stay finite.');
  return value === 0 ? 0 : value;
}

export const binaryOperations: Readonly<Record<BinaryOperator, Operation>> = {
  '+': add,
  '-': (left, right, evaluation) =>
    typeof left === 'number' && typeof right === 'number'
      ? finite(left - right, evaluation)
      : mismatch('-', left, right, evaluation),
  '*': (left, right, evaluation) =>
    typeof left === 'number' && typeof right === 'number'
      ? finite(left * right, evaluation)
      : mismatch('*', left, right, evaluation),
  '/': divide,
  '%': remainder,
  '==': (left, right, evaluation) => equal(left, right, evaluation),
  '!=': (left, right, evaluation) => !equal(left, right, evaluation),
  '<': (left, right, evaluation) => compare('<', left, right, evaluation) < 0,
  '<=': (left, right, evaluation) => compare('<=', left, right, evaluation) <= 0,
  '>': (left, right, evaluation) => compare('>', left, right, evaluation) > 0,
  '>=': (left, right, evaluation) => compare('>=', left, right, evaluation) >= 0,
  in: isIn,
};

export function isBinaryOperator(op: string): op is BinaryOperator {
  return Object.hasOwn(binaryOperations, op);
}

function mismatch(op: string, left: JsonValue, right: JsonValue, evaluation: Evaluation): never {
  return evaluation.fail(
    `\`${op}\` does not take ${typeName(left)} and ${typeName(right)}`,
    'Convert one side, for example with `string(...)` or `double(...)`.',
  );
}

function add(left: JsonValue, right: JsonValue, evaluation: Evaluation): JsonValue {
  if (typeof left === 'number' && typeof right === 'number')
    return finite(left + right, evaluation);
  if (typeof left === 'string' && typeof right === 'string') {
    checkTextLength(left.length + right.length, evaluation);
    return text(left + right, evaluation);
  }
  if (Array.isArray(left) && Array.isArray(right)) {
    checkLength(left.length + right.length, evaluation);
    return [...left, ...right];
  }
  return mismatch('+', left, right, evaluation);
}

/** The text itself, counted as work; over the bound the evaluation fails. */
export function text(value: string, evaluation: Evaluation): string {
  checkTextLength(value.length, evaluation);
  evaluation.chargeText(value.length);
  return value;
}

/** Fails the evaluation where a text of this length is over the bound; for a look before it is made. */
export function checkTextLength(length: number, evaluation: Evaluation): void {
  if (length > MAX_TEXT_LENGTH)
    evaluation.limit('the text that the expression makes', MAX_TEXT_LENGTH);
}

/** Counts a list of this length as work; over the bound the evaluation fails. */
export function checkLength(length: number, evaluation: Evaluation): void {
  if (length > MAX_LIST_LENGTH)
    evaluation.limit('the list that the expression makes', MAX_LIST_LENGTH);
  evaluation.charge(length);
}

function divide(left: JsonValue, right: JsonValue, evaluation: Evaluation): JsonValue {
  if (typeof left !== 'number' || typeof right !== 'number')
    return mismatch('/', left, right, evaluation);
  if (right === 0) evaluation.fail('division by zero', 'Test the divisor first.');
  return finite(left / right, evaluation);
}

function remainder(left: JsonValue, right: JsonValue, evaluation: Evaluation): JsonValue {
  if (typeof left !== 'number' || typeof right !== 'number')
    return mismatch('%', left, right, evaluation);
  if (!Number.isInteger(left) || !Number.isInteger(right)) {
    evaluation.fail(
      '`%` takes whole numbers',
      'Round both sides first, for example with `floor(...)`.',
    );
  }
  if (right === 0) evaluation.fail('remainder of a division by zero', 'Test the divisor first.');
  return finite(left % right, evaluation);
}

/** Order of two numbers, two texts (by UTF-16 unit) or two booleans. */
export function compare(
  op: string,
  left: JsonValue,
  right: JsonValue,
  evaluation: Evaluation,
): number {
  if (typeof left === 'number' && typeof right === 'number') return left - right;
  if (typeof left === 'string' && typeof right === 'string') {
    evaluation.chargeText(Math.min(left.length, right.length));
    return left < right ? -1 : left > right ? 1 : 0;
  }
  if (typeof left === 'boolean' && typeof right === 'boolean') return Number(left) - Number(right);
  return mismatch(op, left, right, evaluation);
}

/** Deep equality of JSON values. Values of different types are not equal; that is no failure. */
export function equal(left: JsonValue, right: JsonValue, evaluation: Evaluation): boolean {
  if (typeof left === 'string' && typeof right === 'string' && left.length === right.length) {
    evaluation.chargeText(left.length);
  }
  if (left === right) return true;
  if (typeof left !== 'object' || typeof right !== 'object') return false;
  if (left === null || right === null) return false;
  evaluation.charge(1);
  if (Array.isArray(left)) {
    if (!Array.isArray(right) || left.length !== right.length) return false;
    evaluation.charge(left.length);
    return left.every((item, index) => equal(item, right[index] ?? null, evaluation));
  }
  if (Array.isArray(right)) return false;
  const keys = Object.keys(left);
  evaluation.charge(keys.length);
  if (keys.length !== keysOf(right, evaluation).length) return false;
  return keys.every(
    (key) => Object.hasOwn(right, key) && equal(left[key] ?? null, right[key] ?? null, evaluation),
  );
}

function isIn(left: JsonValue, right: JsonValue, evaluation: Evaluation): JsonValue {
  if (Array.isArray(right)) {
    evaluation.charge(right.length);
    return right.some((item) => equal(left, item, evaluation));
  }
  if (isMap(right) && typeof left === 'string') return Object.hasOwn(right, left);
  if (typeof right === 'string' && typeof left === 'string') {
    evaluation.chargeText(right.length);
    return right.includes(left);
  }
  return mismatch('in', left, right, evaluation);
}

/** A field of a map or an element of a list; `undefined` where there is none. */
export function access(
  value: JsonValue,
  key: JsonValue,
  evaluation: Evaluation,
): JsonValue | undefined {
  if (Array.isArray(value)) {
    if (typeof key !== 'number') return undefined;
    if (!Number.isInteger(key))
      evaluation.fail('an index is a whole number', 'Round it with `floor(...)`.');
    return value[key];
  }
  if (!isMap(value)) return undefined;
  const name = typeof key === 'number' ? String(key) : key;
  return typeof name === 'string' && Object.hasOwn(value, name) ? value[name] : undefined;
}

/** The names of a map's fields. The engine collects them one by one, so they count as work. */
export function keysOf(map: JsonObject, evaluation: Evaluation): string[] {
  const keys = Object.keys(map);
  evaluation.charge(Math.floor(keys.length / KEYS_A_STEP));
  return keys;
}

/** The key of a map that an expression makes. */
export function mapKey(name: JsonValue, evaluation: Evaluation): string {
  if (typeof name !== 'string') {
    return evaluation.fail(`a map key is a text, not ${typeName(name)}`, 'Use `string(...)`.');
  }
  if (name === '__proto__') evaluation.fail('`__proto__` cannot be a map key', 'Use another key.');
  return name;
}

/** What a loop goes over: the keys of a map; every other value as it is. */
export function elementsOf(value: JsonValue, evaluation: Evaluation): JsonValue {
  return isMap(value) ? keysOf(value, evaluation) : value;
}

/**
 * How a value reads inside a longer text: texts as they are, the rest as JSON. The characters of a long text count,
 * so that what is joined of many of them stays far below what the engine can hold.
 */
export function asText(value: JsonValue, evaluation: Evaluation): string {
  if (typeof value === 'string') {
    evaluation.charge(textSteps(value.length));
    return value;
  }
  if (typeof value !== 'object' || value === null) return String(value);
  return jsonText(value, JSON.stringify, evaluation);
}

/**
 * The JSON text of a value as `write` writes it, counted as work. Its length is looked at before it is built:
 * a value may hold one long text many times, and nothing but its JSON would show how large that is.
 */
export function jsonText(
  value: JsonValue,
  write: (value: JsonValue) => string,
  evaluation: Evaluation,
): string {
  const least = leastJsonLength(value, MAX_TEXT_LENGTH, evaluation);
  checkTextLength(least, evaluation);
  const steps = textSteps(least);
  evaluation.charge(1 + steps);
  const written = write(value);
  checkTextLength(written.length, evaluation);
  evaluation.charge(textSteps(written.length) - steps);
  return written;
}

/**
 * A length that the JSON text of a value has at least, in characters: escapes are not counted, nor all digits of a
 * fraction, so the text is at most seven times as long. What is referred to many times counts each time. Stops once
 * it is over `limit`. With an evaluation the values inside count as its work, as in `weight`.
 */
export function leastJsonLength(value: JsonValue, limit: number, evaluation?: Evaluation): number {
  if (typeof value === 'string') return value.length + 2;
  if (typeof value === 'number') return value >= 0 && value < 10 ? 1 : leastNumberLength(value);
  if (typeof value !== 'object' || value === null) return 4;
  if (Array.isArray(value)) {
    evaluation?.charge(1 + value.length);
    // The brackets; the comma of each element is its own, but for the last.
    let length = value.length === 0 ? 2 : 1;
    for (const item of value) {
      length += 1 + leastJsonLength(item, limit - length, evaluation);
      if (length > limit) return length;
    }
    return length;
  }
  const keys = Object.keys(value);
  evaluation?.charge(1 + keys.length);
  let length = keys.length === 0 ? 2 : 1;
  for (const key of keys) {
    length += key.length + 4 + leastJsonLength(value[key] ?? null, limit - length, evaluation);
    if (length > limit) return length;
  }
  return length;
}

/** The digits of a whole number; a fraction or a power has at least three characters. */
function leastNumberLength(value: number): number {
  if (!Number.isSafeInteger(value)) return 3;
  let length = value < 0 ? 2 : 1;
  for (let rest = Math.abs(value); rest >= 10; rest /= 10) length += 1;
  return length;
}

/** Number of values inside a value, itself included; counts as work while it is found. */
export function weight(value: JsonValue, evaluation: Evaluation): number {
  if (typeof value !== 'object' || value === null) return 1;
  const items = Array.isArray(value) ? value : Object.values(value);
  evaluation.charge(1 + items.length);
  let total = 1;
  for (const item of items) total += weight(item, evaluation);
  return total;
}
