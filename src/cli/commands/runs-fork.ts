/** `troupe runs fork`: a run that begins as a copy of another one. */
import type { RequestReply } from '../../messages/request.ts';
import type { JsonValue } from '../../workflow/value.ts';
import type { Arguments } from '../arguments.ts';
import type { Command, CommandContext } from '../command.ts';
import { jsonlOption, jsonOption, settingOptions } from '../common-options.ts';
import { type Connection, orchestratorOfRuns } from '../connect.ts';
import { UsageError } from '../errors.ts';
import { exitCodes } from '../exit-codes.ts';
import { onInterrupt } from '../interrupt.ts';
import { asTyped, dataDirOption } from '../own-command.ts';
import { openSession, type Session } from '../session.ts';

export const forkCommand: Command = {
  summary: 'Start a run as a copy of another one, with something changed',
  words: ['run'],
  options: {
    at: {
      type: 'string',
      value: 'POINT',
      description: 'A stream version, a checkpoint, or a task: before it began; default: now',
    },
    set: {
      type: 'string',
      value: 'PATH=VALUE',
      multiple: true,
      description:
        'inputs.NAME, tasks.ID.parameters.NAME or tasks.ID.output; the value is JSON, else text',
    },
    sandbox: {
      type: 'boolean',
      description: 'Run only what has other parameters than before; else take what was answered',
    },
    strict: { type: 'boolean', description: 'With --sandbox: what has other parameters fails' },
    'request-id': {
      type: 'string',
      value: 'ID',
      description: 'The same id never makes a second fork',
    },
    watch: { type: 'boolean', description: 'Follow the fork until it ends' },
    ...jsonOption,
    ...jsonlOption,
    ...settingOptions,
  },
  notes: [
    'Nothing is copied: the fork shares the events up to that point. The other run goes on as it was.',
    'What was in hand there begins again. With the output of a task, what depends on it runs again.',
  ],
  examples: [
    ['troupe runs fork run_01j9zq --at review --watch', 'Run it again from a task on'],
    [
      `troupe runs fork run_01j9zq --at 12 --set tasks.write.parameters.tone=dry`,
      'What would have come of other parameters',
    ],
    [
      `troupe runs fork run_01j9zq --set 'tasks.plan.output={"steps": 3}'`,
      'What would have come of another answer',
    ],
  ],
  run: fork,
};

async function fork(context: CommandContext): Promise<number> {
  const { arguments: given, terminal } = context;
  const runId = given.word(0, 'the run');
  const asked = askedOf(given);
  const isWatching = given.flag('watch');
  if (given.flag('jsonl') && !isWatching)
    throw new UsageError('--jsonl needs --watch', 'Write --watch --jsonl, or --json.');
  const session = await openSession(context);
  const interrupt = onInterrupt();
  const connection = await orchestratorOfRuns(session, {
    kind: isWatching ? 'run' : 'command',
    worker: isWatching,
    tell: (line) => terminal.tell(line),
  });
  const { signal } = interrupt;
  try {
    const reply = await forked(connection, () => connection.client.fork(runId, asked, { signal }));
    if (isWatching) {
      terminal.tell(lineOf(reply));
      const { followAndPrint } = await import('../follow.ts');
      return await followAndPrint(context, { session, connection, runId: reply.runId, signal });
    }
    show(context, { reply, connection, session });
    await connection.close();
    return exitCodes.done;
  } finally {
    interrupt.release();
  }
}

/** Closes the connection of a request that was refused: nobody follows it. */
async function forked(
  connection: Connection,
  ask: () => Promise<RequestReply>,
): Promise<RequestReply> {
  try {
    return await ask();
  } catch (error) {
    await connection.close();
    throw error;
  }
}

function lineOf({ runId, forkedFrom }: RequestReply): string {
  return `${runId} forked from ${forkedFrom?.run} after its version ${forkedFrom?.at}`;
}

function show(
  { arguments: given, terminal }: CommandContext,
  parts: { reply: RequestReply; connection: Connection; session: Session },
): void {
  const { reply, connection, session } = parts;
  if (given.flag('json')) terminal.printJson(reply);
  else terminal.print(lineOf(reply));
  if (!connection.isOwn) return;
  const watch = `troupe runs watch ${reply.runId}${dataDirOption(session)}`;
  terminal.tell(
    asTyped(
      `  hint: Nobody serves this run now: \`${watch}\` goes on with it, \`troupe up\` with all.`,
    ),
  );
}

function askedOf(given: Arguments): Parameters<Connection['client']['fork']>[1] {
  const at = given.text('at');
  const requestId = given.text('request-id');
  const set = setOf(given.list('set'));
  const isStrict = given.flag('strict');
  if (isStrict && !given.flag('sandbox'))
    throw new UsageError('--strict needs --sandbox', 'Write --sandbox --strict.');
  return {
    ...(at === undefined ? {} : { at }),
    ...(Object.keys(set).length === 0 ? {} : { set }),
    ...(given.flag('sandbox')
      ? { sandbox: isStrict ? ('strict' as const) : ('reuse' as const) }
      : {}),
    ...(requestId === undefined ? {} : { requestId }),
  };
}

function setOf(pairs: readonly string[]): Record<string, JsonValue> {
  const set: Record<string, JsonValue> = {};
  for (const pair of pairs) {
    const at = pair.indexOf('=');
    const path = pair.slice(0, Math.max(0, at));
    if (path === '' || path === '__proto__')
      throw new UsageError(`--set ${pair} names nothing`, 'Write --set tasks.ID.output=VALUE.');
    if (Object.hasOwn(set, path)) throw new UsageError(`${path} is set twice`, 'Keep one of them.');
    set[path] = setValue(pair.slice(at + 1));
  }
  return set;
}

function setValue(text: string): JsonValue {
  try {
    return JSON.parse(text) as JsonValue;
  } catch {
    return text;
  }
}
