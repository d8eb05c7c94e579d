import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { internalsOf } from '../../src/log/internals.ts';
import type { WriteBatch } from '../../src/log/key-value.ts';
import { commitKey, headKey, streamKey, uniqueKey } from '../../src/log/keys.ts';
import { openLevelLog } from '../../src/log/level-log.ts';
import { verifyLog } from '../../src/log/verify.ts';
import { collect, request } from '../contract/event-log.ts';
import { temporaryDirectory } from './temporary-directory.ts';

describe('verification', () => {
  let directory: Awaited<ReturnType<typeof temporaryDirectory>>;
  let blob: string;

  beforeEach(async () => {
    directory = await temporaryDirectory();
    const log = await openLevelLog({ directory: directory.path });
    const bytes = new TextEncoder().encode('bytes');
    const reference = log.blobs.reference(bytes, 'text/plain');
    blob = reference.$blob.slice('sha256:'.length);
    for (let n = 0; n < 20; n += 1) {
      log.append(
        request({ stream: `run_${n % 2}`, expectedVersion: n >> 1, unique: [`request:${n}`] }),
      );
    }
    const data = { output: { nested: [reference] } };
    const events = [{ type: 'task.succeeded', schemaVersion: 1, data }];
    log.append(request({ stream: 'run_9', events, blobs: [{ reference, bytes }] }));
    await log.close();
  });
  afterEach(() => directory.remove());

  /** Changes the store behind the log's back. */
  async function damage(change: (batch: WriteBatch, read: (key: string) => Uint8Array) => void) {
    const log = await openLevelLog({ directory: directory.path });
    const { store } = internalsOf(log);
    const batch = store.batch();
    change(batch, (key) => store.getBytes(key) ?? new Uint8Array());
    await store.write(batch, { sync: true });
    await log.close();
  }

  const blobPath = () => join(directory.path, 'blobs', blob.slice(0, 2), blob.slice(2));

  it('finds nothing wrong with a sound log', async () => {
    expect(await verifyLog(directory.path)).toEqual({
      ok: true,
      commits: 21,
      events: 21,
      streams: 3,
      problems: [],
      problemCount: 0,
    });
  });

  it('names the position of every flipped byte, and reading throws it', async () => {
    let length = 0;
    await damage((_, read) => {
      length = read(commitKey(7)).length;
    });
    for (let at = 0; at < length; at += 17) {
      const flip = (batch: WriteBatch, read: (key: string) => Uint8Array) => {
        const bytes = Uint8Array.from(read(commitKey(7)));
        bytes[at] = (bytes[at] as number) ^ 0x10;
        batch.putBytes(commitKey(7), bytes);
      };
      await damage(flip);
      const report = await verifyLog(directory.path);
      expect(report.problems).toContainEqual(
        expect.objectContaining({ kind: 'record-corrupt', position: 7 }),
      );
      const log = await openLevelLog({ directory: directory.path });
      await expect(collect(log.readAll())).rejects.toMatchObject({
        code: 'log.corrupt',
        details: { position: 7 },
      });
      expect(await collect(log.readAll({ upTo: 6 }))).toHaveLength(6);
      await log.close();
      await damage(flip);
    }
  });

  it('names a missing record', async () => {
    await damage((batch) => batch.delete(commitKey(7)));
    expect((await verifyLog(directory.path)).problems).toContainEqual(
      expect.objectContaining({ kind: 'record-missing', position: 7 }),
    );
  });

  it('names a head, an index entry and a unique key that disagree', async () => {
    await damage((batch) => {
      batch.putText(headKey('run_0'), '9 1000 17');
      batch.delete(streamKey('run_1', 4));
      batch.putText(uniqueKey('request:3'), 'run_7');
      batch.delete(uniqueKey('request:4'));
    });
    const { problems } = await verifyLog(directory.path);
    expect(problems.map(({ kind }) => kind).sort()).toEqual([
      'head',
      'stream-index',
      'unique-key',
      'unique-key',
    ]);
  });

  it('names blobs that are gone or changed', async () => {
    await writeFile(blobPath(), 'other');
    const changed = await verifyLog(directory.path);
    expect(changed.problems).toEqual([expect.objectContaining({ kind: 'blob', position: 21 })]);
    await rm(blobPath());
    const gone = await verifyLog(directory.path);
    expect(gone.problems).toEqual([expect.objectContaining({ kind: 'blob', position: 21 })]);
  });
});
