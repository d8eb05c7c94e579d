/**
 * The functions of the language. Each works as `f(a, b)` and as `a.f(b)`; `map`, `filter`, `all`,
 * `exists`, `exists_one`, `has` and `default` are forms of the compiler. All are pure and bounded.
 * Longer than 300 lines because it is one table with its short bodies.
 * Size: one entry for each function of the language.
 */
import { createHash } from 'node:crypto';
import { ValueUnsupportedError } from './errors.ts';
import type { Evaluation } from './evaluation.ts';
import { globMatches, globShape, globSteps } from './glob.ts';
import { MAX_DEPTH, MAX_LIST_LENGTH } from './limits.ts';
import {
  asText,
  checkLength,
  checkTextLength,
  compare,
  equal,
  finite,
  isMap,
  jsonText,
  keysOf,
  text,
  typeName,
} from './operators.ts';
import { canonicalJson, checkValue, type JsonValue } from './value.ts';

/** A function of expressions: how many values it takes, and what it makes of them. Must be pure. */
export interface ExpressionFunction {
  readonly minimum: number;
  readonly maximum: number;
  run(values: readonly JsonValue[], evaluation: Evaluation): JsonValue;
}
export type FunctionTable = ReadonlyMap<string, ExpressionFunction>;

/** Takes one value of a function by position and type; fails the evaluation when it is another type. */
class Values {
  private readonly name: string;
  private readonly values: readonly JsonValue[];
  readonly evaluation: Evaluation;

  constructor(name: string, values: readonly JsonValue[], evaluation: Evaluation) {
    this.name = name;
    this.values = values;
    this.evaluation = evaluation;
  }

  get count(): number {
    return this.values.length;
  }

  any(at: number): JsonValue {
    return this.values[at] ?? null;
  }

  text(at: number): string {
    const value = this.any(at);
    return typeof value === 'string' ? value : this.refuse(at, 'a text');
  }

  number(at: number): number {
    const value = this.any(at);
    return typeof value === 'number' ? value : this.refuse(at, 'a number');
  }

  whole(at: number): number {
    const value = this.any(at);
    return typeof value === 'number' && Number.isSafeInteger(value)
      ? value
      : this.refuse(at, 'a whole number');
  }

  list(at: number): JsonValue[] {
    const value = this.any(at);
    return Array.isArray(value) ? value : this.refuse(at, 'a list');
  }

  refuse(at: number, wanted: string): never {
    const found = typeName(this.any(at));
    return this.evaluation.fail(
      `\`${this.name}\` wants ${wanted} as value ${at + 1} and got ${found}`,
      `Give \`${this.name}\` ${wanted}.`,
    );
  }
}

type Body = (values: Values) => JsonValue;

function define(
  name: string,
  minimum: number,
  maximum: number,
  body: Body,
): [string, ExpressionFunction] {
  return [
    name,
    { minimum, maximum, run: (values, evaluation) => body(new Values(name, values, evaluation)) },
  ];
}

/** A function of one text that makes a text. */
function onText(name: string, body: (value: string) => string): [string, ExpressionFunction] {
  return define(name, 1, 1, (values) => text(body(values.text(0)), values.evaluation));
}

function onNumber(name: string, body: (value: number) => number): [string, ExpressionFunction] {
  return define(name, 1, 1, (values) => finite(body(values.number(0)), values.evaluation));
}

/** Every function that needs no registration, by name. */
export const builtInFunctions: FunctionTable = new Map([
  onText('uppercase', (value) => value.toUpperCase()),
  onText('lowercase', (value) => value.toLowerCase()),
  onText('upperAscii', (value) => value.replace(/[a-z]+/g, (part) => part.toUpperCase())),
  onText('lowerAscii', (value) => value.replace(/[A-Z]+/g, (part) => part.toLowerCase())),
  onText('trim', (value) => value.trim()),
  onText('basename', (value) => trimSlashes(value).split('/').at(-1) ?? ''),
  onText('dirname', dirname),
  define('replace', 3, 3, replace),
  define('split', 2, 2, split),
  define('join', 1, 2, join),
  define('truncate', 2, 3, truncate),
  define('contains', 2, 2, contains),
  define('startsWith', 2, 2, (values) => values.text(0).startsWith(values.text(1))),
  define('endsWith', 2, 2, (values) => values.text(0).endsWith(values.text(1))),
  define('indexOf', 2, 2, (values) => values.text(0).indexOf(values.text(1))),
  define('lastIndexOf', 2, 2, (values) => values.text(0).lastIndexOf(values.text(1))),
  define('substring', 2, 3, substring),
  define('glob', 2, 2, glob),
  define('json', 1, 1, (values) => jsonText(values.any(0), JSON.stringify, values.evaluation)),
  define('parseJson', 1, 1, parseJson),
  define('size', 1, 1, size),
  define('flatten', 1, 1, flatten),
  define('unique', 1, 1, unique),
  define('sort', 1, 2, sort),
  define('range', 1, 2, range),
  define('sum', 1, 1, (values) =>
    values.list(0).reduce<number>((total, item) => {
      values.evaluation.charge(1);
      return finite(
        total + (typeof item === 'number' ? item : values.refuse(0, 'a list of numbers')),
        values.evaluation,
      );
    }, 0),
  ),
  define('min', 1, 2, (values) => extreme(values, -1)),
  define('max', 1, 2, (values) => extreme(values, 1)),
  onNumber('abs', Math.abs),
  onNumber('floor', Math.floor),
  onNumber('ceil', Math.ceil),
  onNumber('round', Math.round),
  define('hash', 1, 1, (values) =>
    createHash('sha256')
      .update(canonicalOf(values.any(0), values.evaluation))
      .digest('hex'),
  ),
  define('string', 1, 1, (values) => asText(values.any(0), values.evaluation)),
  define('double', 1, 1, toNumber),
  define('int', 1, 1, (values) => finite(Math.trunc(toNumber(values)), values.evaluation)),
  define('bool', 1, 1, toBoolean),
  define('type', 1, 1, (values) => typeName(values.any(0))),
  define('dyn', 1, 1, (values) => values.any(0)),
]);

/** The canonical text of a value; nesting that an expression has made too deep is over a limit. */
function canonicalOf(value: JsonValue, evaluation: Evaluation): string {
  try {
    return jsonText(value, canonicalJson, evaluation);
  } catch (error) {
    if (!(error instanceof ValueUnsupportedError)) throw error;
    return evaluation.limit('the nesting of the value', MAX_DEPTH);
  }
}

/** From one UTF-16 unit up to another; half of a pair becomes the replacement character. */
function substring(values: Values): JsonValue {
  const end = values.count > 2 ? Math.max(0, values.whole(2)) : undefined;
  return values
    .text(0)
    .slice(Math.max(0, values.whole(1)), end)
    .toWellFormed();
}

function trimSlashes(path: string): string {
  let end = path.length;
  while (end > 1 && path[end - 1] === '/') end -= 1;
  return path.slice(0, end);
}

function dirname(path: string): string {
  const trimmed = trimSlashes(path);
  const slash = trimmed.lastIndexOf('/');
  if (slash === -1) return '.';
  return slash === 0 ? '/' : trimSlashes(trimmed.slice(0, slash));
}

function replace(values: Values): JsonValue {
  const [whole, search, replacement] = [values.text(0), values.text(1), values.text(2)];
  values.evaluation.chargeText(whole.length);
  const found = search === '' ? 0 : occurrences(whole, search, values.evaluation);
  checkTextLength(whole.length + found * (replacement.length - search.length), values.evaluation);
  return text(found === 0 ? whole : whole.split(search).join(replacement), values.evaluation);
}

/** How often a text holds another; counted before the parts are made, each eight a step. */
function occurrences(whole: string, search: string, evaluation: Evaluation): number {
  let found = 0;
  for (let at = whole.indexOf(search); at !== -1; at = whole.indexOf(search, at + search.length)) {
    found += 1;
    if (found % 8 === 0) evaluation.charge(1);
  }
  return found;
}

function split(values: Values): JsonValue {
  const whole = values.text(0);
  values.evaluation.chargeText(whole.length);
  const parts = whole.split(values.text(1), MAX_LIST_LENGTH + 1);
  checkLength(parts.length, values.evaluation);
  return parts.map((part) => part.toWellFormed());
}

function join(values: Values): JsonValue {
  const list = values.list(0);
  const separator = values.count > 1 ? values.text(1) : '';
  checkLength(list.length, values.evaluation);
  let length = 0;
  const parts = list.map((item) => {
    const part = asText(item, values.evaluation);
    length += part.length + separator.length;
    checkTextLength(length, values.evaluation);
    return part;
  });
  return text(parts.join(separator), values.evaluation);
}

/** At most so many characters, the ending included; never half of a surrogate pair. */
function truncate(values: Values): JsonValue {
  const [whole, length] = [values.text(0), values.whole(1)];
  const ending = values.count > 2 ? values.text(2) : '';
  if (length < 0) values.refuse(1, 'a length of 0 or more');
  if (whole.length <= length) return whole;
  const kept = whole.slice(0, Math.max(0, length - ending.length));
  const isHalf = !kept.isWellFormed();
  return (isHalf ? kept.slice(0, -1) : kept) + ending.slice(0, length).toWellFormed();
}

function contains(values: Values): JsonValue {
  const whole = values.any(0);
  if (typeof whole === 'string') return whole.includes(values.text(1));
  if (!Array.isArray(whole)) return values.refuse(0, 'a text or a list');
  checkLength(whole.length, values.evaluation);
  return whole.some((item) => equal(item, values.any(1), values.evaluation));
}

/** With a text: whether the path matches. With a list of paths: those that match. */
function glob(values: Values): JsonValue {
  const pattern = values.text(1);
  const shape = globShape(pattern);
  const test = (path: JsonValue): boolean => {
    if (typeof path !== 'string') return values.refuse(0, 'a path or a list of paths');
    values.evaluation.charge(globSteps(path.length, shape));
    return globMatches(path, pattern);
  };
  const subject = values.any(0);
  return Array.isArray(subject) ? subject.filter(test) : test(subject);
}

function parseJson(values: Values): JsonValue {
  const source = values.text(0);
  values.evaluation.chargeText(source.length);
  try {
    const parsed = JSON.parse(source) as JsonValue;
    if (isTooDeep(parsed, MAX_DEPTH))
      values.evaluation.limit('the nesting of the parsed text', MAX_DEPTH);
    return checkValue(parsed);
  } catch (error) {
    if (!(error instanceof SyntaxError || error instanceof ValueUnsupportedError)) throw error;
    return values.evaluation.fail(
      'the text is no JSON value',
      'Give `parseJson` the text of one JSON value.',
    );
  }
}

function isTooDeep(value: JsonValue, levels: number): boolean {
  if (typeof value !== 'object' || value === null) return false;
  if (levels === 0) return true;
  return Object.values(value).some((item) => isTooDeep(item, levels - 1));
}

function size(values: Values): JsonValue {
  const value = values.any(0);
  if (typeof value === 'string') return codePoints(value);
  if (Array.isArray(value)) return value.length;
  return isMap(value)
    ? keysOf(value, values.evaluation).length
    : values.refuse(0, 'a text, a list or a map');
}

/** As CEL counts: a surrogate pair is one. */
function codePoints(value: string): number {
  let count = value.length;
  for (let at = 1; at < value.length; at++) {
    const isPair =
      (value.charCodeAt(at) & 0xfc00) === 0xdc00 && (value.charCodeAt(at - 1) & 0xfc00) === 0xd800;
    if (isPair) count -= 1;
  }
  return count;
}

/** One level: lists inside the list are opened. */
function flatten(values: Values): JsonValue {
  const flat: JsonValue[] = [];
  for (const item of values.list(0)) {
    const items = Array.isArray(item) ? item : [item];
    checkLength(items.length, values.evaluation);
    if (flat.length + items.length > MAX_LIST_LENGTH)
      values.evaluation.limit('the list that the expression makes', MAX_LIST_LENGTH);
    for (const inner of items) flat.push(inner);
  }
  return flat;
}

function unique(values: Values): JsonValue {
  const seen = new Set<string>();
  return values.list(0).filter((item) => {
    const key = canonicalOf(item, values.evaluation);
    return seen.has(key) ? false : seen.add(key);
  });
}

/** Numbers by value, texts by UTF-16 unit; with a second value by that field of each element. Stable. */
function sort(values: Values): JsonValue {
  const list = [...values.list(0)];
  const field = values.count > 1 ? values.text(1) : undefined;
  checkLength(list.length, values.evaluation);
  const keyOf = (item: JsonValue): JsonValue =>
    field === undefined
      ? item
      : isMap(item) && Object.hasOwn(item, field)
        ? (item[field] ?? null)
        : null;
  return list.sort((left, right) => {
    values.evaluation.charge(1);
    return compare('sort', keyOf(left), keyOf(right), values.evaluation);
  });
}

/** `range(n)`: 0 to n - 1; `range(from, to)`: from to to - 1. */
function range(values: Values): JsonValue {
  const from = values.count > 1 ? values.whole(0) : 0;
  const to = values.count > 1 ? values.whole(1) : values.whole(0);
  const length = Math.max(0, to - from);
  checkLength(length, values.evaluation);
  return Array.from({ length }, (_, index) => from + index);
}

function extreme(values: Values, sign: 1 | -1): JsonValue {
  const list = values.count > 1 ? [values.any(0), values.any(1)] : values.list(0);
  checkLength(list.length, values.evaluation);
  const first = list[0];
  if (first === undefined) return values.refuse(0, 'a list with an element');
  return list.reduce(
    (best, item) => (sign * compare('order', item, best, values.evaluation) > 0 ? item : best),
    first,
  );
}

function toNumber(values: Values): number {
  const value = values.any(0);
  if (typeof value === 'number') return value;
  if (typeof value === 'boolean') return Number(value);
  const parsed = typeof value === 'string' && value.trim() !== '' ? Number(value) : Number.NaN;
  return Number.isFinite(parsed) ? parsed : values.refuse(0, 'a number or the text of one');
}

function toBoolean(values: Values): JsonValue {
  const value = values.any(0);
  if (typeof value === 'boolean') return value;
  if (value === 'true' || value === 'false') return value === 'true';
  return values.refuse(0, 'a boolean, `"true"` or `"false"`');
}
