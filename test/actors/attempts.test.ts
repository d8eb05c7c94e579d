/** Who has an attempt, and when it is lost: O1 to O3 of `attempts.ts`, D1, D2 of `directory.ts`. */
import { beforeEach, describe, expect, it } from 'vitest';
import { Attempts } from '../../src/actors/services/attempts.ts';
import { Directory, type DirectoryChange } from '../../src/actors/services/directory.ts';
import { heartbeatSchema } from '../../src/messages/execution.ts';

const ref = { runId: 'run_1', activation: 'a', attempt: 1 };
let changes: DirectoryChange[];
let directory: Directory;
let attempts: Attempts;

function heartbeat(worker: string, now: number, rest: object = {}): void {
  directory.heard(
    heartbeatSchema.parse({ worker, agent: 'x', concurrency: 2, ttl: 5, ...rest }),
    now,
  );
}

function dispatched(now: number, rest: { losses?: number; attempt?: number } = {}): void {
  const { losses = 0, attempt = 1 } = rest;
  attempts.dispatched({ ...ref, attempt }, { agent: 'x', losses, now });
}

beforeEach(() => {
  changes = [];
  directory = new Directory((change) => changes.push(change));
  attempts = new Attempts(directory);
});

// Length: one case after the other.
describe('an attempt', () => {
  it('that nobody took counts from its dispatch, by the longest `ttl` of the live workers', () => {
    heartbeat('w1', 0);
    heartbeat('w2', 0, { ttl: 9 });
    dispatched(1_000);
    heartbeat('w1', 9_000);
    heartbeat('w2', 9_000, { ttl: 9 });
    expect(attempts.lost(10_000)).toEqual([]);
    expect(attempts.lost(10_001)).toMatchObject([{ ...ref, worker: undefined }]);
  });

  it('that nobody took is not lost before each live worker has read what was sent to it', () => {
    heartbeat('w1', 0);
    dispatched(1_000);
    heartbeat('w1', 3_499);
    expect(attempts.lost(8_000)).toEqual([]);
    heartbeat('w1', 3_500);
    expect(attempts.lost(8_000)).toHaveLength(1);
    heartbeat('w2', 4_000); // has just come: it may have it in its socket
    expect(attempts.lost(8_000)).toEqual([]);
    heartbeat('w2', 6_500);
    expect(attempts.lost(8_000)).toHaveLength(1);
  });

  it('keeps its worker in the directory by every word about it', () => {
    heartbeat('w1', 0);
    dispatched(0);
    attempts.seen(ref, 'w1', 4_000); // accepted
    directory.expire(9_000);
    expect(directory.agents()).toEqual(['x']);
    attempts.seen(ref, undefined, 8_000); // progress that does not say whose
    directory.expire(13_000);
    expect(directory.agents()).toEqual(['x']);
    directory.expire(13_001);
    expect(directory.agents()).toEqual([]);
  });

  it('waits while a worker lists the one before it, which was lost, and is not lost meanwhile', () => {
    heartbeat('w1', 0);
    attempts.listed(ref, { agent: 'x', worker: 'w1' }, 0);
    dispatched(0, { attempt: 2, losses: 1 });
    const next = { ...ref, attempt: 2 };
    for (let now = 0; now <= 60_000; now += 2_500) {
      heartbeat('w1', now);
      attempts.listed(ref, { agent: 'x', worker: 'w1' }, now);
      expect([now, attempts.lost(now), attempts.isHeld(next)]).toEqual([now, [], true]);
    }
    attempts.settled(ref);
    expect(attempts.isHeld(next)).toBe(false);
    attempts.listed(ref, { agent: 'x', worker: 'w1' }, 60_001); // crossed the answer
    expect(attempts.isHeld(next)).toBe(false);
  });

  it('waits until a worker that was silent and is back has read what it was sent before', () => {
    const next = { ...ref, attempt: 2 };
    heartbeat('w1', 0);
    directory.expire(5_001);
    dispatched(5_001, { attempt: 2, losses: 1 });
    expect(attempts.isHeld(next), 'nobody is there').toBe(true);
    heartbeat('w1', 20_000);
    expect(attempts.isHeld(next), 'it may be in its socket').toBe(true);
    heartbeat('w1', 22_499);
    expect([attempts.isHeld(next), attempts.lost(27_000)]).toEqual([true, []]);
    heartbeat('w1', 22_500);
    expect(attempts.isHeld(next)).toBe(false);
  });

  it('does not wait for a worker that is new, or came again after it had said goodbye', () => {
    const next = { ...ref, attempt: 2 };
    heartbeat('w1', 0);
    heartbeat('w1', 1_000, { ttl: 0 });
    dispatched(1_000, { attempt: 2, losses: 1 });
    heartbeat('w1', 2_000);
    expect(attempts.isHeld(next)).toBe(false);
    directory.expire(60_000);
    heartbeat('w2', 60_000);
    expect(attempts.isHeld(next)).toBe(false);
  });

  it('no longer waits for one before it that its worker has given up, or whose worker is gone', () => {
    const next = { ...ref, attempt: 2 };
    heartbeat('w1', 0);
    attempts.listed(ref, { agent: 'x', worker: 'w1' }, 0);
    dispatched(0, { attempt: 2, losses: 1 });
    heartbeat('w1', 5_000);
    attempts.lost(5_000);
    expect(attempts.isHeld(next)).toBe(true);
    attempts.lost(5_001);
    expect(attempts.isHeld(next)).toBe(false);
    attempts.listed(ref, { agent: 'x', worker: 'w1' }, 5_001);
    expect(attempts.isHeld(next)).toBe(true);
    attempts.ofWorker('x', 'w1');
    expect(attempts.isHeld(next)).toBe(false);
  });

  it('waits for none that ended otherwise than by a loss', () => {
    heartbeat('w1', 0);
    attempts.listed(ref, { agent: 'x', worker: 'w1' }, 0);
    dispatched(0, { attempt: 2, losses: 0 });
    expect(attempts.isHeld({ ...ref, attempt: 2 })).toBe(false);
  });

  it('belongs to the worker that was heard of it, and counts from then, by its `ttl`', () => {
    heartbeat('w1', 0);
    heartbeat('w2', 0, { ttl: 60 });
    dispatched(0);
    attempts.seen(ref, 'w1', 4_000);
    heartbeat('w1', 4_001);
    expect(attempts.lost(9_000)).toEqual([]);
    expect(attempts.lost(9_001)).toMatchObject([{ worker: 'w1' }]);
    expect(attempts.ofWorker('x', 'w1')).toHaveLength(1);
    expect(attempts.ofWorker('x', 'w2')).toEqual([]);
  });

  it('is not lost because its worker is silent altogether: that one is gone first, or speaks again', () => {
    heartbeat('w1', 0);
    dispatched(0);
    attempts.listed(ref, { agent: 'x', worker: 'w1' }, 0);
    directory.alive('x', 'w1', 3_000);
    directory.expire(8_000);
    expect([directory.agents(), attempts.lost(8_000)]).toEqual([['x'], []]);
    directory.expire(8_001);
    expect(changes.at(-1)).toMatchObject({ kind: 'left', worker: 'w1' });
    heartbeat('w1', 8_002);
    expect(attempts.lost(8_002)).toMatchObject([{ worker: 'w1' }]);
  });

  it('is lost although its worker talks of others, when it sends no heartbeats any more', () => {
    heartbeat('w1', 0);
    dispatched(0);
    attempts.listed(ref, { agent: 'x', worker: 'w1' }, 0);
    for (let now = 1_000; now <= 10_000; now += 1_000) directory.alive('x', 'w1', now);
    expect(attempts.lost(10_000)).toEqual([]);
    expect(attempts.lost(10_001)).toHaveLength(1);
  });

  it('is not lost while workers say that they have no room', () => {
    heartbeat('w1', 0);
    dispatched(0);
    for (let now = 1_000; now <= 60_000; now += 1_000) {
      heartbeat('w1', now);
      attempts.refused(ref, now);
      expect(attempts.lost(now)).toEqual([]);
    }
    heartbeat('w1', 64_000);
    expect(attempts.lost(65_000)).toEqual([]);
    expect(attempts.lost(65_001)).toHaveLength(1);
    attempts.seen(ref, 'w1', 65_001);
    attempts.refused(ref, 90_000); // of a request that was doubled on its way
    expect(attempts.get(ref)).toMatchObject({ worker: 'w1', seenAt: 65_001 });
  });

  it('that nobody owes is named once in the `ttl` of the worker that goes on listing it', () => {
    heartbeat('w1', 0);
    const list = (now: number) => attempts.listed(ref, { agent: 'x', worker: 'w1' }, now);
    list(0);
    expect(attempts.overdue(5_000)).toEqual([]);
    list(5_000);
    expect(attempts.overdue(5_001)).toEqual([{ ...ref, agent: 'x' }]);
    expect(attempts.overdue(10_001)).toEqual([]);
    expect(attempts.overdue(10_002)).toHaveLength(1);
    attempts.settled(ref); // its result was answered for good
    expect(attempts.overdue(60_000)).toEqual([]);
  });

  it('that has ended is not lost, and one that nobody sent is of no interest', () => {
    dispatched(0);
    attempts.ended(ref);
    attempts.seen({ ...ref, attempt: 2 }, 'w1', 0);
    expect(attempts.lost(1e9)).toEqual([]);
    expect(attempts.size).toBe(0);
  });
});

describe('the directory', () => {
  it('tells who joined, changed and left, once each', () => {
    heartbeat('w1', 0);
    heartbeat('w1', 1);
    heartbeat('w2', 1);
    heartbeat('w1', 2, { version: '2.0.0' });
    heartbeat('w2', 3, { ttl: 0 });
    directory.expire(5_002);
    directory.expire(5_003);
    expect(
      changes.map(({ kind, ...rest }) => [kind, 'isLast' in rest ? rest.isLast : undefined]),
    ).toEqual([
      ['joined', undefined],
      ['joined', undefined],
      ['updated', undefined],
      ['left', false],
      ['left', true],
    ]);
  });

  it('has the capacity of all live workers together, and none without', () => {
    heartbeat('w1', 0);
    heartbeat('w2', 0);
    expect(directory.capacity('x')).toBe(4);
    directory.expire(5_001);
    expect([directory.capacity('x'), directory.agents()]).toEqual([0, []]);
  });

  it('speaks msgpack only with agents whose workers all do', () => {
    heartbeat('w1', 0, { encoding: 'msgpack' });
    expect(directory.encoding('x')).toBe('msgpack');
    heartbeat('w2', 0);
    expect(directory.encoding('x')).toBe('json');
    expect(directory.encoding('nobody')).toBe('json');
  });
});
