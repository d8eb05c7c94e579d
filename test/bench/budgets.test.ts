/** Budgets: what is kept and what is broken. */
import { describe, expect, it } from 'vitest';
import { judge } from '../../bench/budgets.ts';
import type { Result, ResultLine } from '../../bench/workload.ts';

function result(line: Partial<ResultLine>, contractCpuRatio?: number): Result {
  return {
    line: {
      ...{ workload: 'W2', broker: 'embedded', steps: 10_000, seconds: 1, stepsPerSecond: 10_000 },
      ...{ p50Ms: 1, p99Ms: 2, cpuSeconds: 1, peakRssMb: 100, diskBytes: 1, durability: 'fsync' },
      ...{ floorRatio: 1, contractFloorRatio: 1 },
      ...line,
    },
    ...(contractCpuRatio === undefined ? {} : { contractCpuRatio }),
  };
}

function brokenRatios(...results: Result[]): string[] {
  return judge(results)
    .filter(({ budget, isKept }) => budget.kind === 'ratio' && !isKept)
    .map(({ budget }) => budget.name);
}

describe('budgets', () => {
  it('throughput below 0.65 of the contract floor is broken, 0.65 is kept', () => {
    expect(brokenRatios(result({ contractFloorRatio: 0.65 }))).toEqual([]);
    expect(brokenRatios(result({ contractFloorRatio: 0.64 }))).toHaveLength(1);
  });

  it('CPU above 1.5 times the contract floor is broken', () => {
    expect(brokenRatios(result({}, 1.5))).toEqual([]);
    expect(brokenRatios(result({}, 1.51))).toHaveLength(1);
  });

  it('a chain slower than 1.5 times its floor is broken', () => {
    expect(brokenRatios(result({ workload: 'W1', floorRatio: 0.67 }))).toEqual([]);
    expect(brokenRatios(result({ workload: 'W1', floorRatio: 0.66 }))).toHaveLength(1);
  });

  it('a fan-out is compared with that of a tenth of its tasks on the same broker', () => {
    const small = result({ workload: 'W3', steps: 1_000, stepsPerSecond: 1_300 });
    const large = result({ workload: 'W3', steps: 10_000, stepsPerSecond: 1_000 });
    const slow = result({ workload: 'W3', steps: 10_000, stepsPerSecond: 990 });
    const elsewhere = result({ ...slow.line, broker: 'nats-server' });
    expect(brokenRatios(small, large)).toEqual([]);
    expect(brokenRatios(small, slow)).toHaveLength(1);
    expect(brokenRatios(small, elsewhere)).toEqual([]);
  });

  it('times are shown beside their budgets and break no check', () => {
    const slow = result({ workload: 'W4', seconds: 9 });
    expect(brokenRatios(slow)).toEqual([]);
    expect(judge([slow]).map(({ isKept }) => isKept)).toEqual([false]);
  });
});
