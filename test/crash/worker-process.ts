/**
 * A worker in a process of its own: `node worker-process.ts <settings as JSON>`. Its agents `mark` and `sleep` write a
 * line to the journal when an execution begins and one when it ends; O_APPEND keeps lines whole, also under `kill -9`.
 */
import { appendFileSync } from 'node:fs';
import { functionAgent } from '../../src/agents/adapters/function-agent.ts';
import type { Agent, AgentTask } from '../../src/agents/agent.ts';
import { sleep } from '../../src/agents/builtin/sleep.ts';
import { startWorker } from '../../src/agents/worker.ts';
import { connectBus } from '../../src/messaging/nats-bus.ts';
import { createSubjects } from '../../src/messaging/subjects.ts';
import type { JournalLine } from './journal.ts';
import { lineLogger } from './line-logger.ts';

export interface WorkerProcessSettings {
  url: string;
  cacheDirectory: string;
  journal: string;
  heartbeatMs: number;
  concurrency?: number;
}

const settings = JSON.parse(process.argv[2] ?? '{}') as WorkerProcessSettings;

function note(line: Omit<JournalLine, 'pid' | 'at'>): void {
  const whole: JournalLine = { ...line, pid: process.pid, at: Date.now() };
  appendFileSync(settings.journal, `${JSON.stringify(whole)}\n`);
}

/** Runs inside two lines of the journal. */
async function noted<T>(task: AgentTask, work: () => Promise<T>): Promise<T> {
  const place = `${task.runId}/${task.taskId}`;
  note({ place, key: task.key, event: 'begin' });
  const output = await work();
  note({ place, key: task.key, event: 'end' });
  return output;
}

const mark = functionAgent<{ ms: number; n: number }>({
  name: 'mark',
  run: ({ ms, n }, context) =>
    noted(context.task, async () => {
      await context.sleep(ms);
      return { n };
    }),
});

/** The built-in one. */
const notedSleep: Agent = {
  ...sleep,
  execute: (task, context) => noted(task, () => sleep.execute(task, context)),
};

// The broker may be killed again and again while this waits for it; whoever supervises a worker would start it anew.
const bus = await connectBus({ url: settings.url, name: 'worker', connectTimeoutMs: 60_000 });
const worker = await startWorker({
  bus,
  subjects: createSubjects(),
  agents: [mark, notedSleep],
  cacheDirectory: settings.cacheDirectory,
  heartbeatMs: settings.heartbeatMs,
  ...(settings.concurrency !== undefined && { concurrency: settings.concurrency }),
  logger: lineLogger('worker'),
});
await bus.flush();
process.stdout.write(`${JSON.stringify({ ready: true, worker: worker.id })}\n`);
