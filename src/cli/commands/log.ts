/** `troupe log`: the log itself. All but `tail` and `stats` work on the directory and need it for themselves. */

import { now } from '../clock.ts';
import type { Command, CommandContext, CommandGroup } from '../command.ts';
import { jsonOption, settingOptions } from '../common-options.ts';
import { findOrchestrator } from '../connect.ts';
import { exitCodes } from '../exit-codes.ts';
import { duration } from '../render/format.ts';
import { openSession, type Session } from '../session.ts';
import { tailCommand } from './log-tail.ts';
import { exportCommand, importCommand } from './log-transfer.ts';

const verifyCommand: Command = {
  summary: 'Check every record, version, index and blob of the log',
  words: [],
  options: { ...jsonOption, ...settingOptions },
  notes: [
    'Needs the data directory for itself: end the orchestrator first. Exit code 1 when something is wrong.',
  ],
  examples: [['troupe log verify', 'Check the log of this directory']],
  run: verify,
};

async function verify(context: CommandContext): Promise<number> {
  const { arguments: given, terminal } = context;
  const { settings } = await openSession(context);
  const [{ requireLog }, { verifyLog }] = await Promise.all([
    import('../open-log.ts'),
    import('../../log/verify.ts'),
  ]);
  requireLog(settings);
  const report = await verifyLog(settings.dataDir);
  if (given.flag('json')) terminal.printJson(report);
  else {
    for (const problem of report.problems) {
      const where =
        problem.position === undefined ? (problem.stream ?? '') : `position ${problem.position}`;
      terminal.print(`${problem.kind} ${where}: ${problem.message}`);
    }
    terminal.print(
      `${report.commits} commits, ${report.events} events, ${report.streams} streams: ${report.ok ? 'all well' : `${report.problemCount} problems`}`,
    );
  }
  return report.ok ? exitCodes.done : exitCodes.failed;
}

const statsCommand: Command = {
  summary: 'Show how much is in the log',
  words: [],
  options: { ...jsonOption, ...settingOptions },
  examples: [['troupe log stats --json', 'Figures for a program']],
  run: stats,
};

async function stats(context: CommandContext): Promise<number> {
  const { arguments: given, terminal } = context;
  const session = await openSession(context);
  const figures = (await remoteStats(session)) ?? (await localStats(session));
  if (given.flag('json')) terminal.printJson(figures);
  else
    for (const [name, value] of Object.entries(figures))
      terminal.print(`${name}: ${String(value)}`);
  return exitCodes.done;
}

async function remoteStats(session: Session): Promise<Record<string, unknown> | undefined> {
  const found = await findOrchestrator(session);
  if (found === undefined) return undefined;
  try {
    const { logId, since, version } = await found.client.hello();
    const { position } = await found.client.query('runs', { limit: 1 });
    return { where: found.url, logId, version, commits: position, upFor: duration(now() - since) };
  } finally {
    await found.close();
  }
}

async function localStats({ settings }: Session): Promise<Record<string, unknown>> {
  const { openExistingLog } = await import('../open-log.ts');
  const log = await openExistingLog(settings);
  try {
    const { commits, diskBytes } = await log.stats();
    return { where: settings.dataDir, logId: log.logId, commits, diskBytes };
  } finally {
    await log.close();
  }
}

export const logGroup: CommandGroup = {
  summary: 'Follow, verify, export and import the log',
  commands: {
    tail: tailCommand,
    verify: verifyCommand,
    export: exportCommand,
    import: importCommand,
    stats: statsCommand,
  },
};
