/** `troupe schedules add`: a workflow, its inputs and its times become a schedule. */
import type { ScheduleInput } from '../../client/client.ts';
import { catchUpPolicies, overlapPolicies, type ScheduleReply } from '../../messages/schedule.ts';
import type { Arguments, OptionTable } from '../arguments.ts';
import type { Command, CommandContext } from '../command.ts';
import { jsonOption, settingOptions } from '../common-options.ts';
import { becomeOrchestrator, type Connection, findOrchestrator } from '../connect.ts';
import { UsageError } from '../errors.ts';
import { exitCodes } from '../exit-codes.ts';
import { onceUnlocked } from '../once-unlocked.ts';
import { asTyped, dataDirOption } from '../own-command.ts';
import { plainText } from '../render/painted.ts';
import { problemLines } from '../report-error.ts';
import { readInputs, readTarget } from '../run-input.ts';
import { openSession } from '../session.ts';
import { ownerFields, ownerOptions } from '../start-options.ts';

const timeOptions: OptionTable = {
  cron: {
    type: 'string',
    value: 'EXPRESSION',
    description: 'Five fields: minute hour day month weekday, as in "30 6 * * MON-FRI"',
  },
  every: { type: 'string', value: 'DURATION', description: 'An interval: 30s, 15m, 1h, 1d' },
  at: { type: 'string', value: 'TIME', description: 'Once, ISO 8601: 2030-01-31T09:00Z' },
  zone: {
    type: 'string',
    value: 'NAME',
    description: 'Time zone of --cron and --at, such as Europe/Berlin; default UTC',
  },
  'catch-up': {
    type: 'string',
    value: 'POLICY',
    choices: catchUpPolicies,
    description: 'Of times that were missed: skip, last (default), all',
  },
  'catch-up-limit': {
    type: 'string',
    value: 'N',
    description: 'How many of them --catch-up=all makes up for; default 100',
  },
  overlap: {
    type: 'string',
    value: 'POLICY',
    choices: overlapPolicies,
    description: 'While the run before goes on: allow (default), skip, queue one',
  },
  jitter: {
    type: 'string',
    value: 'DURATION',
    description: 'Each run starts up to so much later',
  },
};

export const addCommand: Command = {
  summary: 'Set up a schedule for a workflow',
  words: ['name', 'file or name of a workflow'],
  options: {
    ...timeOptions,
    input: {
      type: 'string',
      short: 'i',
      multiple: true,
      value: 'NAME=VALUE',
      description: 'One input',
    },
    'input-file': { type: 'string', value: 'FILE', description: 'A JSON object with inputs' },
    ...ownerOptions,
    replace: { type: 'boolean', description: 'Change the schedule that has this name' },
    'dry-run': { type: 'boolean', description: 'Check it and print the next times' },
    ...jsonOption,
    ...settingOptions,
  },
  notes: [
    'One of --cron, --every and --at. The workflow is kept with the schedule: a file that changes needs --replace.',
    '`troupe up` starts the runs; times that come while nothing serves are missed, see --catch-up.',
  ],
  examples: [
    [
      'troupe schedules add nightly workflows/analyze-repository.yaml --cron "0 2 * * *" --zone Europe/Berlin',
      'Every night at two',
    ],
    ['troupe schedules add poll flow.yaml --every 15m --overlap skip', 'Never two at a time'],
  ],
  run: add,
};

async function add(context: CommandContext): Promise<number> {
  const { arguments: given, terminal } = context;
  const name = given.word(0, 'the name');
  const session = await openSession(context);
  const message = await messageOf(context, name);
  const connection = await onceUnlocked(async () => {
    const found = await findOrchestrator(session);
    const own = { kind: 'command' as const, worker: true };
    return found ?? becomeOrchestrator(session, { ...own, tell: (line) => terminal.tell(line) });
  });
  try {
    const reply = await connection.client.schedule(message);
    if (given.flag('json')) terminal.printJson(reply);
    else for (const line of replyLines(reply)) terminal.print(line);
    if (reply.dryRun !== true) tellWhoServes(connection, context, dataDirOption(session));
    return exitCodes.done;
  } finally {
    await connection.close();
  }
}

async function messageOf(context: CommandContext, name: string): Promise<ScheduleInput> {
  const { arguments: given, terminal } = context;
  const target = await readTarget(given.word(1, 'the workflow'), context.workingDirectory);
  if (target.kind === 'text') {
    throw new UsageError(
      `there is no workflow "${target.text}"`,
      'Name a file, or a workflow of `troupe templates`.',
    );
  }
  for (const line of problemLines(target.warnings)) terminal.tell(`warning:${line.slice(3)}`);
  const input = readInputs({
    pairs: given.list('input'),
    file: given.text('input-file'),
    definition: target.definition,
  });
  return {
    type: 'add',
    name,
    schedule: timesOf(given),
    request: { workflow: target.workflow, input, ...ownerFields(given) },
    replace: given.flag('replace'),
    dryRun: given.flag('dry-run'),
  };
}

type Times = Extract<ScheduleInput, { type: 'add' }>['schedule'];

function timesOf(given: Arguments): Times {
  const limit = given.whole('catch-up-limit', 1);
  const text = (name: string, option = name) => {
    const value = given.text(option);
    return value === undefined ? {} : { [name]: value };
  };
  return {
    ...text('cron'),
    ...text('every'),
    ...text('at'),
    ...text('zone'),
    ...text('catchUp', 'catch-up'),
    ...text('overlap'),
    ...text('jitter'),
    ...(limit === undefined ? {} : { catchUpLimit: limit }),
  };
}

/** How a schedule stands after a command, for people. */
export function replyLines(reply: ScheduleReply): string[] {
  const { name, status, workflow, next, runId } = reply;
  if (runId !== undefined) return [`${name} started ${runId}`];
  const head = `${name} ${reply.dryRun === true ? 'would be ' : ''}${status}: starts "${plainText(workflow)}"`;
  return [head, ...next.map((time) => `  ${time}`)];
}

/** A schedule that nobody serves starts nothing. */
export function tellWhoServes(
  connection: Connection,
  { terminal }: CommandContext,
  ending: string,
): void {
  if (!connection.isOwn) return;
  terminal.tell(
    asTyped(
      `  hint: Nobody serves now: \`troupe up${ending}\` starts the runs when their time comes.`,
    ),
  );
}
