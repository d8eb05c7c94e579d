/**
 * The suites. Every test file belongs to exactly one: `integration` takes what no other one names,
 * so a new folder is never left out. Two workers, because the reference machine has two cores.
 * `fast` ends in half a minute: what a pure room needs longer for, random plays, fuzzing, work at a bound,
 * is in a file named `*.long.test.ts` beside it and runs with the simulations.
 * Time-outs are there for what hangs, they do not judge the machine.
 */
import { defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

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

/** By seconds. What takes longest begins first, else one worker ends with it while the others have nothing to do. */
const longest = [
  'docs/console',
  'bench/bench',
  'agents/builtin/symbols',
  'e2e/up',
  'conformance/core-protocol',
  'e2e/faults-workers',
  'infra/nats',
  'e2e/run-and-replay',
  'simulation/seeds',
  'simulation/crash-points',
  'workflow/expression-cost.long',
  'workflow/fuzz-files.long',
].map((name) => `/test/${name}.test.ts`);

class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const rankOf = ({ moduleId }: TestSpecification): number => {
      const rank = longest.findIndex((name) => moduleId.endsWith(name));
      return rank === -1 ? longest.length : rank;
    };
    return (await super.sort(files)).toSorted((one, other) => rankOf(one) - rankOf(other));
  }
}

export default defineConfig({
  test: {
    maxWorkers: 2,
    sequence: { sequencer: LongestFirst },
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
          testTimeout: 120_000,
          hookTimeout: 120_000,
          expect: { poll: { timeout: 30_000 } },
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
