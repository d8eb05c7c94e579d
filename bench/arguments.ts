/** The command line of `npm run bench`. */
import { parseArgs } from 'node:util';
import type { BrokerName } from './system.ts';
import type { WorkloadName } from './workload.ts';

const WORKLOADS: readonly WorkloadName[] = ['W1', 'W2', 'W3', 'W4', 'log', 'patterns'];
const BROKERS: readonly BrokerName[] = ['embedded', 'nats-server'];
const MAX_REPEAT = 100;

export const usage = `node bench/run.ts [options]
  --workload <name>   ${WORKLOADS.join(' | ')}; several with commas; default all
  --broker <name>     ${BROKERS.join(' | ')}; default both
  --size <n>          W1: steps, W2 and W4: runs, W3: tasks, log: events, patterns: runs of each; default those of the budgets
  --repeat <n>        each measurement n times in fresh processes; medians are printed; default 1
  --quick             small sizes, to see that it runs; the figures mean nothing
  --json              result lines only, no table
  --check             exit 1 when a ratio breaks its budget
  --profile <folder>  write CPU profiles of orchestrator and worker`;

export interface BenchArguments {
  workloads: WorkloadName[];
  brokers: BrokerName[];
  size: number | undefined;
  repeat: number;
  quick: boolean;
  json: boolean;
  check: boolean;
  profileDirectory: string | undefined;
}

/** The command line is wrong; the message says how. */
export class UsageError extends Error {}

/** Reads the arguments after the script. Throws `UsageError`. */
export function readArguments(args: readonly string[]): BenchArguments {
  const values = parse(args);
  return {
    workloads: oneOf('workload', values.workload, WORKLOADS),
    brokers: oneOf('broker', values.broker, BROKERS),
    size: values.size === undefined ? undefined : wholeNumber('size', values.size),
    repeat: Math.min(wholeNumber('repeat', values.repeat ?? '1'), MAX_REPEAT),
    quick: values.quick === true,
    json: values.json === true,
    check: values.check === true,
    profileDirectory: values.profile,
  };
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        workload: { type: 'string' },
        broker: { type: 'string' },
        size: { type: 'string' },
        repeat: { type: 'string' },
        quick: { type: 'boolean' },
        json: { type: 'boolean' },
        check: { type: 'boolean' },
        profile: { type: 'string' },
      },
    }).values;
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}

function oneOf<Name extends string>(
  flag: string,
  given: string | undefined,
  known: readonly Name[],
): Name[] {
  if (given === undefined) return [...known];
  return given.split(',').map((text) => {
    const name = known.find((each) => each.toLowerCase() === text.trim().toLowerCase());
    if (name === undefined) throw new UsageError(`--${flag} ${text}: use ${known.join(', ')}`);
    return name;
  });
}

function wholeNumber(flag: string, text: string): number {
  const number = Number(text);
  if (!Number.isInteger(number) || number < 1) {
    throw new UsageError(`--${flag} ${text}: a whole number from 1`);
  }
  return number;
}
