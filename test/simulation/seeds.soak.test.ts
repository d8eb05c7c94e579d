/** Thousands of random worlds, other ones each time: the first seed is printed, and a failure names its own. */
import { expect, it } from 'vitest';
import { playSeed } from './chaos.ts';

const SEEDS = Number(process.env.TROUPE_SEEDS ?? 5_000);
const first = Number(
  process.env.TROUPE_FIRST_SEED ?? Math.floor(performance.timeOrigin) % 1_000_000_000,
);

it(`${SEEDS} random worlds from seed ${first} on keep every promise`, async () => {
  let crashes = 0;
  for (let seed = first; seed < first + SEEDS; seed += 1) crashes += (await playSeed(seed)).crashes;
  expect(crashes).toBeGreaterThan(0);
});
