/** `troupe diff`: two runs side by side. */
import type { Command, CommandContext } from '../command.ts';
import { jsonOption, settingOptions } from '../common-options.ts';
import { type ComparedRun, compareRuns } from '../compare-runs.ts';
import { exitCodes } from '../exit-codes.ts';
import { type Reader, withReader } from '../reader.ts';
import { diffLines } from '../render/run-diff.ts';

export const diffCommand: Command = {
  summary: 'Compare two runs: the way they took, outputs, times and what they used',
  words: ['run', 'other run'],
  options: { ...jsonOption, ...settingOptions },
  notes: [
    'What both have in common is left out: of a fork and the run it comes from, all up to the fork.',
    '`-` stands for the first run, `+` for the second, `a -> b` for a value of each.',
  ],
  examples: [
    ['troupe diff run_01j9zq run_01ja02', 'What came of the change that a fork was made with'],
    ['troupe diff run_01j9zq run_01ja02 --json', 'The same as data'],
  ],
  run: diff,
};

async function diff(context: CommandContext): Promise<number> {
  const { arguments: given, terminal } = context;
  const [left, right] = [given.word(0, 'the run'), given.word(1, 'the other run')];
  return withReader(context, async (reader) => {
    const difference = compareRuns(await read(reader, left), await read(reader, right));
    if (given.flag('json')) terminal.printJson(difference);
    else for (const line of diffLines(difference)) terminal.print(line);
    return exitCodes.done;
  });
}

async function read(reader: Reader, runId: string): Promise<ComparedRun> {
  const { log, envelopes, origins } = await reader.history(runId);
  const { stateOf } = await import('../run-state.ts');
  const { report } = await stateOf(log, runId);
  return { report, events: [...origins, ...envelopes] };
}
