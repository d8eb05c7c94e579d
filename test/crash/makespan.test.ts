/** Real workflow graphs, with their recorded times scaled down, against the bounds of every schedule. */
import { expect, test } from 'vitest';
import { graphNames } from '../workflow/import/graphs.ts';
import { allThroughAKill, boundedCases, oneByOne, tell } from './makespan-suite.ts';
import { median, savedBy } from './real-graphs.ts';

const SHORTEST_MS = 1_500;
const SHORTEST_WITH_KILL_MS = 3_200;

test('each recorded graph can run within 5 % of its lower bound (the best of at most four runs); the median saves half of the time in sequence', async () => {
  const runs = await oneByOne(graphNames.map((name) => ({ name, shortestMs: SHORTEST_MS })));
  tell('as many as parents allow', runs);
  expect(median(runs.map(savedBy))).toBeGreaterThanOrEqual(0.5);
});

test('with fewer places too, where the order of the file is that of the longest paths', async () => {
  tell('bounded', await oneByOne(boundedCases.map((one) => ({ ...one, shortestMs: SHORTEST_MS }))));
});

test('and when the orchestrator is killed with -9 halfway', async () => {
  tell('with a kill halfway', await allThroughAKill(SHORTEST_WITH_KILL_MS));
});
