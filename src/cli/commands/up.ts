/** `troupe up`: orchestrator, broker and worker until somebody ends them. */
import type { Command, CommandContext } from '../command.ts';
import { jsonOption, settingOptions } from '../common-options.ts';
import { exitCodes } from '../exit-codes.ts';
import { returnIdleMemory } from '../idle-memory.ts';
import { aborted, onInterrupt } from '../interrupt.ts';
import { watchLimits } from '../limits-watch.ts';
import { openSession } from '../session.ts';
import { loadSettings } from '../settings-sources.ts';

export const upCommand: Command = {
  summary: 'Start orchestrator, broker and worker and serve until interrupted',
  words: [],
  options: {
    'no-worker': {
      type: 'boolean',
      description: 'Start no worker here; others join with `troupe worker`',
    },
    ...jsonOption,
    ...settingOptions,
  },
  notes: [
    'With TROUPE_NATS_URL it uses that server and starts no broker.',
    'Limits in troupe.config.yaml that change while it serves hold at once.',
  ],
  examples: [
    ['troupe up', 'Serve on nats://127.0.0.1:4222'],
    ['troupe up --json --nats-port 0', 'Pick a free port and print it when it can serve'],
  ],
  run: serve,
};

async function serve(context: CommandContext): Promise<number> {
  const { arguments: given, terminal } = context;
  const { settings, logger } = await openSession(context, 'info');
  const interrupt = onInterrupt();
  const { startStack } = await import('../compose.ts');
  const stack = await startStack({
    settings,
    logger,
    kind: 'up',
    worker: !given.flag('no-worker'),
  });
  const ready = { ready: true, nats: stack.url, dataDir: settings.dataDir, pid: process.pid };
  if (given.flag('json')) terminal.printJson(ready);
  else
    terminal.tell(
      `ready on ${ready.nats}, data in ${ready.dataDir}, pid ${ready.pid}; Ctrl+C ends it`,
    );
  logger.info('ready', { nats: stack.url, logId: stack.log.logId, prefix: settings.prefix });
  const endWatch = watchLimits({
    directory: context.workingDirectory,
    limits: settings.limits,
    load: () => loadSettings(context, { logLevel: 'info' }),
    apply: (limits) => stack.limit(limits),
    logger,
  });
  const endReturns = returnIdleMemory();
  await aborted(interrupt.signal);
  endReturns();
  endWatch();
  logger.info('closing');
  await stack.close();
  interrupt.release();
  return exitCodes.interrupted;
}
