/** `troupe runs show`: a run as it is now. */

import type { RunReport } from '../../messages/report.ts';
import { now } from '../clock.ts';
import type { Command, CommandContext } from '../command.ts';
import { jsonOption, settingOptions } from '../common-options.ts';
import { exitCodes } from '../exit-codes.ts';
import { openReader, type Reader } from '../reader.ts';
import { duration, outputText } from '../render/format.ts';
import { taskTable } from '../render/timeline.ts';
import { failureText } from '../render/words.ts';
import { openSession } from '../session.ts';

export const showCommand: Command = {
  summary: 'Show a run, its tasks and its output',
  words: ['run'],
  options: { ...jsonOption, ...settingOptions },
  examples: [
    ['troupe runs show run_01j9zq --json', 'The same document that `troupe run --json` prints'],
  ],
  run: show,
};

async function show(context: CommandContext): Promise<number> {
  const { arguments: given, terminal } = context;
  const runId = given.word(0, 'the run');
  const reader = await openReader(await openSession(context, { logLevel: 'warn' }));
  try {
    const report = await reportFrom(reader, runId);
    if (given.flag('json')) {
      terminal.printJson(report);
      return exitCodes.done;
    }
    terminal.print(
      `${report.runId} "${report.name}" ${report.status}, ${duration(report.durationMs)}`,
    );
    if (report.error !== undefined) terminal.print(`error: ${failureText(report.error)}`);
    terminal.print('');
    for (const line of taskTable(report)) terminal.print(line);
    const text = outputText(report.output ?? null);
    if (text !== '') terminal.print(`\n${text}`);
    return exitCodes.done;
  } finally {
    await reader.close();
  }
}

async function reportFrom(reader: Reader, runId: string): Promise<RunReport> {
  if (reader.client !== undefined) return reader.client.report(runId);
  const { log } = await reader.history(runId);
  const { stateOf } = await import('../run-state.ts');
  return (await stateOf(log, runId, { now: now() })).report;
}
