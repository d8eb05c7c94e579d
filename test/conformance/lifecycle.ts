/** How connections begin and end, on either server. */
import { createConnection } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { openRawClient, type RawClient } from '../support/raw-client.ts';
import type { ServerOptions, StartServer, TestedServer } from './tested-server.ts';

const QUIET = '"verbose":false,"pedantic":false,"headers":true,"no_responders":true';
const isError = ({ line }: { line: string }): boolean => line.startsWith('-ERR');
const isPing = ({ line }: { line: string }): boolean => line === 'PING';

/** Registers the suite for one server. */
export function testLifecycle(start: StartServer): void {
  // Length: one test for each way to begin and to end.
  describe('connections', () => {
    const cleanup: (() => unknown)[] = [];
    afterEach(async () => {
      for (const step of cleanup.splice(0).reverse()) await step();
    });
    const begin = async (options?: ServerOptions): Promise<TestedServer> => {
      const server = await start(options);
      cleanup.push(() => server.stop());
      return server;
    };
    const open = async (server: TestedServer, connect?: string): Promise<RawClient> => {
      const client = await openRawClient(server.port);
      cleanup.push(() => client.end());
      if (connect !== undefined) {
        client.send(connect);
        await client.sync();
      }
      return client;
    };

    it('begin with the same fields of INFO', async () => {
      const info = async (server: TestedServer): Promise<Record<string, unknown>> =>
        JSON.parse((await open(server)).frames[0]?.line.slice('INFO '.length) ?? '') as Record<
          string,
          unknown
        >;
      const server = await begin();
      const first = await info(server);
      expect(first).toMatchObject({
        server_id: expect.any(String),
        server_name: expect.any(String),
        version: expect.stringMatching(/^2\.9\.\d+$/),
        proto: 1,
        host: '127.0.0.1',
        port: server.port,
        headers: true,
        max_payload: 1024 * 1024,
        client_id: expect.any(Number),
        client_ip: '127.0.0.1',
      });
      for (const name of ['auth_required', 'tls_required', 'nonce', 'ldm', 'connect_urls'])
        expect(first).not.toHaveProperty(name);
      expect((await info(server)).client_id).not.toBe(first.client_id);
      const secured = await begin({ auth: { token: 't' }, maxPayload: 100 });
      expect(await info(secured)).toMatchObject({ auth_required: true, max_payload: 100 });
    });

    it('end when nobody states credentials in time', async () => {
      const server = await begin({ auth: { token: 't' }, authTimeoutMs: 100 });
      const [silent, known] = [await open(server), await open(server)];
      known.send(`CONNECT {${QUIET},"auth_token":"t"}\r\n`);
      expect((await silent.next(isError)).line).toBe("-ERR 'Authentication Timeout'");
      await silent.closed();
      expect((await known.sync()).map(({ line }) => line)).toEqual([]);
    });

    it('are refused over the maximum, and taken again when one has ended', async () => {
      const server = await begin({ maxConnections: 2 });
      const [first] = [
        await open(server, `CONNECT {${QUIET}}\r\n`),
        await open(server, `CONNECT {${QUIET}}\r\n`),
      ];
      const third = await open(server);
      expect((await third.next(isError)).line).toBe("-ERR 'maximum connections exceeded'");
      await third.closed();
      first.end();
      await expect
        .poll(async () => {
          const next = await open(server);
          next.send(`CONNECT {${QUIET}}\r\n`);
          return next.sync().catch(() => 'refused');
        })
        .toEqual([]);
    });

    it('end when PING is not answered twice', async () => {
      const server = await begin({ pingIntervalMs: 60 });
      const silent = await open(server, `CONNECT {${QUIET}}\r\n`);
      expect((await silent.next(isError)).line).toBe("-ERR 'Stale Connection'");
      await silent.closed();
      expect(silent.frames.filter(({ line }) => line === 'PING')).toHaveLength(2);
    });

    it('are asked whether they live after an interval of their own, not before', async () => {
      const pingIntervalMs = 300;
      const server = await begin({ pingIntervalMs });
      const waits: number[] = [];
      const asked: Promise<void>[] = [];
      while (waits.length === 0) {
        const begun = performance.now();
        const client = await open(server);
        asked.push(client.next(isPing).then(() => void waits.push(performance.now() - begun)));
      }
      await Promise.all(asked);
      expect(Math.min(...waits)).toBeGreaterThan(pingIntervalMs / 2);
    });

    it('are asked once when they are busy, and in every interval when they only answer', async () => {
      const server = await begin({ pingIntervalMs: 400 });
      const connect = `CONNECT {${QUIET}}\r\n`;
      const [busy, faithful] = [await open(server, connect), await open(server, connect)];
      const pings = (client: RawClient): number => client.frames.filter(isPing).length;
      let isOver = false;
      const answers = (async () => {
        while (!isOver) {
          await faithful.next(isPing);
          faithful.send('PONG\r\n');
        }
      })();
      while (pings(busy) === 0 || pings(faithful) === 0) await busy.sync();
      const silent = await open(server, 'PONG\r\nPONG\r\n');
      while (!silent.isClosed) await busy.sync();
      expect([pings(busy), pings(silent)]).toEqual([1, 2]);
      expect(pings(faithful)).toBeGreaterThanOrEqual(3);
      isOver = true;
      await answers;
    });

    it('are gone for those who go on after a violation', async () => {
      const server = await begin({ maxPayload: 100 });
      const socket = createConnection({
        port: server.port,
        host: '127.0.0.1',
        allowHalfOpen: true,
      });
      let heard = '';
      socket.setEncoding('latin1').on('data', (text) => {
        heard += String(text);
      });
      const ended = new Promise((resolve) => socket.once('end', resolve));
      let isGone = false;
      socket.on('error', () => (isGone = true));
      socket.write('PUB big 101\r\n');
      await ended;
      expect(heard).toContain("-ERR 'Maximum Payload Violation'\r\n");
      const more = Buffer.alloc(65_536);
      let sent = 0;
      while (!isGone && sent < 16 * 1024 * 1024) {
        await new Promise((resolve) => socket.write(more, resolve));
        sent += more.length;
      }
      expect(isGone).toBe(true);
    });

    it('hear everything after they have said their last word', async () => {
      const server = await begin();
      const socket = createConnection({ port: server.port, host: '127.0.0.1' });
      let heard = '';
      socket.setEncoding('latin1').on('data', (text) => {
        heard += String(text);
      });
      const closed = new Promise((resolve) => socket.on('close', resolve));
      socket.end(`CONNECT {${QUIET}}\r\nSUB a 1\r\nPUB a 1\r\nx\r\nPING\r\n`);
      await closed;
      expect(heard.slice(heard.indexOf('\r\n') + 2)).toBe('MSG a 1 1\r\nx\r\nPONG\r\n');
    });

    it('drain: what was published before UNSUB arrives before the PONG after it', async () => {
      const server = await begin();
      const [publisher, subscriber] = [
        await open(server, `CONNECT {${QUIET}}\r\n`),
        await open(server, `CONNECT {${QUIET}}\r\n`),
      ];
      subscriber.send('SUB d 1\r\n');
      await subscriber.sync();
      publisher.send('PUB d 1\r\nx\r\n'.repeat(1000));
      await publisher.sync();
      subscriber.send('UNSUB 1\r\n');
      expect(await subscriber.sync()).toHaveLength(1000);
      publisher.send('PUB d 1\r\nx\r\n');
      await publisher.sync();
      expect(await subscriber.sync()).toEqual([]);
    });

    it('are told before the server goes when they speak protocol 1', async () => {
      const server = await begin();
      const client = await open(server, `CONNECT {${QUIET},"protocol":1}\r\n`);
      const told = client.next(({ line }) => line.startsWith('INFO '));
      await server.leave();
      expect(JSON.parse((await told).line.slice('INFO '.length))).toMatchObject({ ldm: true });
    });

    it('end when they read nothing and too much waits, and others go on', async () => {
      const server = await begin({ maxPendingBytes: 1024 * 1024 });
      const connect = `CONNECT {${QUIET}}\r\n`;
      const [deaf, publisher, reader] = [
        await open(server, connect),
        await open(server, connect),
        await open(server, connect),
      ];
      deaf.send('SUB flood 1\r\n');
      reader.send('SUB flood.end 1\r\n');
      await Promise.all([deaf.sync(), reader.sync()]);
      deaf.pause();
      const message = `PUB flood 65536\r\n${'x'.repeat(65_536)}\r\n`;
      for (let round = 0; round < 400; round += 1) {
        publisher.send(message);
        if (round % 20 === 0) await publisher.sync();
      }
      publisher.send('PUB flood.end 2\r\nok\r\n');
      expect((await reader.next(({ body }) => body !== undefined)).body).toBe('ok');
      deaf.resume();
      await deaf.closed();
    });
  });
}
