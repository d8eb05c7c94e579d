/**
 * Blobs over NATS in chunks of 512 KiB (contracts.md, Blobs). Used by the client and by the worker.
 */
import { createHash, randomUUID } from 'node:crypto';
import { BLOB_CHUNK_BYTES, BLOB_HEADER, MAX_VALUE_BYTES } from '../messages/request.ts';
import type { Bus } from '../messaging/bus.ts';
import type { Subjects } from '../messaging/subjects.ts';
import { TroupeError } from '../workflow/errors.ts';
import type { BlobReference, JsonObject } from '../workflow/value.ts';
import { type AskOptions, ask } from './ask.ts';
import { BlobCorruptError, BlobTooLargeError, UnexpectedReplyError } from './errors.ts';

const DIGEST_PREFIX = 'sha256:';
/** Uploads begun for one blob before giving up. */
const MAX_UPLOADS = 3;

/** Where blobs are kept. */
export interface BlobStoreAddress {
  bus: Bus;
  subjects: Pick<Subjects, 'blobPut' | 'blobGet'>;
}

/**
 * Stores bytes and returns their reference once the orchestrator has them durably. The same bytes are the same blob.
 * An upload that the orchestrator lost halfway (it was restarted) begins again.
 */
export async function putBlob(
  address: BlobStoreAddress,
  blob: { bytes: Uint8Array; type: string },
  options: AskOptions = {},
): Promise<BlobReference> {
  const expected = digestOf(blob.bytes);
  for (let upload = 1; ; upload += 1) {
    try {
      const actual = await uploadOnce(address, blob, options);
      if (actual !== expected) throw new BlobCorruptError({ expected, actual });
      return { $blob: `${DIGEST_PREFIX}${expected}`, size: blob.bytes.length, type: blob.type };
    } catch (error) {
      options.signal?.throwIfAborted();
      if (upload === MAX_UPLOADS || !isLostUpload(error)) throw error;
    }
  }
}

/** The bytes of a blob, checked against its digest. Throws `payload.too-large` over `maxBytes` (default 64 MiB), `blob.corrupt`, and what the orchestrator says (not found). */
export async function getBlob(
  address: BlobStoreAddress,
  blob: Pick<BlobReference, '$blob'> & { size?: number },
  options: AskOptions & { maxBytes?: number } = {},
): Promise<Uint8Array> {
  const limit = options.maxBytes ?? MAX_VALUE_BYTES;
  const sha256 = blob.$blob.slice(DIGEST_PREFIX.length);
  const chunks: Uint8Array[] = [];
  let offset = 0;
  for (;;) {
    if (Math.max(offset, blob.size ?? 0) > limit)
      throw new BlobTooLargeError({ size: blob.size ?? offset, limit });
    const reply = await ask({
      ...options,
      bus: address.bus,
      subject: address.subjects.blobGet(),
      body: { sha256, offset },
    });
    const chunk = reply.bytes();
    chunks.push(chunk);
    offset += chunk.length;
    if (
      chunk.length === 0 ||
      (blob.size === undefined ? chunk.length < BLOB_CHUNK_BYTES : offset >= blob.size)
    )
      break;
  }
  const bytes = Buffer.concat(chunks);
  const actual = digestOf(bytes);
  if (actual !== sha256) throw new BlobCorruptError({ expected: sha256, actual });
  return bytes;
}

/** Sends all chunks of one upload; resolves to the digest that the orchestrator computed. */
async function uploadOnce(
  address: BlobStoreAddress,
  blob: { bytes: Uint8Array; type: string },
  options: AskOptions,
): Promise<string> {
  const upload = `upl_${randomUUID()}`;
  const subject = address.subjects.blobPut();
  const count = Math.max(1, Math.ceil(blob.bytes.length / BLOB_CHUNK_BYTES));
  for (let seq = 0; ; seq += 1) {
    const last = seq === count - 1;
    const bytes = blob.bytes.subarray(seq * BLOB_CHUNK_BYTES, (seq + 1) * BLOB_CHUNK_BYTES);
    const headers = { [BLOB_HEADER]: JSON.stringify({ upload, seq, last, type: blob.type }) };
    const reply = await ask({ ...options, bus: address.bus, subject, body: null, headers, bytes });
    if (!last) continue;
    const digest = (reply.body() as JsonObject | null)?.['sha256'];
    if (typeof digest !== 'string') throw new UnexpectedReplyError(subject, 'sha256');
    return digest.startsWith(DIGEST_PREFIX) ? digest.slice(DIGEST_PREFIX.length) : digest;
  }
}

/** The orchestrator does not know the upload any more, or takes its chunks in another order. */
function isLostUpload(error: unknown): boolean {
  return (
    error instanceof TroupeError &&
    (error.code === 'blob.corrupt' || error.code.startsWith('blob.upload'))
  );
}

function digestOf(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}
