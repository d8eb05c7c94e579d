/** Who comes before whom in large graphs, and which tasks share a loop: held against plain searches. */
import { describe, expect, it } from 'vitest';
import { Ancestry } from '../../src/workflow/ancestry.ts';
import { buildGraph } from '../../src/workflow/graph.ts';
import { LoopMembers } from '../../src/workflow/loop-members.ts';
import { seededRandom } from '../support/seeded.ts';

function randomTasks(seed: number, count: number, edges: number) {
  const random = seededRandom(seed);
  return Array.from({ length: count }, (_, index) => ({
    id: `t${index}`,
    dependencies: Array.from(
      { length: index === 0 ? 0 : edges },
      () => `t${Math.floor(random() * index)}`,
    ),
  }));
}

function allBefore(before: readonly (readonly number[])[]): Set<number>[] {
  const sets: Set<number>[] = [];
  for (const list of before)
    sets.push(new Set(list.flatMap((at) => [at, ...(sets[at] as Set<number>)])));
  return sets;
}

describe('ancestry', () => {
  it('makes a table where searches would cost more, and gives the same answers', () => {
    const tasks = randomTasks(3, 500, 3);
    const graph = buildGraph(tasks);
    const before = allBefore(graph.dependencies);
    const ancestry = new Ancestry(graph);
    const isRight = (task: number, other: number): boolean =>
      ancestry.comesBefore(other, task) === before[task]?.has(other);
    const all = [...tasks.keys()];
    const wrong = all.flatMap((task) => all.filter((other) => !isRight(task, other)));
    expect(wrong).toEqual([]);
    // A plain search for each pair takes as many steps as there are edges before it: 100 times so many.
    expect(ancestry.steps).toBeLessThan((500 * 500 * 3) / 32);
    expect(ancestry.isSpent).toBe(false);
  });
});

describe('tasks of a loop', () => {
  it('are those between its first and its last, over more loops than one mask holds', () => {
    for (let seed = 1; seed <= 5; seed += 1) {
      const tasks = randomTasks(seed, 60, 2);
      const graph = buildGraph(tasks);
      const before = allBefore(graph.dependencies);
      const random = seededRandom(seed + 100);
      const some = (): number => Math.floor(random() * 60);
      const loops = Array.from({ length: 70 }, (_, edge) => ({
        edge,
        from: `t${some()}`,
        to: `t${some()}`,
        max: 2,
      }));
      const upTo = (first: number, then: number): boolean =>
        first === then || before[then]?.has(first) === true;
      const isIn = (task: number, { from, to }: (typeof loops)[number]): boolean =>
        upTo(Number(to.slice(1)), task) && upTo(task, Number(from.slice(1)));
      const members = new LoopMembers(loops, graph);
      const isRight = (one: number, other: number): boolean =>
        members.together(one, other) === loops.some((loop) => isIn(one, loop) && isIn(other, loop));
      const all = [...tasks.keys()];
      expect(all.flatMap((one) => all.filter((other) => !isRight(one, other)))).toEqual([]);
    }
  });
});
