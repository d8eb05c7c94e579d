/**
 * A worker whose agent says its secret in every way it can: `node leaking-worker-process.ts <url> <cache directory>`.
 * Logs to stderr what it is told to log.
 */
import { functionAgent } from '../../src/agents/adapters/function-agent.ts';
import { AgentFailure } from '../../src/agents/errors.ts';
import { startWorker } from '../../src/agents/worker.ts';
import { createLogger } from '../../src/cli/logger.ts';
import { connectBus } from '../../src/messaging/nats-bus.ts';
import { createSubjects } from '../../src/messaging/subjects.ts';
import type { JsonValue } from '../../src/workflow/value.ts';
import { formsOf } from './planted.ts';

const [url, cacheDirectory] = process.argv.slice(2) as [string, string];
const LARGE = 700_000;

const leak = functionAgent<{ how: string; secret: string }>({
  name: 'leak',
  concurrency: 4,
  run: async ({ how, secret }, context) => {
    const { task } = context;
    context.progress({
      percent: 50,
      message: `at ${secret}`,
      usage: { [secret]: 1, said: secret },
    });
    context.logger.warn(`about ${secret}`, {
      [secret]: { deep: [secret] },
      error: new Error(secret),
    });
    switch (how) {
      case 'forms':
        return { ...formsOf(secret), [`key ${secret}`]: [[{ [secret]: secret }]] };
      case 'cut':
        throw new Error(`${'x'.repeat(20_000 - 10)}${secret}`);
      case 'error':
        throw new AgentFailure({ code: `odd.${secret}`, message: secret, retryable: false });
      case 'large':
        return { padding: 'x'.repeat(LARGE), secret, more: `${'y'.repeat(LARGE)}${secret}` };
      case 'invalid':
        return { when: new Date(0), [secret]: secret } as unknown as JsonValue;
      case 'slow':
        await context.sleep(3_600_000).catch(() => undefined);
        throw new Error(`interrupted with ${secret}`);
      case 'crash':
        if (task.attempt === 1) process.kill(process.pid, 'SIGKILL');
        return secret;
      default:
        return secret;
    }
  },
});

const bus = await connectBus({ url, name: 'leaking-worker' });
const worker = await startWorker({
  ...{ bus, subjects: createSubjects(), agents: [leak], cacheDirectory, heartbeatMs: 200 },
  logger: createLogger({
    ...{ level: 'debug', format: 'json', hasColor: false, now: () => Date.now() },
    write: (line) => process.stderr.write(`${line}\n`),
  }),
});
process.stdout.write(`${worker.id}\n`);
