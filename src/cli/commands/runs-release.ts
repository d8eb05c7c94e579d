/** `troupe runs release`: lifts the quarantine of one run, of several, or of all. */
import type { Client } from '../../client/client.ts';
import type { Command, CommandContext } from '../command.ts';
import { jsonOption, settingOptions } from '../common-options.ts';
import { UsageError } from '../errors.ts';
import { sendToMany, touchedOptions, touchedRuns } from './runs-many.ts';
import { reasonOption, send, withReason } from './runs-send.ts';

/** Runs that are asked for at a time. */
const PAGE = 500;

export const releaseCommand: Command = {
  summary: 'Lift the quarantine of runs',
  words: ['[run]...'],
  options: {
    all: { type: 'boolean', description: 'Every run that is in quarantine' },
    ...touchedOptions,
    ...reasonOption,
    ...jsonOption,
    ...settingOptions,
  },
  notes: [
    'One that cannot be released does not keep the others; the exit code is that of the first.',
  ],
  examples: [
    ['troupe runs release run_01j9zq', 'Let one run go on'],
    ['troupe runs release run_01j9zq --alike', 'And all that broke with the same definition'],
    ['troupe runs release --all --reason "agent 1.4.2 is out"', 'After a defect was mended'],
  ],
  run: release,
};

async function release(context: CommandContext): Promise<number> {
  const { arguments: given } = context;
  const [runId, ...others] = given.words;
  const family = given.flag('with-family');
  const alike = given.flag('alike');
  const isAll = given.flag('all');
  const message = { type: 'release' as const, ...withReason(given) };
  if (isAll && runId !== undefined)
    throw new UsageError('--all and runs by name are two ways', 'Choose one of them.');
  if ((family || alike) && (isAll || others.length > 0))
    throw new UsageError('--with-family and --alike are about one run', 'Name one run.');
  if (family || alike)
    return sendToMany(context, {
      ...{ message, done: 'released' },
      choose: (client) =>
        touchedRuns(client, given.word(0, 'the run'), { family, alike, takes: 'quarantined' }),
    });
  if (!isAll && others.length === 0)
    return send(context, () => (client, one) => client.command(one, message));
  return sendToMany(context, {
    ...{ message, done: 'released' },
    choose: async (client) => (isAll ? quarantinedRuns(client) : new Set(given.words)),
  });
}

async function quarantinedRuns(client: Client): Promise<Set<string>> {
  const runIds = new Set<string>();
  for (let page: string | undefined; ; ) {
    const reply = await client.query('runs', {
      ...{ index: 'status', prefix: 'quarantined/', limit: PAGE },
      ...(page === undefined ? {} : { page }),
    });
    for (const { key } of reply.documents) runIds.add(key);
    if (reply.next === undefined) return runIds;
    page = reply.next;
  }
}
