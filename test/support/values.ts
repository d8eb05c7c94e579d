import { checkValue, type JsonValue } from '../../src/workflow/value.ts';
import fc from './property.ts';

/** Arbitrary values; what `fc.jsonValue` makes beyond them (the key `__proto__`, `-0`) is left out. */
export function arbitraryValue(): fc.Arbitrary<JsonValue> {
  return fc.jsonValue({ maxDepth: 6 }).filter(isValue) as fc.Arbitrary<JsonValue>;
}

function isValue(candidate: unknown): boolean {
  try {
    return Object.is(checkValue(candidate), candidate);
  } catch {
    return false;
  }
}
