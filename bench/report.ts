/** Results for programs (a JSON line each) and for people (a table). */
import type { Verdict } from './budgets.ts';
import type { Result, ResultLine } from './workload.ts';

const DECIMALS = 3;

/** One JSON line; numbers are rounded to three decimals. */
export function toJsonLine({ line }: Result): string {
  return JSON.stringify(line, (_, value: unknown) =>
    typeof value === 'number' ? Number(value.toFixed(DECIMALS)) : value,
  );
}

type Column = readonly [title: string, read: (line: ResultLine, result: Result) => string];

const columns: readonly Column[] = [
  ['workload', (line) => line.workload],
  ['broker', (line) => line.broker],
  ['steps', (line) => String(line.steps)],
  ['seconds', (line) => line.seconds.toFixed(2)],
  ['steps/s', (line) => line.stepsPerSecond.toFixed(0)],
  ['p50 ms', (line) => line.p50Ms.toFixed(2)],
  ['p99 ms', (line) => line.p99Ms.toFixed(2)],
  ['CPU ms/step', (line) => ((line.cpuSeconds / line.steps) * 1_000).toFixed(3)],
  ['RSS MB', (line) => line.peakRssMb.toFixed(0)],
  ['disk MB', (line) => (line.diskBytes / 2 ** 20).toFixed(1)],
  ['of raw floor', (line) => line.floorRatio?.toFixed(2) ?? ''],
  ['of contract floor', (line) => line.contractFloorRatio?.toFixed(2) ?? ''],
  ['CPU / contract', (_, { contractCpuRatio }) => contractCpuRatio?.toFixed(2) ?? ''],
];

/** The results as a table, and what only some workloads measure below it. */
export function toTable(results: readonly Result[]): string {
  const rows = [
    columns.map(([title]) => title),
    ...results.map((result) => columns.map(([, read]) => read(result.line, result))),
  ];
  const widths = columns.map((_, index) =>
    Math.max(...rows.map((row) => (row[index] as string).length)),
  );
  const table = rows.map((row) =>
    row.map((cell, index) => cell.padStart(widths[index] as number)).join('  '),
  );
  const details = results.flatMap(({ line }) =>
    Object.entries(line.details ?? {}).map(
      ([name, value]) => `${line.workload} on ${line.broker}: ${name} ${value.toFixed(2)}`,
    ),
  );
  return [...table, ...details].join('\n');
}

/** Each budget beside what was measured. */
export function toVerdicts(verdicts: readonly Verdict[]): string {
  return verdicts
    .map(({ budget, result, value, isKept }) => {
      const mark = isKept ? 'kept  ' : 'broken';
      const bound = `${budget.bound} ${Number(budget.limit.toFixed(DECIMALS))}`;
      const where = `${result.line.broker}, ${result.line.steps} steps`;
      return `${mark}  ${budget.name}: ${value.toFixed(2)} (${bound}; ${where})`;
    })
    .join('\n');
}
