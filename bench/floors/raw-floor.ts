/** Runs a load on the raw floor. */
import type { Figures } from '../figures.ts';
import type { Load } from '../load.ts';
import { rawFloor, type SystemOptions, startSystem } from '../system.ts';
import { cpuSecondsOf, diskBytesOf, peakRssMbOf } from '../usage.ts';

/** What the driver process is asked to do. A fan-out is many chains of one step. */
export interface RawLoad {
  runs: number;
  stepsPerRun: number;
  inFlight: number;
  /** How long the worker takes for a step. */
  delayMs: number;
}

/** The messages of a load as the raw floor sends them. */
export function rawLoadOf(load: Load): RawLoad {
  const { runs, stepsPerRun, inFlight, stepTime } = load;
  if (stepTime === 'chain') return { runs, stepsPerRun, inFlight, delayMs: 0 };
  return { runs: stepsPerRun, stepsPerRun: 1, inFlight: RAW_WINDOW, delayMs: 0 };
}

const RAW_WINDOW = 500;

/** Warms the raw floor up and measures one load on it. */
export async function measureRawFloor(
  options: Pick<SystemOptions, 'broker'>,
  { load, warmUp }: { load: RawLoad; warmUp: RawLoad },
): Promise<Figures> {
  const system = await startSystem({ ...options, modules: rawFloor });
  try {
    await system.ask(warmUp);
    const cpuBefore = cpuSecondsOf(system.pids);
    const answer = (await system.ask(load)) as unknown as Pick<Figures, 'seconds' | 'stepMs'>;
    return {
      ...answer,
      steps: load.runs * load.stepsPerRun,
      cpuSeconds: cpuSecondsOf(system.pids) - cpuBefore,
      peakRssMb: peakRssMbOf(system.pids),
      diskBytes: diskBytesOf(system.directory),
    };
  } finally {
    await system.close();
  }
}
