/** `troupe runs approve`, `reject` and `signal`: answers to tasks that wait. */
import { userInfo } from 'node:os';
import type { JsonValue } from '../../workflow/value.ts';
import type { Arguments, OptionTable } from '../arguments.ts';
import type { Command } from '../command.ts';
import { jsonOption, settingOptions } from '../common-options.ts';
import { UsageError } from '../errors.ts';
import { readText } from '../run-input.ts';
import { send } from './runs-send.ts';

const answerOptions: OptionTable = {
  by: {
    type: 'string',
    value: 'NAME',
    description: 'Who answers; default: the user of this shell',
  },
  comment: { type: 'string', value: 'TEXT', description: 'What they say; recorded in the log' },
  id: { type: 'string', value: 'ID', description: 'The same id never says it twice' },
  ...jsonOption,
  ...settingOptions,
};

/** A person answers once, so everybody needs a name. */
export function personOf(given: Arguments): string {
  const by = given.text('by');
  if (by !== undefined && by.trim() !== '') return by.trim();
  if (by !== undefined) throw new UsageError('--by is empty', 'Write --by=NAME.');
  try {
    return userInfo().username;
  } catch {
    throw new UsageError('the user of this shell has no name', 'Say who answers: --by=NAME.');
  }
}

function answer(type: 'approve' | 'reject', summary: string, effect: string): Command {
  return {
    summary,
    words: ['run', 'task'],
    options: answerOptions,
    notes: [
      'The task is one that `troupe inbox` lists, by its id. A person answers once; where several are needed, others do.',
    ],
    examples: [
      [`troupe runs ${type} run_01j9zq sign-off`, effect],
      [
        `troupe runs ${type} run_01j9zq sign-off --by ann --comment "seen by legal"`,
        'In the name of somebody else, with a comment',
      ],
    ],
    run: (context) =>
      send(context, (given) => {
        const task = given.word(1, 'the task');
        const said = answerOf(given);
        return (client, runId) => client[type](runId, task, said);
      }),
  };
}

export const approveCommand = answer(
  'approve',
  'Approve a task that waits for it',
  'The task goes on, once enough have approved',
);
export const rejectCommand = answer(
  'reject',
  'Reject a task that waits for an approval',
  'The task fails with approval.denied',
);

function answerOf(given: Arguments): { by: string; comment?: string; id?: string } {
  const comment = given.text('comment');
  return {
    by: personOf(given),
    ...(comment === undefined ? {} : { comment }),
    ...idOf(given),
  };
}

/** `--id`, where it was given. */
export function idOf(given: Arguments): { id?: string } {
  const id = given.text('id');
  return id === undefined ? {} : { id };
}

export const delegateCommand: Command = {
  summary: 'Let somebody else answer an approval',
  words: ['run', 'task', 'to'],
  options: {
    ...answerOptions,
    by: {
      type: 'string',
      value: 'NAME',
      description: 'Who hands the answer on; default: the user of this shell',
    },
  },
  notes: [
    'Everybody answers once: the other one must not be asked already. An answer goes through five persons at most, and never comes back.',
  ],
  examples: [
    ['troupe runs delegate run_01j9zq sign-off dave', 'dave answers instead of you'],
    [
      'troupe runs delegate run_01j9zq sign-off dave --by ann --comment "on holiday"',
      'In the name of ann, and why',
    ],
  ],
  run: (context) =>
    send(context, (given) => {
      const task = given.word(1, 'the task');
      const said = { ...answerOf(given), to: given.word(2, 'who answers instead') };
      return (client, runId) => client.delegate(runId, task, said);
    }),
};

export const signalCommand: Command = {
  summary: 'Send a signal to a run',
  words: ['run', 'name'],
  options: {
    payload: { type: 'string', value: 'JSON', description: 'What comes with it; default: nothing' },
    'payload-file': { type: 'string', value: 'FILE', description: 'The same from a JSON file' },
    id: { type: 'string', value: 'ID', description: 'The same id never sends it twice' },
    ...jsonOption,
    ...settingOptions,
  },
  notes: [
    'A signal is kept until a task takes it, also when none waits yet. `{"close": true}` ends a feed of that name.',
  ],
  examples: [
    ['troupe runs signal run_01j9zq document-arrived', 'Wake the task that waits for it'],
    [
      `troupe runs signal run_01j9zq files --payload '{"path": "a.ts"}'`,
      'Add an instance to a foreach that is fed',
    ],
  ],
  run: (context) =>
    send(context, (given) => {
      const name = given.word(1, 'the name of the signal');
      const payload = payloadOf(given);
      const id = given.text('id');
      return (client, runId) => client.signal(runId, name, payload, id === undefined ? {} : { id });
    }),
};

function payloadOf(given: Arguments): JsonValue | undefined {
  const text = given.text('payload');
  const file = given.text('payload-file');
  if (text !== undefined && file !== undefined)
    throw new UsageError('--payload and --payload-file are both given', 'Keep one of them.');
  if (file !== undefined) return parsed(readText(file), `the file ${file}`);
  return text === undefined ? undefined : parsed(text, '--payload');
}

function parsed(text: string, what: string): JsonValue {
  try {
    return JSON.parse(text) as JsonValue;
  } catch (error) {
    throw new UsageError(
      `${what} is no JSON: ${(error as Error).message}`,
      `A text needs quotes of its own: --payload '"text"'.`,
    );
  }
}
