/**
 * The composition root: log, broker or server, bus, orchestrator and worker become one stack.
 *
 * S1 Started in this order and closed in the reverse one; what was started before a failure is closed again.
 * S2 The worker lets go of its attempts before the orchestrator goes; its finished results are kept on disk.
 * S3 `up.json` is there only while the stack serves.
 */
import { join } from 'node:path';
import { startOrchestrator } from '../actors/orchestrator.ts';
import type { Chore } from '../actors/services/housekeeping.ts';
import { builtinAgents } from '../agents/builtin/index.ts';
import { startWorker, type Worker } from '../agents/worker.ts';
import type { EventLog } from '../log/event-log.ts';
import type { Limits } from '../messages/limits.ts';
import type { Bus } from '../messaging/bus.ts';
import { startBroker } from '../messaging/embedded-broker.ts';
import { type ConnectOptions, connectBus } from '../messaging/nats-bus.ts';
import { connectToOwnBroker } from '../messaging/own-broker-bus.ts';
import { createSubjects } from '../messaging/subjects.ts';
import { within } from '../messaging/within.ts';
import { reasonOf } from '../workflow/errors.ts';
import type { Logger } from './logger.ts';
import { shippedTemplates } from './named-workflows.ts';
import { archiveDirectoryOf, openLog } from './open-log.ts';
import { type Settings, serverAt } from './settings.ts';
import { removeUpFile, type UpFile, writeUpFile } from './up-file.ts';

export interface StackOptions {
  settings: Settings;
  logger: Logger;
  /** Which command it is for; written to `up.json`. */
  kind: UpFile['kind'];
  /** True: a worker with the built-in agents is part of it. */
  worker: boolean;
  /** Port of the embedded broker; default the setting. */
  port?: number;
}

export interface Stack {
  /** Where NATS is. */
  readonly url: string;
  readonly bus: Bus;
  readonly log: EventLog;
  /** Other limits hold from now on, also for what waits. */
  limit(limits: Limits): void;
  /** Closes everything in order (S1). */
  close(): Promise<void>;
}

/** How long a closing stack waits for attempts that run; then they are given up and executed again later. */
const DRAIN_MS = 2_000;
const COLLECT_EVERY_MS = 24 * 60 * 60 * 1_000;

type Closer = readonly [what: string, close: () => Promise<void> | void];

/**
 * Starts a stack and resolves when it serves. Throws `log.locked`, `log.io`, `log.corrupt`, `log.newer-format`,
 * `broker.port-in-use`, `bus.connect-failed`, `orchestrator.duplicate`.
 */
export async function startStack(options: StackOptions): Promise<Stack> {
  const closers: Closer[] = [];
  try {
    return await buildStack(options, closers);
  } catch (error) {
    await closeAll(closers, options.logger);
    throw error;
  }
}

async function buildStack(options: StackOptions, closers: Closer[]): Promise<Stack> {
  const { settings, logger } = options;
  const subjects = createSubjects(settings.prefix);
  const log = await openLog(settings);
  closers.push(['log', () => log.close()]);
  const connect = await findServer(options, closers);
  const bus = await connect({ name: 'troupe-orchestrator', onError: handlerErrorsTo(logger) });
  closers.push(['connection', () => bus.close()]);
  const orchestrator = await startOrchestrator({
    log,
    bus,
    subjects,
    logger: logger.child({ room: 'orchestrator' }),
    settings: { limits: settings.limits },
    templates: shippedTemplates,
    chores: choresOf(options),
    ...(settings.store === 'level' ? { archiveDirectory: archiveDirectoryOf(settings) } : {}),
  });
  closers.push(['orchestrator', () => orchestrator.close()]);
  if (options.worker) await addWorker({ settings, logger, connect, closers });
  if (settings.store === 'level') {
    writeUpFile({
      kind: options.kind,
      nats: bus.url,
      prefix: settings.prefix,
      dataDir: settings.dataDir,
      logId: log.logId,
      pid: process.pid,
    });
    closers.push(['up.json', () => removeUpFile(settings.dataDir)]);
  }
  return {
    ...{ url: bus.url, bus, log },
    limit: (limits) => orchestrator.limit(limits),
    close: () => closeAll(closers, logger),
  };
}

/** A command that is the orchestrator for a moment has no time for them. */
function choresOf({ kind, settings: { retention } }: StackOptions): Chore[] {
  if (kind !== 'up') return [];
  const chores: Chore[] = [{ operation: 'collect', body: {}, everyMs: COLLECT_EVERY_MS }];
  if (retention === undefined) return chores;
  const { action, older_than: olderThanMs, beyond, every } = retention;
  const body = {
    action,
    ...(olderThanMs === undefined ? {} : { olderThanMs }),
    ...(beyond === undefined ? {} : { beyond }),
  };
  return [...chores, { operation: 'archive', body, everyMs: every }];
}

type Connect = (options: Pick<ConnectOptions, 'name' | 'onError'>) => Promise<Bus>;

/** Where NATS is: the server of the settings, else a broker in this process. */
async function findServer({ settings, port }: StackOptions, closers: Closer[]): Promise<Connect> {
  const { natsUrl, natsPort } = settings;
  if (natsUrl !== undefined)
    return (options) => connectBus({ ...options, ...serverAt(natsUrl, settings) });
  const broker = await startBroker({ port: port ?? natsPort });
  closers.push(['broker', () => broker.close()]);
  return (options) => connectToOwnBroker(broker, options);
}

/** For `onError` of a connection: what a handler throws is logged. */
export function handlerErrorsTo(logger: Logger): NonNullable<ConnectOptions['onError']> {
  return (error, { subject }) => logger.error('a message handler failed', { error, subject });
}

/** The worker has a connection of its own, as one in another process has. */
async function addWorker(parts: {
  settings: Settings;
  logger: Logger;
  connect: Connect;
  closers: Closer[];
}): Promise<void> {
  const { settings, logger, connect, closers } = parts;
  const bus = await connect({ name: 'troupe-worker', onError: handlerErrorsTo(logger) });
  closers.push(['worker connection', () => bus.close()]);
  const worker = await launchWorker({ settings, logger, bus });
  closers.push(['worker', () => stopWorker(worker)]);
  // the server has its first heartbeats: a request that is sent from now on finds these agents
  await bus.flush();
}

/** Starts a worker with the built-in agents; its finished attempts are kept in `<dataDir>/worker`. */
export function launchWorker(parts: {
  settings: Settings;
  logger: Logger;
  bus: Bus;
  /** Default: under the data directory. */
  cacheDirectory?: string;
}): Promise<Worker> {
  const { settings, logger, bus } = parts;
  const cacheDirectory =
    parts.cacheDirectory ??
    (settings.store === 'level' ? join(settings.dataDir, 'worker') : undefined);
  return startWorker({
    bus,
    subjects: createSubjects(settings.prefix),
    agents: builtinAgents(),
    logger: logger.child({ room: 'worker' }),
    ...(settings.concurrency === undefined ? {} : { concurrency: settings.concurrency }),
    ...(cacheDirectory === undefined ? {} : { cacheDirectory }),
  });
}

/** Lets what runs finish for a moment, then closes. */
export async function stopWorker(worker: Worker): Promise<void> {
  if (worker.inHand().length > 0) await within(DRAIN_MS, worker.drain());
  await worker.close();
}

async function closeAll(closers: Closer[], logger: Logger): Promise<void> {
  for (let closer = closers.pop(); closer !== undefined; closer = closers.pop()) {
    const [what, close] = closer;
    try {
      await close();
    } catch (error) {
      logger.warn(`closing the ${what} failed: ${reasonOf(error)}`);
    }
  }
}
