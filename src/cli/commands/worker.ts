/** `troupe worker`: one more worker for an orchestrator, on this machine or another. */
import { randomUUID } from 'node:crypto';
import { rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Command, CommandContext } from '../command.ts';
import { jsonOption, settingOptions } from '../common-options.ts';
import { NobodyUpError } from '../errors.ts';
import { exitCodes } from '../exit-codes.ts';
import { aborted, onInterrupt } from '../interrupt.ts';
import { openSession, type Session } from '../session.ts';
import { serverAt } from '../settings.ts';
import { readUpFile } from '../up-file.ts';

export const workerCommand: Command = {
  summary: 'Start one more worker for a running orchestrator',
  words: [],
  options: {
    'cache-dir': {
      type: 'string',
      value: 'DIR',
      description:
        'Where finished attempts are kept until they are acknowledged; a worker started again on it goes on',
    },
    ...jsonOption,
    ...settingOptions,
  },
  notes: [
    'Finds its server by TROUPE_NATS_URL, else by the `up` of the data directory. The orchestrator may come later.',
  ],
  examples: [
    ['troupe worker --nats-url nats://10.0.0.5:4222 --concurrency 4', 'Join from another machine'],
  ],
  run: work,
};

async function work(context: CommandContext): Promise<number> {
  const { arguments: given, terminal } = context;
  const session = await openSession(context, 'info');
  const { settings, logger } = session;
  const target = serverOf(session);
  const interrupt = onInterrupt();
  const [{ handlerErrorsTo, launchWorker, stopWorker }, { connectBus }] = await Promise.all([
    import('../compose.ts'),
    import('../../messaging/nats-bus.ts'),
  ]);
  const bus = await connectBus({
    ...serverAt(target.url, settings),
    name: 'troupe-worker',
    onError: handlerErrorsTo(logger),
  });
  const cacheDirectory = given.text('cache-dir') ?? ownDirectory();
  const worker = await launchWorker({
    settings: { ...settings, prefix: target.prefix },
    logger,
    bus,
    cacheDirectory,
  }).catch(async (error: unknown) => {
    await bus.close(); // an open connection would keep the process
    throw error;
  });
  await bus.flush();
  if (given.flag('json'))
    terminal.printJson({ ready: true, nats: target.url, worker: worker.id, pid: process.pid });
  else terminal.tell(`worker ${worker.id} on ${target.url}; Ctrl+C ends it`);
  await aborted(interrupt.signal);
  await stopWorker(worker);
  await bus.close();
  if (given.text('cache-dir') === undefined)
    rmSync(cacheDirectory, { recursive: true, force: true });
  interrupt.release();
  return exitCodes.interrupted;
}

/** For a worker that nobody will start again on its directory: removed when it ends. */
function ownDirectory(): string {
  return join(tmpdir(), `troupe-worker-${randomUUID()}`);
}

function serverOf({ settings }: Session): { url: string; prefix: string } {
  if (settings.natsUrl !== undefined) return { url: settings.natsUrl, prefix: settings.prefix };
  const up = readUpFile(settings.dataDir);
  if (up === undefined) throw new NobodyUpError(settings.dataDir);
  return { url: up.nats, prefix: up.prefix };
}
