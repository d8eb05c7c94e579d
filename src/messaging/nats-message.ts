/** A message of the `nats` client as the port sees it, and the making of headers. */
import { headers as createHeaders, type MsgHdrs } from 'nats';
import type { JsonValue } from '../workflow/value.ts';
import type { BusMessage, Encoding, Headers, WireError } from './bus.ts';
import { MalformedMessageError, PayloadTooLargeError, RemoteError } from './errors.ts';
import {
  CONTENT_TYPE,
  decodeBody,
  encodeBody,
  encodingOf,
  MAX_MESSAGE_BYTES,
  MSGPACK_TYPE,
} from './wire.ts';

const SERVICE_ERROR = 'Nats-Service-Error';
const SERVICE_ERROR_CODE = 'Nats-Service-Error-Code';
const NO_RESPONDERS_STATUS = 503;
const MIN_STATUS = 400;
const MAX_STATUS = 599;
const MAX_ERROR_TEXT = 500;

/** What this file needs of the client's messages; service messages have the same shape. */
export interface RawMessage {
  readonly subject: string;
  readonly reply?: string;
  readonly data: Uint8Array;
  readonly headers?: MsgHdrs | undefined;
}

/** Sends bytes; the bus gives it, so that errors and the state of the connection are handled in one place. */
export type SendBytes = (subject: string, bytes: Uint8Array, headers: MsgHdrs | undefined) => void;

/** A received message. Decodes once, on the first `body()`. */
export class NatsMessage implements BusMessage {
  readonly #raw: RawMessage;
  readonly #send: SendBytes;
  #body: JsonValue | undefined;

  constructor(raw: RawMessage, send: SendBytes) {
    this.#raw = raw;
    this.#send = send;
  }

  get subject(): string {
    return this.#raw.subject;
  }

  get replyTo(): string | undefined {
    const { reply } = this.#raw;
    return reply === undefined || reply === '' ? undefined : reply;
  }

  get size(): number {
    return this.#raw.data.length;
  }

  header(name: string): string | undefined {
    return readHeader(this.#raw, name);
  }

  body(): JsonValue {
    this.#body ??= decodeBody(this.#raw.data, this.#encoding());
    return this.#body;
  }

  bytes(): Uint8Array {
    return this.#raw.data;
  }

  respond(body: JsonValue, headers?: Headers): void {
    const { replyTo } = this;
    if (replyTo === undefined) return;
    const encoding = this.#replyEncoding();
    this.#send(replyTo, encodeBody(body, encoding), toHeaders(headers, encoding));
  }

  respondBytes(bytes: Uint8Array, headers?: Headers): void {
    const { replyTo } = this;
    if (replyTo !== undefined) this.#send(replyTo, bytes, toHeaders(headers, 'json'));
  }

  respondError(error: WireError): void {
    const { status, details, ...body } = error;
    const headers = {
      [SERVICE_ERROR_CODE]: String(status),
      [SERVICE_ERROR]: headerText(`${error.code}: ${error.message}`),
    };
    try {
      this.respond((details === undefined ? body : { ...body, details }) as JsonValue, headers);
    } catch {
      // Details that cannot be sent (too large, no values) must not cost the asker the error itself.
      this.respond(body, headers);
    }
  }

  #encoding(): Encoding {
    return encodingOf(this.header(CONTENT_TYPE));
  }

  #replyEncoding(): Encoding {
    try {
      return this.#encoding();
    } catch {
      // Its headers cannot be read: everybody reads JSON.
      return 'json';
    }
  }
}

/** True for the server's answer to a request that nobody is subscribed to. Throws `message.malformed` for broken headers. */
export function isNoResponders(raw: RawMessage): boolean {
  return raw.data.length === 0 && headersOf(raw)?.code === NO_RESPONDERS_STATUS;
}

/** The typed error in a reply, undefined when the reply is a success. A foreign service's bare error gets the code `remote.error`. */
export function errorInReply(message: BusMessage): RemoteError | undefined {
  const stated = message.header(SERVICE_ERROR_CODE);
  const text = message.header(SERVICE_ERROR);
  if (stated === undefined && text === undefined) return undefined;
  const number = Number(stated);
  const status =
    Number.isInteger(number) && number >= MIN_STATUS && number <= MAX_STATUS ? number : MAX_STATUS;
  return new RemoteError({ status, ...readErrorBody(message, text) });
}

function readErrorBody(message: BusMessage, text: string | undefined): Omit<WireError, 'status'> {
  const bare = {
    code: 'remote.error',
    message: text ?? 'the other side reported an error',
    hint: 'See its own log.',
  };
  let body: JsonValue;
  try {
    body = message.body();
  } catch {
    // The headers already say that it failed; a body that cannot be read adds nothing.
    return bare;
  }
  if (typeof body !== 'object' || body === null || Array.isArray(body)) return bare;
  const { code, message: words, hint, details } = body;
  return {
    code: typeof code === 'string' ? code : bare.code,
    message: typeof words === 'string' ? words : bare.message,
    hint: typeof hint === 'string' ? hint : bare.hint,
    ...(typeof details === 'object' && details !== null && !Array.isArray(details) && { details }),
  };
}

function readHeader(raw: RawMessage, name: string): string | undefined {
  const headers = headersOf(raw);
  if (headers === undefined) return undefined;
  if (headers.has(name)) return headers.get(name);
  // Other clients may write header names in another case.
  const wanted = name.toLowerCase();
  const found = headers.keys().find((key) => key.toLowerCase() === wanted);
  return found === undefined ? undefined : headers.get(found);
}

/** The client reads headers when they are first asked for, and throws then for names that are none. */
function headersOf(raw: RawMessage): MsgHdrs | undefined {
  try {
    return raw.headers;
  } catch (error) {
    throw new MalformedMessageError('invalid headers', error);
  }
}

/** Client headers for a message; undefined when there is nothing to say, which saves the header block. */
export function toHeaders(headers: Headers | undefined, encoding: Encoding): MsgHdrs | undefined {
  if (headers === undefined && encoding === 'json') return undefined;
  const made = createHeaders();
  for (const [name, value] of Object.entries(headers ?? {})) made.set(name, value);
  if (encoding === 'msgpack') made.set(CONTENT_TYPE, MSGPACK_TYPE);
  return made;
}

const STATUS_LINE = 'NATS/1.0\r\n\r\n'.length;
const HEADER_OVERHEAD = ': \r\n'.length;

/** Throws `payload.too-large` for a message that is larger than `limit` bytes, headers and body together. */
export function checkSize(
  bytes: Uint8Array,
  headers: MsgHdrs | undefined,
  limit: number = MAX_MESSAGE_BYTES,
): void {
  const size = bytes.length + sizeOf(headers);
  if (size > limit) throw new PayloadTooLargeError({ size, limit });
}

function sizeOf(headers: MsgHdrs | undefined): number {
  if (headers === undefined) return 0;
  let size = STATUS_LINE;
  for (const name of headers.keys()) {
    for (const value of headers.values(name))
      size += name.length + Buffer.byteLength(value) + HEADER_OVERHEAD;
  }
  return size;
}

/** One line of printable ASCII, bounded: what a header may hold. */
function headerText(text: string): string {
  return text.replace(/[^\x20-\x7e]+/g, ' ').slice(0, MAX_ERROR_TEXT);
}
