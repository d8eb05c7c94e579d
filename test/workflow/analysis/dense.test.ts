/** Graphs with many edges: the quick ways of the analysis held against plain ones, their work counted. */
import { describe, expect, it } from 'vitest';
import { analyzeWorkflow } from '../../../src/workflow/analysis/analyze.ts';
import { criticalPathOf } from '../../../src/workflow/analysis/critical-path.ts';
import type { FlowModel } from '../../../src/workflow/analysis/flow-model.ts';
import { needlessDependencies } from '../../../src/workflow/analysis/needless.ts';
import { lengthsWithout } from '../../../src/workflow/analysis/shorter-ways.ts';
import { soundnessOf } from '../../../src/workflow/analysis/soundness.ts';
import { buildGraph } from '../../../src/workflow/graph.ts';
import { compileWorkflow } from '../../../src/workflow/parse.ts';
import type { JsonObject } from '../../../src/workflow/value.ts';
import { seededRandom } from '../../support/seeded.ts';

/** `before`: the dependencies of each task, by index. */
function workflowOf(before: readonly (readonly number[])[], more: JsonObject = {}) {
  const tasks = before.map((list, index) => ({
    id: `t${index}`,
    agent: 'echo',
    dependencies: list.map((at) => `t${at}`),
    ...more,
  }));
  const { definition, problems } = compileWorkflow({ name: 'x', tasks });
  if (definition === undefined) throw new Error(JSON.stringify(problems));
  return definition;
}

function modelOf(before: readonly (readonly number[])[]): FlowModel {
  const definition = workflowOf(before);
  return soundnessOf(definition, buildGraph(definition.tasks)).model;
}

function randomGraph(seed: number, tasks: number, edges: number): number[][] {
  const random = seededRandom(seed);
  return Array.from({ length: tasks }, (_, index) => {
    const many = index === 0 ? 0 : Math.floor(random() * 2 * edges);
    return [...new Set(Array.from({ length: many }, () => Math.floor(random() * index)))];
  });
}

/** Each task waits for so many right before it. */
function windows(tasks: number, width: number): number[][] {
  return Array.from({ length: tasks }, (_, index) =>
    Array.from({ length: Math.min(index, width) }, (__, at) => index - 1 - at),
  );
}

/** Each task of a layer waits for so many of the layer before. */
function layers(tasks: number, width: number, edges: number): number[][] {
  return Array.from({ length: tasks }, (_, index) => {
    const first = (Math.floor(index / width) - 1) * width;
    if (first < 0) return [];
    return Array.from({ length: edges }, (__, at) => first + ((index + 7 * at) % width));
  });
}

const edgesOf = (before: readonly (readonly number[])[]): number => before.flat().length;

/** By task: everything before it. */
function allBefore(before: readonly (readonly number[])[]): Set<number>[] {
  const sets: Set<number>[] = [];
  for (const list of before)
    sets.push(new Set(list.flatMap((at) => [at, ...(sets[at] as Set<number>)])));
  return sets;
}

describe('needless dependencies of larger graphs', () => {
  it('are those that another dependency is behind, with a path each', () => {
    for (let seed = 1; seed <= 12; seed += 1) {
      const before = randomGraph(seed, 40 + seed * 20, 3);
      const sets = allBefore(before);
      const expected = before.flatMap((list, index) =>
        list.filter((at) => list.some((other) => sets[other]?.has(at))).map((at) => [index, at]),
      );
      const { shown, found, isComplete } = needlessDependencies(modelOf(before), 10_000);
      expect(isComplete).toBe(true);
      expect(found).toBe(expected.length);
      const pairs = shown.map(({ task, dependency }) => [task, dependency]);
      expect(pairs.map(String).toSorted(), `seed ${seed}`).toEqual(expected.map(String).toSorted());
      for (const { task, dependency, path } of shown) {
        expect([path[0], path.at(-1)]).toEqual([dependency, task]);
        expect(path.length).toBeGreaterThan(2);
        for (const [at, step] of path.slice(1).entries()) expect(before[step]).toContain(path[at]);
      }
    }
  });

  it('take work that grows with the edges where tasks wait for near ones', () => {
    const small = layers(2_000, 50, 10);
    const large = layers(8_000, 50, 10);
    const [few, many] = [small, large].map((before) => needlessDependencies(modelOf(before), 10));
    expect(few?.steps).toBeLessThan(6 * edgesOf(small));
    expect(many?.steps).toBeLessThan(6 * edgesOf(large));
  });

  it('take an edge once for each 32 dependencies at most, wherever they lead', () => {
    const before = randomGraph(5, 3_000, 5);
    const { steps, isComplete } = needlessDependencies(modelOf(before), 10);
    expect(isComplete).toBe(true);
    expect(steps).toBeLessThan(edgesOf(before) * Math.ceil(before.length / 32));
  });
});

describe('the longest way without one of its dependencies', () => {
  it('is that of the workflow in which the dependency is left out', () => {
    for (let seed = 1; seed <= 25; seed += 1) {
      const before = randomGraph(seed, 30, 2);
      const model = modelOf(before);
      const { tasks } = criticalPathOf(model);
      const expected = tasks.slice(0, -1).map((dependency, at) => {
        const task = tasks[at + 1] as number;
        const list = (before[task] as number[]).filter((other) => other !== dependency);
        return criticalPathOf(modelOf(before.with(task, list))).steps;
      });
      expect(lengthsWithout(model, tasks, 40), `seed ${seed}`).toEqual(expected);
      expect(lengthsWithout(model, tasks, 2)).toEqual(expected.slice(0, 2));
    }
  });
});

describe('the lists of an analysis', () => {
  it('hold 500 entries, and say how many there are', () => {
    const before = windows(100, 20);
    const analysis = analyzeWorkflow(workflowOf(before));
    const { needless, proposals, found, cut, partial } = analysis;
    expect([needless.length, proposals.length]).toEqual([500, 500]);
    // All but the nearest one.
    expect(found.needless).toBe(edgesOf(before) - 99);
    expect(found.proposals).toBeGreaterThanOrEqual(found.needless);
    expect(cut).toEqual(['needless', 'proposals']);
    expect(partial).toEqual([]);
  });

  it('hold both ends of a long path', () => {
    const chain = Array.from({ length: 60 }, (_, index) => (index === 0 ? [] : [index - 1]));
    const [only] = analyzeWorkflow(workflowOf(chain.with(59, [58, 0]))).needless;
    expect(only).toMatchObject({ task: 't59', dependency: 't0', pathLength: 60 });
    expect(only?.path).toHaveLength(24);
    expect([only?.path[11], only?.path[12]]).toEqual(['t11', 't48']);
  });

  it('grow with the tasks, not with the edges', () => {
    const sizeOf = (before: number[][]): number =>
      JSON.stringify(analyzeWorkflow(workflowOf(before))).length;
    expect(sizeOf(windows(900, 40))).toBeLessThan(1.5 * sizeOf(windows(900, 4)));
  });

  it('say where not all was looked at', () => {
    const chain = Array.from({ length: 150 }, (_, index) => (index === 0 ? [] : [index - 1]));
    const { conflicts, partial } = analyzeWorkflow(workflowOf(chain, { mutex: 'one' }));
    expect(conflicts).toEqual([]);
    expect(partial).toEqual(['conflicts']);
  });
});
