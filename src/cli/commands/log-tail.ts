/** `troupe log tail`: events as they are recorded. */
import type { Envelope } from '../../events/envelope.ts';
import type { Command, CommandContext } from '../command.ts';
import { jsonlOption, jsonOption, settingOptions } from '../common-options.ts';
import { findOrchestrator } from '../connect.ts';
import { exitCodes } from '../exit-codes.ts';
import { aborted, onInterrupt } from '../interrupt.ts';
import { taskIdOf, wordsOf } from '../render/words.ts';
import { openSession, type Session } from '../session.ts';
import { serverAt } from '../settings.ts';
import { readUpFile } from '../up-file.ts';

const DEFAULT_LINES = 20;

export const tailCommand: Command = {
  summary: 'Show events: new ones while an orchestrator runs, else the last ones of the log',
  words: [],
  options: {
    lines: {
      type: 'string',
      short: 'n',
      value: 'N',
      description: `How many of a log that nobody has open; default ${DEFAULT_LINES}`,
    },
    ...jsonlOption,
    ...jsonOption,
    ...settingOptions,
  },
  examples: [['troupe log tail', 'Follow all runs until Ctrl+C']],
  run: tail,
};

async function tail(context: CommandContext): Promise<number> {
  const { arguments: given } = context;
  const session = await openSession(context);
  const found = await findOrchestrator(session);
  if (found === undefined)
    return showLast(session, { context, lines: given.whole('lines', 1) ?? DEFAULT_LINES });
  await found.close();
  const up =
    session.settings.natsUrl === undefined ? readUpFile(session.settings.dataDir) : undefined;
  const prefix = up?.prefix ?? session.settings.prefix;
  return follow(context, { ...serverAt(found.url, session.settings), prefix });
}

async function follow(
  context: CommandContext,
  { prefix, ...server }: ReturnType<typeof serverAt> & { prefix: string },
): Promise<number> {
  const [{ connectBus }, { createSubjects }] = await Promise.all([
    import('../../messaging/nats-bus.ts'),
    import('../../messaging/subjects.ts'),
  ]);
  const interrupt = onInterrupt();
  const bus = await connectBus({ ...server, name: 'troupe-log-tail' });
  const subscription = bus.subscribe(createSubjects(prefix).anyRunEvents(), {}, (message) => {
    show(context, message.body() as unknown as Envelope);
  });
  context.terminal.tell(`events from now on, on ${server.url}; Ctrl+C ends it`);
  await aborted(interrupt.signal);
  await subscription.stop();
  await bus.close();
  interrupt.release();
  return exitCodes.interrupted;
}

async function showLast(
  { settings }: Session,
  parts: { context: CommandContext; lines: number },
): Promise<number> {
  const [{ openExistingLog }, { envelopesOf }] = await Promise.all([
    import('../open-log.ts'),
    import('../../events/envelope.ts'),
  ]);
  const log = await openExistingLog(settings);
  try {
    const after = Math.max(0, log.durablePosition - parts.lines);
    const last: Envelope[] = [];
    for await (const commits of log.readAll({ after }))
      for (const commit of commits) last.push(...envelopesOf(commit));
    for (const envelope of last.slice(-parts.lines)) show(parts.context, envelope);
    return exitCodes.done;
  } finally {
    await log.close();
  }
}

function show({ arguments: given, terminal }: CommandContext, envelope: Envelope): void {
  if (given.flag('jsonl') || given.flag('json')) {
    terminal.printJson(envelope);
    return;
  }
  const time = new Date(envelope.at).toISOString();
  terminal.print(
    `${time} ${envelope.stream} ${envelope.streamVersion} ${envelope.type} ${taskIdOf(envelope) ?? '-'} ${wordsOf(envelope)}`,
  );
}
