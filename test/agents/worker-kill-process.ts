/** A worker in a process of its own: `node worker-kill-process.ts <url> <cache directory> <file>`. Each execution of `mark` adds a line to the file. */
import { appendFileSync } from 'node:fs';
import { functionAgent } from '../../src/agents/adapters/function-agent.ts';
import { startWorker } from '../../src/agents/worker.ts';
import { connectBus } from '../../src/messaging/nats-bus.ts';
import { createSubjects } from '../../src/messaging/subjects.ts';

const [url, cacheDirectory, file] = process.argv.slice(2) as [string, string, string];
const mark = functionAgent({
  name: 'mark',
  run: (parameters, { task }) => {
    appendFileSync(file, `${task.runId}\n`);
    return { marked: task.runId, ...parameters };
  },
});
const bus = await connectBus({ url, name: 'worker' });
const worker = await startWorker({
  bus,
  subjects: createSubjects(),
  agents: [mark],
  cacheDirectory,
  heartbeatMs: 200,
});
process.stdout.write(`${worker.id}\n`);
