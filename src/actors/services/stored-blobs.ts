/**
 * The blobs that a result or a request names are looked at before it enters a run: what somebody promised and did not
 * store is a failure of the attempt, or refused, and never a defect of the run later.
 */
import { blobReferencesIn, valueOfBlob } from '../../log/blob-references.ts';
import { BlobInvalidError, BlobNotFoundError } from '../../log/errors.ts';
import type { BlobStore } from '../../log/event-log.ts';
import type { ResultMessage } from '../../messages/execution.ts';
import { failureCodes } from '../../messages/failure.ts';
import { TroupeError } from '../../workflow/errors.ts';
import { isKeptValue, type JsonValue } from '../../workflow/value.ts';

/** True when a value names blobs. */
export function namesBlobs(value: JsonValue): boolean {
  return typeof value === 'object' && value !== null && blobReferencesIn(value).length > 0;
}

/**
 * The result itself, or a failure with `output.invalid` when a blob that it names is not stored, or is no JSON value
 * where the output is said to be one. Throws what reading fails with otherwise.
 */
export async function withStoredBlobs(
  blobs: BlobStore,
  result: Extract<ResultMessage, { status: 'succeeded' }>,
): Promise<ResultMessage> {
  try {
    await checkBlobs(blobs, result.output);
    return result;
  } catch (error) {
    if (!(error instanceof TroupeError) || !error.code.startsWith('blob.')) throw error;
    const { output: _, status: __, ...rest } = result;
    const message = `the output cannot be read: ${error.message}`;
    return {
      ...rest,
      status: 'failed',
      error: { code: failureCodes.outputInvalid, message, retryable: true },
    };
  }
}

/** What a value names is stored, and is a value where it is said to be one. Throws `blob.` errors. */
export async function checkBlobs(blobs: BlobStore, output: JsonValue): Promise<void> {
  if (isKeptValue(output)) await checkStored(blobs, { blob: output });
  const value = isKeptValue(output) ? valueOfBlob(output, await blobs.get(output)) : output;
  if (value !== output && isKeptValue(value))
    throw new BlobInvalidError(value.$blob, 'it is the value of another blob');
  await checkStored(blobs, value);
}

/** Every blob that a value names is stored, and will not be collected before its event is. Throws `blob.not-found`. */
export async function checkStored(blobs: BlobStore, value: JsonValue): Promise<void> {
  for (const reference of blobReferencesIn(value)) {
    if (!(await blobs.touch(reference.$blob))) throw new BlobNotFoundError(reference.$blob);
  }
}
