import { describe, expect, it } from 'vitest';
import { Ancestry } from '../../src/workflow/ancestry.ts';
import { parseDuration } from '../../src/workflow/durations.ts';
import { globMatches } from '../../src/workflow/glob.ts';
import { buildGraph } from '../../src/workflow/graph.ts';
import { nearest } from '../../src/workflow/suggest.ts';
import fc from '../support/property.ts';

/** Graphs without cycles: every task depends on earlier ones. */
const acyclic = fc
  .array(fc.array(fc.nat(9), { maxLength: 3 }), { minLength: 1, maxLength: 10 })
  .map((lists) =>
    lists.map((list, index) => ({
      id: `t${index}`,
      dependencies: list.filter((at) => at < index).map((at) => `t${at}`),
    })),
  );

describe('buildGraph', () => {
  it('puts every task behind its dependencies, and finds no cycle where there is none', () => {
    fc.assert(
      fc.property(acyclic, (tasks) => {
        const { order, cycles, indexOf } = buildGraph(tasks);
        expect(cycles).toEqual([]);
        expect([...order].sort((a, b) => a - b)).toEqual(tasks.map((_, index) => index));
        for (const [index, task] of tasks.entries()) {
          for (const id of task.dependencies)
            expect(order.indexOf(indexOf.get(id) ?? -1)).toBeLessThan(order.indexOf(index));
        }
      }),
    );
  });

  it('finds each cycle once, as a path that closes', () => {
    const tasks = [
      { id: 'a', dependencies: ['b'] },
      { id: 'b', dependencies: ['a'] },
      { id: 'c', dependencies: ['a', 'e'] },
      { id: 'd', dependencies: ['c'] },
      { id: 'e', dependencies: ['d'] },
      { id: 'f', dependencies: [] },
    ];
    const { cycles, order, dependencies } = buildGraph(tasks);
    expect(order).toEqual([5]);
    expect(cycles.length).toBeGreaterThan(0);
    for (const cycle of cycles) {
      for (const [at, index] of cycle.entries()) {
        expect(dependencies[cycle[(at + 1) % cycle.length] ?? -1]).toContain(index);
      }
    }
  });

  it('knows who comes before whom, as a plain search does', () => {
    fc.assert(
      fc.property(acyclic, (tasks) => {
        const graph = buildGraph(tasks);
        const ancestry = new Ancestry(graph);
        const behind = (task: number): Set<number> =>
          new Set(
            (graph.dependencies[task] ?? []).flatMap((dependency) => [
              dependency,
              ...behind(dependency),
            ]),
          );
        for (const task of tasks.keys()) {
          const before = behind(task);
          for (const other of tasks.keys())
            expect(ancestry.comesBefore(other, task)).toBe(before.has(other));
        }
      }),
    );
  });
});

describe('parseDuration', () => {
  it.each([
    [0.05, 50],
    [30, 30_000],
    ['250ms', 250],
    ['30s', 30_000],
    ['1.5m', 90_000],
    ['1h', 3_600_000],
    ['1d', 86_400_000],
    ['30', undefined],
    ['5 weeks', undefined],
    [-1, undefined],
    [Number.NaN, undefined],
    [null, undefined],
  ])('%j is %j ms', (value, milliseconds) => {
    expect(parseDuration(value)).toBe(milliseconds);
  });
});

describe('globMatches', () => {
  it.each([
    ['src/a/b.ts', '**/*.ts', true],
    ['b.ts', '**/*.ts', true],
    ['src/a/b.ts', 'src/*.ts', false],
    ['src/a/b.ts', 'src/**', true],
    ['src/a/b.ts', 'src/?/b.{js,ts}', true],
    ['src/ab.ts', 'src/a?b.ts', false],
    ['a.b', 'a.b', true],
    ['axb', 'a.b', false],
  ])('%s against %s is %s', (path, pattern, matches) => {
    expect(globMatches(path, pattern)).toBe(matches);
  });
});

describe('nearest', () => {
  it('finds what was meant and nothing far away', () => {
    expect(nearest('codebase-analizer', ['echo', 'codebase-analyzer'])).toBe('codebase-analyzer');
    expect(nearest('teh', ['the', 'other'])).toBe('the');
    expect(nearest('zebra', ['echo', 'sleep'])).toBeUndefined();
  });
});
