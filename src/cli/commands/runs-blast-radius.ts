/** `troupe runs blast-radius`: what a run touches that went wrong. */
import type { BlastRadius } from '../../messages/blast-radius.ts';
import type { Command, CommandContext } from '../command.ts';
import { jsonOption, settingOptions } from '../common-options.ts';
import { RunNotFoundError } from '../errors.ts';
import { exitCodes } from '../exit-codes.ts';
import { type Reader, withReader } from '../reader.ts';
import { blastLines } from '../render/blast-text.ts';

export const blastRadiusCommand: Command = {
  summary: 'Show what a run touches: other runs, schedules, agents, work that is held back',
  words: ['run'],
  options: { ...jsonOption, ...settingOptions },
  notes: ['`runs release` and `runs terminate` take the whole family with `--with-family`.'],
  examples: [['troupe runs blast-radius run_01j9zq', 'Before it is released or terminated']],
  run: show,
};

async function show(context: CommandContext): Promise<number> {
  const { arguments: given, terminal } = context;
  const runId = given.word(0, 'the run');
  return withReader(context, async (reader) => {
    const radius = await readBlastRadius(reader, runId);
    if (given.flag('json')) {
      terminal.printJson(radius);
      return exitCodes.done;
    }
    const { quarantine, name, status } = radius;
    terminal.print(`${runId} "${name}" ${status}`);
    if (quarantine !== null) terminal.print(`error: ${quarantine.code}: ${quarantine.message}`);
    for (const line of blastLines(radius)) terminal.print(line);
    return exitCodes.done;
  });
}

/** Throws `run.not-found`. */
export async function readBlastRadius(
  reader: Pick<Reader, 'query' | 'where'>,
  runId: string,
): Promise<BlastRadius> {
  const { documents } = await reader.query('blast_radius', { key: runId });
  const document = documents[0]?.document;
  if (document === undefined) throw new RunNotFoundError(runId, reader.where);
  return document as unknown as BlastRadius;
}
