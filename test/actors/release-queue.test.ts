/** What waits for the disk: C2 to C4 of `release-queue.ts`, on a log whose writes the test lets through. */
import { beforeEach, describe, expect, it } from 'vitest';
import { ReleaseQueue } from '../../src/actors/host/release-queue.ts';
import { createMemoryLog, type GroupFate, type MemoryLog } from '../../src/log/memory-log.ts';
import { settle } from './log-fixture.ts';

let log: MemoryLog;
let queue: ReleaseQueue;
let writes: ((fate: GroupFate) => void)[];
let done: string[];
let errors: unknown[];

beforeEach(() => {
  writes = [];
  done = [];
  errors = [];
  log = createMemoryLog({ faults: () => new Promise((resolve) => void writes.push(resolve)) });
  queue = new ReleaseQueue(log, { onError: (error) => errors.push(error), onReleased: () => {} });
});

function append(stream: string): void {
  log.append({
    stream,
    expectedVersion: log.streamHead(stream)?.version ?? 0,
    events: [{ type: 'run.paused', schemaVersion: 1, data: { reason: 'x' } }],
    at: 1,
    correlationId: 'c',
    causationId: 'm',
    actor: { kind: 'system' },
  });
}
const push = (name: string): void => queue.push(() => void done.push(name));

describe('releases', () => {
  it('run at once where nothing waits', () => {
    push('reply');
    expect(done).toEqual(['reply']);
  });

  it('wait for every commit before them, also of other streams, also without events of their own', async () => {
    append('run_1');
    push('of run_1');
    push('answer without events');
    await settle();
    append('run_2');
    push('of run_2');
    expect(done).toEqual([]);
    writes.shift()?.('durable');
    await settle();
    expect(done).toEqual(['of run_1', 'answer without events']);
    writes.shift()?.('durable');
    await settle();
    expect(done).toEqual(['of run_1', 'answer without events', 'of run_2']);
  });

  it('are dropped after a failed write, and their `drop` is told', async () => {
    append('run_1');
    queue.push(
      () => void done.push('reply'),
      () => void done.push('dropped'),
    );
    await settle();
    writes.shift()?.('fail-lost');
    await settle();
    queue.dropAll();
    await log.reopen();
    expect(done).toEqual(['dropped']);
    expect(queue.size).toBe(0);
  });

  it('what comes between a failure and the reopening is dropped and holds up nobody', async () => {
    append('run_1');
    append('run_2');
    await settle();
    writes.shift()?.('fail-lost');
    await settle();
    queue.dropAll();
    queue.push(
      () => void done.push('refusal'),
      () => void done.push('dropped'),
    );
    await log.reopen();
    queue.resume();
    append('run_3');
    push('of run_3');
    await settle();
    writes.shift()?.('durable');
    await settle();
    expect(done).toEqual(['dropped', 'of run_3']);
  });

  it('one that throws is reported and holds up nobody', async () => {
    append('run_1');
    queue.push(() => {
      throw new Error('broken');
    });
    push('next');
    await settle();
    writes.shift()?.('durable');
    await settle();
    expect(done).toEqual(['next']);
    expect(errors).toHaveLength(1);
  });
});
