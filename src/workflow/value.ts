/**
 * Values: what may travel in parameters, outputs and events.
 * A value is what JSON can carry: null, boolean, finite number, valid Unicode string, array, plain object.
 */
import { ValueUnsupportedError } from './errors.ts';

export type JsonPrimitive = null | boolean | number | string;
export type JsonObject = { [key: string]: JsonValue };
export type JsonValue = JsonPrimitive | JsonValue[] | JsonObject;

/** A value kept outside the event that names it; `$blob` is `sha256:<64 hex digits>`, `size` is in bytes. */
export type BlobReference = { $blob: string; size: number; type: string };

/** True for a value of the shape `{"$blob": "sha256:...", size, type}`. */
export function isBlobReference(value: unknown): value is BlobReference {
  if (typeof value !== 'object' || value === null) return false;
  const { $blob, size, type } = value as Partial<Record<keyof BlobReference, unknown>>;
  return (
    typeof $blob === 'string' &&
    $blob.startsWith('sha256:') &&
    typeof size === 'number' &&
    typeof type === 'string'
  );
}

/** The type of a blob that stands for a JSON value; one of any other type is a file, and stays a reference. */
export const VALUE_BLOB_TYPE = 'application/json';

/** True for a reference that stands for the JSON value in its blob. */
export function isKeptValue(value: unknown): value is BlobReference {
  return isBlobReference(value) && value.type.startsWith(VALUE_BLOB_TYPE);
}

/** Lists and objects within each other; deeper values are refused. */
const MAX_VALUE_DEPTH = 64;
/** The same for a whole message or document: what stands around a value (an envelope, a report) must not make it unreadable. */
export const MAX_BODY_DEPTH = MAX_VALUE_DEPTH + 16;

/**
 * Returns what may travel: the value itself, or a copy without fields that are `undefined` and with `-0` as `0`
 * (JSON Lines would not keep it). Throws `value.unsupported` with the path for bigint, NaN, Infinity, Date, Map, Set
 * and other class instances, functions, symbols, the key `__proto__`, lone surrogates, holes in lists, and more than
 * `maxDepth` levels (a circular value among them).
 */
export function checkValue(value: unknown, maxDepth = MAX_VALUE_DEPTH): JsonValue {
  if (isClean(value, maxDepth)) return value;
  return cleanCopy(value, { path: [], maxDepth });
}

/** Where a copy is. */
interface Place {
  path: (string | number)[];
  maxDepth: number;
}

/** One walk without allocation; false where a copy or an error is needed. */
function isClean(value: unknown, levels: number): value is JsonValue {
  switch (typeof value) {
    case 'string':
      return value.isWellFormed();
    case 'number':
      return Number.isFinite(value) && !Object.is(value, -0);
    case 'boolean':
      return true;
    case 'object':
      if (value === null) return true;
      if (levels <= 0) return false;
      return Array.isArray(value) ? isCleanList(value, levels) : isCleanObject(value, levels);
    default:
      return false;
  }
}

function isCleanList(list: readonly unknown[], levels: number): boolean {
  for (let index = 0; index < list.length; index += 1) {
    if (!isClean(list[index], levels - 1)) return false;
  }
  return true;
}

function isCleanObject(object: object, levels: number): boolean {
  if (!isPlainObject(object)) return false;
  for (const key in object) {
    if (key === '__proto__' || !key.isWellFormed()) return false;
    if (!isClean((object as Record<string, unknown>)[key], levels - 1)) return false;
  }
  return true;
}

function isPlainObject(object: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(object);
  return prototype === Object.prototype || prototype === null;
}

function cleanCopy(value: unknown, place: Place): JsonValue {
  switch (typeof value) {
    case 'string':
      if (!value.isWellFormed()) throw unsupported(place.path, 'a string with a lone surrogate');
      return value;
    case 'number':
      if (!Number.isFinite(value)) throw unsupported(place.path, `the number ${value}`);
      return value === 0 ? 0 : value;
    case 'boolean':
      return value;
    case 'object':
      if (value === null) return null;
      if (place.path.length >= place.maxDepth)
        throw unsupported(place.path, `more than ${place.maxDepth} levels`);
      return Array.isArray(value) ? copyList(value, place) : copyObject(value, place);
    default:
      throw unsupported(place.path, `a ${typeof value}`);
  }
}

function copyList(list: readonly unknown[], place: Place): JsonValue[] {
  const copy: JsonValue[] = [];
  for (let index = 0; index < list.length; index += 1) {
    place.path.push(index);
    copy.push(cleanCopy(list[index], place));
    place.path.pop();
  }
  return copy;
}

function copyObject(object: object, place: Place): JsonObject {
  if (!isPlainObject(object))
    throw unsupported(place.path, `a ${object.constructor?.name ?? 'class instance'}`);
  const copy: JsonObject = {};
  for (const [key, member] of Object.entries(object)) {
    place.path.push(key);
    if (key === '__proto__') throw unsupported(place.path, 'the key __proto__');
    if (!key.isWellFormed()) throw unsupported(place.path, 'a key with a lone surrogate');
    if (member !== undefined) copy[key] = cleanCopy(member, place);
    place.path.pop();
  }
  return copy;
}

function unsupported(path: readonly (string | number)[], reason: string): ValueUnsupportedError {
  return new ValueUnsupportedError({ path: formatPath(path), reason });
}

const MAX_PATH_LENGTH = 300;

/** `$.tasks[3].name`; a name that is no identifier is quoted. */
function formatPath(path: readonly (string | number)[]): string {
  let text = '$';
  for (const step of path) {
    if (typeof step === 'number') text += `[${step}]`;
    else text += /^[A-Za-z_][A-Za-z0-9_]*$/.test(step) ? `.${step}` : `[${JSON.stringify(step)}]`;
  }
  return text.length > MAX_PATH_LENGTH ? `${text.slice(0, MAX_PATH_LENGTH)}...` : text;
}

/**
 * The canonical form of RFC 8785 (JCS): no blanks, keys sorted by UTF-16 code units, numbers and strings as ECMAScript
 * writes them. Equal values give equal text, so hashes of values are taken over it.
 * Throws `value.unsupported` like `checkValue`; fields that are `undefined` are dropped.
 */
export function canonicalJson(value: unknown): string {
  return writeCanonical(checkValue(value, MAX_BODY_DEPTH));
}

function writeCanonical(value: JsonValue): string {
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map(writeCanonical).join(',')}]`;
  const members = Object.keys(value)
    .sort()
    .map((key) => `${JSON.stringify(key)}:${writeCanonical(value[key] as JsonValue)}`);
  return `{${members.join(',')}}`;
}
