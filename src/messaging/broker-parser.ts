/**
 * The parser of the NATS client protocol, server side. Bytes in, calls out; it copies payload bytes only where a
 * chunk ends within a message.
 *
 * P1 Every byte sequence leads to calls or to exactly one `violation`; after it the parser ignores all input.
 * P2 A call sees the message whole, in the order of the bytes.
 * P3 It holds at most one control line (4 KiB) or one payload (the limit of a message) of a connection.
 *
 * Subjects are handed out as latin1 strings: one character a byte, whatever the bytes mean.
 */

/** What the parser calls. `body` runs from `start` to `end` in `buffer`: headers, payload, CRLF. Valid during the call only. */
export interface ProtocolSink {
  connect(json: string): void;
  publish(message: PublishedMessage): void;
  subscribe(request: { subject: string; queue: string; sid: string }): void;
  unsubscribe(request: { sid: string; max: number }): void;
  ping(): void;
  pong(): void;
  /** The connection has broken the protocol; `reason` is the text of `-ERR`. */
  violation(reason: string): void;
}

/** One PUB or HPUB. The object is used again for the next message. */
export interface PublishedMessage {
  subject: string;
  /** Empty without one. */
  reply: string;
  /** Bytes of the header block, 0 for PUB. */
  headerSize: number;
  /** Bytes of headers and payload. */
  size: number;
  buffer: Buffer;
  /** Where headers and payload begin in `buffer`; CRLF follows `size` bytes later. */
  start: number;
}

const MAX_CONTROL_LINE = 4096;
/** Of a control line; more than any operation takes, so that too many are seen. */
const MAX_TOKENS = 6;
const LF = 10;
const CR = 13;
const SPACE = 32;
const TAB = 9;
const DIGIT_0 = 48;
const DIGIT_9 = 57;
const MAX_DIGITS = 9;
const CRLF_SIZE = 2;
const NOTHING = Buffer.alloc(0);

/** Texts of `-ERR`, as nats-server words them. */
const protocolErrors = {
  unknownOperation: 'Unknown Protocol Operation',
  lineTooLong: 'Maximum Control Line Exceeded',
  payloadTooLarge: 'Maximum Payload Violation',
  arguments: 'Parser Error',
} as const;

/** One parser a connection. */
export class ProtocolParser {
  readonly #sink: ProtocolSink;
  readonly #maxPayload: number;
  readonly #message: PublishedMessage = {
    subject: '',
    reply: '',
    headerSize: 0,
    size: 0,
    buffer: NOTHING,
    start: 0,
  };
  /** Start and end of each token of the current line, alternating. */
  readonly #tokens = new Int32Array(MAX_TOKENS * 2);
  #tokenCount = 0;
  /** The beginning of a control line whose end has not arrived. */
  #rest: Buffer = NOTHING;
  /** A payload that is arriving in pieces, CRLF included; undefined between messages. */
  #body: Buffer | undefined;
  #bodyFilled = 0;
  #expectsBody = false;
  #failed = false;

  constructor(options: { sink: ProtocolSink; maxPayload: number }) {
    this.#sink = options.sink;
    this.#maxPayload = options.maxPayload;
  }

  /** Takes the next bytes of the connection. Never throws for what they are. */
  feed(chunk: Buffer): void {
    let position = 0;
    while (position < chunk.length && !this.#failed) {
      if (this.#body !== undefined) {
        position = this.#fillBody(this.#body, chunk, position);
        continue;
      }
      const lineEnd = chunk.indexOf(LF, position);
      if (lineEnd === -1) {
        this.#keepRest(chunk, position);
        return;
      }
      this.#line(chunk, position, lineEnd);
      position = lineEnd + 1;
      if (this.#expectsBody && !this.#failed) position = this.#takeBody(chunk, position);
    }
  }

  /** Ignores everything from now on. */
  stop(): void {
    this.#failed = true;
    this.#rest = NOTHING;
    this.#body = undefined;
  }

  #fail(reason: string): void {
    this.stop();
    this.#sink.violation(reason);
  }

  #keepRest(chunk: Buffer, position: number): void {
    const length = this.#rest.length + chunk.length - position;
    if (length > MAX_CONTROL_LINE) {
      this.#fail(protocolErrors.lineTooLong);
      return;
    }
    this.#rest = Buffer.concat([this.#rest, chunk.subarray(position)]);
  }

  #line(chunk: Buffer, start: number, lineEnd: number): void {
    let line = chunk;
    let from = start;
    let to = lineEnd;
    if (this.#rest.length > 0) {
      line = Buffer.concat([this.#rest, chunk.subarray(start, lineEnd)]);
      from = 0;
      to = line.length;
      this.#rest = NOTHING;
    }
    if (to > from && line[to - 1] === CR) to -= 1;
    if (to - from > MAX_CONTROL_LINE) this.#fail(protocolErrors.lineTooLong);
    else this.#operation(line, from, to);
  }

  #operation(line: Buffer, from: number, to: number): void {
    const nameEnd = endOfWord(line, from, to);
    switch (line.toString('latin1', from, nameEnd).toUpperCase()) {
      case 'PUB':
        this.#publish(line, nameEnd, to, false);
        return;
      case 'HPUB':
        this.#publish(line, nameEnd, to, true);
        return;
      case 'SUB':
        this.#subscribe(line, nameEnd, to);
        return;
      case 'UNSUB':
        this.#unsubscribe(line, nameEnd, to);
        return;
      case 'PING':
        this.#sink.ping();
        return;
      case 'PONG':
        this.#sink.pong();
        return;
      case 'CONNECT':
        this.#sink.connect(line.toString('utf8', nameEnd, to));
        return;
      case '+OK':
        return;
      default:
        this.#fail(protocolErrors.unknownOperation);
    }
  }

  #publish(line: Buffer, from: number, to: number, hasHeaders: boolean): void {
    const count = this.#tokenize(line, from, to);
    const sizes = hasHeaders ? 2 : 1;
    if (count !== sizes + 1 && count !== sizes + 2) {
      this.#fail(protocolErrors.arguments);
      return;
    }
    const message = this.#message;
    message.size = this.#number(line, count - 1);
    message.headerSize = hasHeaders ? this.#number(line, count - 2) : 0;
    if (message.size < 0 || message.headerSize < 0 || message.headerSize > message.size) {
      this.#fail(protocolErrors.arguments);
      return;
    }
    if (message.size > this.#maxPayload) {
      this.#fail(protocolErrors.payloadTooLarge);
      return;
    }
    message.subject = this.#text(line, 0);
    message.reply = count === sizes + 2 ? this.#text(line, 1) : '';
    this.#expectsBody = true;
  }

  #subscribe(line: Buffer, from: number, to: number): void {
    const count = this.#tokenize(line, from, to);
    if (count === 2)
      this.#sink.subscribe({ subject: this.#text(line, 0), queue: '', sid: this.#text(line, 1) });
    else if (count === 3) {
      this.#sink.subscribe({
        subject: this.#text(line, 0),
        queue: this.#text(line, 1),
        sid: this.#text(line, 2),
      });
    } else this.#fail(protocolErrors.arguments);
  }

  #unsubscribe(line: Buffer, from: number, to: number): void {
    const count = this.#tokenize(line, from, to);
    const max = count === 2 ? this.#number(line, 1) : 0;
    if ((count !== 1 && count !== 2) || max < 0) this.#fail(protocolErrors.arguments);
    else this.#sink.unsubscribe({ sid: this.#text(line, 0), max });
  }

  /** The body begins at `position`: hands it out in place when it is all there, else starts to collect it. */
  #takeBody(chunk: Buffer, position: number): number {
    this.#expectsBody = false;
    const end = position + this.#message.size + CRLF_SIZE;
    if (end <= chunk.length) {
      this.#deliver(chunk, position);
      return end;
    }
    this.#body = Buffer.allocUnsafe(this.#message.size + CRLF_SIZE);
    this.#bodyFilled = chunk.copy(this.#body, 0, position);
    return chunk.length;
  }

  #fillBody(body: Buffer, chunk: Buffer, position: number): number {
    const copied = chunk.copy(body, this.#bodyFilled, position);
    this.#bodyFilled += copied;
    if (this.#bodyFilled === body.length) {
      this.#body = undefined;
      this.#deliver(body, 0);
    }
    return position + copied;
  }

  #deliver(buffer: Buffer, start: number): void {
    const message = this.#message;
    const end = start + message.size;
    if (buffer[end] !== CR || buffer[end + 1] !== LF) {
      this.#fail(protocolErrors.unknownOperation);
      return;
    }
    message.buffer = buffer;
    message.start = start;
    this.#sink.publish(message);
    message.buffer = NOTHING;
  }

  #tokenize(line: Buffer, from: number, to: number): number {
    let count = 0;
    let position = from;
    while (position < to) {
      const byte = line[position];
      if (byte === SPACE || byte === TAB) {
        position += 1;
        continue;
      }
      if (count === MAX_TOKENS) break;
      const end = endOfWord(line, position, to);
      this.#tokens[count * 2] = position;
      this.#tokens[count * 2 + 1] = end;
      count += 1;
      position = end;
    }
    this.#tokenCount = count;
    return count;
  }

  #text(line: Buffer, index: number): string {
    return line.toString('latin1', this.#tokens[index * 2], this.#tokens[index * 2 + 1]);
  }

  /** A token as a decimal number, -1 when it is none. */
  #number(line: Buffer, index: number): number {
    if (index >= this.#tokenCount) return -1;
    const from = this.#tokens[index * 2] as number;
    const to = this.#tokens[index * 2 + 1] as number;
    if (to - from > MAX_DIGITS) return -1;
    let value = 0;
    for (let position = from; position < to; position += 1) {
      const byte = line[position] as number;
      if (byte < DIGIT_0 || byte > DIGIT_9) return -1;
      value = value * 10 + byte - DIGIT_0;
    }
    return value;
  }
}

function endOfWord(line: Buffer, from: number, to: number): number {
  let position = from;
  while (position < to) {
    const byte = line[position];
    if (byte === SPACE || byte === TAB) break;
    position += 1;
  }
  return position;
}
