/**
 * Blobs over NATS: uploads in chunks, downloads by offset (contracts.md, Blobs).
 *
 * B1 An upload is bounded, and all together are: beyond that only the oldest grows. One that stands still is forgotten.
 *    Chunks come in order; the last one repeated is answered again, also after the upload has ended.
 * B2 The answer to the last chunk waits until the blob is durable.
 * B3 A blob in which a secret is found is not stored.
 * B4 A download costs one reading of the blob, however many chunks it has.
 */
import type { EventLog } from '../../log/event-log.ts';
import {
  BLOB_CHUNK_BYTES,
  BLOB_HEADER,
  blobGetSchema,
  blobPutSchema,
  MAX_VALUE_BYTES,
} from '../../messages/request.ts';
import type { BusMessage } from '../../messaging/bus.ts';
import type { BlobReference, JsonValue } from '../../workflow/value.ts';
import { BlobUploadRefused, InvalidMessage } from '../host/errors.ts';
import type { Logger } from '../host/runtime.ts';
import type { Clock } from './clock.ts';
import { refuse } from './refuse.ts';
import { SecretInBlob, type Secrets } from './secrets.ts';

const MAX_UPLOADS = 64;
const MAX_BYTES = 256 * 1024 * 1024;
const IDLE_MS = 60_000;
/** Blobs that are being downloaded: so many, for so long after their last chunk. */
const MAX_READING = 4;
const READING_IDLE_MS = 2_000;

interface Upload {
  chunks: Uint8Array[];
  bytes: number;
  touchedAt: number;
}

export class BlobDoor {
  readonly #log: EventLog;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #secrets: Pick<Secrets, 'isIn'>;
  readonly #uploads = new Map<string, Upload>();
  /** By hash, the one asked for last at the end. */
  readonly #reading = new Map<string, { bytes: Promise<Uint8Array>; touchedAt: number }>();
  /** What the last chunks of uploads were answered, by upload; the oldest go first. */
  readonly #ended = new Map<string, { seq: number; reference: Promise<BlobReference> }>();
  #cancelDrop: (() => void) | undefined;
  #cancelExpiry: (() => void) | undefined;
  #bytes = 0;

  constructor(options: {
    log: EventLog;
    clock: Clock;
    logger: Logger;
    secrets: Pick<Secrets, 'isIn'>;
  }) {
    this.#log = options.log;
    this.#clock = options.clock;
    this.#logger = options.logger;
    this.#secrets = options.secrets;
  }

  put(message: BusMessage): void {
    this.#put(message).catch((error: unknown) => refuse(message, error, this.#logger));
  }

  get(message: BusMessage): void {
    this.#get(message).catch((error: unknown) => refuse(message, error, this.#logger));
  }

  async #put(message: BusMessage): Promise<void> {
    const chunk = blobPutSchema.safeParse(headerOf(message));
    if (!chunk.success) throw new InvalidMessage(`the header ${BLOB_HEADER}`, chunk.error);
    const { upload: id, seq, last, type } = chunk.data;
    const ended = this.#ended.get(id);
    // A single chunk is stored again: then its bytes count, not the name of its upload.
    if (last && seq > 0 && ended?.seq === seq) {
      respondStored(message, await ended.reference);
      return;
    }
    const upload = this.#uploads.get(id) ?? this.#begin(id, seq);
    if (seq === upload.chunks.length) this.#add(id, upload, message.bytes());
    else if (seq !== upload.chunks.length - 1) {
      throw new BlobUploadRefused(
        'blob.upload-unknown',
        `chunk ${seq} of ${id} is not the next one`,
      );
    }
    if (!last) {
      message.respond({ received: seq });
      return;
    }
    const bytes = Buffer.concat(upload.chunks);
    this.#forget(id);
    if (this.#secrets.isIn(bytes)) throw new SecretInBlob();
    const reference = this.#log.blobs.put(bytes, type);
    this.#remember(id, { seq, reference });
    respondStored(message, await reference);
  }

  #remember(id: string, answer: { seq: number; reference: Promise<BlobReference> }): void {
    this.#ended.delete(id);
    this.#ended.set(id, answer);
    answer.reference.catch(() => this.#ended.delete(id));
    const oldest = this.#ended.keys().next();
    if (this.#ended.size > MAX_UPLOADS && !oldest.done) this.#ended.delete(oldest.value);
  }

  #begin(id: string, seq: number): Upload {
    if (seq !== 0)
      throw new BlobUploadRefused('blob.upload-unknown', `the upload ${id} is not known`);
    if (this.#uploads.size >= MAX_UPLOADS || this.#bytes >= MAX_BYTES) {
      throw new BlobUploadRefused('overloaded', 'too many uploads at once');
    }
    const upload = { chunks: [], bytes: 0, touchedAt: this.#clock.now() };
    this.#uploads.set(id, upload);
    this.#expireLater();
    return upload;
  }

  #add(id: string, upload: Upload, bytes: Uint8Array): void {
    // The oldest may always go on, so that uploads do not wait for each other for ever.
    const isOldest = this.#uploads.keys().next().value === id;
    if (!isOldest && this.#bytes + bytes.length > MAX_BYTES)
      throw new BlobUploadRefused('overloaded', 'too many bytes are being uploaded');
    if (upload.bytes + bytes.length > MAX_VALUE_BYTES) {
      this.#forget(id);
      throw new BlobUploadRefused('payload.too-large', `a blob may have ${MAX_VALUE_BYTES} bytes`);
    }
    upload.chunks.push(Uint8Array.from(bytes));
    upload.bytes += bytes.length;
    upload.touchedAt = this.#clock.now();
    this.#bytes += bytes.length;
  }

  #forget(id: string): void {
    this.#bytes -= this.#uploads.get(id)?.bytes ?? 0;
    this.#uploads.delete(id);
  }

  #expireLater(): void {
    this.#cancelExpiry ??= this.#clock.after(IDLE_MS, () => {
      this.#cancelExpiry = undefined;
      const before = this.#clock.now() - IDLE_MS;
      for (const [id, upload] of this.#uploads) if (upload.touchedAt <= before) this.#forget(id);
      if (this.#uploads.size > 0) this.#expireLater();
    });
  }

  async #get(message: BusMessage): Promise<void> {
    const parsed = blobGetSchema.safeParse(message.body());
    if (!parsed.success) throw new InvalidMessage('the blob request', parsed.error);
    const { sha256, offset } = parsed.data;
    const bytes = await this.#read(sha256);
    message.respondBytes(bytes.subarray(offset, offset + BLOB_CHUNK_BYTES));
  }

  /** A blob is read and checked once for all its chunks: its bytes stay here while somebody asks for them. */
  #read(sha256: string): Promise<Uint8Array> {
    const now = this.#clock.now();
    let entry = this.#reading.get(sha256);
    if (entry === undefined) {
      const bytes = this.#log.blobs.get({ $blob: `sha256:${sha256}`, size: 0, type: '' });
      entry = { bytes, touchedAt: now };
      bytes.catch(() => this.#reading.delete(sha256));
      const oldest = this.#reading.keys().next();
      if (this.#reading.size >= MAX_READING && !oldest.done) this.#reading.delete(oldest.value);
    } else this.#reading.delete(sha256);
    entry.touchedAt = now;
    this.#reading.set(sha256, entry);
    this.#dropReadingLater();
    return entry.bytes;
  }

  #dropReadingLater(): void {
    this.#cancelDrop ??= this.#clock.after(READING_IDLE_MS, () => {
      this.#cancelDrop = undefined;
      const before = this.#clock.now() - READING_IDLE_MS;
      for (const [name, entry] of this.#reading)
        if (entry.touchedAt <= before) this.#reading.delete(name);
      if (this.#reading.size > 0) this.#dropReadingLater();
    });
  }
}

function respondStored(message: BusMessage, { $blob, size }: BlobReference): void {
  message.respond({ sha256: $blob.slice('sha256:'.length), size });
}

function headerOf(message: BusMessage): JsonValue {
  const text = message.header(BLOB_HEADER);
  if (text === undefined) return null;
  try {
    return JSON.parse(text) as JsonValue;
  } catch {
    return null;
  }
}
