/**
 * A worker in a process of its own: `node worker-process.ts <settings as JSON>`. Its agent `mark` writes a line to the
 * journal when an execution begins and one when it ends; O_APPEND keeps lines whole, also under `kill -9`.
 */
import { appendFileSync } from 'node:fs';
import { functionAgent } from '../../src/agents/adapters/function-agent.ts';
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
}

const settings = JSON.parse(process.argv[2] ?? '{}') as WorkerProcessSettings;

function note(line: Omit<JournalLine, 'pid' | 'at'>): void {
  const whole: JournalLine = { ...line, pid: process.pid, at: Date.now() };
  appendFileSync(settings.journal, `${JSON.stringify(whole)}\n`);
}

const mark = functionAgent<{ ms: number; n: number }>({
  name: 'mark',
  run: async ({ ms, n }, { task, sleep }) => {
    const place = `${task.runId}/${task.taskId}`;
    note({ place, key: task.key, event: 'begin' });
    await sleep(ms);
    note({ place, key: task.key, event: 'end' });
    return { n };
  },
});

const bus = await connectBus({ url: settings.url, name: 'worker' });
const worker = await startWorker({
  bus,
  subjects: createSubjects(),
  agents: [mark],
  cacheDirectory: settings.cacheDirectory,
  heartbeatMs: settings.heartbeatMs,
  logger: lineLogger('worker'),
});
await bus.flush();
process.stdout.write(`${JSON.stringify({ ready: true, worker: worker.id })}\n`);
