/** `troupe runs`: list, show, watch, and the commands that a run takes. */
import type { CommandInput } from '../../client/client.ts';
import { runStatuses } from '../../messages/report.ts';
import { PLAIN_RUN_IDS } from '../../projections/projection.ts';
import { didYouMean } from '../../workflow/suggest.ts';
import type { JsonObject } from '../../workflow/value.ts';
import type { Arguments, OptionTable } from '../arguments.ts';
import { now } from '../clock.ts';
import type { Command, CommandContext, CommandGroup } from '../command.ts';
import { jsonlOption, jsonOption, settingOptions } from '../common-options.ts';
import { UsageError } from '../errors.ts';
import { exitCodes } from '../exit-codes.ts';
import { limitOf, limitOption } from '../list-limit.ts';
import { withReader } from '../reader.ts';
import { duration, table } from '../render/format.ts';
import { adaptCommand } from './runs-adapt.ts';
import { approveCommand, delegateCommand, rejectCommand, signalCommand } from './runs-answer.ts';
import { blastRadiusCommand } from './runs-blast-radius.ts';
import { checkpointCommand } from './runs-checkpoint.ts';
import { forkCommand } from './runs-fork.ts';
import { releaseCommand } from './runs-release.ts';
import { reportCommand } from './runs-report.ts';
import { reproduceCommand } from './runs-reproduce.ts';
import { reasonOption, sender, withReason } from './runs-send.ts';
import { showCommand } from './runs-show.ts';
import { terminateCommand } from './runs-terminate.ts';
import { watchCommand } from './runs-watch.ts';

const DEFAULT_LIMIT = 20;

const listCommand: Command = {
  summary: 'List runs, newest first',
  words: [],
  options: {
    status: {
      type: 'string',
      value: 'STATUS',
      choices: runStatuses,
      description: 'Only runs with this status',
    },
    parent: { type: 'string', value: 'RUN', description: 'Only the children of this run' },
    'forks-of': { type: 'string', value: 'RUN', description: 'Only the forks of this run' },
    ...limitOption(DEFAULT_LIMIT),
    ids: { type: 'boolean', description: 'Print the ids alone, one a line' },
    ...jsonOption,
    ...jsonlOption,
    ...settingOptions,
  },
  examples: [
    ['troupe runs list --status failed --limit 5', 'The five newest runs that failed'],
    ['troupe runs list --parent run_01j9zq', 'The runs that tasks of this run started'],
  ],
  run: listRuns,
};

async function listRuns(context: CommandContext): Promise<number> {
  const { arguments: given, terminal } = context;
  const limit = limitOf(given, { usual: DEFAULT_LIMIT, narrower: '--status' });
  const status = given.text('status');
  if (status !== undefined && !(runStatuses as readonly string[]).includes(status))
    throw new UsageError(
      `no run has the status "${status}"`,
      didYouMean(status, runStatuses, `Known are ${runStatuses.join(', ')}.`),
    );
  const parent = given.text('parent');
  const origin = given.text('forks-of');
  if ([status, parent, origin].filter((each) => each !== undefined).length > 1)
    throw new UsageError('--status, --parent and --forks-of are lists', 'Choose one of them.');
  return withReader(context, async (reader) => {
    const filter = filterOf({ status, parent, origin });
    const { documents } = await reader.query('runs', { limit, reverse: true, ...filter });
    const runs = documents.map(({ document }) => document as JsonObject);
    if (given.flag('json')) terminal.printJson({ runs });
    else if (given.flag('jsonl')) for (const run of runs) terminal.printJson(run);
    else if (given.flag('ids')) for (const run of runs) terminal.print(String(run['runId']));
    else if (runs.length === 0) terminal.tell(`no runs in ${reader.where}`);
    else for (const line of table(rowsOf(runs))) terminal.print(line);
    return exitCodes.done;
  });
}

/** Without a filter all runs but jobs, which have a list of their own. */
function filterOf(given: Record<'status' | 'parent' | 'origin', string | undefined>) {
  if (given.status !== undefined) return { index: 'status', prefix: `${given.status}/` };
  if (given.origin !== undefined) return { index: 'forkedFrom', prefix: `${given.origin}/` };
  return given.parent === undefined
    ? { prefix: PLAIN_RUN_IDS }
    : { index: 'parent', prefix: `${given.parent}/` };
}

/** The parents of children stand in a column of their own, where there are any. */
function rowsOf(runs: readonly JsonObject[]): string[][] {
  const heads = ['run', 'name', 'status', 'created', 'took'];
  if (runs.every((run) => run['parent'] === null)) return [heads, ...runs.map(row)];
  const parentOf = (run: JsonObject): string => {
    const { runId, task } = (run['parent'] ?? {}) as { runId?: string; task?: string };
    return runId === undefined ? '' : `${task} of ${runId}`;
  };
  return [[...heads, 'child of'], ...runs.map((run) => [...row(run), parentOf(run)])];
}

function row(run: JsonObject): string[] {
  const created = new Date(Number(run['createdAt'])).toISOString();
  const since = Number(run['startedAt'] ?? run['createdAt']);
  const took = run['durationMs'] === null ? now() - since : Number(run['durationMs']);
  return [
    String(run['runId']),
    String(run['name']),
    String(run['status']),
    created,
    duration(took),
  ];
}

function completion(given: Arguments): CommandInput {
  const status = given.text('status') ?? 'succeeded';
  if (status !== 'succeeded' && status !== 'failed') {
    throw new UsageError(
      `--status is succeeded or failed, not "${status}"`,
      'Write --status=succeeded.',
    );
  }
  return { type: 'complete', status, ...withReason(given) };
}

function cancellation(given: Arguments): CommandInput {
  const task = given.text('task');
  return { type: 'cancel', ...(task === undefined ? {} : { task }), ...withReason(given) };
}

function retry(given: Arguments): CommandInput {
  const tasks = [...given.list('task')];
  return { type: 'retry', ...(tasks.length === 0 ? {} : { tasks }), ...withReason(given) };
}

const retriedTasks: OptionTable = {
  task: {
    type: 'string',
    value: 'ID',
    multiple: true,
    description: 'Of what failed only this task; again for more of them',
  },
};

const hardOption: OptionTable = {
  hard: {
    type: 'boolean',
    description: 'Interrupt what runs; it starts again when the run is resumed',
  },
};

const taskOption: OptionTable = {
  task: {
    type: 'string',
    value: 'ID',
    description: 'Only this task, or one instance of it (each~3); the run goes on',
  },
};

const statusOption: OptionTable = {
  status: {
    type: 'string',
    value: 'STATUS',
    choices: ['succeeded', 'failed'],
    description: 'succeeded or failed',
  },
};

export const runsGroup: CommandGroup = {
  summary: 'List, show, watch and control runs',
  commands: {
    list: listCommand,
    show: showCommand,
    report: reportCommand,
    watch: watchCommand,
    start: sender('Start a run that was created without starting', {
      name: 'start',
      message: () => ({ type: 'start' }),
    }),
    step: sender('Run one ready task, then pause again', {
      name: 'step',
      message: () => ({ type: 'step' }),
    }),
    pause: sender('Start no new attempts until it is resumed', {
      name: 'pause',
      options: { ...hardOption, ...reasonOption },
      message: (given) => ({
        type: 'pause',
        ...(given.flag('hard') ? { hard: true } : {}),
        ...withReason(given),
      }),
    }),
    checkpoint: checkpointCommand,
    resume: sender('Let a paused run go on', {
      name: 'resume',
      message: () => ({ type: 'resume' }),
    }),
    complete: sender('End a run by decision of an operator', {
      name: 'complete',
      options: { ...statusOption, ...reasonOption },
      message: completion,
    }),
    cancel: sender('Ask the agents to stop and end the run, or one task of it', {
      name: 'cancel',
      options: { ...taskOption, ...reasonOption },
      message: cancellation,
    }),
    terminate: terminateCommand,
    'blast-radius': blastRadiusCommand,
    release: releaseCommand,
    reproduce: reproduceCommand,
    fork: forkCommand,
    retry: sender('Try a failed run again from what failed; results are kept', {
      name: 'retry',
      options: { ...retriedTasks, ...reasonOption },
      message: retry,
    }),
    adapt: adaptCommand,
    approve: approveCommand,
    reject: rejectCommand,
    delegate: delegateCommand,
    signal: signalCommand,
  },
};
