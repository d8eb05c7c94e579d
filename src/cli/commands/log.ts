/** `troupe log`: the log itself. `verify`, `export` and `import` work on the directory and need it for themselves. */
import type { Command, CommandContext, CommandGroup } from '../command.ts';
import { jsonOption, settingOptions } from '../common-options.ts';
import { exitCodes } from '../exit-codes.ts';
import { openSession } from '../session.ts';
import { archiveCommand } from './log-archive.ts';
import { collectCommand } from './log-collect.ts';
import { statsCommand } from './log-stats.ts';
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

export const logGroup: CommandGroup = {
  summary: 'Follow, measure, verify, export and tidy the log',
  commands: {
    tail: tailCommand,
    verify: verifyCommand,
    export: exportCommand,
    import: importCommand,
    stats: statsCommand,
    collect: collectCommand,
    archive: archiveCommand,
  },
};
