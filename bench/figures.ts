/** What one run of a workload gave, and how repeated ones become one. */

/** Measured on one system in one run of a workload. */
export interface Figures {
  steps: number;
  seconds: number;
  /** Milliseconds of each step. */
  stepMs: number[];
  /** Of orchestrator, worker and nats-server together, without the load generator. */
  cpuSeconds: number;
  /** The same processes' peaks, added up, in MiB. */
  peakRssMb: number;
  diskBytes: number;
}

/** Quantile of unsorted numbers; `share` from 0 to 1; 0 when there are none. */
export function quantile(values: readonly number[], share: number): number {
  if (values.length === 0) return 0;
  const sorted = Float64Array.from(values).sort();
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] as number;
}

/** The middle of some numbers. */
export function median(values: readonly number[]): number {
  return quantile(values, 0.5);
}
