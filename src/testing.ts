/**
 * `troupe/testing`: a whole Troupe inside a test. Log in memory, broker on a free loopback port, one worker.
 *
 *     await using troupe = await startTestTroupe({ agents: [square] });
 *     const outcome = await troupe.client.runWorkflow({ workflow });
 *
 * Nothing is written to disk and nothing outlives `close`, so tests may run side by side.
 * What is exported here is promised.
 */
import { randomUUID } from 'node:crypto';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Agent } from './agents/agent.ts';
import { builtinAgents } from './agents/builtin/index.ts';
import { startWorker } from './agents/worker.ts';
import { startStack } from './cli/compose.ts';
import { createLogger, type Logger } from './cli/logger.ts';
import type { Settings } from './cli/settings.ts';
import { type Client, createClient } from './client/client.ts';
import { createSubjects } from './messaging/subjects.ts';

/** What `startTestTroupe` takes. */
export interface TestTroupeOptions {
  /** Beside the built-in ones; an agent of the same name replaces the built-in one. */
  readonly agents?: readonly Agent[];
  /** Attempts that the worker runs at a time; default 16. */
  readonly concurrency?: number;
  /** Gets each line that orchestrator and worker log at `warn` or above; default: they are dropped. */
  readonly onLog?: (line: string) => void;
}

/** A Troupe that runs in this process until it is closed. */
export interface TestTroupe {
  /** `nats://127.0.0.1:<port>`: workers and clients of your own may connect here too. */
  readonly url: string;
  readonly client: Client;
  /** Gives up what still runs and lets go of everything. A second call does nothing. */
  close(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

/** Starts one and resolves when it serves. */
export async function startTestTroupe(options: TestTroupeOptions = {}): Promise<TestTroupe> {
  const { agents = [], concurrency } = options;
  const logger = loggerOf(options);
  const stack = await startStack({ settings: settings(), logger, kind: 'command', worker: false });
  const names = new Set(agents.map(({ name }) => name));
  const worker = await startWorker({
    bus: stack.bus,
    subjects: createSubjects(),
    agents: [...agents, ...builtinAgents().filter(({ name }) => !names.has(name))],
    logger,
    ...(concurrency === undefined ? {} : { concurrency }),
  });
  await stack.bus.flush();
  let closing: Promise<void> | undefined;
  const close = (): Promise<void> => {
    closing ??= worker.close().then(() => stack.close());
    return closing;
  };
  return {
    url: stack.url,
    client: createClient({ bus: stack.bus }),
    close,
    [Symbol.asyncDispose]: close,
  };
}

function settings(): Settings {
  return {
    natsPort: 0,
    // Named by settings, never made: the log is in memory.
    dataDir: join(tmpdir(), `troupe-test-${randomUUID()}`),
    store: 'memory',
    prefix: 'troupe',
    durability: 'relaxed',
    logLevel: 'warn',
    limits: {},
    llm: {},
  };
}

function loggerOf({ onLog }: TestTroupeOptions): Logger {
  return createLogger({
    level: onLog === undefined ? 'silent' : 'warn',
    format: 'text',
    hasColor: false,
    write: (line) => onLog?.(line),
    now: () => performance.timeOrigin + performance.now(),
  });
}
