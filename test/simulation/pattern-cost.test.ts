/**
 * What a pattern costs beside plain tasks: events and commits of a run, against those of a chain of as many tasks.
 * Both are counted, so they are the same on every machine; `npm run bench -- --workload patterns` measures the CPU.
 */
import { expect, it } from 'vitest';
import { patterns, workflowOf } from '../patterns/patterns.ts';
import { scenarioOf } from '../patterns/simulated.ts';
import { tasksThatRan } from '../patterns/tasks.ts';
import { type Played, play } from './crash-points.ts';

const MAX_RATIO = 1.5;
const chains = new Map<number, Promise<Played>>();

function chainOf(length: number): Promise<Played> {
  let chain = chains.get(length);
  if (chain === undefined) {
    const tasks = Array.from({ length }, (_, index) => ({
      id: `t${index}`,
      agent: 'echo',
      dependencies: index === 0 ? [] : [`t${index - 1}`],
    }));
    chain = play({ name: 'chain', workflow: { tasks } });
    chains.set(length, chain);
  }
  return chain;
}

function eventsOf(all: readonly Played[]): number {
  return all.flatMap(({ histories }) => histories).reduce((sum, { length }) => sum + length, 0);
}

const uses = patterns.flatMap((pattern) =>
  pattern.cases.map((use) => ({
    title: `${pattern.id} ${pattern.title} ${JSON.stringify(use.input ?? {})}`,
    workflow: workflowOf(pattern),
    scenario: scenarioOf(pattern, workflowOf(pattern), use),
  })),
);

it.each(uses)('$title costs at most 1.5 times plain tasks', async ({ workflow, scenario }) => {
  const played = await play(scenario);
  // Each run beside a chain of its own: a child is a run. It runs the workflow of its parent in the only pattern with some.
  const plain = await Promise.all(
    played.histories.map((events) => chainOf(tasksThatRan(workflow, events))),
  );
  const ratios = {
    events: eventsOf([played]) / eventsOf(plain),
    commits: played.positions / plain.reduce((sum, { positions }) => sum + positions, 0),
  };
  expect(ratios.events).toBeLessThanOrEqual(MAX_RATIO);
  expect(ratios.commits).toBeLessThanOrEqual(MAX_RATIO);
});
