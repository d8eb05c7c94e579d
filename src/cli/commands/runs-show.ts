/** `troupe runs show`: a run as it is now. */

import type { RunReport } from '../../messages/report.ts';
import { now } from '../clock.ts';
import type { Command, CommandContext } from '../command.ts';
import { jsonOption, settingOptions, timesOption } from '../common-options.ts';
import { exitCodes } from '../exit-codes.ts';
import { type Reader, withReader } from '../reader.ts';
import { blastLines } from '../render/blast-text.ts';
import { duration, localTime, outputText } from '../render/format.ts';
import { taskTable, titleOf } from '../render/timeline.ts';
import { failureText } from '../render/words.ts';
import { readBlastRadius } from './runs-blast-radius.ts';

export const showCommand: Command = {
  summary: 'Show a run, its tasks and its output',
  words: ['run'],
  options: { ...timesOption, ...jsonOption, ...settingOptions },
  examples: [
    ['troupe runs show run_01j9zq --times', 'With the time at which each task began and ended'],
    ['troupe runs show run_01j9zq --json', 'The same document that `troupe run --json` prints'],
  ],
  run: show,
};

async function show(context: CommandContext): Promise<number> {
  const { arguments: given, terminal } = context;
  const runId = given.word(0, 'the run');
  return withReader(context, async (reader) => {
    const report = await reportFrom(reader, runId);
    if (given.flag('json')) {
      terminal.printJson(report);
      return exitCodes.done;
    }
    const starts = report.startsAt === undefined ? '' : `, starts ${localTime(report.startsAt)}`;
    terminal.print(`${titleOf(report)} ${report.status}, ${duration(report.durationMs)}${starts}`);
    const { parent } = report;
    if (parent !== undefined) terminal.print(`child of ${parent.runId}, task ${parent.task}`);
    const { forkedFrom } = report;
    if (forkedFrom !== undefined)
      terminal.print(`forked from ${forkedFrom.run} after its version ${forkedFrom.at}`);
    const since = startOf(report);
    if (since !== undefined) terminal.print(`first task at ${localTime(since)}`);
    if (report.error !== undefined) terminal.print(`error: ${failureText(report.error)}`);
    terminal.print('');
    for (const line of taskTable(report, { hasTimes: given.flag('times') })) terminal.print(line);
    if (report.status === 'quarantined') {
      terminal.print('\nwhat it touches:');
      for (const line of blastLines(await readBlastRadius(reader, runId))) terminal.print(line);
    }
    const text = outputText(report.output ?? null);
    if (text !== '') terminal.print(`\n${text}`);
    return exitCodes.done;
  });
}

/** When its first task began, ms since the epoch. */
function startOf({ tasks }: RunReport): number | undefined {
  const times = Object.values(tasks).flatMap(({ startedAt, instances = [] }) => [
    startedAt,
    ...instances.map((instance) => instance.startedAt),
  ]);
  const first = times.reduce((least: number, at) => Math.min(least, at ?? least), Infinity);
  return first === Infinity ? undefined : first;
}

async function reportFrom(reader: Reader, runId: string): Promise<RunReport> {
  if (reader.client !== undefined) return reader.client.report(runId);
  const { log } = await reader.history(runId);
  const { stateOf } = await import('../run-state.ts');
  return (await stateOf(log, runId, { now: now() })).report;
}
