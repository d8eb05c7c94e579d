/**
 * Values of a run: which stay in memory, and where the others are found.
 */
import { isKeptValue, type JsonValue } from '../../workflow/value.ts';
import {
  type Activation,
  type Expansion,
  INLINE_BYTES,
  type RunAggregate,
  type ValueRef,
  valueKey,
} from './aggregate.ts';

const PUNCTUATION = 3;
const NUMBER_BYTES = 8;

/** About the size of the value's JSON in bytes; stops counting once it is over `limit`. */
export function approximateBytes(value: JsonValue, limit: number): number {
  if (typeof value === 'string') return value.length + PUNCTUATION;
  if (typeof value !== 'object' || value === null) return NUMBER_BYTES;
  let bytes = PUNCTUATION;
  if (Array.isArray(value)) {
    for (const item of value) {
      bytes += approximateBytes(item, limit - bytes);
      if (bytes > limit) return bytes;
    }
    return bytes;
  }
  for (const key in value) {
    bytes += key.length + PUNCTUATION + approximateBytes(value[key] as JsonValue, limit - bytes);
    if (bytes > limit) return bytes;
  }
  return bytes;
}

/**
 * Where a value of an event is found later: at hand when small, in its blob, or in the event. A reference to a blob of
 * another type than JSON is a value like any other.
 */
export function valueRef(
  value: JsonValue,
  streamVersion: number,
  field: Extract<ValueRef, { at: 'event' }>['field'],
): ValueRef {
  if (isKeptValue(value)) return { at: 'blob', blob: value };
  if (approximateBytes(value, INLINE_BYTES) <= INLINE_BYTES) return { at: 'inline', value };
  return { at: 'event', streamVersion, field };
}

/** The value behind a reference, when it is at hand or in the cache. */
export function knownValue(
  run: Pick<RunAggregate, 'values'>,
  ref: ValueRef,
): JsonValue | undefined {
  return ref.at === 'inline' ? ref.value : run.values.get(valueKey(ref));
}

/** Keeps a fresh value that is too large for the aggregate; the log cannot be asked for it before it is durable. */
export function rememberValue(run: RunAggregate, ref: ValueRef, value: JsonValue): void {
  if (ref.at !== 'inline') run.values.set(valueKey(ref), value);
}

/** What `task.expanded` leaves behind. */
export function newExpansion(items: ValueRef, count: number): Expansion {
  return { items, count, next: 0, open: 0, succeeded: 0, unsuccessful: 0, firstFailure: null };
}

/**
 * A `foreach` task has something to decide, after those that were told before. So the order is that of the events, whoever
 * was asked in between.
 */
export function wakeExpansion(run: Pick<RunAggregate, 'expansions'>, activation: Activation): void {
  run.expansions.delete(activation);
  run.expansions.add(activation);
}

/** `join.rest: detach`: the task has ended, and instances that have not begun still do. */
export function goesOn({ node, state, expansion }: Activation): boolean {
  if (node.task.join?.rest !== 'detach' || state !== 'succeeded') return false;
  return (
    expansion !== undefined && expansion.completed !== true && expansion.next < expansion.count
  );
}
