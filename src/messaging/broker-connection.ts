/**
 * One client of the embedded broker: its options, its subscriptions, and its output.
 *
 * B1 Output leaves in the order in which it was written, in few large writes: what one chunk of input, or one turn of
 *    the event loop, produces is sent at its end.
 * B2 While the socket takes no more, output waits here, at most `maxPendingBytes`; beyond that the client is cut off.
 * B3 After `destroy` nothing is written and nothing is parsed.
 */
import type { Socket } from 'node:net';
import type { Indexed } from './subject-index.ts';

/** One SUB of one connection. */
export class BrokerSubscription implements Indexed {
  readonly connection: BrokerConnection;
  readonly subject: string;
  readonly queue: string;
  readonly sid: string;
  /** Delivered so far. */
  delivered = 0;
  /** Removed after this many deliveries; 0 means never. */
  max = 0;

  constructor(
    connection: BrokerConnection,
    request: { subject: string; queue: string; sid: string },
  ) {
    this.connection = connection;
    this.subject = request.subject;
    this.queue = request.queue;
    this.sid = request.sid;
  }
}

/** What CONNECT said; the protocol's defaults before it. */
export interface ClientOptions {
  verbose: boolean;
  pedantic: boolean;
  echo: boolean;
  headers: boolean;
  noResponders: boolean;
}

const BLOCK_SIZE = 64 * 1024;
const CONGESTED_BYTES = 8 * 1024 * 1024;
/** How long a client may take to read the last words to it. */
const CLOSE_GRACE_MS = 1000;
/** Blocks kept for the next writer, all connections together. */
const MAX_SPARE_BLOCKS = 64;
const spareBlocks: Buffer[] = [];

/** The output side of a client and what the broker knows of it. */
export class BrokerConnection {
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

  /** Writes protocol text and then bytes from `start` to `end` of a buffer, which is copied. */
  writeMessage(head: string, body: { buffer: Buffer; start: number; end: number }): void {
    if (this.isClosed) return;
    const block = this.#reserve(head.length + body.end - body.start);
    this.#used += block.write(head, this.#used, 'latin1');
    this.#used += body.buffer.copy(block, this.#used, body.start, body.end);
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
