/** The real graphs once more, with runs that are long beside what the engine costs. */
import { expect, test } from 'vitest';
import { allThroughAKill, boundedCases, oneByOne, tell } from '../crash/makespan-suite.ts';
import { median, savedBy } from '../crash/real-graphs.ts';
import { graphNames } from '../workflow/import/graphs.ts';

const SHORTEST_MS = 20_000;

test('each recorded graph can run within 5 % of its lower bound (the best of at most four runs)', async () => {
  const runs = await oneByOne(graphNames.map((name) => ({ name, shortestMs: SHORTEST_MS })));
  tell('as many as parents allow', runs);
  expect(median(runs.map(savedBy))).toBeGreaterThanOrEqual(0.5);
});

test('with fewer places too', async () => {
  tell('bounded', await oneByOne(boundedCases.map((one) => ({ ...one, shortestMs: SHORTEST_MS }))));
});

test('and when the orchestrator is killed with -9 halfway', async () => {
  tell('with a kill halfway', await allThroughAKill(SHORTEST_MS));
});
