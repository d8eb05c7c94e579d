import { spawn } from 'node:child_process';
import { cp, readdir, stat, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { internalsOf } from '../../src/log/internals.ts';
import { FORMAT_KEY } from '../../src/log/keys.ts';
import { openLevelLog } from '../../src/log/level-log.ts';
import { verifyLog } from '../../src/log/verify.ts';
import { collect, request } from '../contract/event-log.ts';
import { temporaryDirectory } from './temporary-directory.ts';

describe('a LevelDB log', () => {
  let directory: Awaited<ReturnType<typeof temporaryDirectory>>;
  beforeEach(async () => {
    directory = await temporaryDirectory();
  });
  afterEach(() => directory.remove());

  it('has every acknowledged commit and no gap after kill -9', async () => {
    let before = 0;
    for (const groups of [1, 40, 15]) {
      const acknowledged = await appendUntilKilled(directory.path, groups);
      expect(acknowledged).toBeGreaterThan(before);
      const report = await verifyLog(directory.path);
      expect(report.problems).toEqual([]);
      expect(report.commits).toBeGreaterThanOrEqual(acknowledged);
      before = report.commits;
    }
  });

  it('loses nothing but the tail after a torn last write, wherever it is torn', async () => {
    const log = await openLevelLog({ directory: directory.path });
    for (let n = 0; n < 10; n += 1) {
      log.append(request({ expectedVersion: n }));
      await log.flush();
    }
    await log.close();
    const logFile = await writeAheadFile(directory.path);
    const { size } = await stat(join(directory.path, 'log', logFile));
    let fewest = 10;
    for (let cut = 1; cut < size; cut += Math.ceil(size / 25)) {
      const copy = await temporaryDirectory();
      await cp(directory.path, copy.path, { recursive: true });
      await truncate(join(copy.path, 'log', logFile), size - cut);
      const torn = await openLevelLog({ directory: copy.path });
      const found = (await collect(torn.readAll())).map((commit) => commit.position);
      expect(found).toEqual(Array.from({ length: torn.durablePosition }, (_, n) => n + 1));
      expect(found.length).toBeLessThan(10);
      expect((await verifyLog(torn)).ok).toBe(true);
      fewest = Math.min(fewest, found.length);
      torn.append(request({ expectedVersion: found.length }));
      await torn.close();
      await copy.remove();
    }
    expect(fewest).toBeLessThan(3);
  });

  it('keeps its id, its heads and its unique keys when it is opened again', async () => {
    const first = await openLevelLog({ directory: directory.path });
    first.append(request({ count: 3, at: 5, unique: ['request:1'] }));
    await first.close();
    const second = await openLevelLog({ directory: directory.path });
    expect(second.logId).toBe(first.logId);
    expect(second.streamHead('run_1')).toEqual({ version: 3, at: 5 });
    expect(second.uniqueOwner('request:1')).toBe('run_1');
    expect(() => second.append(request({ expectedVersion: 3, unique: ['request:1'] }))).toThrow(
      expect.objectContaining({ code: 'log.unique-key-taken' }),
    );
    await second.close();
  });

  it('refuses a second opener, clearly', async () => {
    const log = await openLevelLog({ directory: directory.path });
    await expect(openLevelLog({ directory: directory.path })).rejects.toMatchObject({
      code: 'log.locked',
      hint: expect.stringContaining('TROUPE_DATA_DIR'),
    });
    await log.close();
  });

  it('refuses a newer format', async () => {
    const log = await openLevelLog({ directory: directory.path });
    const { store } = internalsOf(log);
    const batch = store.batch();
    batch.putText(FORMAT_KEY, '99');
    await store.write(batch, { sync: true });
    await log.close();
    await expect(openLevelLog({ directory: directory.path })).rejects.toMatchObject({
      code: 'log.newer-format',
      details: { found: 99, supported: 2 },
    });
  });

  it('says when the directory cannot be used', async () => {
    const file = join(directory.path, 'file');
    await writeFile(file, '');
    await expect(openLevelLog({ directory: file })).rejects.toMatchObject({
      code: 'log.io',
      hint: expect.stringContaining('TROUPE_DATA_DIR'),
    });
  });

  it('L4 fails the append whose blob cannot be stored, and keeps what was before', async () => {
    const log = await openLevelLog({ directory: directory.path });
    log.append(request());
    await log.flush();
    const bytes = new Uint8Array([1, 2, 3]);
    const reference = log.blobs.reference(bytes, 'x');
    const digest = reference.$blob.slice('sha256:'.length);
    await cp(import.meta.filename, join(directory.path, 'blobs', digest.slice(0, 2))); // a file in the folder's place
    log.append(request({ expectedVersion: 1, blobs: [{ reference, bytes }] }));
    await expect(log.flush()).rejects.toMatchObject({ code: 'log.failed' });
    await log.reopen();
    expect(log.append(request({ expectedVersion: 1 })).position).toBe(2);
    await log.flush();
    expect(await collect(log.readAll())).toHaveLength(2);
    await log.close();
  });
});

/** Resolves with the last position that the child said was durable. */
async function appendUntilKilled(directory: string, groups: number): Promise<number> {
  const script = join(import.meta.dirname, 'appender-process.ts');
  const child = spawn(process.execPath, [script, directory], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let output = '';
  await new Promise<void>((resolve, reject) => {
    child.on('error', reject);
    child.on('exit', () => resolve());
    child.stdout.on('data', (chunk: Buffer) => {
      output += chunk.toString();
      if (output.split('\n').length > groups) child.kill('SIGKILL');
    });
  });
  return Number(output.slice(0, output.lastIndexOf('\n')).split('\n').at(-1));
}

async function writeAheadFile(directory: string): Promise<string> {
  const names = await readdir(join(directory, 'log'));
  const found = names.filter((name) => /^\d+\.log$/.test(name));
  if (found.length !== 1) throw new Error(`expected one log file, found ${found.join()}`);
  return found[0] as string;
}
