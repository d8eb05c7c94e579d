/** The set-up (infra/setup.mjs): S1 to S4, with real processes and a stand-in for npm. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

const root = join(import.meta.dirname, '..', '..');
let checkout: string;

/** "Installs" what the lock file says, slowly enough for a second set-up to come in between. */
const FAKE_NPM = `
const { appendFileSync, cpSync, mkdirSync } = require('node:fs');
appendFileSync('calls', process.argv.slice(2).join(' ') + ' lifecycle=' + process.env.npm_lifecycle_event + '\\n');
if (process.env.FAKE_NPM_FAILS) process.exit(3);
Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 300);
mkdirSync('node_modules', { recursive: true });
cpSync('package-lock.json', 'node_modules/.package-lock.json');
`;

function writeLock(version: string, folder = checkout, name = 'package-lock.json'): void {
  const packages = { 'node_modules/a': { version }, 'node_modules/b': { optional: true, version } };
  writeFileSync(join(folder, name), JSON.stringify({ packages }));
}

beforeEach(() => {
  checkout = mkdtempSync(join(tmpdir(), 'troupe-setup-'));
  mkdirSync(join(checkout, 'infra'));
  cpSync(join(root, 'infra', 'setup.mjs'), join(checkout, 'infra', 'setup.mjs'));
  mkdirSync(join(checkout, 'node_modules'));
  symlinkSync(join(root, 'node_modules', 'node'), join(checkout, 'node_modules', 'node'));
  writeFileSync(join(checkout, 'npm-cli.js'), FAKE_NPM);
  writeLock('1.0.0');
});

afterEach(() => {
  rmSync(checkout, { recursive: true, force: true });
});

async function setUp(environment: NodeJS.ProcessEnv = {}) {
  const child = spawn(process.execPath, [join(checkout, 'infra', 'setup.mjs')], {
    cwd: checkout,
    env: {
      ...process.env,
      npm_execpath: join(checkout, 'npm-cli.js'),
      npm_node_execpath: process.execPath,
      npm_lifecycle_event: 'pretest',
      ...environment,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (chunk) => {
    stdout += chunk;
  });
  child.stderr.on('data', (chunk) => {
    stderr += chunk;
  });
  const [code] = await once(child, 'close');
  return { code, stdout, stderr };
}

function installations(): string[] {
  try {
    return readFileSync(join(checkout, 'calls'), 'utf8').trim().split('\n');
  } catch {
    return [];
  }
}

describe('the set-up', () => {
  it('installs once, outside the calling script, and only speaks on stderr (S1, S4)', async () => {
    expect(await setUp()).toMatchObject({ code: 0, stdout: '' });
    expect(await setUp()).toEqual({ code: 0, stdout: '', stderr: '' });
    expect(installations()).toEqual([
      'ci --include=dev --no-audit --no-fund --loglevel=error lifecycle=undefined',
    ]);
  });

  it('installs again when the lock file changed (S1)', async () => {
    await setUp();
    writeLock('1.0.1');
    await setUp();
    expect(installations()).toHaveLength(2);
  });

  it('accepts what was installed by hand, optional packages left out or not (S1)', async () => {
    const installed = { packages: { 'node_modules/a': { version: '1.0.0' } } };
    const record = join(checkout, 'node_modules', '.package-lock.json');
    writeFileSync(record, JSON.stringify(installed));
    expect((await setUp()).code).toBe(0);
    expect(installations()).toEqual([]);
  });

  it('installs once when two start at the same time (S2)', async () => {
    const both = await Promise.all([setUp(), setUp()]);
    expect(both.map(({ code }) => code)).toEqual([0, 0]);
    expect(installations()).toHaveLength(1);
  });

  it('takes over from a set-up that died (S2)', async () => {
    const dead = spawn(process.execPath, ['--version'], { stdio: 'ignore' });
    await once(dead, 'exit');
    mkdirSync(join(checkout, '.setup.lock'));
    writeFileSync(join(checkout, '.setup.lock', 'pid'), String(dead.pid));
    expect((await setUp()).code).toBe(0);
    expect(installations()).toHaveLength(1);
  });

  it('tries again after an installation that failed (S3)', async () => {
    const failed = await setUp({ FAKE_NPM_FAILS: '1' });
    expect(failed.code).toBe(1);
    expect(failed.stderr).toContain('npm ci failed');
    expect((await setUp()).code).toBe(0);
    expect(installations()).toHaveLength(2);
  });

  it('says what to do when the pinned runtime is missing', async () => {
    await setUp();
    rmSync(join(checkout, 'node_modules', 'node'));
    const { code, stderr } = await setUp({ npm_node_execpath: join(checkout, 'no-such-node') });
    expect(code).toBe(1);
    expect(stderr).toContain('npm rebuild node');
  });

  it('does nothing inside another set-up', async () => {
    expect(await setUp({ TROUPE_SETUP: '1' })).toEqual({ code: 0, stdout: '', stderr: '' });
    expect(installations()).toEqual([]);
  });
});
