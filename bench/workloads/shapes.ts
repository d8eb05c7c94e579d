/** The workflows of the workloads. */
import type { JsonObject } from '../../src/workflow/value.ts';
import type { Load } from '../load.ts';

/** `runs` chains of `length` tasks, each with one small parameter. */
export function chains(options: {
  runs: number;
  length: number;
  inFlight: number;
  agent?: 'echo' | 'sleep';
  sleepMs?: number;
}): Load {
  const { runs, length, inFlight, agent = 'echo', sleepMs = 0 } = options;
  const tasks: JsonObject[] = Array.from({ length }, (_, index) => ({
    id: `t${index}`,
    agent,
    parameters: agent === 'sleep' ? { ms: sleepMs } : { step: index },
    ...(index === 0 ? {} : { dependencies: [`t${index - 1}`] }),
  }));
  const workflow = { name: `bench-chain-${length}`, tasks };
  return { request: { workflow }, runs, stepsPerRun: length, inFlight, stepTime: 'chain' };
}

/** Instances of a `foreach` that are under way at a time: the most that the architecture allows. */
const FAN_OUT_WINDOW = 500;
const TIMEOUT_SECONDS = 3_600;

/** One run whose only task has `count` instances. */
export function fanOut(count: number): Load {
  const workflow = {
    name: 'bench-fan-out',
    inputs: { count: { type: 'integer' } },
    settings: { max_parallel: FAN_OUT_WINDOW, timeout: TIMEOUT_SECONDS },
    tasks: [
      {
        id: 'each',
        agent: 'echo',
        foreach: '${range(inputs.count)}',
        as: 'n',
        parameters: { n: '${n}' },
      },
    ],
  };
  const request = { workflow, input: { count } };
  return { request, runs: 1, stepsPerRun: count, inFlight: 1, stepTime: 'task' };
}
