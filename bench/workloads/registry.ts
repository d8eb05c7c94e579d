/** Every workload by its name: the sizes of the budgets, and how each is measured. */
import {
  type BenchOptions,
  byStepTime,
  byThroughput,
  measureWithFloors,
  type Result,
  type WorkloadName,
} from '../workload.ts';
import { measureLog } from './log.ts';
import { measurePatterns } from './patterns.ts';
import { measureRecovery } from './recovery.ts';
import { chains, fanOut } from './shapes.ts';

/** Measures one size of a workload. */
export interface Workload {
  sizes: readonly number[];
  quickSizes: readonly number[];
  measure: (size: number, options: BenchOptions) => Promise<Result>;
}

const STEPS_PER_RUN = 5;
const IN_FLIGHT = 200;
/**
 * Enough for the compiler to be done, so that its threads are not measured; floors get the same. Measured: CPU a step
 * falls until the fourth or fifth time of W2, and p50 of W1 until about the fiftieth chain.
 */
const WARM_UP_TIMES = 5;
const WARM_UP_CHAINS = 60;
const WARM_UP_FAN_OUT = 1_000;

/** Where the figures mean nothing one warm-up is enough to see that there is one. */
const timesOf = (times: number, { quick }: BenchOptions): number => (quick ? 1 : times);

export const workloads: Readonly<Record<WorkloadName, Workload>> = {
  W1: {
    sizes: [200],
    quickSizes: [20],
    measure: (length, options) => {
      const load = chains({ runs: 1, length, inFlight: 1 });
      const warmUp = chains({ runs: timesOf(WARM_UP_CHAINS, options), length, inFlight: 1 });
      return measureWithFloors({ workload: 'W1', load, warmUp, speed: byStepTime }, options);
    },
  },
  W2: {
    sizes: [2_000],
    quickSizes: [40],
    measure: (runs, options) => {
      const shape = { length: STEPS_PER_RUN, inFlight: Math.min(IN_FLIGHT, runs) };
      const load = chains({ ...shape, runs });
      const warmUp = chains({ ...shape, runs: runs * timesOf(WARM_UP_TIMES, options) });
      return measureWithFloors({ workload: 'W2', load, warmUp, speed: byThroughput }, options);
    },
  },
  W3: {
    sizes: [1_000, 10_000, 100_000],
    quickSizes: [50],
    measure: (count, options) => {
      const load = fanOut(count);
      const warmUp = fanOut(Math.min(WARM_UP_FAN_OUT, count));
      return measureWithFloors({ workload: 'W3', load, warmUp, speed: byThroughput }, options);
    },
  },
  W4: { sizes: [200], quickSizes: [10], measure: measureRecovery },
  log: { sizes: [1_000_000], quickSizes: [2_000], measure: measureLog },
  patterns: { sizes: [100], quickSizes: [20], measure: measurePatterns },
};
