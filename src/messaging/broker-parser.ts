/**
 * The parser of the NATS client protocol, server side. Bytes in, calls out; it copies payload bytes only where a
 * chunk ends within a message. What is refused, and with which words, is what nats-server does.
 *
 * P1 Every byte sequence leads to calls; after a `violation`, or once the sink is closed, nothing more is called.
 * P2 A call sees the message whole, in the order of the bytes.
 * P3 It holds at most one control line or one payload (the limit of a message) of a connection.
 *
 * Subjects are handed out as latin1 strings: one character a byte, whatever the bytes mean.
 * Size: one grammar, read from top to bottom.
 */

/** What the parser calls. */
export interface ProtocolSink {
  /** True when nothing more is to be read of this connection. */
  readonly isClosed: boolean;
  /** True while only CONNECT may be said. */
  readonly isAwaitingAuth: boolean;
  /** False for a client whose HPUB is refused. */
  readonly acceptsHeaders: boolean;
  connect(json: string): void;
  /** A PUB or HPUB has been read, its payload follows. */
  announce(subject: string): void;
  /** The message is valid during the call only. */
  publish(message: PublishedMessage): void;
  subscribe(request: { subject: string; queue: string; sid: string }): void;
  /** `max` 0 means at once. */
  unsubscribe(request: { sid: string; max: number }): void;
  ping(): void;
  pong(): void;
  /** The connection has broken the protocol; `reason` is the text of `-ERR`, without one it ends without a word. */
  violation(reason?: string): void;
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
const LOWER_CASE = 0x20;
const C = 99;
const PUB = Buffer.from('pub');
const HPUB = Buffer.from('hpub');
const NOTHING = Buffer.alloc(0);

const errors = {
  unknownOperation: 'Unknown Protocol Operation',
  lineTooLong: 'maximum control line exceeded',
  payloadTooLarge: 'Maximum Payload Violation',
  authorization: 'Authorization Violation',
} as const;

/** How operations begin; those that end with a blank must have one there, the others take anything. */
const VERBS = [
  'pub ',
  'hpub ',
  'sub ',
  'unsub ',
  'ping',
  'pong',
  'connect',
  'info',
  '-err ',
  '+ok',
];
const LONGEST_VERB = 7;
/** What follows these is not looked at. */
const WITHOUT_ARGUMENTS: ReadonlySet<string | undefined> = new Set(['ping', 'pong', '+ok']);

/** One parser a connection. */
export class ProtocolParser {
  readonly #sink: ProtocolSink;
  readonly #maxPayload: number;
  readonly #maxControlLine: number;
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
  /** The beginning of a control line whose end has not arrived. */
  #rest: Buffer = NOTHING;
  /** A payload that is arriving in pieces, CRLF included; undefined between messages. */
  #body: Buffer | undefined;
  #bodyFilled = 0;
  #expectsBody = false;

  constructor(options: { sink: ProtocolSink; maxPayload: number; maxControlLine: number }) {
    this.#sink = options.sink;
    this.#maxPayload = options.maxPayload;
    this.#maxControlLine = options.maxControlLine;
  }

  /** Takes the next bytes of the connection. Never throws for what they are. */
  feed(chunk: Buffer): void {
    const sink = this.#sink;
    let position = 0;
    while (position < chunk.length && !sink.isClosed) {
      if (this.#body !== undefined) {
        position = this.#fillBody(this.#body, chunk, position);
        continue;
      }
      const lineEnd = chunk.indexOf(LF, position);
      if (lineEnd === -1) {
        this.#keepRest(chunk, position);
        return;
      }
      if (this.#rest.length === 0) this.#line(chunk, position, lineEnd);
      else {
        const line = Buffer.concat([this.#rest, chunk.subarray(position, lineEnd)]);
        this.#rest = NOTHING;
        this.#line(line, 0, line.length);
      }
      position = lineEnd + 1;
      if (this.#expectsBody && !sink.isClosed) position = this.#takeBody(chunk, position);
    }
    if (sink.isClosed) {
      this.#rest = NOTHING;
      this.#body = undefined;
    }
  }

  /** Keeps the beginning of a line; one that can become no operation is refused at once. */
  #keepRest(chunk: Buffer, position: number): void {
    const rest = Buffer.concat([this.#rest, chunk.subarray(position)]);
    const verb = verbAt(rest, 0, rest.length);
    if (this.#sink.isAwaitingAuth && lowerCase(rest[0]) !== C)
      this.#sink.violation(errors.authorization);
    else if (verb === undefined) this.#sink.violation(errors.unknownOperation);
    else if (WITHOUT_ARGUMENTS.has(verb)) this.#rest = rest.subarray(0, verb.length);
    else {
      const kept = withoutBlanks(rest, verb.length);
      if (!this.#isTooLong(kept, verb.length, withoutCr(kept, 0, kept.length))) this.#rest = kept;
    }
  }

  /** A line from `from` to its LF at `lineEnd`. */
  #line(line: Buffer, from: number, lineEnd: number): void {
    const to = withoutCr(line, from, lineEnd);
    if (this.#sink.isAwaitingAuth && lowerCase(line[from]) !== C)
      this.#sink.violation(errors.authorization);
    else if (beginsWith(line, from, PUB)) this.#publish(line, from + PUB.length + 1, to, false);
    else if (beginsWith(line, from, HPUB)) this.#publish(line, from + HPUB.length + 1, to, true);
    else this.#operation(line, from, to);
  }

  #operation(line: Buffer, from: number, to: number): void {
    const sink = this.#sink;
    const verb = verbAt(line, from, to);
    const start = from + (verb?.length ?? 0);
    if (start > to) sink.violation(errors.unknownOperation);
    else if (!WITHOUT_ARGUMENTS.has(verb) && verb !== undefined && this.#isTooLong(line, start, to))
      return;
    else if (verb === 'sub ') this.#subscribe(line, start, to);
    else if (verb === 'unsub ') this.#unsubscribe(line, start, to);
    else if (verb === 'ping') sink.ping();
    else if (verb === 'pong') sink.pong();
    else if (verb === 'connect') sink.connect(line.toString('utf8', start, to));
    else if (verb === '-err ') sink.violation();
    else if (verb === 'info') {
      if (parseJson(line.toString('utf8', start, to)) === undefined) sink.violation();
    } else if (verb !== '+ok') sink.violation(errors.unknownOperation);
  }

  /** True, and a violation, when the arguments are over the limit. */
  #isTooLong(line: Buffer, from: number, to: number): boolean {
    if (to - from <= this.#maxControlLine) return false;
    let start = from;
    while (isBlank(line[start])) start += 1;
    if (to - start <= this.#maxControlLine) return false;
    this.#sink.violation(errors.lineTooLong);
    return true;
  }

  #publish(line: Buffer, from: number, to: number, hasHeaders: boolean): void {
    if (this.#isTooLong(line, from, to)) return;
    const count = this.#tokenize(line, from, to);
    const sizes = hasHeaders ? 2 : 1;
    const isRefused = hasHeaders && !this.#sink.acceptsHeaders;
    if (isRefused || (count !== sizes + 1 && count !== sizes + 2)) {
      this.#sink.violation();
      return;
    }
    const message = this.#message;
    message.size = this.#number(line, count - 1);
    message.headerSize = hasHeaders ? this.#number(line, count - 2) : 0;
    if (message.size < 0 || message.headerSize < 0 || message.headerSize > message.size) {
      this.#sink.violation();
      return;
    }
    if (message.size > this.#maxPayload) {
      this.#sink.violation(errors.payloadTooLarge);
      return;
    }
    message.subject = this.#text(line, 0);
    message.reply = count === sizes + 2 ? this.#text(line, 1) : '';
    this.#expectsBody = true;
    this.#sink.announce(message.subject);
  }

  #subscribe(line: Buffer, from: number, to: number): void {
    const count = this.#tokenize(line, from, to);
    if (count !== 2 && count !== 3) {
      this.#sink.violation();
      return;
    }
    const queue = count === 3 ? this.#text(line, 1) : '';
    this.#sink.subscribe({ subject: this.#text(line, 0), queue, sid: this.#text(line, count - 1) });
  }

  /** A maximum that is no number counts as none. */
  #unsubscribe(line: Buffer, from: number, to: number): void {
    const count = this.#tokenize(line, from, to);
    if (count !== 1 && count !== 2) {
      this.#sink.violation();
      return;
    }
    const max = count === 2 ? Math.max(0, this.#number(line, 1)) : 0;
    this.#sink.unsubscribe({ sid: this.#text(line, 0), max });
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
    this.#bodyFilled = 0;
    return this.#fillBody(this.#body, chunk, position);
  }

  #fillBody(body: Buffer, chunk: Buffer, position: number): number {
    const copied = chunk.copy(body, this.#bodyFilled, position);
    this.#bodyFilled += copied;
    if (this.#bodyFilled === body.length) {
      this.#body = undefined;
      this.#deliver(body, 0);
    } else if (this.#bodyFilled > this.#message.size && body[this.#message.size] !== CR) {
      this.#sink.violation(errors.unknownOperation);
    }
    return position + copied;
  }

  #deliver(buffer: Buffer, start: number): void {
    const message = this.#message;
    const end = start + message.size;
    if (buffer[end] !== CR || buffer[end + 1] !== LF) {
      this.#sink.violation(errors.unknownOperation);
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
    while (position < to && count < MAX_TOKENS) {
      if (isBlank(line[position])) {
        position += 1;
        continue;
      }
      this.#tokens[count * 2] = position;
      while (position < to && !isBlank(line[position])) position += 1;
      this.#tokens[count * 2 + 1] = position;
      count += 1;
    }
    return count;
  }

  #text(line: Buffer, index: number): string {
    return line.toString('latin1', this.#tokens[index * 2], this.#tokens[index * 2 + 1]);
  }

  /** A token as a decimal number, -1 when it is none. */
  #number(line: Buffer, index: number): number {
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

/** The value of a JSON text; undefined when it is none. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

/** The operation that bytes begin with, or can still become; undefined when there is none. */
function verbAt(bytes: Buffer, from: number, to: number): string | undefined {
  const text = bytes
    .toString('latin1', from, Math.min(to, from + LONGEST_VERB))
    .toLowerCase()
    .replaceAll('\t', ' ');
  return VERBS.find((verb) => text.startsWith(verb) || verb.startsWith(text));
}

/** True for a verb (given in lower case) with a blank after it. */
function beginsWith(line: Buffer, from: number, verb: Buffer): boolean {
  for (let index = 0; index < verb.length; index += 1)
    if (lowerCase(line[from + index]) !== verb[index]) return false;
  return isBlank(line[from + verb.length]);
}

/** Where the line ends that runs from `from` to `to`, when its last byte may be a CR. */
function withoutCr(line: Buffer, from: number, to: number): number {
  return to > from && line[to - 1] === CR ? to - 1 : to;
}

/** A beginning of a line without the blanks between its verb and the rest: they do not count, so there can be many. */
function withoutBlanks(line: Buffer, verbSize: number): Buffer {
  let from = verbSize;
  while (isBlank(line[from])) from += 1;
  // One is kept: CONNECT and INFO are without theirs in `VERBS`.
  if (from <= verbSize + 1) return line;
  return Buffer.concat([line.subarray(0, verbSize + 1), line.subarray(from)]);
}

/** Of a letter; -1 beyond the end. */
function lowerCase(byte: number | undefined): number {
  return byte === undefined ? -1 : byte | LOWER_CASE;
}

function isBlank(byte: number | undefined): boolean {
  return byte === SPACE || byte === TAB;
}
