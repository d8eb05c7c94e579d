/** `troupe jobs`: single tasks for an agent, without a workflow. */
import type { JobListReply, JobReply, JobSummary } from '../../messages/job.ts';
import { jobStates } from '../../messages/job.ts';
import { isWantedJob, jobPlace, jobSummary } from '../../projections/job-query.ts';
import type { RunRecord } from '../../projections/runs.ts';
import { didYouMean } from '../../workflow/suggest.ts';
import type { Arguments } from '../arguments.ts';
import { now } from '../clock.ts';
import type { Command, CommandContext, CommandGroup } from '../command.ts';
import { jsonlOption, jsonOption, settingOptions } from '../common-options.ts';
import { orchestratorOfRuns } from '../connect.ts';
import { UsageError } from '../errors.ts';
import { exitCodes } from '../exit-codes.ts';
import { limitOf, limitOption } from '../list-limit.ts';
import { type Reader, withReader } from '../reader.ts';
import { duration, table } from '../render/format.ts';
import { printJob } from '../render/job-text.ts';
import { openSession } from '../session.ts';
import { enqueueCommand, waitCommand } from './jobs-enqueue.ts';
import { reasonOption, withReason } from './runs-send.ts';

const DEFAULT_LIMIT = 20;
/** Documents that are looked at for one list. */
const MAX_SCANNED = 20_000;

const listCommand: Command = {
  summary: 'List jobs, newest first',
  words: [],
  options: {
    state: {
      type: 'string',
      value: 'STATE',
      choices: jobStates,
      description: 'Only jobs in this state',
    },
    agent: { type: 'string', value: 'NAME', description: 'Only jobs for this agent' },
    run: { type: 'string', value: 'RUN', description: 'Only jobs in the scope of this run' },
    ...limitOption(DEFAULT_LIMIT),
    ids: { type: 'boolean', description: 'Print the ids alone, one a line' },
    ...jsonOption,
    ...jsonlOption,
    ...settingOptions,
  },
  notes: [
    '`troupe runs list` leaves jobs out; `runs show`, `watch` and `replay` take the id of a job.',
  ],
  examples: [
    ['troupe jobs list', 'The last 20 jobs'],
    ['troupe jobs list --state failed --agent echo --json', 'Failed jobs of one agent'],
  ],
  run: list,
};

async function list(context: CommandContext): Promise<number> {
  const { arguments: given, terminal } = context;
  const limit = limitOf(given, { usual: DEFAULT_LIMIT, narrower: '--state' });
  const wish = { state: stateOf(given), agent: given.text('agent'), runId: given.text('run') };
  return withReader(context, async (reader) => {
    const { jobs, next } = await find(reader, wish, limit);
    if (given.flag('json')) terminal.printJson({ jobs });
    else if (given.flag('jsonl')) for (const job of jobs) terminal.printJson(job);
    else if (given.flag('ids')) for (const { jobId } of jobs) terminal.print(jobId);
    else if (jobs.length === 0) terminal.tell(`no jobs in ${reader.where}`);
    else for (const line of table([HEADS, ...jobs.map(row)])) terminal.print(line);
    if (next !== undefined) terminal.tell(`there may be more; --limit is ${limit}`);
    return exitCodes.done;
  });
}

function stateOf(given: Arguments): JobSummary['state'] | undefined {
  const state = given.text('state');
  const known = jobStates.find((each) => each === state);
  if (state === undefined || known !== undefined) return known;
  const hint = didYouMean(state, jobStates, `Known are ${jobStates.join(', ')}.`);
  throw new UsageError(`no job has the state "${state}"`, hint);
}

async function find(
  reader: Reader,
  wish: Parameters<typeof isWantedJob>[1],
  limit: number,
): Promise<Pick<JobListReply, 'jobs' | 'next'>> {
  const jobs: JobSummary[] = [];
  for (let scanned = 0, next: string | undefined; ; ) {
    const left = limit - jobs.length;
    const query = { ...jobPlace(wish), limit: left, reverse: true };
    const page = await reader.query('runs', next === undefined ? query : { ...query, page: next });
    for (const { document } of page.documents) {
      const job = jobSummary(document as unknown as RunRecord);
      if (job !== undefined && isWantedJob(job, wish)) jobs.push(job);
    }
    scanned += left;
    next = page.next;
    if (next === undefined) return { jobs };
    if (jobs.length >= limit || scanned >= MAX_SCANNED) return { jobs, next };
  }
}

const HEADS = ['job', 'agent', 'state', 'progress', 'attempts', 'created', 'took'];

function row(job: JobSummary): string[] {
  const { jobId, agent, state, progress, attempts, createdAt, startedAt, endedAt } = job;
  const took = startedAt === undefined ? '' : duration((endedAt ?? now()) - startedAt);
  const shown = [
    state,
    ...(job.canceling ? ['canceling'] : []),
    ...(job.quarantined ? ['quarantined'] : []),
  ];
  return [
    jobId,
    agent,
    shown.join(', '),
    `${Math.round(progress)} %`,
    String(attempts),
    new Date(createdAt).toISOString(),
    took,
  ];
}

const showCommand: Command = {
  summary: 'Show a job: its state, progress, attempts and result',
  words: ['job'],
  options: { ...jsonOption, ...settingOptions },
  notes: ['The job is named by its id, or by the id that was given to `troupe jobs enqueue --id`.'],
  examples: [['troupe jobs show run_j01m8029', 'One job']],
  run: (context) =>
    withReader(context, async (reader) => {
      const job = await read(reader, context.arguments.word(0, 'the job'));
      printJob(context, job);
      return exitCodes.done;
    }),
};

async function read({ client, log }: Reader, id: string): Promise<JobReply> {
  if (client !== undefined) return client.jobs.get(id);
  const [{ readJob }, { JobNotFound }] = await Promise.all([
    import('../../actors/services/job-view.ts'),
    import('../../actors/host/errors.ts'),
  ]);
  const job = log === undefined ? undefined : await readJob(log, id);
  if (job === undefined) throw new JobNotFound(id);
  return job;
}

const cancelCommand: Command = {
  summary: 'Cancel a job: one that waits ends at once, of one that runs the agent is asked to stop',
  words: ['job'],
  options: { ...reasonOption, ...jsonOption, ...settingOptions },
  examples: [['troupe jobs cancel run_j01m8029', 'It ends as canceled']],
  run: cancel,
};

async function cancel(context: CommandContext): Promise<number> {
  const { arguments: given, terminal } = context;
  const id = given.word(0, 'the job');
  const session = await openSession(context);
  const tell = (line: string): void => terminal.tell(line);
  const connection = await orchestratorOfRuns(session, { kind: 'command', worker: false, tell });
  try {
    const job = await connection.client.jobs.cancel(id, withReason(given));
    if (given.flag('json')) terminal.printJson(job);
    else terminal.print(`${job.jobId} ${job.canceling ? 'is being canceled' : job.state}`);
    return exitCodes.done;
  } finally {
    await connection.close();
  }
}

export const jobsGroup: CommandGroup = {
  summary: 'Give single tasks to agents, without a workflow',
  commands: {
    enqueue: enqueueCommand,
    list: listCommand,
    show: showCommand,
    wait: waitCommand,
    cancel: cancelCommand,
  },
};
