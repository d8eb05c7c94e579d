/** `troupe schedules`: list, show, add, pause, resume, run, remove. */
import type { ScheduleInput } from '../../client/client.ts';
import { readDueTimes, shownTimes } from '../../machines/schedule/due-times.ts';
import { ScheduleNotFound } from '../../machines/schedule/errors.ts';
import type { ScheduleTiming } from '../../messages/schedule.ts';
import type { ScheduledTime, ScheduleRecord } from '../../projections/schedules.ts';
import type { JsonObject } from '../../workflow/value.ts';
import type { Arguments, OptionTable } from '../arguments.ts';
import type { Command, CommandContext, CommandGroup } from '../command.ts';
import { jsonlOption, jsonOption, settingOptions } from '../common-options.ts';
import { orchestratorOfRuns } from '../connect.ts';
import { UsageError } from '../errors.ts';
import { exitCodes } from '../exit-codes.ts';
import { limitOf, limitOption } from '../list-limit.ts';
import { dataDirOption } from '../own-command.ts';
import { withReader } from '../reader.ts';
import { brief, counted, table } from '../render/format.ts';
import { plainText } from '../render/painted.ts';
import { openSession } from '../session.ts';
import { idOf, personOf } from './runs-answer.ts';
import { reasonOption, withReason } from './runs-send.ts';
import { addCommand, replyLines, tellWhoServes } from './schedules-add.ts';

const DEFAULT_LIMIT = 100;
const SHOWN_TIMES = 5;
const statuses = ['active', 'done', 'paused'] as const;

const listCommand: Command = {
  summary: 'List schedules by name',
  words: [],
  options: {
    status: {
      type: 'string',
      value: 'STATUS',
      choices: statuses,
      description: 'Only active, done or paused ones',
    },
    ...limitOption(DEFAULT_LIMIT),
    ...jsonOption,
    ...jsonlOption,
    ...settingOptions,
  },
  examples: [['troupe schedules list --status active', 'Those that start runs']],
  run: listSchedules,
};

async function listSchedules(context: CommandContext): Promise<number> {
  const { arguments: given, terminal } = context;
  const limit = limitOf(given, { usual: DEFAULT_LIMIT, narrower: '--status' });
  const filter = filterOf(given);
  return withReader(context, async (reader) => {
    const { documents, next } = await reader.query('schedules', { limit, ...filter });
    const schedules = documents.map(({ document }) => document as ScheduleRecord);
    if (given.flag('json')) terminal.printJson({ schedules });
    else if (given.flag('jsonl')) for (const each of schedules) terminal.printJson(each);
    else if (schedules.length === 0) terminal.tell(`no schedules in ${reader.where}`);
    else for (const line of table(rowsOf(schedules))) terminal.print(line);
    if (next !== undefined) terminal.tell(`there is more; --limit is ${limit}`);
    return exitCodes.done;
  });
}

function filterOf(given: Arguments): { index: string; prefix: string } | object {
  const status = given.text('status');
  if (status === undefined) return {};
  if (!(statuses as readonly string[]).includes(status))
    throw new UsageError(
      `no schedule has the status "${status}"`,
      `Known are ${statuses.join(', ')}.`,
    );
  return { index: 'status', prefix: `${status}/` };
}

function rowsOf(schedules: readonly ScheduleRecord[]): string[][] {
  const heads = ['schedule', 'workflow', 'times', 'status', 'next', 'runs'];
  return [
    heads,
    ...schedules.map((each) => [
      each.name,
      brief(each.workflow, 40),
      timesText(each.schedule),
      each.status,
      isoOf(each.nextDueAt),
      String(each.started),
    ]),
  ];
}

function timesText(schedule: JsonObject): string {
  const { cron, every, at, zone } = schedule;
  const kind = cron === undefined ? (every === undefined ? `at ${at}` : `every ${every}`) : cron;
  return `${kind}${zone === undefined ? '' : ` ${zone}`}`;
}

function isoOf(time: number | null): string {
  return time === null ? '-' : new Date(time).toISOString();
}

const showCommand: Command = {
  summary: 'Show a schedule: its next times and what came of the last ones',
  words: ['name'],
  options: { ...jsonOption, ...settingOptions },
  examples: [['troupe schedules show nightly', 'When it starts a run next']],
  run: showSchedule,
};

async function showSchedule(context: CommandContext): Promise<number> {
  const { arguments: given, terminal } = context;
  const name = given.word(0, 'the name');
  return withReader(context, async (reader) => {
    const { documents } = await reader.query('schedules', { key: name });
    const [found] = documents;
    if (found === undefined) throw new ScheduleNotFound(name);
    const record = found.document as ScheduleRecord;
    const next = nextTimesOf(record);
    if (given.flag('json')) terminal.printJson({ ...record, next });
    else for (const line of linesOf(record, next)) terminal.print(line);
    return exitCodes.done;
  });
}

function nextTimesOf({ name, schedule, anchorAt, nextDueAt }: ScheduleRecord): string[] {
  if (nextDueAt === null) return [];
  const times = readDueTimes(name, schedule as unknown as ScheduleTiming, anchorAt);
  return shownTimes(times, nextDueAt - 1, SHOWN_TIMES);
}

function linesOf(record: ScheduleRecord, next: readonly string[]): string[] {
  const { name, workflow, schedule, status, started, failed, skipped, recent } = record;
  const { catchUp, overlap, jitter } = schedule;
  const why = record.pausedReason === null ? '' : ` (${plainText(record.pausedReason)})`;
  return [
    `${name}  "${plainText(workflow)}"  ${timesText(schedule)}  ${status}${why}`,
    `  missed times: ${catchUp}; overlap: ${overlap}${jitter === undefined ? '' : `; jitter: ${jitter}`}`,
    `  ${counted(started, 'run')} started, ${failed} refused, ${counted(skipped, 'time')} passed over`,
    ...(next.length === 0 ? [] : ['  next:', ...next.map((time) => `    ${time}`)]),
    ...(recent.length === 0
      ? []
      : ['  last:', ...table(recent.map(timeRow)).map((line) => `    ${line}`)]),
  ];
}

function timeRow({ dueAt, outcome, runId, count, error, by }: ScheduledTime): string[] {
  const what =
    runId ?? (error === null ? counted(count, 'time') : `${error.code}: ${brief(error.message)}`);
  return [isoOf(dueAt), outcome, by === null ? what : `${what} (asked for by ${plainText(by)})`];
}

const askedOptions: OptionTable = {
  by: {
    type: 'string',
    value: 'NAME',
    description: 'Who wants it; default: the user of this shell',
  },
  id: { type: 'string', value: 'ID', description: 'The same id never starts another one' },
};

type Said = Exclude<ScheduleInput, { type: 'add' | 'get' }>;

function sender(
  summary: string,
  parts: {
    type: Said['type'];
    options?: OptionTable;
    more?(given: Arguments): { reason?: string; by?: string; id?: string };
  },
): Command {
  return {
    summary,
    words: ['name'],
    options: { ...parts.options, ...jsonOption, ...settingOptions },
    examples: [[`troupe schedules ${parts.type} nightly`, summary]],
    run: (context) => say(context, parts),
  };
}

async function say(
  context: CommandContext,
  parts: {
    type: Said['type'];
    more?(given: Arguments): { reason?: string; by?: string; id?: string };
  },
): Promise<number> {
  const { arguments: given, terminal } = context;
  const name = given.word(0, 'the name');
  const session = await openSession(context);
  const connection = await orchestratorOfRuns(session, {
    kind: 'command',
    worker: true,
    tell: (line) => terminal.tell(line),
  });
  try {
    const message = { type: parts.type, name, ...parts.more?.(given) };
    const reply = await connection.client.schedule(message as Said);
    if (given.flag('json')) terminal.printJson(reply);
    else for (const line of replyLines(reply)) terminal.print(line);
    if (parts.type === 'resume' || parts.type === 'run')
      tellWhoServes(connection, context, dataDirOption(session));
    return exitCodes.done;
  } finally {
    await connection.close();
  }
}

export const schedulesGroup: CommandGroup = {
  summary: 'Start runs again and again',
  commands: {
    list: listCommand,
    show: showCommand,
    add: addCommand,
    pause: sender('Let times pass without runs until it is resumed', {
      type: 'pause',
      options: reasonOption,
      more: withReason,
    }),
    resume: sender('Let its times count again, from now on', { type: 'resume' }),
    run: sender('Start a run now; its times stay as they are', {
      type: 'run',
      options: askedOptions,
      more: (given) => ({ by: personOf(given), ...idOf(given) }),
    }),
    remove: sender('Withdraw a schedule; its runs go on', { type: 'remove' }),
  },
};
