/** Random worlds: whatever is lost, doubled, delayed, crashed or not written, nothing promised is lost. */
import { describe, expect, it } from 'vitest';
import { playSeed } from './chaos.ts';

const only = process.env.TROUPE_SEED;
const SEEDS = 200;
const BATCH = 20;

const batches = Array.from({ length: SEEDS / BATCH }, (_, index) => index * BATCH + 1);

describe.runIf(only === undefined)('random worlds', () => {
  it.each(batches)(
    `keep every promise and finish all work, seeds %i and the next ${BATCH - 1}`,
    async (first) => {
      let [crashes, forks] = [0, 0];
      for (let seed = first; seed < first + BATCH; seed += 1) {
        const result = await playSeed(seed);
        expect(result.runs).toBeGreaterThan(0);
        crashes += result.crashes;
        forks += result.forks;
      }
      expect(crashes, 'faults really happened').toBeGreaterThan(0);
      expect(forks, 'forks were really made').toBeGreaterThan(0);
    },
  );
});

it('the same seed gives the same world', async () => {
  const seed = Number(only ?? 4711);
  expect(await playSeed(seed)).toEqual(await playSeed(seed));
});
