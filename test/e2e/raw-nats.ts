/** The NATS protocol by hand on a plain TCP socket: no client library, none of our code. */
import { connect, type Socket } from 'node:net';
import type { Loose } from './troupe.ts';

export interface RawMessage {
  subject: string;
  body: Loose;
}

export class RawNats {
  private readonly socket: Socket;
  private readonly waiting: ((message: RawMessage) => boolean)[] = [];
  private readonly seen: RawMessage[] = [];
  private buffer = Buffer.alloc(0);

  private constructor(socket: Socket) {
    this.socket = socket;
    socket.on('data', (chunk) => this.read(chunk));
    socket.write(
      'CONNECT {"verbose":false,"pedantic":false,"headers":true,"no_responders":true}\r\n',
    );
  }

  static async open(url: string): Promise<RawNats> {
    const { hostname, port } = new URL(url);
    const socket = connect(Number(port), hostname);
    await new Promise((resolve, reject) => socket.once('connect', resolve).once('error', reject));
    return new RawNats(socket);
  }

  subscribe(subject: string, id: number): void {
    this.socket.write(`SUB ${subject} ${id}\r\n`);
  }

  publish(subject: string, body: unknown, reply = ''): void {
    const text = JSON.stringify(body);
    const head = ['PUB', subject, reply, Buffer.byteLength(text)]
      .filter((word) => word !== '')
      .join(' ');
    this.socket.write(`${head}\r\n${text}\r\n`);
  }

  /** The first message, past or coming, that fits. */
  until(fits: (message: RawMessage) => boolean): Promise<RawMessage> {
    const past = this.seen.find(fits);
    if (past !== undefined) return Promise.resolve(past);
    return new Promise((resolve) => {
      this.waiting.push((message) => {
        if (!fits(message)) return false;
        resolve(message);
        return true;
      });
    });
  }

  get messages(): readonly RawMessage[] {
    return this.seen;
  }

  close(): void {
    this.socket.destroy();
  }

  private read(chunk: Buffer): void {
    this.buffer = Buffer.concat([this.buffer, chunk]);
    for (;;) {
      const end = this.buffer.indexOf('\r\n');
      if (end < 0) return;
      const words = this.buffer.subarray(0, end).toString().split(' ');
      const hasPayload = words[0] === 'MSG' || words[0] === 'HMSG';
      const size = hasPayload ? Number(words.at(-1)) : 0;
      const whole = end + 2 + (hasPayload ? size + 2 : 0);
      if (this.buffer.length < whole) return;
      const headers = words[0] === 'HMSG' ? Number(words.at(-2)) : 0;
      const payload = this.buffer.subarray(end + 2 + headers, end + 2 + size).toString();
      this.buffer = this.buffer.subarray(whole);
      if (words[0] === 'PING') this.socket.write('PONG\r\n');
      if (hasPayload)
        this.take({
          subject: words[1] ?? '',
          body: payload === '' ? undefined : JSON.parse(payload),
        });
    }
  }

  private take(message: RawMessage): void {
    this.seen.push(message);
    const index = this.waiting.findIndex((wants) => wants(message));
    if (index >= 0) this.waiting.splice(index, 1);
  }
}
