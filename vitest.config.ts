/**
 * The suites. Every test file belongs to exactly one: `integration` takes what no other one names,
 * so a new folder is never left out. Two workers, because the reference machine has two cores.
 * `fast` ends in half a minute: what a pure room needs longer for, random plays, fuzzing, work at a bound,
 * is in a file named `*.long.test.ts` beside it and runs with the simulations.
 */
import { defineConfig } from 'vitest/config';

const pure = [
  'events',
  'machines',
  'messages',
  'patterns',
  'planning',
  'policies',
  'projections',
  'replay',
  'tidy',
  'workflow',
];
const fast = ['test/*.test.ts', `test/{${pure.join(',')}}/**/*.test.ts`];
const long = [`test/{${pure.join(',')}}/**/*.long.test.ts`];
const crash = ['test/crash/**/*.test.ts'];
const packaged = ['test/package/**/*.test.ts'];
const simulation = ['test/simulation/**/*.test.ts', ...long];
const soak = ['test/soak/**/*.test.ts', 'test/**/*.soak.test.ts'];
const never = ['**/node_modules/**', '**/fixtures/**'];

export default defineConfig({
  test: {
    maxWorkers: 2,
    coverage: { provider: 'v8', include: ['src/**/*.ts'], reporter: ['text-summary', 'html'] },
    projects: [
      {
        test: {
          name: 'fast',
          include: fast,
          exclude: [...never, ...soak, ...long],
          testTimeout: 120_000,
          // Nothing here changes what another file sees; loading the modules anew for each took a third of the time.
          isolate: false,
        },
      },
      {
        test: {
          name: 'integration',
          include: ['test/**/*.test.ts'],
          exclude: [...never, ...fast, ...crash, ...packaged, ...simulation, ...soak],
          testTimeout: 30_000,
          hookTimeout: 30_000,
        },
      },
      {
        test: {
          name: 'package',
          include: packaged,
          exclude: [...never, ...soak],
          globalSetup: 'test/package/set-up.ts',
          testTimeout: 60_000,
          hookTimeout: 120_000,
        },
      },
      {
        test: {
          name: 'crash',
          include: crash,
          exclude: [...never, ...soak],
          testTimeout: 300_000,
          hookTimeout: 60_000,
        },
      },
      {
        test: {
          name: 'simulation',
          include: simulation,
          exclude: [...never, ...soak],
          testTimeout: 300_000,
        },
      },
      {
        test: {
          name: 'soak',
          include: soak,
          exclude: never,
          globalSetup: 'test/package/set-up.ts',
          testTimeout: 3_600_000,
          hookTimeout: 60_000,
        },
      },
    ],
  },
});
