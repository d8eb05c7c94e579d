import { describe, expect, it } from 'vitest';
import { createMemoryLog, type GroupFate } from '../../src/log/memory-log.ts';
import { collect, request } from '../contract/event-log.ts';

/** A log whose next group meets this fate, the others being durable. */
function failing(fate: GroupFate) {
  const fates: GroupFate[] = ['durable', fate];
  const log = createMemoryLog({ faults: () => fates.shift() ?? 'durable' });
  const heard: number[] = [];
  const failures: Error[] = [];
  log.onDurable((commits) => heard.push(...commits.map((commit) => commit.position)));
  log.onFailure((error) => failures.push(error));
  return { log, heard, failures };
}

describe('a log whose write fails', () => {
  for (const fate of ['fail-lost', 'fail-kept'] as const) {
    it(`L4 reports once, refuses until reopened, and then holds a prefix (${fate})`, async () => {
      const { log, heard, failures } = failing(fate);
      log.append(request());
      await log.flush();
      log.append(request({ expectedVersion: 1, unique: ['request:1'] }));
      const flushed = log.flush();
      await expect(flushed).rejects.toMatchObject({ code: 'log.failed' });
      expect(failures).toHaveLength(1);
      expect(failures[0]).toMatchObject({ code: 'log.io' });
      expect(() => log.append(request({ stream: 'run_2' }))).toThrow(
        expect.objectContaining({ code: 'log.failed' }),
      );
      await log.reopen();
      const kept = fate === 'fail-kept' ? [1, 2] : [1];
      expect(log.durablePosition).toBe(kept.length);
      expect(log.streamHead('run_1')?.version).toBe(kept.length);
      expect(log.uniqueOwner('request:1')).toBe(fate === 'fail-kept' ? 'run_1' : undefined);
      expect((await collect(log.readAll())).map((commit) => commit.position)).toEqual(kept);
      expect(log.append(request({ expectedVersion: kept.length })).position).toBe(kept.length + 1);
      await log.flush();
      expect(heard).toEqual([...kept, kept.length + 1]);
    });
  }

  it('L4 takes everything behind the failed group with it', async () => {
    const { promise, resolve } = Promise.withResolvers<GroupFate>();
    const fates: (GroupFate | Promise<GroupFate>)[] = [promise];
    const log = createMemoryLog({ faults: () => fates.shift() ?? 'durable' });
    const failures: Error[] = [];
    log.onFailure((error) => failures.push(error));
    log.append(request());
    await Promise.resolve();
    log.append(request({ stream: 'run_2' }));
    const flushed = log.flush();
    resolve('fail-lost');
    await expect(flushed).rejects.toMatchObject({ code: 'log.failed' });
    await log.reopen();
    expect(failures).toHaveLength(1);
    expect(log.appendedPosition).toBe(0);
    expect(await collect(log.readAll())).toEqual([]);
  });

  it('a follower goes on after the log was reopened, without gap or duplicate', async () => {
    const { log } = failing('fail-kept');
    const abort = new AbortController();
    const seen: number[] = [];
    const following = (async () => {
      for await (const commits of log.follow({ after: 0, signal: abort.signal })) {
        seen.push(...commits.map((commit) => commit.position));
        if (seen.at(-1) === 3) return;
      }
    })();
    log.append(request());
    await log.flush();
    log.append(request({ expectedVersion: 1 }));
    await expect(log.flush()).rejects.toMatchObject({ code: 'log.failed' });
    await log.reopen();
    log.append(request({ expectedVersion: 2 }));
    await following;
    expect(seen).toEqual([1, 2, 3]);
  });
});

describe('a crash of a memory log', () => {
  it('keeps exactly what was durable, and tells nobody any more', async () => {
    const held = Promise.withResolvers<GroupFate>();
    const fates: (GroupFate | Promise<GroupFate>)[] = ['durable', held.promise];
    const log = createMemoryLog({ faults: () => fates.shift() ?? 'durable' });
    const heard: number[] = [];
    log.onDurable((commits) => heard.push(...commits.map((commit) => commit.position)));
    log.append(request());
    await log.flush();
    log.append(request({ expectedVersion: 1 }));
    await Promise.resolve();
    const after = log.crash();
    held.resolve('durable');
    await held.promise;
    expect(heard).toEqual([1]);
    expect(() => log.append(request({ expectedVersion: 2 }))).toThrow(
      expect.objectContaining({ code: 'log.closed' }),
    );
    expect(after.logId).toBe(log.logId);
    expect((await collect(after.readAll())).map((commit) => commit.position)).toEqual([1]);
    expect(after.append(request({ expectedVersion: 1 })).position).toBe(2);
  });

  it('can keep the group that was being written', async () => {
    const fates: (GroupFate | Promise<GroupFate>)[] = [new Promise<GroupFate>(() => undefined)];
    const log = createMemoryLog({ faults: () => fates.shift() ?? 'durable' });
    log.append(request());
    for (let turn = 0; turn < 5; turn += 1) await Promise.resolve();
    expect(await collect(log.crash({ keepInFlight: true }).readAll())).toHaveLength(1);
  });
});
