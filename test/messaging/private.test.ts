/** Over which connections nobody on another host can read along. */
import { expect, it } from 'vitest';
import { isPrivate } from '../../src/messaging/nats-dial.ts';

it.each([
  ['nats://127.0.0.1:4222', '127.0.0.1:4222', undefined, true],
  ['localhost:4222', 'localhost:4222', undefined, true],
  ['nats://[::1]:4222', '[::1]:4222', undefined, true],
  ['nats://127.8.9.1:1', '127.8.9.1:1', undefined, true],
  ['nats://nats.example:4222', 'nats.example:4222', undefined, false],
  ['nats://10.0.0.5:4222', '10.0.0.5:4222', false, false],
  ['nats://10.0.0.5:4222', '10.0.0.5:4222', true, true],
  ['tls://nats.example:4222', 'nats.example:4222', undefined, true],
  ['wss://nats.example', 'wss://nats.example:443', undefined, true],
  ['nats://127.0.0.1.example:4222', '127.0.0.1.example:4222', undefined, false],
  // Several servers: the one that it is connected to now counts.
  ['nats://127.0.0.1:1,nats://10.0.0.5:2', '10.0.0.5:2', undefined, false],
  ['nats://127.0.0.1:1,nats://10.0.0.5:2', '', undefined, false],
])('%s, connected to %s, TLS required %s: %s', (url, server, tls, expected) => {
  const info = (tls === undefined ? undefined : { tls_required: tls }) as never;
  expect(isPrivate({ url }, { getServer: () => server, info })).toBe(expected);
});

it('is private where a file for TLS is named: then there is TLS or no connection', () => {
  const url = 'nats://nats.example:4222';
  const connection = { getServer: () => 'nats.example:4222' } as never;
  expect(isPrivate({ url, tls: { caFile: 'ca.pem' } }, connection)).toBe(true);
  expect(isPrivate({ url, tls: { caFile: undefined } }, connection)).toBe(false);
});
