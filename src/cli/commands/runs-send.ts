/** Commands to a run as commands of the command line. */
import type { Client, CommandInput } from '../../client/client.ts';
import type { CommandReply } from '../../messages/request.ts';
import type { Arguments, OptionTable } from '../arguments.ts';
import type { Command, CommandContext } from '../command.ts';
import { jsonOption, settingOptions } from '../common-options.ts';
import { orchestratorOfRuns } from '../connect.ts';
import { exitCodes } from '../exit-codes.ts';
import { asTyped, dataDirOption } from '../own-command.ts';
import { openSession } from '../session.ts';

/** Says it to a run; the words and options are checked before. */
type Say = (client: Client, runId: string) => Promise<CommandReply>;

/** What a run may be after a command that only somebody who serves it leads on. */
const GOES_ON: ReadonlySet<string> = new Set(['pending', 'running', 'canceling', 'released']);

/** `--reason`, for the log. */
export const reasonOption: OptionTable = {
  reason: { type: 'string', value: 'TEXT', description: 'Why; recorded in the log' },
};

export function withReason(given: Arguments): { reason?: string } {
  const reason = given.text('reason');
  return reason === undefined ? {} : { reason };
}

/** A command message as a command of the command line. */
export function sender(
  summary: string,
  parts: { name: string; options?: OptionTable; message(given: Arguments): CommandInput },
): Command {
  return {
    summary,
    words: ['run'],
    options: { ...parts.options, ...jsonOption, ...settingOptions },
    examples: [[`troupe runs ${parts.name} run_01j9zq`, summary]],
    run: (context) =>
      send(context, (given) => {
        const message = parts.message(given);
        return (client, runId) => client.command(runId, message);
      }),
  };
}

/** Checks what was given, says it to the run, and prints how the run stands afterwards. */
export async function send(
  context: CommandContext,
  prepare: (given: Arguments) => Say,
): Promise<number> {
  const { arguments: given, terminal } = context;
  const runId = given.word(0, 'the run');
  const say = prepare(given);
  const session = await openSession(context);
  const connection = await orchestratorOfRuns(session, {
    kind: 'command',
    worker: false,
    tell: (line) => terminal.tell(line),
  });
  try {
    const reply = await say(connection.client, runId);
    if (reply.notice !== undefined) terminal.tell(`warning: ${reply.notice}`);
    if (given.flag('json')) terminal.printJson(reply);
    else terminal.print(`${reply.runId} ${reply.status} at version ${reply.streamVersion}`);
    if (connection.isOwn && GOES_ON.has(reply.status))
      terminal.tell(
        asTyped(
          `  hint: Nobody serves this run now: \`troupe runs watch ${reply.runId}${dataDirOption(session)}\` goes on with it, \`troupe up\` with all.`,
        ),
      );
    return exitCodes.done;
  } finally {
    await connection.close();
  }
}
