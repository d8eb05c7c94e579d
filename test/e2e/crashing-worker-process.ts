/** A worker in a process of its own that its task `crash` ends at once: `node crashing-worker-process.ts <url> [mended]`. */
import { functionAgent } from '../../src/agents/adapters/function-agent.ts';
import { startWorker } from '../../src/agents/worker.ts';
import { connectBus } from '../../src/messaging/nats-bus.ts';
import { createSubjects } from '../../src/messaging/subjects.ts';

const [url, mended] = process.argv.slice(2) as [string, string?];
const crash = functionAgent({
  name: 'crash',
  run: () => (mended === undefined ? process.exit(3) : 'mended'),
});
/** Of another run, lost with the worker. */
const bystander = functionAgent({
  name: 'bystander',
  run: () => (mended === undefined ? new Promise<void>(() => {}) : 'done'),
});
const bus = await connectBus({ url, name: 'worker' });
const worker = await startWorker({
  bus,
  subjects: createSubjects(),
  agents: [crash, bystander],
  heartbeatMs: 100,
});
process.stdout.write(`${worker.id}\n`);
