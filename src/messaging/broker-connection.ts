/**
 * A client of the embedded broker on a socket: its options, its subscriptions, and its output.
 *
 * B1 Output leaves in the order in which it was written, in few large writes: what one chunk of input, or one turn of
 *    the event loop, produces is sent at its end.
 * B2 While the socket takes no more, output waits here, at most `maxPendingBytes` and, when nothing of it moves, at most
 *    `writeDeadlineMs`; beyond that the client is cut off.
 * B3 After `end` or `destroy` nothing is written and nothing is parsed.
 */
import type { Socket } from 'node:net';
import type { BrokerClient, BrokerSubscription, ClientOptions } from './broker-client.ts';
import { Liveness } from './broker-liveness.ts';
import type { BrokerSettings } from './broker-options.ts';
import type { PublishedMessage } from './broker-parser.ts';
import type { PendingTotal } from './broker-pending.ts';

const SMALL_BLOCK = 4 * 1024;
const LARGE_BLOCK = 64 * 1024;
/** Publishers to a client slow down when so much of its bound is used. */
const CONGESTED_SHARE = 1 / 8;
/** How long a client may take to read the last words to it. */
const CLOSE_GRACE_MS = 500;
/** Blocks kept for the next writer, all connections together: 4 MiB of each size. */
const spareBlocks = {
  small: { size: SMALL_BLOCK, max: 1024, free: [] as Buffer[] },
  large: { size: LARGE_BLOCK, max: 64, free: [] as Buffer[] },
};
/** A publisher pauses this long when a subscriber of its message is congested. */
const STALL_MS = 5;
/** Of MSG and HMSG: the verb, blanks, two numbers, two CRLF. */
const MAX_HEAD_WORDS = 40;
const SPACE = 32;
const CR = 13;
const LF = 10;

/** The output side of a client and what the broker knows of it. */
export class BrokerConnection implements BrokerClient {
  readonly id: number;
  readonly socket: Socket;
  readonly subscriptions = new Map<string, BrokerSubscription>();
  /** Before CONNECT as in nats-server. */
  options: ClientOptions = {
    verbose: true,
    pedantic: true,
    echo: true,
    headers: false,
    noResponders: false,
    hearsInfo: false,
  };
  isClosed = false;
  readonly liveness = new Liveness();
  readonly #maxPendingBytes: number;
  /** How much a client may go on to say after its end. */
  #stillIgnored: number;
  readonly #total: PendingTotal;
  readonly #schedule: (connection: BrokerConnection) => void;
  #block: Buffer | undefined;
  #used = 0;
  #backlog: Buffer[] = [];
  #backlogBytes = 0;
  #isBusy = false;
  #isScheduled = false;

  constructor(options: {
    id: number;
    socket: Socket;
    settings: BrokerSettings;
    /** Of all connections of the broker. */
    total: PendingTotal;
    /** Asks for one `flush` at the end of this turn. */
    schedule: (connection: BrokerConnection) => void;
  }) {
    const { socket, settings } = options;
    this.id = options.id;
    this.socket = socket;
    this.#maxPendingBytes = settings.maxPendingBytes;
    this.#stillIgnored = settings.maxPayload;
    this.#total = options.total;
    this.#schedule = options.schedule;
    // A reset connection is an ordinary end; `close` follows.
    socket.on('error', () => undefined);
    socket.on('end', () => this.end());
    socket.on('close', () => this.destroy());
    socket.setTimeout(settings.writeDeadlineMs);
    socket.on('timeout', () => {
      if (this.#isBusy) this.destroy();
    });
  }

  /** True when so much waits that publishers should slow down. */
  get isCongested(): boolean {
    const waiting = this.#backlogBytes;
    if (waiting > this.#maxPendingBytes * CONGESTED_SHARE) return true;
    return waiting > 0 && this.#total.usedShare > CONGESTED_SHARE;
  }

  /** Bytes written by the broker and not yet taken by the operating system. */
  get pendingBytes(): number {
    return this.#backlogBytes + this.#used + this.socket.writableLength;
  }

  /** Writes protocol text (latin1). */
  writeText(text: string): void {
    if (this.isClosed) return;
    const block = this.#reserve(text.length);
    this.#used += block.write(text, this.#used, 'latin1');
  }

  /** Writes a message as MSG or HMSG; its bytes are copied. */
  deliver(sid: string, message: PublishedMessage): void {
    if (this.isClosed) return;
    const { subject, reply, headerSize, buffer } = message;
    const hasHeaders = headerSize > 0 && this.options.headers;
    const skipped = hasHeaders ? 0 : headerSize;
    const size = message.size - skipped;
    const start = message.start + skipped;
    const block = this.#reserve(MAX_HEAD_WORDS + subject.length + sid.length + reply.length + size);
    let used = putText(block, this.#used, hasHeaders ? 'HMSG ' : 'MSG ');
    used = putWord(block, putText(block, used, subject), sid);
    if (reply !== '') used = putWord(block, used, reply);
    if (hasHeaders) used = putWord(block, used, String(headerSize));
    used = putCrlf(block, putWord(block, used, String(size)));
    used += buffer.copy(block, used, start, start + size);
    this.#used = putCrlf(block, used);
  }

  /** Reads nothing for a moment; E4 does not depend on it, so a short fixed pause is enough. */
  slowDown(): void {
    if (this.socket.isPaused()) return;
    this.socket.pause();
    setTimeout(() => this.socket.resume(), STALL_MS);
  }

  /** An interval is over: asks whether the client lives, or ends it. */
  ping(): void {
    const step = this.liveness.next();
    if (step === 'ask') this.writeText('PING\r\n');
    if (step !== 'end') return;
    this.closeWith('Stale Connection');
    // It said nothing that could be lost, so it need not wait for the grace of `end`.
    this.socket.destroySoon();
  }

  /** Hands everything written so far to the socket, unless it is still busy with what it has. */
  flush(): void {
    this.#isScheduled = false;
    if (this.isClosed || this.#isBusy || this.#used + this.#backlogBytes === 0) return;
    if (this.#backlog.length > 0) this.#sendBacklog();
    else this.#sendBlock();
  }

  /** Sends an error after what is written, then ends. */
  closeWith(errorText: string): void {
    this.writeText(`-ERR '${errorText}'\r\n`);
    this.end();
  }

  /** Sends everything written and ends; a client that does not read it is dropped after `CLOSE_GRACE_MS`. */
  end(): void {
    if (this.isClosed) return;
    this.#isBusy = false;
    this.flush();
    this.isClosed = true;
    this.socket.end();
    setTimeout(() => this.socket.destroy(), CLOSE_GRACE_MS).unref();
  }

  /** Something was said after the end: what was on its way is ignored, who goes on is dropped. */
  ignore(bytes: number): void {
    this.#stillIgnored -= bytes;
    if (this.#stillIgnored < 0) this.destroy();
  }

  /** Drops the connection and what has not been sent. */
  destroy(): void {
    this.isClosed = true;
    this.#backlog = [];
    this.#backlogBytes = 0;
    this.#block = undefined;
    this.#used = 0;
    this.socket.destroy();
    this.#total.forget(this);
  }

  /** The block that has room for so many bytes at `#used`. Small blocks first: most writers say little in a turn. */
  #reserve(bytes: number): Buffer {
    if (!this.#isScheduled) {
      this.#isScheduled = true;
      this.#schedule(this);
    }
    const block = this.#block;
    const needed = this.#used + bytes;
    if (block !== undefined && needed <= block.length) return block;
    if (block === undefined) {
      this.#block = takeBlock(bytes);
    } else if (block.length === SMALL_BLOCK && needed <= LARGE_BLOCK) {
      this.#block = takeBlock(LARGE_BLOCK);
      block.copy(this.#block, 0, 0, this.#used);
      giveBlock(block);
    } else {
      this.#retireBlock(block);
      this.#block = takeBlock(Math.max(bytes, LARGE_BLOCK));
    }
    return this.#block;
  }

  /** A full block goes to the backlog; at the bound the client is cut off. */
  #retireBlock(block: Buffer): void {
    if (this.#used > 0) {
      this.#backlog.push(block.subarray(0, this.#used));
      this.#backlogBytes += this.#used;
    }
    this.#block = undefined;
    this.#used = 0;
    if (!this.#isBusy) this.#sendBacklog();
    else if (this.pendingBytes > this.#maxPendingBytes) this.destroy();
    this.#count();
  }

  /** Tells what waits beyond the block that is being filled. Called wherever a socket may have been busy. */
  #count(): void {
    if (!this.isClosed) this.#total.set(this, this.#backlogBytes + this.socket.writableLength);
  }

  #sendBlock(): void {
    const block = this.#block as Buffer;
    const used = this.#used;
    this.#used = 0;
    this.#block = undefined;
    this.#write(used === block.length ? block : block.subarray(0, used));
    // Nothing waits in the socket: the operating system has the bytes and the block is free again.
    if (this.socket.writableLength === 0) giveBlock(block);
  }

  #sendBacklog(): void {
    const backlog = this.#backlog;
    this.#backlog = [];
    this.#backlogBytes = 0;
    if (this.#block !== undefined && this.#used > 0) {
      backlog.push(this.#block.subarray(0, this.#used));
      this.#block = undefined;
      this.#used = 0;
    }
    this.socket.cork();
    const last = backlog.pop();
    for (const part of backlog) this.socket.write(part);
    if (last !== undefined) this.#write(last);
    this.socket.uncork();
  }

  #write(bytes: Buffer): void {
    this.#isBusy = true;
    this.socket.write(bytes, this.#onWritten);
    if (this.socket.writableLength === 0) this.#isBusy = false;
    this.#count();
  }

  readonly #onWritten = (): void => {
    if (!this.#isBusy || this.socket.writableLength > 0) return;
    this.#isBusy = false;
    this.#count();
    this.flush();
  };
}

/** Writes a short text (latin1) and returns where it ends; faster than `Buffer.write` for what a head is made of. */
function putText(block: Buffer, at: number, text: string): number {
  for (let index = 0; index < text.length; index += 1) block[at + index] = text.charCodeAt(index);
  return at + text.length;
}

function putWord(block: Buffer, at: number, text: string): number {
  block[at] = SPACE;
  return putText(block, at + 1, text);
}

function putCrlf(block: Buffer, at: number): number {
  block[at] = CR;
  block[at + 1] = LF;
  return at + 2;
}

/** A block of at least so many bytes. */
function takeBlock(bytes: number): Buffer {
  const { small, large } = spareBlocks;
  if (bytes <= SMALL_BLOCK) return small.free.pop() ?? Buffer.allocUnsafeSlow(SMALL_BLOCK);
  if (bytes <= LARGE_BLOCK) return large.free.pop() ?? Buffer.allocUnsafeSlow(LARGE_BLOCK);
  return Buffer.allocUnsafeSlow(bytes);
}

/** Keeps a block that nobody reads any more for the next writer. */
function giveBlock(block: Buffer): void {
  for (const { size, max, free } of Object.values(spareBlocks))
    if (block.length === size && free.length < max) free.push(block);
}
