/** `npm run bench`: measures the workloads and prints one JSON line each on stdout, a table on stderr. */
import { type BenchArguments, readArguments, UsageError, usage } from './arguments.ts';
import { judge } from './budgets.ts';
import { toJsonLine, toTable, toVerdicts } from './report.ts';
import type { BenchOptions, Result } from './workload.ts';
import { workloads } from './workloads/registry.ts';

process.exitCode = await main(process.argv.slice(2)).catch((error: unknown) => {
  console.error(`the benchmark failed: ${error instanceof Error ? error.message : String(error)}`);
  return 1;
});

/** Returns the exit code: 1 a budget is broken or something is missing on the feed, 2 wrong usage. */
async function main(args: readonly string[]): Promise<number> {
  let options: BenchArguments;
  try {
    options = readArguments(args);
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    console.error(`${error.message}\n\n${usage}`);
    return 2;
  }
  const results = await measureAll(options);
  const verdicts = judge(results);
  if (!options.json) console.error(`\n${toTable(results)}\n\n${toVerdicts(verdicts)}`);
  const broken = verdicts.filter(({ budget, isKept }) => budget.kind === 'ratio' && !isKept);
  if (!options.check || broken.length === 0) return 0;
  console.error(`\nratios over or under their budget:\n${toVerdicts(broken)}`);
  return 1;
}

async function measureAll(options: BenchArguments): Promise<Result[]> {
  const { quick, repeat, profileDirectory } = options;
  const results: Result[] = [];
  for (const name of options.workloads) {
    const workload = workloads[name];
    const usual = quick ? workload.quickSizes : workload.sizes;
    const sizes = options.size === undefined ? usual : [options.size];
    for (const broker of options.brokers) {
      const common: BenchOptions = { broker, repeat, quick, profileDirectory };
      for (const size of sizes) {
        const result = await workload.measure(size, common);
        console.log(toJsonLine(result));
        results.push(result);
      }
    }
  }
  return results;
}
