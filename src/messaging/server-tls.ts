/** TLS to a NATS server: whose certificates are trusted, what this side shows, and what went wrong. */
import { readFileSync } from 'node:fs';
import { isIP } from 'node:net';
import { checkServerIdentity, type PeerCertificate } from 'node:tls';
import type { TlsOptions } from 'nats';
import { TlsFileError } from './errors.ts';

/** Files in PEM form. With any of them the connection is TLS, or there is none. */
export interface ServerTls {
  /** Certificates of the authorities that are trusted, in the place of those that Node.js knows. */
  caFile?: string | undefined;
  /** What this side shows of itself, where the server asks; both or none. */
  certFile?: string | undefined;
  keyFile?: string | undefined;
}

/** True where the connection must be TLS: nobody then talks in clear text to a server that offers none. */
export function requiresTls({ url, tls }: { url: string; tls?: ServerTls | undefined }): boolean {
  return url.startsWith('tls://') || Object.values(tls ?? {}).some((file) => file !== undefined);
}

/** The `tls` of the client's options; none where TLS is up to the server. Throws `bus.tls-file`. */
export function tlsOptionsOf(options: { url: string; tls?: ServerTls | undefined }): {
  tls?: TlsOptions;
} {
  if (!requiresTls(options)) return {};
  const { caFile, certFile, keyFile } = options.tls ?? {};
  for (const file of [caFile, certFile, keyFile]) if (file !== undefined) assertReadable(file);
  const identity = { checkServerIdentity: identityCheck(options.url) };
  return {
    tls: {
      ...(caFile === undefined ? {} : { caFile }),
      ...(certFile === undefined ? {} : { certFile }),
      ...(keyFile === undefined ? {} : { keyFile }),
      // handed on to `tls.connect` as it is
      ...identity,
    },
  };
}

/** The client reads the files itself, at each connection, so that they can be renewed; what it says of one is no help. */
function assertReadable(file: string): void {
  try {
    readFileSync(file);
  } catch (cause) {
    throw new TlsFileError(file, cause);
  }
}

/**
 * For an address without a name the `nats` client (2.29) lets Node.js compare the certificate with "localhost". Here it is
 * compared with the addresses of the URL.
 */
function identityCheck(url: string) {
  const hosts = url.split(',').map(hostOf);
  const unnamed = hosts.filter((host) => host === 'localhost' || isIP(host) !== 0);
  return (host: string, certificate: PeerCertificate): Error | undefined => {
    const expected = host === 'localhost' && unnamed.length > 0 ? unnamed : [host];
    const problems = expected.map((each) => checkServerIdentity(each, certificate));
    return problems.includes(undefined) ? undefined : problems[0];
  };
}

function hostOf(address: string): string {
  return address
    .replace(/^.*:\/\//, '')
    .replace(/^[^@]*@/, '')
    .replace(/\/$/, '')
    .replace(/:\d+$/, '')
    .replace(/^\[|\]$/g, '');
}
