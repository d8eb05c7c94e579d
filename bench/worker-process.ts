/** A worker in a process of its own, with the agents for trials and its cache on disk. */
import { echo } from '../src/agents/builtin/echo.ts';
import { sleep } from '../src/agents/builtin/sleep.ts';
import { startWorker } from '../src/agents/worker.ts';
import { connectBus } from '../src/messaging/nats-bus.ts';
import { createSubjects } from '../src/messaging/subjects.ts';
import { childOptions, serveParent } from './child-process.ts';
import type { WorkingOptions } from './system.ts';

const { url, directory } = childOptions<WorkingOptions>();
const CONCURRENCY = 1_000;
const logger = { debug() {}, info() {}, warn: console.error, error: console.error };

const bus = await connectBus({ url, name: 'bench-worker', connectTimeoutMs: 30_000 });
const worker = await startWorker({
  bus,
  subjects: createSubjects(),
  agents: [echo, sleep],
  concurrency: CONCURRENCY,
  cacheDirectory: directory,
  logger,
});
await bus.flush();

serveParent(
  {},
  {
    close: async () => {
      await worker.close();
      await bus.close();
    },
  },
);
