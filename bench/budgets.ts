/** The budgets of the architecture as checks on result lines. Ratios hold on any machine; times are those of a quiet one. */
import type { Result } from './workload.ts';

/** One budget: what is read from the results, and the bound it must keep. */
export interface Budget {
  name: string;
  /** Ratios are checked by `--check`; times and rates are shown beside the results only. */
  kind: 'ratio' | 'absolute';
  bound: 'at least' | 'at most';
  limit: number;
  /** Undefined: this result has nothing to say about it. */
  read: (result: Result, all: readonly Result[]) => number | undefined;
}

/** A budget and what was measured for it. */
export interface Verdict {
  budget: Budget;
  result: Result;
  value: number;
  isKept: boolean;
}

const CHAIN_LIMIT = 1 / 1.5;

const budgets: readonly Budget[] = [
  {
    name: 'W1: speed of a chain step over one fsync of 3 events and two hops',
    ...{ kind: 'ratio', bound: 'at least', limit: CHAIN_LIMIT },
    read: ({ line }) => (line.workload === 'W1' ? line.floorRatio : undefined),
  },
  {
    name: 'W1: p50 of a chain step, ms',
    ...{ kind: 'absolute', bound: 'at most', limit: 0.7 },
    read: ({ line }) => (line.workload === 'W1' ? line.p50Ms : undefined),
  },
  {
    name: 'W1: p99 of a chain step, ms',
    ...{ kind: 'absolute', bound: 'at most', limit: 10 },
    read: ({ line }) => (line.workload === 'W1' ? line.p99Ms : undefined),
  },
  {
    name: 'W2: throughput over the contract floor',
    ...{ kind: 'ratio', bound: 'at least', limit: 0.65 },
    read: ({ line }) => (line.workload === 'W2' ? line.contractFloorRatio : undefined),
  },
  {
    name: 'W2: CPU a step over the contract floor',
    ...{ kind: 'ratio', bound: 'at most', limit: 1.5 },
    read: ({ line, contractCpuRatio }) => (line.workload === 'W2' ? contractCpuRatio : undefined),
  },
  {
    name: 'W2: steps a second',
    ...{ kind: 'absolute', bound: 'at least', limit: 9_000 },
    read: ({ line }) => (line.workload === 'W2' ? line.stepsPerSecond : undefined),
  },
  {
    name: 'W2: CPU a step, ms',
    ...{ kind: 'absolute', bound: 'at most', limit: 0.22 },
    read: ({ line }) =>
      line.workload === 'W2' ? (line.cpuSeconds / line.steps) * 1_000 : undefined,
  },
  {
    name: 'W3: time a task over that of a tenth of the tasks',
    ...{ kind: 'ratio', bound: 'at most', limit: 1.3 },
    read: growth,
  },
  {
    name: 'W3: peak memory, MB',
    ...{ kind: 'absolute', bound: 'at most', limit: 2_048 },
    read: ({ line }) => (line.workload === 'W3' ? line.peakRssMb : undefined),
  },
  {
    name: 'W4: from restart until all runs are complete, s',
    ...{ kind: 'absolute', bound: 'at most', limit: 1 },
    read: ({ line }) => (line.workload === 'W4' ? line.seconds : undefined),
  },
  {
    name: 'log: open to first dispatch, s',
    ...{ kind: 'absolute', bound: 'at most', limit: 5 },
    read: ({ line }) => (line.workload === 'log' ? line.seconds : undefined),
  },
  {
    name: 'log: projection rebuild, events/s',
    ...{ kind: 'absolute', bound: 'at least', limit: 150_000 },
    read: ({ line }) => line.details?.['rebuildEventsPerSecond'],
  },
  {
    name: 'patterns: CPU a task over that of plain tasks',
    ...{ kind: 'ratio', bound: 'at most', limit: 1.5 },
    read: ({ line }) => (line.workload === 'patterns' ? line.details?.['all'] : undefined),
  },
  {
    name: 'patterns: the same of the dearest one',
    ...{ kind: 'absolute', bound: 'at most', limit: 1.5 },
    read: ({ line }) => (line.workload === 'patterns' ? line.details?.['dearest'] : undefined),
  },
];

/** Every budget that the results say something about. */
export function judge(results: readonly Result[]): Verdict[] {
  return budgets.flatMap((budget) =>
    results.flatMap((result) => {
      const value = budget.read(result, results);
      if (value === undefined) return [];
      const isKept = budget.bound === 'at least' ? value >= budget.limit : value <= budget.limit;
      return [{ budget, result, value, isKept }];
    }),
  );
}

/** Seconds a task, against the fan-out of a tenth of the size on the same broker. */
function growth({ line }: Result, all: readonly Result[]): number | undefined {
  if (line.workload !== 'W3') return undefined;
  const smaller = all.find(
    (other) =>
      other.line.workload === 'W3' &&
      other.line.broker === line.broker &&
      other.line.steps * 10 === line.steps,
  );
  return smaller === undefined ? undefined : smaller.line.stepsPerSecond / line.stepsPerSecond;
}
