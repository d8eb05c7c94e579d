/** Whose certificate is taken for that of a server, and when a connection must be TLS. */
import type { PeerCertificate } from 'node:tls';
import { expect, it } from 'vitest';
import { requiresTls, tlsOptionsOf } from '../../src/messaging/server-tls.ts';

const certificate = (subjectaltname: string) =>
  ({ subject: { CN: 'x' }, subjectaltname }) as unknown as PeerCertificate;

/** As Node.js asks: by the name of the address, or "localhost" where it has none. */
function isTaken(url: string, host: string, names: string): boolean {
  const { tls } = tlsOptionsOf({ url }) as {
    tls: { checkServerIdentity(host: string, of: PeerCertificate): Error | undefined };
  };
  return tls.checkServerIdentity(host, certificate(names)) === undefined;
}

it.each([
  ['tls://10.0.0.5:4222', 'localhost', 'IP Address:10.0.0.5', true],
  ['tls://10.0.0.5:4222', 'localhost', 'DNS:localhost', false],
  ['tls://user:pass@10.0.0.5', 'localhost', 'IP Address:10.0.0.5', true],
  ['tls://10.0.0.5:1,tls://10.0.0.6:1', 'localhost', 'IP Address:10.0.0.6', true],
  ['tls://10.0.0.5:1,tls://10.0.0.6:1', 'localhost', 'IP Address:10.0.0.7', false],
  ['tls://localhost:4222', 'localhost', 'DNS:localhost', true],
  ['tls://nats.example', 'nats.example', 'DNS:nats.example', true],
  ['tls://nats.example', 'nats.example', 'DNS:localhost', false],
  ['tls://10.0.0.5,tls://nats.example', 'nats.example', 'IP Address:10.0.0.5', false],
])('%s, asked for as %s, with %s: %s', (url, host, names, expected) => {
  expect(isTaken(url, host, names)).toBe(expected);
});

it('is required by the URL, or by any file that is named', () => {
  expect(requiresTls({ url: 'nats://a' })).toBe(false);
  expect(requiresTls({ url: 'tls://a' })).toBe(true);
  expect(requiresTls({ url: 'nats://a', tls: { caFile: 'ca.pem' } })).toBe(true);
  expect(tlsOptionsOf({ url: 'nats://a' })).toEqual({});
});
