/** What a workload is, and how a load becomes one result with its floors. */
import { type Figures, median, quantile } from './figures.ts';
import { measureRawFloor, type RawLoad, rawLoadOf } from './floors/raw-floor.ts';
import { type Load, measureLoad } from './load.ts';
import {
  type BrokerName,
  contractFloor,
  type SystemModules,
  startSystem,
  troupe,
} from './system.ts';

export type WorkloadName = 'W1' | 'W2' | 'W3' | 'W4' | 'log' | 'patterns';

/** What the command line asks of every workload. */
export interface BenchOptions {
  broker: BrokerName;
  /** Times that each measurement is repeated, in fresh processes; medians are reported. */
  repeat: number;
  /** Small sizes, to see that everything runs; the figures mean nothing. */
  quick: boolean;
  /** Where CPU profiles of the measured processes are written. */
  profileDirectory?: string | undefined;
}

/** One result line. */
export interface ResultLine {
  workload: WorkloadName;
  broker: BrokerName;
  steps: number;
  seconds: number;
  stepsPerSecond: number;
  p50Ms: number;
  p99Ms: number;
  cpuSeconds: number;
  peakRssMb: number;
  diskBytes: number;
  durability: 'fsync';
  /** Our speed over that of the raw floor; 1 is as fast, more is better. Absent where plain tasks are the measure. */
  floorRatio?: number;
  /** The same over the contract floor. */
  contractFloorRatio?: number;
  /** What only this workload measures. */
  details?: Record<string, number>;
}

/** A line, and what only budgets and the table look at. */
export interface Result {
  line: ResultLine;
  /** CPU a step over that of the contract floor; less is better. */
  contractCpuRatio?: number;
}

/** Which figure of a run is its speed: steps a second, or the median step for a lone chain. */
export type Speed = (figures: Figures) => number;
export const byThroughput: Speed = ({ steps, seconds }) => steps / seconds;
export const byStepTime: Speed = ({ stepMs }) => 1 / median(stepMs);

export interface LoadPlan {
  workload: WorkloadName;
  load: Load;
  warmUp: Load;
  speed: Speed;
}

/**
 * Measures a load on Troupe and on both floors, one after the other, `repeat` times: what the machine does
 * meanwhile disturbs all three alike.
 */
export async function measureWithFloors(plan: LoadPlan, options: BenchOptions): Promise<Result> {
  const rounds: Record<'ours' | 'contract' | 'raw', Figures[]> = {
    ours: [],
    contract: [],
    raw: [],
  };
  for (let round = 0; round < options.repeat; round += 1) {
    rounds.raw.push(await measureRaw(plan, options));
    rounds.contract.push(await measureOn(contractFloor, plan, { broker: options.broker }));
    rounds.ours.push(await measureOn(troupe, plan, options));
  }
  return resultOf({ ...plan, broker: options.broker }, rounds);
}

/** One result of the rounds of a workload: medians of each figure, and of the ratios' two sides. */
export function resultOf(
  plan: { workload: WorkloadName; broker: BrokerName; speed: Speed },
  rounds: Record<'ours' | 'contract' | 'raw', Figures[]>,
): Result {
  const { ours, contract, raw } = rounds;
  const speed = (figures: readonly Figures[]): number => median(figures.map(plan.speed));
  const cpuPerStep = (figures: readonly Figures[]): number =>
    median(figures.map((each) => each.cpuSeconds / each.steps));
  const line: ResultLine = {
    workload: plan.workload,
    broker: plan.broker,
    ...summary(ours),
    durability: 'fsync',
    floorRatio: speed(ours) / speed(raw),
    contractFloorRatio: speed(ours) / speed(contract),
  };
  return { line, contractCpuRatio: cpuPerStep(ours) / cpuPerStep(contract) };
}

/** The measured part of a line. */
export function summary(
  rounds: readonly Figures[],
): Omit<ResultLine, 'workload' | 'broker' | 'durability' | 'floorRatio' | 'contractFloorRatio'> {
  const middle = (read: (figures: Figures) => number): number => median(rounds.map(read));
  const seconds = middle((each) => each.seconds);
  const steps = rounds[0]?.steps ?? 0;
  return {
    steps,
    seconds,
    stepsPerSecond: steps / seconds,
    p50Ms: middle(({ stepMs }) => quantile(stepMs, 0.5)),
    p99Ms: middle(({ stepMs }) => quantile(stepMs, 0.99)),
    cpuSeconds: middle((each) => each.cpuSeconds),
    peakRssMb: middle((each) => each.peakRssMb),
    diskBytes: middle((each) => each.diskBytes),
  };
}

async function measureOn(
  modules: SystemModules,
  plan: LoadPlan,
  options: Pick<BenchOptions, 'broker' | 'profileDirectory'>,
): Promise<Figures> {
  const { broker, profileDirectory } = options;
  const system = await startSystem({ modules, broker, profileDirectory });
  try {
    return await measureLoad(system, plan);
  } finally {
    await system.close();
  }
}

function measureRaw(plan: LoadPlan, { broker }: BenchOptions): Promise<Figures> {
  const loads: { load: RawLoad; warmUp: RawLoad } = {
    load: rawLoadOf(plan.load),
    warmUp: rawLoadOf(plan.warmUp),
  };
  return measureRawFloor({ broker }, loads);
}
