import { describe, expect, it } from 'vitest';
import type { Commit } from '../../src/events/envelope.ts';
import { CommitCodec } from '../../src/log/codec.ts';
import fc from '../support/property.ts';
import { jsonValue } from './values.ts';

function commit(position: number, data: unknown[]): Commit {
  const events = data.map((one) => ({ type: 'task.succeeded', schemaVersion: 1, data: one }));
  const common = {
    stream: 'run_1',
    firstVersion: 1,
    at: 1e12,
    correlationId: 'c',
    causationId: 'd',
  };
  return { position, ...common, actor: { kind: 'system' }, events };
}

describe('the codec of commits', () => {
  it('R2, R3 decodes with the saved structures alone, whatever the number of shapes', () => {
    const saved: string[][] = [];
    let writer = new CommitCodec([]);
    const records: Uint8Array[] = [];
    for (let n = 1; n <= 3000; n += 1) {
      records.push(
        Uint8Array.from(writer.encode(commit(n, [{ taskId: 'a', [`field${n}`]: n }]), [])),
      );
      for (const { index, keys } of writer.newStructures()) {
        saved[index] = keys;
        writer.structuresSaved(index + 1);
      }
      if (n % 500 === 0) writer = new CommitCodec(saved); // a restart
    }
    const reader = new CommitCodec(saved);
    for (const [index, record] of records.entries()) {
      const n = index + 1;
      expect(reader.decode(record, n).commit).toEqual(
        commit(n, [{ taskId: 'a', [`field${n}`]: n }]),
      );
    }
    expect(writer.newStructures()).toEqual([]);
  });

  it('R1 makes no structure for values of users', () => {
    const codec = new CommitCodec([]);
    for (let n = 0; n < 100; n += 1)
      codec.encode(commit(1, [{ output: { [`user${n}`]: { [`deep${n}`]: 1 } } }]), []);
    expect(codec.newStructures()).toEqual([{ index: 0, keys: ['output'] }]);
  });

  it('R3 gives back any data, also scalars and lists', () => {
    const codec = new CommitCodec([]);
    const events = fc.array(jsonValue, { minLength: 1, maxLength: 4 });
    fc.assert(
      fc.property(events, fc.array(fc.string()), (data, unique) => {
        const before = commit(5, data);
        expect(codec.decode(codec.encode(before, unique), 5)).toEqual({ commit: before, unique });
      }),
      { numRuns: 1000 },
    );
  });

  it('R3 tells any garbage from a record', () => {
    const codec = new CommitCodec([]);
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => {
        expect(() => codec.decode(bytes, 3)).toThrow(
          expect.objectContaining({ code: 'log.corrupt', details: { position: 3 } }),
        );
      }),
      { numRuns: 10_000 },
    );
  });
});
