/** Plays dialogues against a server: the bytes it says must be the expected ones, no more and no fewer. */
import { createConnection, type Socket } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Dialogue } from './dialogues.ts';
import type { ServerOptions, StartServer, TestedServer } from './tested-server.ts';

const WAIT_MS = 60_000;
const END = '<end>';
const SIDS = ['x_y-1', ...Array.from({ length: 9 }, (_, index) => String(index + 1))];

/** Registers one test for each dialogue; `greeting` is said first and must be answered by nothing. */
export function testDialogues(
  name: string,
  start: StartServer,
  scene: { options?: ServerOptions; greeting?: string; dialogues: readonly Dialogue[] },
): void {
  describe(name, () => {
    let server: TestedServer;
    beforeAll(async () => {
      server = await start(scene.options);
    });
    afterAll(() => server.stop());
    it.each(scene.dialogues)('%s', async (_title, says, hears) => {
      const expected = onWire(hears);
      const speaker = await Speaker.open(server.port);
      speaker.say(scene.greeting ?? '');
      speaker.say(onWire(says));
      await speaker.heardUntil((heard) => heard.length >= expected.length);
      if (!expected.endsWith(END)) {
        speaker.say('PING\r\n');
        await speaker.heardUntil((heard) => heard.length >= expected.length + 'PONG\r\n'.length);
        expect(speaker.heard).toBe(`${expected}PONG\r\n`);
        await speaker.leave();
      } else expect(speaker.heard).toBe(expected);
    });
  });
}

function onWire(text: string): string {
  const bytes = text.replaceAll('|', '\r\n');
  return bytes === '' || bytes.endsWith(END) ? bytes : `${bytes}\r\n`;
}

/** A socket and everything heard after INFO, with `<end>` when the server has ended it. */
class Speaker {
  heard = '';
  readonly #socket: Socket;
  #wake: () => void = () => undefined;

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.setEncoding('latin1');
    socket.on('data', (text) => {
      this.heard += String(text);
      this.#wake();
    });
    // The server may reset what it refuses; `close` follows.
    socket.on('error', () => undefined);
    socket.on('close', () => {
      this.heard += END;
      this.#wake();
    });
  }

  static async open(port: number): Promise<Speaker> {
    const speaker = new Speaker(createConnection({ port, host: '127.0.0.1' }));
    await speaker.heardUntil((heard) => heard.endsWith('\r\n'));
    speaker.heard = '';
    return speaker;
  }

  say(bytes: string): void {
    this.#socket.write(bytes, 'latin1');
  }

  /** Resolves when `test` holds, the connection has ended, or nothing has come for too long. */
  async heardUntil(test: (heard: string) => boolean): Promise<void> {
    const deadline = performance.now() + WAIT_MS;
    while (!test(this.heard) && !this.heard.endsWith(END) && performance.now() < deadline) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, deadline - performance.now());
        this.#wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
  }

  /** Takes back its subscriptions, so that the next dialogue begins without them. */
  async leave(): Promise<void> {
    const from = this.heard.length;
    this.say(`${SIDS.map((sid) => `UNSUB ${sid}\r\n`).join('')}PING\r\n`);
    await this.heardUntil((heard) => heard.slice(from).includes('PONG'));
    this.#socket.destroy();
  }
}
