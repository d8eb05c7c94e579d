/** `troupe log archive`: ended runs leave the log. */
import type { RetentionReport } from '../../actors/services/archiver.ts';
import type { EventLog } from '../../log/event-log.ts';
import type { RetentionPolicy } from '../../policies/retention.ts';
import type { JsonObject } from '../../workflow/value.ts';
import type { Arguments } from '../arguments.ts';
import type { Command, CommandContext } from '../command.ts';
import { jsonOption, settingOptions } from '../common-options.ts';
import { durationOption } from '../duration-option.ts';
import { UsageError } from '../errors.ts';
import { exitCodes } from '../exit-codes.ts';
import { withLog } from '../log-access.ts';
import { byteCount, counted } from '../render/format.ts';
import { openSession } from '../session.ts';
import type { Settings } from '../settings.ts';
import type { Terminal } from '../terminal.ts';

/** Why families stayed, in words. */
const WORDS: Readonly<Record<string, string>> = {
  'goes-on': 'a child or a quarantine goes on',
  forked: 'a fork needs the history',
  'family-too-large': 'the run has more than 10,000 descendants',
  'not-published': 'the events have not been published yet',
  changed: 'a run went on meanwhile',
};

export const archiveCommand: Command = {
  summary: 'Let ended runs leave the log, archived in files or for good',
  words: [],
  options: {
    'older-than': {
      type: 'string',
      value: 'TIME',
      description: 'Runs that ended longer ago: 30d, 12h',
    },
    beyond: {
      type: 'string',
      value: 'N',
      description: 'Runs beyond this many that ended, the newest first',
    },
    delete: { type: 'boolean', description: 'Write no archive: what leaves is gone' },
    'dry-run': { type: 'boolean', description: 'Only say what would leave' },
    ...jsonOption,
    ...settingOptions,
  },
  notes: [
    'An archive is `<data dir>/archive/<start of the id>/<run>.jsonl`; `troupe log import` reads it.',
    'A run leaves with all its descendants, or stays. `retention:` in troupe.config.yaml lets `troupe up` do this by itself.',
  ],
  examples: [
    ['troupe log archive --older-than 30d --dry-run', 'What ended more than 30 days ago'],
    ['troupe log archive --beyond 10000 --delete', 'Keep the newest 10,000 runs'],
  ],
  run: archive,
};

async function archive(context: CommandContext): Promise<number> {
  const { arguments: given, terminal } = context;
  const session = await openSession(context);
  const policy = policyOf(given);
  const dryRun = given.flag('dry-run');
  const { result } = await withLog(session, {
    remote: (client) => client.log('archive', { ...policy, dryRun } as unknown as JsonObject),
    local: (log) => archiveHere(log, session.settings, { policy, dryRun }),
  });
  if (given.flag('json')) terminal.printJson(result);
  else show(terminal, result as RetentionReport);
  return exitCodes.done;
}

function policyOf(given: Arguments): RetentionPolicy {
  const olderThanMs = durationOption(given, 'older-than');
  const beyond = given.whole('beyond', 0);
  if (olderThanMs === undefined && beyond === undefined)
    throw new UsageError(
      'which runs should leave?',
      'Write --older-than 30d, --beyond 10000, or both.',
    );
  return {
    action: given.flag('delete') ? 'delete' : 'archive',
    ...(olderThanMs === undefined ? {} : { olderThanMs }),
    ...(beyond === undefined ? {} : { beyond }),
  };
}

async function archiveHere(
  log: EventLog,
  settings: Settings,
  work: { policy: RetentionPolicy; dryRun: boolean },
): Promise<RetentionReport> {
  const [{ Archiver }, { Projector }, { archiveDirectoryOf }, { now }] = await Promise.all([
    import('../../actors/services/archiver.ts'),
    import('../../actors/services/projector.ts'),
    import('../open-log.ts'),
    import('../clock.ts'),
  ]);
  const projector = new Projector({ log });
  await projector.open();
  try {
    projector.start();
    const directory = archiveDirectoryOf(settings);
    return await new Archiver({ ...work, log, projector, directory, now }).run();
  } finally {
    await projector.close();
  }
}

function show(terminal: Terminal, report: RetentionReport): void {
  const { action, dryRun, runs, families, commits, archiveBytes, shown, stayed } = report;
  for (const runId of shown) terminal.print(runId);
  const more = families - shown.length;
  if (more > 0) terminal.print(`and ${more} more`);
  for (const [reason, count] of Object.entries(stayed))
    terminal.print(`${counted(count, 'run')} stayed: ${WORDS[reason] ?? reason}`);
  const how = action === 'archive' ? 'archived' : 'deleted';
  const kept = archiveBytes === 0 ? '' : `, ${byteCount(archiveBytes)} in files`;
  terminal.print(
    `${counted(runs, 'run')} ${dryRun ? `would be ${how}` : how}: ${counted(commits, 'commit')}${kept}`,
  );
}
