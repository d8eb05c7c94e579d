/**
 * A client of the embedded broker on a socket: its options, its subscriptions, and its output.
 *
 * B1 Output leaves in the order in which it was written, in few large writes: what one chunk of input, or one turn of
 *    the event loop, produces is sent at its end.
 * B2 While the socket takes no more, output waits here, at most `maxPendingBytes`; beyond that the client is cut off.
 * B3 After `destroy` nothing is written and nothing is parsed.
 */
import type { Socket } from 'node:net';
import type { BrokerClient, BrokerSubscription, ClientOptions } from './broker-client.ts';
import type { PublishedMessage } from './broker-parser.ts';

const BLOCK_SIZE = 64 * 1024;
const CONGESTED_BYTES = 8 * 1024 * 1024;
/** How long a client may take to read the last words to it. */
const CLOSE_GRACE_MS = 1000;
/** Blocks kept for the next writer, all connections together. */
const MAX_SPARE_BLOCKS = 64;
const spareBlocks: Buffer[] = [];
const MAX_UNANSWERED_PINGS = 2;
/** A publisher pauses this long when a subscriber of its message is congested. */
const STALL_MS = 5;
const CRLF_SIZE = 2;
const CR = 13;
const LF = 10;

/** The output side of a client and what the broker knows of it. */
export class BrokerConnection implements BrokerClient {
  readonly id: number;
  readonly socket: Socket;
  readonly subscriptions = new Map<string, BrokerSubscription>();
  options: ClientOptions = {
    verbose: false,
    pedantic: false,
    echo: true,
    headers: false,
    noResponders: false,
  };
  /** PINGs of ours without an answer. */
  unansweredPings = 0;
  isClosed = false;
  readonly #maxPendingBytes: number;
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
    maxPendingBytes: number;
    /** Asks for one `flush` at the end of this turn. */
    schedule: (connection: BrokerConnection) => void;
  }) {
    this.id = options.id;
    this.socket = options.socket;
    this.#maxPendingBytes = options.maxPendingBytes;
    this.#schedule = options.schedule;
  }

  /** True when so much waits that publishers should slow down. */
  get isCongested(): boolean {
    return this.#backlogBytes > CONGESTED_BYTES;
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
    const { subject, reply, headerSize, size, buffer, start } = message;
    const replyPart = reply === '' ? '' : `${reply} `;
    const end = start + size;
    if (headerSize === 0) {
      this.#writeMessage(`MSG ${subject} ${sid} ${replyPart}${size}\r\n`, buffer, start, end);
    } else if (this.options.headers) {
      const head = `HMSG ${subject} ${sid} ${replyPart}${headerSize} ${size}\r\n`;
      this.#writeMessage(head, buffer, start, end);
    } else {
      const head = `MSG ${subject} ${sid} ${replyPart}${size - headerSize}\r\n`;
      this.#writeMessage(head, buffer, start + headerSize, end);
    }
  }

  /** Reads nothing for a moment; E4 does not depend on it, so a short fixed pause is enough. */
  slowDown(): void {
    if (this.socket.isPaused()) return;
    this.socket.pause();
    setTimeout(() => this.socket.resume(), STALL_MS);
  }

  /** Asks whether it lives, or ends it when it has not said so for too long. */
  ping(): void {
    if (this.unansweredPings >= MAX_UNANSWERED_PINGS) {
      this.closeWith('Stale Connection');
    } else {
      this.unansweredPings += 1;
      this.writeText('PING\r\n');
    }
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
    this.socket.setTimeout(CLOSE_GRACE_MS, () => this.socket.destroy());
  }

  /** Drops the connection and what has not been sent. */
  destroy(): void {
    this.isClosed = true;
    this.#backlog = [];
    this.#backlogBytes = 0;
    this.#block = undefined;
    this.#used = 0;
    this.socket.destroy();
  }

  #writeMessage(head: string, bytes: Buffer, start: number, end: number): void {
    if (this.isClosed) return;
    const block = this.#reserve(head.length + end - start + CRLF_SIZE);
    let used = this.#used;
    used += block.write(head, used, 'latin1');
    used += bytes.copy(block, used, start, end);
    block[used] = CR;
    block[used + 1] = LF;
    this.#used = used + CRLF_SIZE;
  }

  #reserve(bytes: number): Buffer {
    if (!this.#isScheduled) {
      this.#isScheduled = true;
      this.#schedule(this);
    }
    let block = this.#block;
    if (block !== undefined && this.#used + bytes <= block.length) return block;
    if (block !== undefined) this.#retireBlock(block);
    block =
      bytes <= BLOCK_SIZE
        ? (spareBlocks.pop() ?? Buffer.allocUnsafeSlow(BLOCK_SIZE))
        : Buffer.allocUnsafeSlow(bytes);
    this.#block = block;
    return block;
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
  }

  #sendBlock(): void {
    const block = this.#block as Buffer;
    const used = this.#used;
    this.#used = 0;
    this.#block = undefined;
    this.#write(used === block.length ? block : block.subarray(0, used));
    // Nothing waits in the socket: the operating system has the bytes and the block is free again.
    if (
      this.socket.writableLength === 0 &&
      block.length === BLOCK_SIZE &&
      spareBlocks.length < MAX_SPARE_BLOCKS
    ) {
      spareBlocks.push(block);
    }
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
  }

  readonly #onWritten = (): void => {
    if (!this.#isBusy || this.socket.writableLength > 0) return;
    this.#isBusy = false;
    this.flush();
  };
}
