/** `troupe jobs enqueue` and `wait`. */
import type { JobInput } from '../../client/jobs.ts';
import type { JobReply } from '../../messages/job.ts';
import { parseDuration } from '../../workflow/durations.ts';
import { MAX_ATTEMPTS } from '../../workflow/limits.ts';
import type { JsonObject } from '../../workflow/value.ts';
import type { Arguments, OptionTable } from '../arguments.ts';
import { now } from '../clock.ts';
import type { Command, CommandContext } from '../command.ts';
import { jsonOption, settingOptions } from '../common-options.ts';
import {
  becomeOrchestrator,
  type Connection,
  findOrchestrator,
  orchestratorOfRuns,
} from '../connect.ts';
import { UsageError } from '../errors.ts';
import { exitCodes } from '../exit-codes.ts';
import { onInterrupt } from '../interrupt.ts';
import { LastingConnection } from '../lasting-connection.ts';
import { onceUnlocked } from '../once-unlocked.ts';
import { asTyped, dataDirOption } from '../own-command.ts';
import { printJob } from '../render/job-text.ts';
import { readText } from '../run-input.ts';
import { openSession, type Session } from '../session.ts';
import { ownerFields, ownerOptions } from '../start-options.ts';
import { readTime } from '../start-time.ts';

const waitingOptions: OptionTable = {
  timeout: {
    type: 'string',
    value: 'TIME',
    description: 'How long to wait, as 30s or 5m; default: until it has ended',
  },
};

export const enqueueCommand: Command = {
  summary: 'Give a task to an agent: now, or later',
  words: ['agent'],
  options: {
    parameters: { type: 'string', value: 'JSON', description: 'What the agent gets; default: {}' },
    'parameters-file': { type: 'string', value: 'FILE', description: 'The same from a JSON file' },
    id: { type: 'string', value: 'ID', description: 'The same id never enqueues it twice' },
    ...ownerOptions,
    at: { type: 'string', value: 'TIME', description: 'Not before: 2031-05-01T08:00:00Z' },
    in: { type: 'string', value: 'TIME', description: 'Not before this long from now: 10m, 2h' },
    'max-retries': {
      type: 'string',
      value: 'N',
      description: 'Further attempts after one that failed; default: 3',
    },
    'attempt-timeout': {
      type: 'string',
      value: 'TIME',
      description: 'The longest time of one attempt; default: no bound',
    },
    run: { type: 'string', value: 'RUN', description: 'The run that it is canceled with' },
    wait: { type: 'boolean', description: 'Stay until it has ended, and print the job' },
    ...waitingOptions,
    ...jsonOption,
    ...settingOptions,
  },
  notes: [
    'A job is a run of one task, and its id is the id of that run. An attempt that fails with an error that may pass is made again after 1 s, then 2 s, 4 s, at most 5 min.',
    'With --wait it ends with 0 where the job succeeded, 1 where it failed or was canceled, 124 where --timeout came first; without an orchestrator it is one itself meanwhile.',
  ],
  examples: [
    [
      `troupe jobs enqueue echo --parameters '{"text": "hello"}' --wait`,
      'A job, and what came out',
    ],
    ['troupe jobs enqueue echo --id nightly-42 --in 10m', 'In ten minutes, once'],
  ],
  run: enqueue,
};

async function enqueue(context: CommandContext): Promise<number> {
  const { arguments: given, terminal } = context;
  const timeoutMs = timeoutOf(given);
  const isWaiting = given.flag('wait');
  if (timeoutMs !== undefined && !isWaiting)
    throw new UsageError('--timeout needs --wait', 'The time of an attempt is --attempt-timeout.');
  const job = jobOf(given);
  const session = await openSession(context);
  const connection = await connectionFor(session, context, isWaiting);
  let isLent = false;
  try {
    const reply = await connection.client.jobs.enqueue(job);
    if (isWaiting) {
      if (!given.flag('json')) terminal.tell(`job ${reply.jobId} ${reply.state}`);
      isLent = true;
      return await stay(context, { session, connection, id: reply.jobId, timeoutMs });
    }
    if (given.flag('json')) terminal.printJson(reply);
    else
      terminal.print(`${reply.jobId} ${reply.state}${reply.repeated ? ' (enqueued before)' : ''}`);
    if (connection.isOwn) terminal.tell(asTyped(hintFor(reply.jobId, session)));
    return exitCodes.done;
  } finally {
    if (!isLent) await connection.close();
  }
}

function hintFor(jobId: string, session: Session): string {
  const ending = dataDirOption(session);
  return `  hint: Nobody serves this job now: \`troupe jobs wait ${jobId}${ending}\` goes on with it, \`troupe up\` with all.`;
}

/** Who stays may begin a log; a job that is left behind needs one with agents that are known. */
async function connectionFor(
  session: Session,
  { terminal }: CommandContext,
  isWaiting: boolean,
): Promise<Connection> {
  const tell = (line: string): void => terminal.tell(line);
  if (!isWaiting) return orchestratorOfRuns(session, { kind: 'command', worker: false, tell });
  return onceUnlocked(
    async () =>
      (await findOrchestrator(session)) ??
      becomeOrchestrator(session, { kind: 'run', worker: true, tell }),
  );
}

function jobOf(given: Arguments): JobInput {
  const maxRetries = given.whole('max-retries');
  if (maxRetries !== undefined && maxRetries >= MAX_ATTEMPTS)
    throw new UsageError(`--max-retries is below ${MAX_ATTEMPTS}`, 'Write --max-retries=3.');
  const id = given.text('id');
  const runId = given.text('run');
  const timeout = given.text('attempt-timeout');
  return {
    agent: given.word(0, 'the agent'),
    parameters: parametersOf(given),
    ...(id === undefined ? {} : { jobId: id }),
    ...ownerFields(given),
    ...startOf(given),
    ...(maxRetries === undefined ? {} : { maxRetries }),
    ...(timeout === undefined ? {} : { timeout }),
    ...(runId === undefined ? {} : { runId }),
  };
}

/** A delay is counted where the job arrives, so that the same command again is the same job. */
function startOf(given: Arguments): { runAt?: number; delay?: string } {
  const at = given.text('at');
  const after = given.text('in');
  if (at !== undefined && after !== undefined)
    throw new UsageError('--at and --in are both given', 'Keep one of them.');
  if (after !== undefined) return { delay: `${durationOf(after, '--in')}ms` };
  if (at === undefined) return {};
  return { runAt: readTime('--at', at) };
}

function durationOf(text: string, option: string): number {
  const ms = parseDuration(text);
  if (ms !== undefined) return ms;
  throw new UsageError(`${option} ${text} is no duration`, `Write ${option}=30s, 5m or 2h.`);
}

function timeoutOf(given: Arguments): number | undefined {
  const text = given.text('timeout');
  return text === undefined ? undefined : durationOf(text, '--timeout');
}

function parametersOf(given: Arguments): JsonObject {
  const text = given.text('parameters');
  const file = given.text('parameters-file');
  if (text !== undefined && file !== undefined)
    throw new UsageError('--parameters and --parameters-file are both given', 'Keep one of them.');
  const source = file === undefined ? (text ?? '{}') : readText(file);
  const what = file === undefined ? '--parameters' : `the file ${file}`;
  let value: unknown;
  try {
    value = JSON.parse(source);
  } catch (error) {
    throw new UsageError(
      `${what} is no JSON: ${(error as Error).message}`,
      'Write {"name": "value"}.',
    );
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new UsageError(`${what} holds no JSON object`, 'Write {"name": "value"}.');
  return value as JsonObject;
}

export const waitCommand: Command = {
  summary: 'Wait until a job has ended, then print it',
  words: ['job'],
  options: { ...waitingOptions, ...jsonOption, ...settingOptions },
  notes: [
    'Ends with 0 where the job succeeded, 1 where it failed or was canceled, 124 where --timeout came first. Where no orchestrator runs it is one itself, so a job that was left goes on.',
  ],
  examples: [['troupe jobs wait run_j01m8029 --timeout 5m', 'At most five minutes']],
  run: wait,
};

async function wait(context: CommandContext): Promise<number> {
  const { arguments: given, terminal } = context;
  const id = given.word(0, 'the job');
  const timeoutMs = timeoutOf(given);
  const session = await openSession(context);
  const tell = (line: string): void => terminal.tell(line);
  const connection = await orchestratorOfRuns(session, { kind: 'run', worker: true, tell });
  return stay(context, { session, connection, id, timeoutMs });
}

/** Until the job has ended, over restarts of the orchestrator; closes the connection. */
async function stay(
  context: CommandContext,
  waited: { session: Session; connection: Connection; id: string; timeoutMs: number | undefined },
): Promise<number> {
  const { session, connection, id, timeoutMs } = waited;
  const interrupt = onInterrupt();
  const lasting = new LastingConnection({
    ...{ session, connection },
    onChange: (state, url) =>
      context.terminal.tell(
        state === 'lost'
          ? `lost the orchestrator on ${url}; waiting for it to come back`
          : `the orchestrator is back on ${url}`,
      ),
  });
  const endsAt = now() + (timeoutMs ?? Number.POSITIVE_INFINITY);
  try {
    const job = await lasting.during(interrupt.signal, (client, signal) =>
      client.jobs.wait(id, { timeoutMs: Math.max(0, endsAt - now()), signal }),
    );
    printJob(context, job);
    return exitCodeOf(job);
  } finally {
    interrupt.release();
    await lasting.close();
  }
}

function exitCodeOf(job: JobReply): number {
  if (job.timedOut === true) return exitCodes.timedOut;
  return job.state === 'succeeded' ? exitCodes.done : exitCodes.failed;
}
