/** R4: a process that was too busy to read a reply does not take it for a timeout. */
import { once } from 'node:events';
import { type AddressInfo, connect, createServer } from 'node:net';
import { expect, it } from 'vitest';
import { NatsMessage } from '../../src/messaging/nats-message.ts';
import { RequestMux } from '../../src/messaging/request-mux.ts';

const TIMEOUT_MS = 20;
const BUSY_MS = 100;

function block(ms: number): void {
  const end = performance.now() + ms;
  while (performance.now() < end);
}

it('takes a reply that lay in the socket when the time was over', async () => {
  const server = createServer((socket) => socket.write('reply'));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const mux = new RequestMux('inbox', (raw) => new NatsMessage(raw, () => {}));
  const socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
  try {
    await once(socket, 'connect');
    let replyTo = '';
    const reply = mux.one({
      subject: 'asked',
      timeoutMs: TIMEOUT_MS,
      send: (inbox) => {
        replyTo = inbox;
      },
    });
    socket.once('data', () => mux.receive({ subject: replyTo, data: Buffer.from('{"ok":true}') }));
    block(BUSY_MS);
    expect((await reply).body()).toEqual({ ok: true });
  } finally {
    socket.destroy();
    server.close();
  }
});
