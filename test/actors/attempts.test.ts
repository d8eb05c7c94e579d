/** Who has an attempt, and when it is lost: O1, O2 of `attempts.ts`, D1, D2 of `directory.ts`. */
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

beforeEach(() => {
  changes = [];
  directory = new Directory((change) => changes.push(change));
  attempts = new Attempts(directory);
});

describe('an attempt', () => {
  it('that nobody took counts from its dispatch, by the longest `ttl` of the live workers', () => {
    heartbeat('w1', 0);
    heartbeat('w2', 0, { ttl: 9 });
    attempts.dispatched(ref, 'x', 1_000);
    expect(attempts.lost(10_000)).toEqual([]);
    expect(attempts.lost(10_001)).toMatchObject([{ ...ref, worker: undefined }]);
  });

  it('belongs to the worker that was heard of it, and counts from then, by its `ttl`', () => {
    heartbeat('w1', 0);
    heartbeat('w2', 0, { ttl: 60 });
    attempts.dispatched(ref, 'x', 0);
    attempts.seen(ref, 'w1', 4_000);
    expect(attempts.lost(9_000)).toEqual([]);
    expect(attempts.lost(9_001)).toMatchObject([{ worker: 'w1' }]);
    expect(attempts.ofWorker('x', 'w1')).toHaveLength(1);
    expect(attempts.ofWorker('x', 'w2')).toEqual([]);
  });

  it('that has ended is not lost, and one that nobody sent is of no interest', () => {
    attempts.dispatched(ref, 'x', 0);
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
