/**
 * What an attempt says that it has used. It is evidence, not the result: what cannot travel is left out, and the
 * result goes its way without it.
 */

import { reasonOf } from '../workflow/errors.ts';
import { checkValue, type JsonObject } from '../workflow/value.ts';

/** Usage is kept in events and sent with every result: counts and costs, no texts. */
export const MAX_USAGE_BYTES = 16 * 1024;
const MAX_BYTES_PER_CHARACTER = 3;

/** The usage, or why it is left out: no object, no JSON value, more than `MAX_USAGE_BYTES` as JSON. */
export function checkUsage(candidate: unknown): { usage: JsonObject } | { problem: string } {
  if (typeof candidate !== 'object' || candidate === null || Array.isArray(candidate))
    return { problem: 'it is no object' };
  try {
    const usage = checkValue(candidate) as JsonObject;
    const json = JSON.stringify(usage);
    const bytes =
      json.length * MAX_BYTES_PER_CHARACTER <= MAX_USAGE_BYTES ? 0 : Buffer.byteLength(json);
    if (bytes <= MAX_USAGE_BYTES) return { usage };
    return { problem: `it has ${bytes} bytes as JSON, the limit is ${MAX_USAGE_BYTES}` };
  } catch (error) {
    // Also a RangeError: more than a text can hold.
    return { problem: reasonOf(error) };
  }
}
