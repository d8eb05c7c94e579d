/** `troupe runs release`: lifts the quarantine of one run, of several, or of all. */
import type { Client } from '../../client/client.ts';
import { reasonOf, TroupeError } from '../../workflow/errors.ts';
import type { JsonObject } from '../../workflow/value.ts';
import type { Command, CommandContext } from '../command.ts';
import { jsonOption, settingOptions } from '../common-options.ts';
import { orchestratorOfRuns } from '../connect.ts';
import { UsageError } from '../errors.ts';
import { exitCodeOf, exitCodes } from '../exit-codes.ts';
import { counted } from '../render/format.ts';
import { openSession, type Session } from '../session.ts';
import { reasonOption, send, withReason } from './runs-send.ts';

/** Runs that are asked for at a time. */
const PAGE = 500;

export const releaseCommand: Command = {
  summary: 'Lift the quarantine of runs',
  words: ['[run]...'],
  options: {
    all: { type: 'boolean', description: 'Every run that is in quarantine' },
    ...reasonOption,
    ...jsonOption,
    ...settingOptions,
  },
  notes: [
    'One that cannot be released does not keep the others; the exit code is that of the first.',
  ],
  examples: [
    ['troupe runs release run_01j9zq', 'Let one run go on'],
    ['troupe runs release --all --reason "agent 1.4.2 is out"', 'After a defect was mended'],
  ],
  run: release,
};

async function release(context: CommandContext): Promise<number> {
  const { arguments: given } = context;
  const session = await openSession(context);
  const isAll = given.flag('all');
  if (isAll && given.words.length > 0)
    throw new UsageError('--all and runs by name are two ways', 'Choose one of them.');
  if (!isAll && given.words.length < 2)
    return send(context, (parsed) => {
      const message = { type: 'release' as const, ...withReason(parsed) };
      return (client, runId) => client.command(runId, message);
    });
  return releaseMany(context, { session, isAll });
}

interface Refused {
  runId: string;
  code: string;
  message: string;
}

async function releaseMany(
  context: CommandContext,
  { session, isAll }: { session: Session; isAll: boolean },
): Promise<number> {
  const { arguments: given, terminal } = context;
  const connection = await orchestratorOfRuns(session, {
    ...{ kind: 'command', worker: false },
    tell: (line) => terminal.tell(line),
  });
  const released: string[] = [];
  const refused: Refused[] = [];
  try {
    const { client } = connection;
    const runIds = isAll ? await quarantinedRuns(client) : new Set(given.words);
    const message = { type: 'release' as const, ...withReason(given) };
    for (const runId of runIds) {
      try {
        await client.command(runId, message);
        released.push(runId);
        if (!given.flag('json')) terminal.print(`${runId} released`);
      } catch (error) {
        if (!(error instanceof TroupeError)) throw error;
        refused.push({ runId, code: error.code, message: error.message });
        terminal.tell(`${runId}: ${reasonOf(error)}`);
      }
    }
  } finally {
    await connection.close();
  }
  if (given.flag('json')) terminal.printJson({ released, refused } as unknown as JsonObject);
  else terminal.print(`${counted(released.length, 'run')} released`);
  return refused[0] === undefined ? exitCodes.done : exitCodeOf(refused[0].code);
}

async function quarantinedRuns(client: Client): Promise<Set<string>> {
  const runIds = new Set<string>();
  for (let page: string | undefined; ; ) {
    const reply = await client.query('runs', {
      ...{ index: 'status', prefix: 'quarantined/', limit: PAGE },
      ...(page === undefined ? {} : { page }),
    });
    for (const { key } of reply.documents) runIds.add(key);
    if (reply.next === undefined) return runIds;
    page = reply.next;
  }
}
