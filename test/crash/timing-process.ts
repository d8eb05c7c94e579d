/**
 * Equal tasks in sequence and side by side, in a process of their own: `node timing-process.ts <settings as JSON>`.
 * Prints the best wall time of each, from the request to the report.
 */
import { startOrchestrator } from '../../src/actors/orchestrator.ts';
import { builtinAgents } from '../../src/agents/builtin/index.ts';
import { startWorker } from '../../src/agents/worker.ts';
import { connectClient } from '../../src/client/client.ts';
import { upcast } from '../../src/events/catalogue.ts';
import { openLevelLog } from '../../src/log/level-log.ts';
import { startBroker } from '../../src/messaging/embedded-broker.ts';
import { connectBus } from '../../src/messaging/nats-bus.ts';
import { createSubjects } from '../../src/messaging/subjects.ts';
import { lineLogger } from './line-logger.ts';

export interface TimingProcessSettings {
  directory: string;
  taskMs: number;
  counts: number[];
  /** The best of so many: the machine has other things to do. */
  rounds: number;
}

export interface TimingLine {
  results: { count: number; chainedMs: number; parallelMs: number }[];
}

const settings = JSON.parse(process.argv[2] ?? '{}') as TimingProcessSettings;
const subjects = createSubjects();
const log = await openLevelLog({ directory: settings.directory, upcast });
const { url } = await startBroker({ port: 0 });
const bus = await connectBus({ url, name: 'orchestrator' });
const orchestrator = await startOrchestrator({ log, bus, subjects, logger: lineLogger('timing') });
const workerBus = await connectBus({ url, name: 'worker' });
await startWorker({ bus: workerBus, subjects, agents: builtinAgents() });
const client = await connectClient({ url });
while (!orchestrator.agents().includes('sleep')) await client.hello();

const sleeps = (count: number, areChained: boolean) => ({
  name: areChained ? 'chained' : 'parallel',
  settings: { max_parallel: 16 },
  tasks: Array.from({ length: count }, (_, index) => ({
    id: `s${index}`,
    agent: 'sleep',
    parameters: { ms: settings.taskMs },
    dependencies: areChained && index > 0 ? [`s${index - 1}`] : [],
  })),
});

async function timeOf(count: number, areChained: boolean): Promise<number> {
  const startedAt = performance.now();
  const outcome = await client.runWorkflow({ workflow: sleeps(count, areChained) as never });
  if (!outcome.success) throw new Error(`a run failed: ${JSON.stringify(outcome.errors)}`);
  return performance.now() - startedAt;
}

const results: TimingLine['results'] = [];
for (const count of settings.counts) {
  const best = { count, chainedMs: Number.POSITIVE_INFINITY, parallelMs: Number.POSITIVE_INFINITY };
  for (let round = 0; round < settings.rounds; round += 1) {
    best.parallelMs = Math.min(best.parallelMs, await timeOf(count, false));
    best.chainedMs = Math.min(best.chainedMs, await timeOf(count, true));
  }
  results.push(best);
}
const line: TimingLine = { results };
process.stdout.write(`${JSON.stringify(line)}\n`);
process.exit(0);
