/** The disk under the data directory: can it be written, is there room, does fsync work and how long does it take. */
import { existsSync } from 'node:fs';
import { mkdtemp, open, rm, stat, statfs } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { reasonOf } from '../../workflow/errors.ts';
import { type Finding, findings } from './finding.ts';
import { medianMs } from './median.ts';

const { ok, warn, fail } = findings('disk');
const MIB = 1024 * 1024;
const LEAST_BYTES = 100 * MIB;
const LOW_BYTES = 1024 * MIB;
const SLOW_FSYNC_MS = 20;
const FSYNCS = 9;

/** Writes a small file into the data directory, or into the folder in which it would be made, and removes it again. */
export async function checkDisk(dataDir: string): Promise<Finding[]> {
  const folder = existing(dataDir);
  const place = folder === dataDir ? dataDir : `${dataDir} (not there yet; ${folder} is)`;
  try {
    if (!(await stat(folder)).isDirectory())
      return [fail('folder', `${folder} is no folder`, 'Name another place with --data-dir.')];
    return [ok('folder', `data in ${place}`), ...(await space(folder)), ...(await writing(folder))];
  } catch (error) {
    return [fail('folder', `cannot look at ${place}: ${reasonOf(error)}`, WRITABLE)];
  }
}

const WRITABLE = 'Make the folder writable for this user, or name another one with --data-dir.';

function existing(path: string): string {
  return existsSync(path) || dirname(path) === path ? path : existing(dirname(path));
}

async function space(folder: string): Promise<Finding[]> {
  const { bavail, bsize } = await statfs(folder);
  const free = bavail * bsize;
  const text = `${Math.round(free / MIB).toLocaleString('en')} MiB are free`;
  const fix = 'Make room, or name a folder on another disk with --data-dir.';
  if (free < LEAST_BYTES) return [fail('space', text, fix)];
  return [free < LOW_BYTES ? warn('space', text, fix) : ok('space', text)];
}

async function writing(folder: string): Promise<Finding[]> {
  let own: string | undefined;
  try {
    own = await mkdtemp(join(folder, '.doctor-'));
    const took = await fsyncMs(join(own, 'probe'));
    const text = `writing works; fsync takes ${took.toFixed(1)} ms`;
    if (took <= SLOW_FSYNC_MS) return [ok('fsync', text)];
    return [
      warn('fsync', text, 'Every commit waits for it: a local SSD is faster; no network folders.'),
    ];
  } catch (error) {
    return [fail('fsync', `cannot write in ${folder}: ${reasonOf(error)}`, WRITABLE)];
  } finally {
    if (own !== undefined) await rm(own, { recursive: true, force: true });
  }
}

/** Of a page that is written and synced. */
async function fsyncMs(path: string): Promise<number> {
  const file = await open(path, 'w');
  try {
    return await medianMs(FSYNCS, async () => {
      await file.write('x'.repeat(4_096));
      await file.sync();
    });
  } finally {
    await file.close();
  }
}
