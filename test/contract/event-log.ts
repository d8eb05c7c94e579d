/**
 * What every event log promises (L1 to L6): one suite, run against each implementation.
 * Size: one test for each invariant of the port.
 */

import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Commit } from '../../src/events/envelope.ts';
import type { AppendRequest, EventLog } from '../../src/log/event-log.ts';
import type { Upcaster } from '../../src/log/reader.ts';
import fc from '../support/property.ts';

export interface LogFactory {
  open(options?: {
    maxPending?: { events: number; bytes: number };
    upcast?: Upcaster;
  }): Promise<EventLog>;
  /** Removes what `open` made. */
  dispose(): Promise<void>;
}

export function request(over: Partial<AppendRequest> & { count?: number } = {}): AppendRequest {
  const { count = 1, ...rest } = over;
  const events = Array.from({ length: count }, (_, n) => ({
    type: 'task.succeeded',
    schemaVersion: 1,
    data: { taskId: 'a', attempt: 1, output: { n, list: [1, { deep: null }] } },
  }));
  return {
    stream: 'run_1',
    expectedVersion: 0,
    events,
    at: 1000,
    correlationId: 'req_1',
    causationId: 'msg_1',
    actor: { kind: 'client', id: 'test' },
    ...rest,
  };
}

export async function collect(batches: AsyncIterable<Commit[]>): Promise<Commit[]> {
  const found: Commit[] = [];
  for await (const batch of batches) found.push(...batch);
  return found;
}

export function testEventLog(name: string, factory: LogFactory): void {
  describe(`${name} event log`, () => {
    let log: EventLog;
    beforeEach(async () => {
      log = await factory.open();
    });
    afterEach(async () => {
      await log.close();
      await factory.dispose();
    });

    describe('appending', () => {
      it('L1 gives consecutive positions across streams in the order of append', async () => {
        const first = log.append(request({ stream: 'run_1', count: 2 }));
        const second = log.append(request({ stream: 'run_2' }));
        const third = log.append(request({ stream: 'run_1', expectedVersion: 2 }));
        expect([first, second, third].map((c) => [c.position, c.firstVersion])).toEqual([
          [1, 1],
          [2, 1],
          [3, 3],
        ]);
        expect(log.appendedPosition).toBe(3);
        await log.flush();
        expect(log.durablePosition).toBe(3);
      });

      it('L2 refuses another version than expected, also against commits that wait, and leaves nothing', async () => {
        log.append(request());
        expect(() => log.append(request())).toThrow(
          expect.objectContaining({ code: 'log.version-conflict' }),
        );
        expect(() => log.append(request({ stream: 'run_2', expectedVersion: 4 }))).toThrow(
          expect.objectContaining({ code: 'log.version-conflict' }),
        );
        expect(log.append(request({ expectedVersion: 1 })).position).toBe(2);
        await log.flush();
        expect(await collect(log.readAll())).toHaveLength(2);
        expect(log.streamHead('run_2')).toBeUndefined();
      });

      it('L2 refuses a taken unique key and names its owner, waiting or durable', async () => {
        log.append(request({ unique: ['request:1'] }));
        const again = request({ stream: 'run_2', unique: ['request:2', 'request:1'] });
        const refusal = expect.objectContaining({
          code: 'log.unique-key-taken',
          details: { key: 'request:1', stream: 'run_1' },
        });
        expect(() => log.append(again)).toThrow(refusal);
        await log.flush();
        expect(() => log.append(again)).toThrow(refusal);
        expect(log.uniqueOwner('request:1')).toBe('run_1');
        expect(log.uniqueOwner('request:2')).toBeUndefined();
      });

      it('L2 refuses a commit of more than 1,000 events', () => {
        expect(() => log.append(request({ count: 1001 }))).toThrow(
          expect.objectContaining({ code: 'log.commit-too-large' }),
        );
        expect(log.append(request({ count: 1000 })).position).toBe(1);
      });

      it('C6 says overloaded at the bound and takes commits again when they are durable', async () => {
        const small = await factoryWith(factory, log, { maxPending: { events: 3, bytes: 1e6 } });
        log = small;
        log.append(request({ count: 3 }));
        expect(log.isSaturated).toBe(true);
        expect(() => log.append(request({ expectedVersion: 3 }))).toThrow(
          expect.objectContaining({ code: 'overloaded' }),
        );
        await log.flush();
        expect(log.isSaturated).toBe(false);
        expect(log.append(request({ expectedVersion: 3 })).position).toBe(2);
      });

      it('L3 tells durable listeners each commit once, in order, after it is durable', async () => {
        const heard: number[] = [];
        log.onDurable((commits) => {
          for (const commit of commits) {
            expect(log.durablePosition).toBeGreaterThanOrEqual(commit.position);
            heard.push(commit.position);
          }
        });
        for (let n = 0; n < 50; n += 1) {
          log.append(request({ expectedVersion: n }));
          if (n % 7 === 0) await log.flush();
        }
        await log.flush();
        expect(heard).toEqual(Array.from({ length: 50 }, (_, n) => n + 1));
      });

      it('refuses everything after close', async () => {
        await log.close();
        expect(() => log.append(request())).toThrow(
          expect.objectContaining({ code: 'log.closed' }),
        );
      });
    });

    describe('reading', () => {
      it('L5 shows durable commits only', async () => {
        log.append(request());
        expect(await collect(log.readAll())).toEqual([]);
        expect(await collect(log.readStream('run_1'))).toEqual([]);
        await log.flush();
        expect(await collect(log.readAll())).toHaveLength(1);
      });

      it('gives back what was appended', async () => {
        const commit = log.append(
          request({ trace: '00-ab-cd-01', count: 3, unique: ['request:1'] }),
        );
        await log.flush();
        expect(await collect(log.readAll())).toEqual([commit]);
      });

      it('reads whole commits of a stream by versions', async () => {
        let version = 0;
        for (const count of [3, 1, 4, 2]) {
          log.append(request({ stream: 'run_1', expectedVersion: version, count }));
          log.append(request({ stream: 'run_10', expectedVersion: version, count }));
          version += count;
        }
        await log.flush();
        const firsts = async (range: object) =>
          (await collect(log.readStream('run_1', range))).map((c) => c.firstVersion);
        expect(await firsts({})).toEqual([1, 4, 5, 9]);
        expect(await firsts({ fromVersion: 3, toVersion: 5 })).toEqual([1, 4, 5]);
        expect(await firsts({ fromVersion: 6 })).toEqual([5, 9]);
        expect(await firsts({ fromVersion: 4, toVersion: 4 })).toEqual([4]);
        expect(await firsts({ fromVersion: 11 })).toEqual([]);
      });

      it('reads a range of positions', async () => {
        for (let n = 0; n < 1500; n += 1) log.append(request({ expectedVersion: n }));
        await log.flush();
        const found = await collect(log.readAll({ after: 10, upTo: 1200 }));
        expect(found.map((c) => c.position)).toEqual(
          Array.from({ length: 1190 }, (_, n) => n + 11),
        );
      });

      it('finds the last position at or before a time, also where the clock went back', async () => {
        const times = Array.from({ length: 2500 }, (_, n) => (n === 1800 ? 5 : n * 10));
        for (const [n, at] of times.entries()) log.append(request({ stream: `run_${n}`, at }));
        await log.flush();
        for (const time of [-1, 0, 4, 5, 17_999, 18_001, 1e9]) {
          expect(await log.positionAt(time)).toBe(times.findLastIndex((at) => at <= time) + 1);
        }
      });

      it('L5 upcasts on every read path', async () => {
        log = await factoryWith(factory, log, {
          upcast: (event) =>
            event.schemaVersion === 1 ? { ...event, schemaVersion: 2, data: { up: true } } : event,
        });
        log.append(request());
        await log.flush();
        const abort = new AbortController();
        const live = log.follow({ after: 1, signal: abort.signal })[Symbol.asyncIterator]();
        const next = live.next();
        log.append(request({ expectedVersion: 1 }));
        await log.flush();
        const seen = [
          ...(await collect(log.readAll())),
          ...(await collect(log.readStream('run_1'))),
          ...((await next).value as Commit[]),
        ];
        abort.abort();
        expect(seen).toHaveLength(5);
        for (const commit of seen) expect(commit.events[0]).toMatchObject({ schemaVersion: 2 });
      });

      it('follows without gap or duplicate while others append', async () => {
        const plan = fc.array(
          fc.record({ commits: fc.integer({ min: 0, max: 40 }), flush: fc.boolean() }),
          { maxLength: 12 },
        );
        await fc.assert(
          fc.asyncProperty(plan, fc.integer({ min: 0, max: 60 }), async (steps, back) => {
            const after = Math.max(0, log.durablePosition - back);
            const total = steps.reduce((sum, step) => sum + step.commits, log.appendedPosition);
            const abort = new AbortController();
            const seen: number[] = [];
            const following = (async () => {
              if (after === total) return;
              for await (const commits of log.follow({ after, signal: abort.signal })) {
                seen.push(...commits.map((commit) => commit.position));
                if (seen.at(-1) === total) return;
              }
            })();
            for (const step of steps) {
              for (let n = 0; n < step.commits; n += 1) {
                log.append(request({ expectedVersion: log.streamHead('run_1')?.version ?? 0 }));
              }
              if (step.flush) await log.flush();
            }
            await log.flush();
            await following;
            abort.abort();
            expect(seen).toEqual(Array.from({ length: total - after }, (_, n) => after + n + 1));
          }),
          { numRuns: 40 },
        );
      });

      it('ends a follower when its signal aborts', async () => {
        const abort = new AbortController();
        const done = collect(log.follow({ after: 0, signal: abort.signal }));
        abort.abort();
        expect(await done).toEqual([]);
      });
    });

    describe('snapshots', () => {
      it('keeps the newest at or below a version, of any size', async () => {
        const large = { text: 'x'.repeat(700_000), list: [1, 2.5, null] };
        await log.saveSnapshot('run_1', { streamVersion: 10, foldHash: 'h', state: { n: 1 } });
        await log.saveSnapshot('run_1', { streamVersion: 20, foldHash: 'h', state: large });
        expect((await log.loadSnapshot('run_1'))?.state).toEqual(large);
        expect((await log.loadSnapshot('run_1', { atMost: 19 }))?.streamVersion).toBe(10);
        expect(await log.loadSnapshot('run_1', { atMost: 9 })).toBeUndefined();
        expect(await log.loadSnapshot('run_2')).toBeUndefined();
      });

      it('keeps three of a stream', async () => {
        for (const streamVersion of [1, 2, 3, 4, 5]) {
          await log.saveSnapshot('run_1', { streamVersion, foldHash: 'h', state: null });
        }
        expect(await log.loadSnapshot('run_1', { atMost: 2 })).toBeUndefined();
        expect((await log.loadSnapshot('run_1', { atMost: 3 }))?.streamVersion).toBe(3);
      });
    });

    describe('documents', () => {
      const checkpoint = { position: 7, hash: 'shape' };
      const put = (key: string, status: string, old: string[] = []) => ({
        key,
        document: { key, status },
        indexes: [{ index: 'status', value: status }],
        oldIndexes: old.map((value) => ({ index: 'status', value })),
      });

      it('writes documents, indexes and checkpoint together', async () => {
        await log.documents.write('runs', {
          puts: [put('a', 'x'), put('b', 'y')],
          deletes: [],
          checkpoint,
        });
        expect(await log.documents.checkpoint('runs')).toEqual(checkpoint);
        expect(await log.documents.get('runs', 'a')).toEqual({ key: 'a', status: 'x' });
        expect(await log.documents.getMany('runs', ['b', 'c'])).toEqual([
          { key: 'b', status: 'y' },
          undefined,
        ]);
        expect(await log.documents.count('runs')).toBe(2);
        expect(await log.documents.checkpoint('run')).toBeUndefined();
        expect(await log.documents.count('run')).toBe(0);
      });

      it('lists by key and by index, in pages, in both directions', async () => {
        const keys = ['a', 'b', 'c', 'd', 'e'];
        const puts = keys.map((key, n) => put(key, n % 2 === 0 ? 'even' : 'odd'));
        await log.documents.write('runs', { puts, deletes: [], checkpoint });
        for (const reverse of [false, true]) {
          const seen: string[] = [];
          let after: string | undefined;
          do {
            const page = await log.documents.list('runs', {
              limit: 2,
              reverse,
              ...(after === undefined ? {} : { after }),
            });
            seen.push(...page.documents.map(({ key }) => key));
            after = page.next;
          } while (after !== undefined);
          expect(seen).toEqual(reverse ? [...keys].reverse() : keys);
        }
        const even = await log.documents.list('runs', {
          index: 'status',
          prefix: 'even',
          limit: 9,
        });
        expect(even.documents.map(({ key }) => key)).toEqual(['a', 'c', 'e']);
        expect(even.next).toBeUndefined();
      });

      it('moves index entries with the document and forgets deleted ones', async () => {
        await log.documents.write('runs', {
          puts: [put('a', 'x'), put('b', 'x')],
          deletes: [],
          checkpoint,
        });
        await log.documents.write('runs', {
          puts: [put('a', 'y', ['x'])],
          deletes: [{ key: 'b', oldIndexes: [{ index: 'status', value: 'x' }] }],
          checkpoint,
        });
        const all = await log.documents.list('runs', { index: 'status', limit: 9 });
        expect(all.documents).toEqual([{ key: 'a', document: { key: 'a', status: 'y' } }]);
        await log.documents.clear('runs');
        expect(await log.documents.count('runs')).toBe(0);
        expect(await log.documents.checkpoint('runs')).toBeUndefined();
      });
    });

    describe('blobs', () => {
      const bytes = new TextEncoder().encode('some bytes');

      it('L6 stores the blobs of a commit, and finds them before it is durable', async () => {
        const reference = log.blobs.reference(bytes, 'text/plain');
        expect(await log.blobs.has(reference.$blob)).toBe(false);
        log.append(request({ blobs: [{ reference, bytes }] }));
        expect(Buffer.from(await log.blobs.get(reference)).toString()).toBe('some bytes');
        await log.flush();
        expect(Buffer.from(await log.blobs.get(reference)).toString()).toBe('some bytes');
      });

      it('says what it does not have', async () => {
        const reference = log.blobs.reference(bytes, 'text/plain');
        await expect(log.blobs.get(reference)).rejects.toMatchObject({ code: 'blob.not-found' });
      });

      it('sweeps what is neither marked nor young', async () => {
        const kept = await log.blobs.put(bytes, 'text/plain');
        const swept = await log.blobs.put(new Uint8Array([1, 2, 3]), 'text/plain');
        const marked = new Set([kept.$blob]);
        expect(await log.blobs.sweep({ marked, olderThanMs: 1e9 })).toEqual({
          removed: 0,
          bytes: 0,
        });
        expect(await log.blobs.sweep({ marked, olderThanMs: -1e9 })).toEqual({
          removed: 1,
          bytes: 3,
        });
        expect(await log.blobs.has(kept.$blob)).toBe(true);
        expect(await log.blobs.has(swept.$blob)).toBe(false);
      });
    });
  });
}

async function factoryWith(
  factory: LogFactory,
  old: EventLog,
  options: Parameters<LogFactory['open']>[0],
): Promise<EventLog> {
  await old.close();
  await factory.dispose();
  return factory.open(options);
}
