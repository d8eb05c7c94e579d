/** A NATS client made of a socket: sends exact bytes and shows every frame that comes back. */
import { createConnection, type Socket } from 'node:net';

/** One line of the server; MSG and HMSG with what follows them. */
export interface Frame {
  line: string;
  /** Headers and payload, latin1. */
  body?: string;
}

const WAIT_MS = 60_000;

/** Connects and reads INFO. */
export async function openRawClient(port: number): Promise<RawClient> {
  const socket = createConnection({ port, host: '127.0.0.1' });
  const client = new RawClient(socket);
  await client.next((frame) => frame.line.startsWith('INFO '));
  return client;
}

export class RawClient {
  readonly frames: Frame[] = [];
  isClosed = false;
  readonly #socket: Socket;
  #buffer = '';
  #waiting: (() => void)[] = [];
  #read = 0;

  constructor(socket: Socket) {
    this.#socket = socket;
    socket.setEncoding('latin1');
    socket.on('data', (chunk) => {
      this.#buffer += String(chunk);
      this.#parse();
      this.#wake();
    });
    // The server may reset the connection after an error; `close` follows.
    socket.on('error', () => undefined);
    socket.on('close', () => {
      this.isClosed = true;
      this.#wake();
    });
  }

  send(bytes: string | Uint8Array): void {
    if (typeof bytes === 'string') this.#socket.write(bytes, 'latin1');
    else this.#socket.write(bytes);
  }

  /** Resolves with the next frame, not seen by a `next` before, for which `test` holds. Rejects when the connection ends first. */
  async next(test: (frame: Frame) => boolean): Promise<Frame> {
    const deadline = performance.now() + WAIT_MS;
    for (;;) {
      while (this.#read < this.frames.length) {
        const frame = this.frames[this.#read] as Frame;
        this.#read += 1;
        if (test(frame)) return frame;
      }
      if (this.isClosed) throw new Error(`the connection ended; seen: ${this.#seen()}`);
      if (performance.now() > deadline) throw new Error(`nothing came; seen: ${this.#seen()}`);
      await this.#change(deadline);
    }
  }

  /** Sends PING and returns the frames that came since the last `next` or `sync`, up to its PONG. */
  async sync(): Promise<Frame[]> {
    const from = this.#read;
    this.send('PING\r\n');
    await this.next((frame) => frame.line === 'PONG');
    return this.frames.slice(from, this.#read - 1);
  }

  /** Resolves when the server has ended the connection. */
  async closed(): Promise<void> {
    const deadline = performance.now() + WAIT_MS;
    while (!this.isClosed) {
      if (performance.now() > deadline) throw new Error(`still open; seen: ${this.#seen()}`);
      await this.#change(deadline);
    }
  }

  end(): void {
    this.#socket.destroy();
  }

  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  #parse(): void {
    for (;;) {
      const end = this.#buffer.indexOf('\r\n');
      if (end === -1) return;
      const line = this.#buffer.slice(0, end);
      const isMessage = line.startsWith('MSG ') || line.startsWith('HMSG ');
      const size = isMessage ? Number(line.slice(line.lastIndexOf(' ') + 1)) : -2;
      if (this.#buffer.length < end + 2 + size + 2) return;
      this.frames.push(
        isMessage ? { line, body: this.#buffer.slice(end + 2, end + 2 + size) } : { line },
      );
      this.#buffer = this.#buffer.slice(end + 2 + size + 2);
    }
  }

  #change(deadline: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, Math.max(1, deadline - performance.now()));
      this.#waiting.push(() => {
        clearTimeout(timer);
        resolve();
      });
    });
  }

  #wake(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const wake of waiting) wake();
  }

  #seen(): string {
    return JSON.stringify(this.frames.slice(-5));
  }
}
