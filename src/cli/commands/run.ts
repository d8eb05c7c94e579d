/** `troupe run`: a request, its progress, its result. */
import type { Arguments } from '../arguments.ts';
import type { Command, CommandContext } from '../command.ts';
import { jsonlOption, jsonOption, settingOptions } from '../common-options.ts';
import { becomeOrchestrator, type Connection, findOrchestrator } from '../connect.ts';
import { DataDirectoryBusyError } from '../errors.ts';
import { followAndPrint } from '../follow.ts';
import { onInterrupt } from '../interrupt.ts';
import { onceUnlocked } from '../once-unlocked.ts';
import { plainText } from '../render/painted.ts';
import { problemLines } from '../report-error.ts';
import { type RunTarget, readInputs, readTarget } from '../run-input.ts';
import { openSession, type Session } from '../session.ts';
import { startFields, startOptions } from '../start-options.ts';
import { readTime } from '../start-time.ts';

export const runCommand: Command = {
  summary: 'Run a workflow and print its result',
  words: ['file, name or text'],
  options: {
    input: {
      type: 'string',
      short: 'i',
      multiple: true,
      value: 'NAME=VALUE',
      description: 'One input',
    },
    'input-file': { type: 'string', value: 'FILE', description: 'A JSON object with inputs' },
    'request-id': {
      type: 'string',
      value: 'ID',
      description: 'The same id never starts a second run',
    },
    at: {
      type: 'string',
      value: 'TIME',
      description: 'Not before: 2031-05-01T08:00:00Z',
    },
    ...startOptions,
    ...jsonOption,
    ...jsonlOption,
    ...settingOptions,
  },
  notes: [
    'Uses the orchestrator that runs already; without one it is orchestrator, broker and worker itself until the run ends.',
  ],
  examples: [
    ['troupe run workflows/analyze-repository.yaml -i path=src', 'Run a file with one input'],
    [
      'troupe run flow.yaml --json > result.json',
      'Keep the result as a document; progress stays on the terminal',
    ],
  ],
  run: runWorkflow,
};

async function runWorkflow(context: CommandContext): Promise<number> {
  const { arguments: given, terminal } = context;
  const session = await openSession(context);
  const target = await readTarget(given.word(0, 'the file or text'), context.workingDirectory);
  const input = readInputs({
    pairs: given.list('input'),
    file: given.text('input-file'),
    definition: target.kind === 'workflow' ? target.definition : undefined,
  });
  if (target.kind === 'workflow') {
    for (const line of problemLines(target.warnings)) terminal.tell(`warning:${line.slice(3)}`);
  }
  const request = requestOf(target, { given, input });
  const interrupt = onInterrupt();
  const connection = await onceUnlocked(() => connectionFor(session, context));
  try {
    return await converse({
      context,
      session,
      connection,
      signal: interrupt.signal,
      request,
    });
  } finally {
    interrupt.release();
  }
}

async function connectionFor(session: Session, { terminal }: CommandContext): Promise<Connection> {
  const found = await findOrchestrator(session);
  if (found === undefined) {
    return becomeOrchestrator(session, {
      kind: 'run',
      worker: true,
      tell: (line) => terminal.tell(line),
    });
  }
  if (found.owner === undefined || found.owner === 'up') return found;
  await found.close();
  throw new DataDirectoryBusyError(session.settings.dataDir);
}

type Request = Parameters<Connection['client']['request']>[0];

function requestOf(
  target: RunTarget,
  parts: { given: Arguments; input: Request['input'] },
): Request {
  const requestId = parts.given.text('request-id');
  const at = parts.given.text('at');
  return {
    ...(target.kind === 'workflow' ? { workflow: target.workflow } : { text: target.text }),
    ...(requestId !== undefined && { requestId }),
    ...(at !== undefined && { startAt: readTime('--at', at) }),
    ...startFields(parts.given),
    input: parts.input,
  };
}

async function converse(parts: {
  context: CommandContext;
  session: Session;
  connection: Connection;
  signal: AbortSignal;
  request: Request;
}): Promise<number> {
  const { context, session, connection, signal, request } = parts;
  const { terminal } = context;
  const { runId, workflow } = await started(connection, { request, signal });
  if (!terminal.isLive) terminal.tell(`run ${runId} (${plainText(workflow)})`);
  return followAndPrint(context, { session, connection, runId, signal });
}

/** Closes the connection of a request that was refused: nobody follows it. */
async function started(
  connection: Connection,
  { request, signal }: { request: Request; signal: AbortSignal },
): Promise<{ runId: string; workflow: string }> {
  try {
    return await connection.client.request(request, { signal });
  } catch (error) {
    await connection.close();
    throw error;
  }
}
