/** Collection of blobs that no event names: M1 to M3 of `collect-blobs.ts`. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { hashOf } from '../../src/log/blob-backend.ts';
import { BlobMarks } from '../../src/log/blob-marks.ts';
import { collectBlobs } from '../../src/log/collect-blobs.ts';
import type { EventLog } from '../../src/log/event-log.ts';
import { openLevelLog } from '../../src/log/level-log.ts';
import { createMemoryLog } from '../../src/log/memory-log.ts';
import { verifyLog } from '../../src/log/verify.ts';
import { request } from '../contract/event-log.ts';
import { temporaryDirectory } from './temporary-directory.ts';

const HOUR = 3_600_000;
let now = 0;
let directory: Awaited<ReturnType<typeof temporaryDirectory>>;

beforeEach(async () => {
  now = 1_000 * HOUR;
  directory = await temporaryDirectory();
});
afterEach(() => directory.remove());

const logs: [string, () => Promise<EventLog>][] = [
  ['LevelDB', () => openLevelLog({ directory: directory.path, now: () => now })],
  ['memory', async () => createMemoryLog({ now: () => now })],
];

const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text);

/** A commit that names a blob; `isStored`: and brings it. */
function naming(log: EventLog, stream: string, text: string) {
  const bytes = bytesOf(text);
  const reference = log.blobs.reference(bytes, 'text/plain');
  const data = { taskId: 'a', output: { deep: [reference] } };
  const events = [{ type: 'task.succeeded', schemaVersion: 1, data }];
  return { request: request({ stream, events }), reference, bytes };
}

describe.each(logs)('a collection in a log on %s', (_, open) => {
  let log: EventLog;
  beforeEach(async () => {
    log = await open();
  });
  afterEach(() => log.close());

  it('removes what no event names and keeps what one does', async () => {
    const named = naming(log, 'run_1', 'named');
    log.append({ ...named.request, blobs: [{ reference: named.reference, bytes: named.bytes }] });
    await log.flush();
    const loose = await log.blobs.put(bytesOf('loose'), 'text/plain');
    now += 25 * HOUR;
    expect(await collectBlobs(log, { dryRun: true })).toMatchObject({ removed: 1, dryRun: true });
    expect(await log.blobs.has(loose.$blob)).toBe(true);
    expect(await collectBlobs(log)).toMatchObject({ blobs: 2, removed: 1, removedBytes: 5 });
    expect(await log.blobs.has(loose.$blob)).toBe(false);
    expect(Buffer.from(await log.blobs.get(named.reference)).toString()).toBe('named');
  });

  it('M2 leaves a blob alone that is young, or whose event is about to be appended', async () => {
    const old = await log.blobs.put(bytesOf('old'), 'text/plain');
    now += 25 * HOUR;
    const young = await log.blobs.put(bytesOf('young'), 'text/plain');
    expect(await log.blobs.touch(old.$blob)).toBe(true);
    now += 23 * HOUR;
    expect(await collectBlobs(log)).toMatchObject({ removed: 0 });
    expect(await log.blobs.has(old.$blob)).toBe(true);
    now += 2 * HOUR;
    expect(await collectBlobs(log)).toMatchObject({ removed: 2 });
    expect(await log.blobs.has(young.$blob)).toBe(false);
    expect(await log.blobs.touch(old.$blob)).toBe(false);
  });

  it('M1 sees what is appended while it reads', async () => {
    log.append(request({ stream: 'run_0' }));
    await log.flush();
    const late = naming(log, 'run_late', 'late');
    await log.blobs.put(late.bytes, 'text/plain');
    await log.blobs.put(bytesOf('loose'), 'text/plain');
    now += 25 * HOUR;
    let isAppended = false;
    const pause = async (): Promise<void> => {
      if (isAppended) return;
      isAppended = true;
      log.append(late.request);
      await log.flush();
    };
    expect(await collectBlobs(log, { pause })).toMatchObject({ removed: 1, commits: 2 });
    expect(await log.blobs.has(late.reference.$blob)).toBe(true);
  });
});

it('F3 a blob that is stored again while it is swept is there afterwards', async () => {
  const log = await openLevelLog({ directory: directory.path, now: () => now });
  const texts = Array.from({ length: 60 }, (_, n) => `blob ${n}`);
  const named: { $blob: string }[] = [];
  for (const text of texts) named.push(await log.blobs.put(bytesOf(text), 'text/plain'));
  now += 25 * HOUR;
  const sweep = collectBlobs(log);
  const again = texts.map((text, n) =>
    n % 2 === 0
      ? log.blobs.put(bytesOf(text), 'text/plain').then(() => true)
      : log.blobs.touch(named[n]?.$blob ?? ''),
  );
  const isThere = await Promise.all(again);
  await sweep;
  for (const [n, promised] of isThere.entries()) {
    if (promised) expect(await log.blobs.has(named[n]?.$blob ?? '')).toBe(true);
  }
  expect(isThere.filter(Boolean).length).toBeGreaterThanOrEqual(30);
  await log.close();
});

it('M3 a collection that ends in the middle has removed unmarked blobs only', async () => {
  const log = await openLevelLog({ directory: directory.path, now: () => now });
  for (let n = 0; n < 20; n += 1) {
    const { request: commit, reference, bytes } = naming(log, `run_${n}`, `named ${n}`);
    log.append({ ...commit, blobs: [{ reference, bytes }] });
    await log.blobs.put(bytesOf(`loose ${n}`), 'text/plain');
  }
  await log.flush();
  now += 25 * HOUR;
  const sweep = collectBlobs(log);
  await log.close(); // nothing below waits for the sweep: it goes on or fails beside it
  await sweep.catch(() => undefined);
  expect(await verifyLog(directory.path)).toMatchObject({ ok: true, commits: 20 });
});

it('marks never forget, and seldom take one blob for another', () => {
  const digest = (n: number): string => hashOf(bytesOf(String(n)));
  const marks = new BlobMarks(1_000);
  for (let n = 0; n < 1_000; n += 1) marks.add(`sha256:${digest(n)}`);
  for (let n = 0; n < 1_000; n += 1) expect(marks.has(digest(n))).toBe(true);
  const mistaken = Array.from({ length: 10_000 }, (_, n) => marks.has(digest(n + 1_000)));
  expect(mistaken.filter(Boolean).length).toBeLessThan(20);
});
