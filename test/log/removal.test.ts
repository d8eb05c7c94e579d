/** Streams that leave the log: V1, V2 of `removal.ts` and H1, H2 of `holes.ts`. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { EventLog } from '../../src/log/event-log.ts';
import { exportLines, exportStreams } from '../../src/log/export-log.ts';
import { importLines } from '../../src/log/import-log.ts';
import { internalsOf } from '../../src/log/internals.ts';
import { openLevelLog } from '../../src/log/level-log.ts';
import { createMemoryLog, type GroupFate } from '../../src/log/memory-log.ts';
import { verifyLog } from '../../src/log/verify.ts';
import { collect, request } from '../contract/event-log.ts';
import fc from '../support/property.ts';
import { temporaryDirectory } from './temporary-directory.ts';

const ALL = Number.MAX_SAFE_INTEGER;
let directory: Awaited<ReturnType<typeof temporaryDirectory>>;

beforeEach(async () => {
  directory = await temporaryDirectory();
});
afterEach(() => directory.remove());

const logs: [string, () => Promise<EventLog>][] = [
  ['LevelDB', () => openLevelLog({ directory: directory.path })],
  ['memory', async () => createMemoryLog()],
];

/** Twelve commits: three streams in turn, each commit with a unique key. */
async function fill(log: EventLog): Promise<void> {
  for (let n = 0; n < 12; n += 1) {
    const stream = `run_${n % 3}`;
    const expectedVersion = Math.floor(n / 3);
    log.append(request({ stream, expectedVersion, at: 1_000 + n, unique: [`request:${n}`] }));
  }
  await log.flush();
}

async function remove(log: EventLog, streams: string[], keepKeysSince = ALL): Promise<void> {
  const removal = await log.prepareRemoval(streams, { keepKeysSince });
  const version = log.streamHead('system')?.version ?? 0;
  log.append(
    request({
      stream: 'system',
      expectedVersion: version,
      at: 2_000 + version,
      removal: { ...removal, bases: [] },
    }),
  );
  await log.flush();
}

async function allOf(lines: AsyncIterable<string>): Promise<string[]> {
  const all: string[] = [];
  for await (const line of lines) all.push(line);
  return all;
}

const positionsIn = async (log: EventLog, range = {}): Promise<number[]> =>
  (await collect(log.readAll(range))).map(({ position }) => position);

describe.each(logs)('a log on %s from which streams were removed', (_, open) => {
  let log: EventLog;
  beforeEach(async () => {
    log = await open();
    await fill(log);
  });
  afterEach(() => log.close());

  it('has the others as they were, and the removed ones nowhere', async () => {
    await remove(log, ['run_1']);
    expect(log.streamHead('run_1')).toBeUndefined();
    expect(await collect(log.readStream('run_1'))).toEqual([]);
    expect(await positionsIn(log)).toEqual([1, 3, 4, 6, 7, 9, 10, 12, 13]);
    expect((await collect(log.readStream('run_2'))).map((one) => one.firstVersion)).toEqual([
      1, 2, 3, 4,
    ]);
    expect(await verifyLog(log)).toMatchObject({ ok: true, commits: 9, streams: 3 });
  });

  it('can be read from every position to every other', async () => {
    await remove(log, ['run_0', 'run_1']);
    const left = [3, 6, 9, 12, 13];
    for (let after = 0; after <= 13; after += 1)
      for (let upTo = after; upTo <= 13; upTo += 1)
        expect(await positionsIn(log, { after, upTo })).toEqual(
          left.filter((position) => position > after && position <= upTo),
        );
  });

  it('H2 joins holes that touch, in whatever order they came', async () => {
    await remove(log, ['run_1']);
    await remove(log, ['run_0']);
    await remove(log, ['run_2']);
    expect(await positionsIn(log)).toEqual([13, 14, 15]);
    const records = internalsOf(log).store.keys({ from: 'c', below: 'd' });
    let count = 0;
    for await (const keys of records) count += keys.length;
    expect(count).toBe(4);
    expect(await verifyLog(log)).toMatchObject({ ok: true, streams: 1 });
  });

  it('refuses a removal of a stream that has gone on, and leaves it as it is', async () => {
    const removal = await log.prepareRemoval(['run_0', 'run_1'], { keepKeysSince: ALL });
    log.append(request({ stream: 'run_1', expectedVersion: 4, at: 3_000 }));
    const commit = request({ stream: 'system', removal: { ...removal, bases: [] } });
    expect(() => log.append(commit)).toThrow(
      expect.objectContaining({ code: 'log.version-conflict' }),
    );
    await log.flush();
    expect(log.streamHead('run_0')?.version).toBe(4);
    expect(await verifyLog(log)).toMatchObject({ ok: true, commits: 13 });
  });

  it('V2 keeps young unique keys taken until their time has come', async () => {
    await remove(log, ['run_0'], 1_005);
    expect(log.uniqueOwner('request:0')).toBeUndefined();
    expect(log.uniqueOwner('request:3')).toBeUndefined();
    expect(log.uniqueOwner('request:6')).toBe('run_0');
    expect(() => log.append(request({ stream: 'run_9', unique: ['request:9'] }))).toThrow(
      expect.objectContaining({ code: 'log.unique-key-taken' }),
    );
    expect(await verifyLog(log)).toMatchObject({ ok: true });
    expect(await log.releaseKeys(1_009)).toBe(1);
    expect(await log.releaseKeys(1_010)).toBe(1);
    log.append(request({ stream: 'run_9', at: 4_000, unique: ['request:9'] }));
    await log.flush();
    expect(await verifyLog(log)).toMatchObject({ ok: true });
  });

  it('finds the position at a time in what is left', async () => {
    await remove(log, ['run_0']);
    expect(await log.positionAt(1_000)).toBe(0);
    expect(await log.positionAt(1_003)).toBe(3);
    expect(await log.positionAt(9_999)).toBe(13);
  });

  it('is the same after export and import', async () => {
    await remove(log, ['run_1'], 1_005);
    const lines = await allOf(exportLines(log));
    const copy = createMemoryLog();
    await importLines(copy, lines);
    expect(await verifyLog(copy)).toMatchObject({ ok: true, commits: 9 });
    expect((await allOf(exportLines(copy))).slice(1)).toEqual(lines.slice(1));
    expect(copy.uniqueOwner('request:7')).toBe('run_1');
    expect(await positionsIn(copy, { after: 1, upTo: 4 })).toEqual([3, 4]);
    copy.append(request({ stream: 'run_0', expectedVersion: 4, at: 5_000 }));
    await copy.flush();
    expect(copy.durablePosition).toBe(14);
  });

  it('gives a stream alone, or its beginning, as an export of its own', async () => {
    const whole = createMemoryLog();
    await importLines(whole, await allOf(exportStreams(log, [{ stream: 'run_2' }])));
    expect(await collect(whole.readAll())).toEqual(await collect(log.readStream('run_2')));
    const begun = createMemoryLog();
    const part = [{ stream: 'run_2', toVersion: 2 }];
    await importLines(begun, await allOf(exportStreams(log, part)));
    expect(await positionsIn(begun)).toEqual([3, 6]);
    expect(await verifyLog(begun)).toMatchObject({ ok: true, commits: 2 });
  });
});

describe('V1 a removal and its commit', () => {
  it.each<[GroupFate, number]>([
    ['fail-lost', 12],
    ['fail-kept', 9],
  ])('are both there or neither when the write ends as %s', async (fate, commits) => {
    let next: GroupFate = 'durable';
    const log = createMemoryLog({ faults: () => next });
    await fill(log);
    next = fate;
    await expect(remove(log, ['run_0'])).rejects.toMatchObject({ code: 'log.failed' });
    next = 'durable';
    await log.reopen();
    expect(await verifyLog(log)).toMatchObject({ ok: true, commits });
    expect(log.streamHead('run_0') === undefined).toBe(fate === 'fail-kept');
    expect(log.streamHead('system') === undefined).toBe(fate === 'fail-lost');
  });

  it('are both gone when the process ends before the write', async () => {
    let next: GroupFate | Promise<GroupFate> = 'durable';
    const log = createMemoryLog({ faults: () => next });
    await fill(log);
    next = new Promise(() => undefined);
    void remove(log, ['run_0']).catch(() => undefined);
    await new Promise((resolve) => setImmediate(resolve));
    const after = log.crash();
    expect(await verifyLog(after)).toMatchObject({ ok: true, commits: 12 });
  });
});

it('holes and commits read the same whatever was removed, in whatever order', async () => {
  const streams = fc.integer({ min: 0, max: 5 });
  await fc.assert(
    fc.asyncProperty(
      fc.array(streams, { minLength: 1, maxLength: 40 }),
      fc.uniqueArray(streams, { maxLength: 6 }),
      async (appended, removed) => {
        const log = createMemoryLog();
        for (const stream of appended) {
          const name = `run_${stream}`;
          log.append(
            request({ stream: name, expectedVersion: log.streamHead(name)?.version ?? 0 }),
          );
        }
        await log.flush();
        const all = await collect(log.readAll());
        for (const stream of removed) await remove(log, [`run_${stream}`]);
        const gone = new Set(removed.map((stream) => `run_${stream}`));
        const left = all.filter(({ stream }) => !gone.has(stream));
        expect(await collect(log.readAll({ upTo: all.length }))).toEqual(left);
        expect(await verifyLog(log)).toMatchObject({ ok: true });
      },
    ),
  );
});
