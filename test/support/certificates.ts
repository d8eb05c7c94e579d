/** Certificates for TLS, made by `openssl` in a folder: an authority, and whatever it signs. */
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

export interface Certificate {
  cert: string;
  key: string;
}

/** Seconds of a command; making a key takes milliseconds. */
const TIMEOUT_MS = 60_000;

export class Authority {
  readonly cert: string;
  readonly #key: string;
  readonly #folder: string;

  constructor(folder: string, name = 'ca') {
    this.#folder = folder;
    this.cert = join(folder, `${name}.pem`);
    this.#key = join(folder, `${name}.key`);
    const subject = ['-subj', `/CN=${name}`, '-days', '2'];
    openssl('req', '-x509', ...newKey(this.#key), ...subject, '-out', this.cert);
  }

  /** `names` as openssl writes them: `IP:127.0.0.1,DNS:localhost`. With `days` below 0 it is over. */
  sign(name: string, names: string, days = 2): Certificate {
    const file = (end: string): string => join(this.#folder, `${name}.${end}`);
    openssl('req', ...newKey(file('key')), '-subj', `/CN=${name}`, '-out', file('csr'));
    writeFileSync(file('ext'), `subjectAltName=${names}\n`);
    openssl(
      ...['x509', '-req', '-in', file('csr'), '-CA', this.cert, '-CAkey', this.#key],
      ...['-CAcreateserial', '-days', String(days), '-extfile', file('ext'), '-out', file('pem')],
    );
    return { cert: file('pem'), key: file('key') };
  }
}

function newKey(path: string): string[] {
  return ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-keyout', path];
}

function openssl(...words: string[]): void {
  execFileSync('openssl', words, { stdio: 'pipe', timeout: TIMEOUT_MS });
}
