/** Where values come from, what is remembered of them, and what an agent's message loses. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Secrets } from '../../src/actors/services/secrets.ts';
import type { ResultMessage } from '../../src/messages/execution.ts';
import { TroupeError } from '../../src/workflow/errors.ts';
import type { SecretSource } from '../../src/workflow/secrets.ts';

const warn = vi.fn();
const logger = { debug() {}, info() {}, warn, error() {} };
let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'troupe-secrets-'));
  warn.mockClear();
});
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true, force: true });
});

function errorOf(work: () => unknown): TroupeError {
  try {
    work();
  } catch (error) {
    if (error instanceof TroupeError) return error;
    throw error;
  }
  throw new Error('nothing was thrown');
}

function result(message: Partial<ResultMessage>) {
  const body = { status: 'succeeded', attempt: 1, output: null, ...message } as ResultMessage;
  return { type: 'result' as const, activation: 'a', result: body };
}

describe('a value', () => {
  it('comes from the environment or a file, as it is at that time', () => {
    const secrets = new Secrets({ logger });
    const file = join(folder, 'key');
    vi.stubEnv('PLANTED_A', 'first value');
    writeFileSync(file, 'two\nlines\n');
    const sources = { A: { env: 'PLANTED_A' }, B: { file } };
    expect(secrets.resolve(sources)).toEqual({ A: 'first value', B: 'two\nlines' });
    vi.stubEnv('PLANTED_A', 'second value');
    writeFileSync(file, 'other\r\n');
    expect(secrets.resolve(sources)).toEqual({ A: 'second value', B: 'other' });
  });

  it.each<[string, (folder: string) => SecretSource, RegExp]>([
    ['a variable that is not set', () => ({ env: 'PLANTED_NOBODY' }), /PLANTED_NOBODY is not set/],
    ['an empty variable', () => ({ env: 'PLANTED_EMPTY' }), /is empty/],
    ['a setting of Troupe', () => ({ env: 'TROUPE_NATS_URL' }), /never given away/],
    ['a file that is not there', (at) => ({ file: join(at, 'none') }), /cannot be read \(ENOENT\)/],
    ['a folder', (at) => ({ file: at }), /is no file/],
    ['an empty file', (at) => ({ file: join(at, 'empty') }), /is empty/],
    ['a large file', (at) => ({ file: join(at, 'large') }), /more than 65536 bytes/],
    ['a file of other bytes', (at) => ({ file: join(at, 'binary') }), /not UTF-8/],
  ])('is not there for %s: the failure names the secret', (_what, sourceIn, says) => {
    vi.stubEnv('PLANTED_EMPTY', '');
    vi.stubEnv('TROUPE_NATS_URL', 'nats://user:hunter2@host');
    writeFileSync(join(folder, 'empty'), '\n');
    writeFileSync(join(folder, 'large'), 'x'.repeat(65 * 1024));
    writeFileSync(join(folder, 'binary'), Buffer.from([0xff, 0xfe, 0x41]));
    const error = errorOf(() => new Secrets({ logger }).resolve({ TOKEN: sourceIn(folder) }));
    expect(error).toMatchObject({
      code: 'secret.missing',
      retryable: false,
      details: { secret: 'TOKEN' },
    });
    expect(error.message).toMatch(/"TOKEN"/);
    expect(error.message).toMatch(says);
    expect(JSON.stringify(error)).not.toContain('hunter2');
  });

  it('fits in a message together with the others of its task', () => {
    const secrets = new Secrets({ logger, read: () => 'x'.repeat(60 * 1024) });
    const sources = Object.fromEntries(
      Array.from({ length: 5 }, (_, at) => [`S${at}`, { env: `E${at}` }]),
    );
    expect(() => secrets.resolve(sources)).toThrow(
      expect.objectContaining({ code: 'secret.missing' }),
    );
  });

  it('is warned of once where it is too short to be found', () => {
    const secrets = new Secrets({ logger, read: () => '1234' });
    secrets.resolve({ PIN: { env: 'PIN' } });
    secrets.resolve({ PIN: { env: 'PIN' } });
    expect(warn).toHaveBeenCalledTimes(1);
    expect(JSON.stringify(warn.mock.calls)).not.toContain('1234"');
  });
});

describe('what an agent says', () => {
  const sources = { T: { env: 'T' } };

  it('loses every value that the secret had while this process knew it', () => {
    const values = ['the first value', 'the second value'];
    const secrets = new Secrets({ logger, read: () => values[0] ?? '' });
    secrets.resolve(sources);
    values.shift();
    secrets.resolve(sources);
    const output = { a: 'the first value', b: ['the second value'] };
    expect(secrets.redacted(sources, result({ output }))).toMatchObject({
      result: { output: { a: '[secret:T]', b: ['[secret:T]'] } },
    });
  });

  it('loses it in errors, usage and progress, and after a restart too', () => {
    const secrets = new Secrets({ logger, read: () => 'the only value' });
    const error = { code: 'odd.the only value', message: 'x the only value', retryable: true };
    const failed = result({ status: 'failed', error, usage: { 'the only value': 1 } });
    expect(secrets.redacted(sources, failed)).toMatchObject({
      result: {
        error: { code: 'odd.[secret:T]', message: 'x [secret:T]', retryable: true },
        usage: { '[secret:T]': 1 },
      },
    });
    const progress = { type: 'progress' as const, activation: 'a', attempt: 1, percent: 5 };
    expect(secrets.redacted(sources, { ...progress, message: 'at the only value' })).toEqual({
      ...progress,
      message: 'at [secret:T]',
    });
  });

  it('is not taken while a value cannot be read', () => {
    const read = vi.fn(() => {
      throw errorOf(() => new Secrets({ logger }).resolve({ T: { env: 'PLANTED_NOBODY' } }));
    });
    const secrets = new Secrets({ logger, read });
    expect(() => secrets.redacted(sources, result({}))).toThrow(
      expect.objectContaining({ code: 'secret.missing' }),
    );
  });
});

it('finds a value in the bytes of a blob once it was read', () => {
  const secrets = new Secrets({ logger, read: () => 'the only value' });
  const bytes = Buffer.from('{"v":"the only value"}');
  expect(secrets.isIn(bytes)).toBe(false);
  secrets.resolve({ T: { env: 'T' } });
  expect(secrets.isIn(bytes)).toBe(true);
  expect(secrets.isIn(Buffer.from(bytes.toString('base64')))).toBe(true);
  expect(secrets.isIn(Buffer.from('{}'))).toBe(false);
});
