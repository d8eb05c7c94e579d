/**
 * The lines of the attempt cache: one JSON object a line with a checksum as its last field.
 * `{"key":...,"agent":...,"body":{...},"crc":"<8 hex>"}` is a result, `{"acknowledged":[key,...],"crc":...}` a list of
 * keys whose results need not be sent any more.
 */
import { crc32 } from 'node:zlib';
import type { AttemptRef } from '../messages/execution.ts';
import type { JsonObject } from '../workflow/value.ts';

/** An attempt that has ended in this worker: what its result message says and where that goes. */
export interface FinishedAttempt {
  key: string;
  agent: string;
  ref: AttemptRef;
  /** Where the result is sent. */
  subject: string;
  /** The whole result message; a large output stands in it until it is uploaded. */
  body: JsonObject;
  /** Milliseconds since the epoch. */
  finishedAt: number;
  /** `traceparent` of the execution request. */
  trace?: string;
  /** The output is too large for a message and is sent as a blob. */
  upload?: true;
}

export type CacheRecord = { finished: FinishedAttempt } | { acknowledged: string[] };

const CHECKSUM_FIELD = ',"crc":"';
const CHECKSUM_DIGITS = 8;
/** Of `,"crc":"00000000"}`. */
const TAIL_LENGTH = CHECKSUM_FIELD.length + CHECKSUM_DIGITS + 2;

/** A finished attempt as a line without its newline. */
export function encodeFinished(finished: FinishedAttempt): string {
  return seal(JSON.stringify(finished));
}

/** Acknowledged keys as a line without its newline. */
export function encodeAcknowledged(keys: readonly string[]): string {
  return seal(JSON.stringify({ acknowledged: keys }));
}

/** The record in a line; undefined for a torn or altered one. */
export function decodeLine(line: string): CacheRecord | undefined {
  const end = line.length - TAIL_LENGTH;
  if (end <= 0 || !line.startsWith(CHECKSUM_FIELD, end) || !line.endsWith('"}')) return undefined;
  const text = `${line.slice(0, end)}}`;
  const digits = line.slice(end + CHECKSUM_FIELD.length, -2);
  if (digits !== checksumOf(text)) return undefined;
  // The checksum proves that this room wrote the line, so its shape is known.
  const record = JSON.parse(text) as FinishedAttempt | { acknowledged: string[] };
  return 'acknowledged' in record ? record : { finished: record };
}

function seal(text: string): string {
  return `${text.slice(0, -1)}${CHECKSUM_FIELD}${checksumOf(text)}"}`;
}

function checksumOf(text: string): string {
  return crc32(text).toString(16).padStart(CHECKSUM_DIGITS, '0');
}
