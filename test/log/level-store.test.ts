/** S2, S3 of `level-store.ts`: what follows a failed write. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { type LevelStore, openLevelStore } from '../../src/log/level-store.ts';

let directory: string;
let store: LevelStore;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'troupe-store-'));
});

afterEach(async () => {
  await store.close();
  rmSync(directory, { recursive: true, force: true });
});

async function write(key: string, options: { fails?: boolean } = {}): Promise<void> {
  const batch = store.batch();
  batch.putText(key, 'value');
  // A batch that is closed cannot be written: LevelDB refuses it as it would a full disk.
  if (options.fails === true) await batch.chained.close();
  await store.write(batch, { sync: false });
}

const failed = { code: 'log.io' };

it('S2 writes nothing after a failed write until it is reopened', async () => {
  store = await openLevelStore(directory);
  await expect(write('a', { fails: true })).rejects.toMatchObject(failed);
  await expect(write('b')).rejects.toMatchObject(failed);
  await expect(write('c')).rejects.toMatchObject(failed);
  await store.reopen();
  await write('d');
  expect(['a', 'b', 'c', 'd'].map((key) => store.getText(key))).toEqual([
    ...[undefined, undefined, undefined, 'value'],
  ]);
});

it('S3 opens itself again where nobody else does', async () => {
  store = await openLevelStore(directory, { heals: true });
  await expect(write('a', { fails: true })).rejects.toMatchObject(failed);
  await expect(write('b')).rejects.toMatchObject(failed);
  await write('c');
  expect(['a', 'b', 'c'].map((key) => store.getText(key))).toEqual([undefined, undefined, 'value']);
});
