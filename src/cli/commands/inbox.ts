/** `troupe inbox`: what waits for somebody, over all runs, and how to answer it. */
import type { QueryInput } from '../../client/client.ts';
import type { InboxItem } from '../../projections/inbox.ts';
import type { JsonObject } from '../../workflow/value.ts';
import type { Arguments } from '../arguments.ts';
import { now } from '../clock.ts';
import type { Command, CommandContext } from '../command.ts';
import { jsonlOption, jsonOption, settingOptions } from '../common-options.ts';
import { exitCodes } from '../exit-codes.ts';
import { limitOf, limitOption, MAX_LISTED } from '../list-limit.ts';
import { dataDirOption, ownCommand } from '../own-command.ts';
import { type Reader, withReader } from '../reader.ts';
import { brief, counted, duration, localTime } from '../render/format.ts';
import { plainText } from '../render/painted.ts';
import { answersOf, waitText } from '../render/wait-text.ts';

const DEFAULT_LIMIT = 50;
const MAX_QUESTION = 300;

export const inboxCommand: Command = {
  summary: 'List what waits for a person or a signal, over all runs',
  words: [],
  options: {
    run: { type: 'string', value: 'RUN', description: 'Only this run' },
    group: { type: 'string', value: 'NAME', description: 'Only what this group may approve' },
    ...limitOption(DEFAULT_LIMIT),
    ...jsonOption,
    ...jsonlOption,
    ...settingOptions,
  },
  notes: ['The oldest run comes first. Below each entry stand the commands that answer it.'],
  examples: [
    ['troupe inbox', 'Everything that waits'],
    ['troupe inbox --group leads --json', 'What the leads may approve, as a document'],
  ],
  run: listInbox,
};

type Entry = InboxItem & { name: string | null; answers: string[] };

async function listInbox(context: CommandContext): Promise<number> {
  const { arguments: given, terminal } = context;
  const limit = limitOf(given, { usual: DEFAULT_LIMIT, narrower: '--group' });
  const query = queryOf(given, limit);
  return withReader(context, async (reader, session) => {
    const { documents, next } = await reader.query('inbox', query);
    const group = given.text('group');
    const found = documents
      .map(({ document }) => document as InboxItem)
      .filter((item) => group === undefined || item.group === group);
    const items = found.slice(0, limit);
    const call = { own: ownCommand(), ending: dataDirOption(session) };
    const names = items.length === 0 ? new Map<string, string>() : await namesOf(reader);
    const entries: Entry[] = items.map((item) => ({
      ...item,
      name: names.get(item.runId) ?? null,
      answers: answersOf({ ...item, task: item.taskId }, call),
    }));
    if (given.flag('json')) terminal.printJson({ inbox: entries });
    else if (given.flag('jsonl')) for (const entry of entries) terminal.printJson(entry);
    else if (entries.length === 0) terminal.tell(`nothing waits for anybody in ${reader.where}`);
    else for (const entry of entries) for (const line of linesOf(entry)) terminal.print(line);
    const hasMore = next !== undefined || found.length > items.length;
    if (hasMore) terminal.tell(`there is more; --limit is ${limit}`);
    return exitCodes.done;
  });
}

function queryOf(given: Arguments, limit: number): QueryInput {
  const run = given.text('run');
  const group = given.text('group');
  // Of both the run is asked for, whole: the group is picked from it, and the limit counts what is left.
  if (run !== undefined)
    return { limit: group === undefined ? limit : MAX_LISTED, prefix: `${run}/` };
  return group === undefined ? { limit } : { limit, index: 'group', prefix: `${group}/` };
}

/** Names of the runs that have not ended; those beyond the bound stay without. */
async function namesOf(reader: Reader): Promise<Map<string, string>> {
  const { documents } = await reader.query('runs', { index: 'live', limit: MAX_LISTED });
  return new Map(
    documents.map(({ key, document }) => [key, String((document as JsonObject)['name'])]),
  );
}

function linesOf(entry: Entry): string[] {
  const { runId, taskId, name, kind, since, dueAt, message, approvals, answers } = entry;
  const handed = entry.delegations.map(({ from, to }) => plainText(`${from} to ${to}`));
  const time = now();
  const what = waitText(kind, detailsOf(entry));
  const due =
    dueAt === null
      ? ''
      : dueAt <= time
        ? ', due now'
        : `, due in ${duration(dueAt - time)} (${localTime(dueAt)})`;
  const who = approvals.map(({ by, comment }) =>
    plainText(comment === null ? by : `${by} ("${brief(comment, MAX_QUESTION)}")`),
  );
  return [
    `${runId}${name === null ? '' : ` "${plainText(name)}"`}  ${taskId}  ${what}, for ${duration(Math.max(0, time - since))}${due}`,
    ...(message === null ? [] : [`  ${plainText(brief(message, MAX_QUESTION))}`]),
    ...(who.length === 0 ? [] : [`  approved by ${who.join(', ')}`]),
    ...(entry.members === null ? [] : [`  asked: ${entry.members.map(plainText).join(', ')}`]),
    ...(handed.length === 0 ? [] : [`  handed on by ${handed.join(', ')}`]),
    ...reminderLines(entry, time),
    ...answers.map((command) => `  ${command}`),
  ];
}

function reminderLines({ reminders, remindedAt, nextReminderAt }: Entry, time: number): string[] {
  if (remindedAt === null) return [];
  const next =
    nextReminderAt === null
      ? 'the last'
      : `the next in ${duration(Math.max(0, nextReminderAt - time))}`;
  return [`  ${counted(reminders, 'reminder')}, ${next}`];
}

/** What `waitText` knows of a wait, from its document. */
function detailsOf({ kind, group, quorum, approvals, signals, dueAt }: InboxItem): JsonObject {
  const [signal] = signals;
  if (kind !== 'first') {
    return {
      ...(group === null ? {} : { group }),
      ...(quorum === null ? {} : { quorum }),
      ...(signal === undefined ? {} : { signal }),
      by: approvals.map(({ by }) => by),
    };
  }
  const timer = dueAt === null ? [] : [{ event: 'timer' }];
  return { events: [...signals.map((each) => ({ signal: each })), ...timer] };
}
