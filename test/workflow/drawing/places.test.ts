/** What is known of a graph before anything runs: who stands in the same place, and what never runs. */
import { describe, expect, it } from 'vitest';
import { neverRuns } from '../../../src/workflow/drawing/never-runs.ts';
import { siblingGroups } from '../../../src/workflow/drawing/siblings.ts';
import { buildGraph } from '../../../src/workflow/graph.ts';
import { compileWorkflow } from '../../../src/workflow/parse.ts';
import type { JsonObject } from '../../../src/workflow/value.ts';

function definitionOf(tasks: JsonObject[]) {
  const { definition, problems } = compileWorkflow({ name: 'n', tasks });
  if (definition === undefined) throw new Error(JSON.stringify(problems));
  return definition;
}

const task = (id: string, more: JsonObject = {}): JsonObject => ({ id, agent: 'echo', ...more });

describe('neverRuns', () => {
  it('names tasks whose condition is false, and those that wait for them', () => {
    const never = neverRuns(
      definitionOf([
        task('a'),
        task('off', { dependencies: ['a'], condition: 'false' }),
        task('behind', { dependencies: ['off'] }),
        task('anyway', { dependencies: ['off'], trigger: 'all_done' }),
        task('one', { dependencies: ['a', 'off'], trigger: 'one_success' }),
        task('active', { dependencies: ['a', 'off'], trigger: 'activated' }),
      ]),
    );
    expect([...never]).toEqual([
      ['off', 'its condition is false'],
      ['behind', 'off never runs'],
    ]);
  });

  it('finds nothing in a workflow that may all run', () => {
    const tasks = [task('a'), task('b', { dependencies: ['a'], condition: 'a.output == 1' })];
    expect(neverRuns(definitionOf(tasks)).size).toBe(0);
  });
});

describe('siblingGroups', () => {
  const fan = (count: number): JsonObject[] => [
    task('first'),
    ...Array.from({ length: count }, (_, index) => task(`t${index}`, { dependencies: ['first'] })),
    task('last', { dependencies: Array.from({ length: count }, (_, index) => `t${index}`) }),
  ];
  const groupsOf = (tasks: JsonObject[], kindOf: (index: number) => string = () => '') =>
    siblingGroups(buildGraph(definitionOf(tasks).tasks), kindOf);

  it('joins eight or more tasks between the same two', () => {
    expect(groupsOf(fan(8))).toEqual([[1, 2, 3, 4, 5, 6, 7, 8]]);
    expect(groupsOf(fan(7))).toEqual([]);
  });

  it('keeps tasks apart whose kind or whose dependents differ', () => {
    expect(groupsOf(fan(14), (index) => String(index % 2))).toEqual([]);
    const apart = [...fan(8), task('other', { dependencies: ['t0'] })];
    expect(groupsOf(apart)).toEqual([]);
  });
});
