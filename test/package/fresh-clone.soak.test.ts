/** The first two minutes of a stranger: clone, `npm start`, again. A whole installation, so not in `npm test`. */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { plainEnvironment } from './npm.ts';

const FIRST_MS = 90_000;
const FIRST_TASK_MS = 3_000;

const root = join(import.meta.dirname, '..', '..');
const folder = mkdtempSync(join(tmpdir(), 'troupe-clone-'));
const clone = join(folder, 'clone');

afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** `npm start` on the machine's own Node, with nothing in npm's cache before the first time. */
async function start(): Promise<{ code: number | null; totalMs: number; firstTaskMs: number }> {
  const PATH = (process.env['PATH'] ?? '')
    .split(delimiter)
    .filter((place) => !place.includes('node_modules'))
    .join(delimiter);
  const startedAt = performance.now();
  const child = spawn('npm', ['start'], {
    cwd: clone,
    env: { ...plainEnvironment(), PATH, npm_config_cache: join(folder, 'cache') },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let stderr = '';
  let firstTaskMs = Number.POSITIVE_INFINITY;
  child.stderr.on('data', (chunk: Buffer) => {
    stderr += chunk.toString();
    if (firstTaskMs === Number.POSITIVE_INFINITY && /^\s+started\s/m.test(stderr))
      firstTaskMs = performance.now() - startedAt;
  });
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, totalMs: performance.now() - startedAt, firstTaskMs };
}

it('a fresh clone starts within 90 s with all it installs, and the second time within 3 s to the first task', async () => {
  const cloned = spawnSync('git', ['clone', '--quiet', root, clone], { encoding: 'utf8' });
  expect(cloned.status, cloned.stderr).toBe(0);
  const first = await start();
  expect(first).toMatchObject({ code: 0 });
  expect(first.totalMs).toBeLessThan(FIRST_MS);
  const second = await start();
  expect(second).toMatchObject({ code: 0 });
  expect(second.firstTaskMs).toBeLessThan(FIRST_TASK_MS);
}, 300_000);
