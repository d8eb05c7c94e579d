/**
 * What work costs: CPU time of this process, so that what else the machine does counts little, held against a floor of
 * the same run, so that a slow machine changes nothing.
 */
import { seededRandom } from './seeded.ts';

/** Milliseconds of this process's own work, the least of some rounds. */
export function costOf(work: () => unknown, rounds = 1): number {
  const costs = Array.from({ length: rounds }, () => {
    const before = process.cpuUsage();
    work();
    const { user, system } = process.cpuUsage(before);
    return (user + system) / 1_000;
  });
  return Math.min(...costs);
}

const SIZE = 40_000;
let unit: number | undefined;

/** What some sorting, hashing and writing costs on this machine, ms: the floor for budgets. About 50 on the reference machine. */
export function unitCost(): number {
  unit ??= costOf(() => {
    const random = seededRandom(1);
    const numbers = Array.from({ length: SIZE }, () => Math.floor(random() * SIZE));
    const names = new Map(numbers.map((number) => [`name ${number}`, { number }]));
    const sorted = [...names].sort(([, one], [, other]) => one.number - other.number);
    const read = JSON.parse(JSON.stringify(sorted)) as unknown[];
    if (read.length !== names.size) throw new Error('what was written was not read');
  }, 3);
  return unit;
}

const MOST_ROUNDS = 5;

/** Milliseconds that pass until the work is done. */
export async function waitOf(work: () => Promise<unknown>): Promise<number> {
  const started = performance.now();
  await work();
  return performance.now() - started;
}

/**
 * What a round of waiting took, ms: the first below the bound, or the shortest of five. What else the machine does can
 * only make a round longer.
 */
export async function shortestWait(bound: number, round: () => Promise<number>): Promise<number> {
  let shortest = Number.POSITIVE_INFINITY;
  for (let count = 0; count < MOST_ROUNDS && shortest >= bound; count += 1)
    shortest = Math.min(shortest, await round());
  return shortest;
}
