/** The blobs that a value names, and the value that a blob holds. */
import {
  type BlobReference,
  checkValue,
  isBlobReference,
  type JsonValue,
} from '../workflow/value.ts';
import { BlobInvalidError } from './errors.ts';

/** Every blob reference inside a value, in no particular order, with repetitions. */
export function blobReferencesIn(value: unknown): BlobReference[] {
  const found: BlobReference[] = [];
  const open: unknown[] = [value];
  while (open.length > 0) {
    const next = open.pop();
    if (typeof next !== 'object' || next === null) continue;
    if (isBlobReference(next)) found.push(next);
    else for (const inner of Object.values(next)) open.push(inner);
  }
  return found;
}

/** The JSON value in the bytes of a blob. Throws `blob.invalid`. */
export function valueOfBlob(reference: BlobReference, bytes: Uint8Array): JsonValue {
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    return checkValue(JSON.parse(text));
  } catch (error) {
    throw new BlobInvalidError(reference.$blob, error);
  }
}
