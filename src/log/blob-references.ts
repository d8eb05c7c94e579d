/** Finds the blobs that a value names. */
import { type BlobReference, isBlobReference } from '../workflow/value.ts';

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
