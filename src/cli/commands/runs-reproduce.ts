/** `troupe runs reproduce`: the shortest history after which a run breaks again, as a log of its own. */
import { resolve } from 'node:path';
import type { EventLog } from '../../log/event-log.ts';
import type { Command, CommandContext } from '../command.ts';
import { jsonOption, settingOptions } from '../common-options.ts';
import { FileUnwritableError } from '../errors.ts';
import { exitCodes } from '../exit-codes.ts';
import { asTyped } from '../own-command.ts';
import { withReader } from '../reader.ts';
import type { Reproducer } from '../reproducer.ts';

export const reproduceCommand: Command = {
  summary: 'Write the shortest history after which a run breaks again, as a log',
  words: ['run', '[file]'],
  options: { ...jsonOption, ...settingOptions },
  notes: [
    'Without a file: `<run>.reproducer.jsonl` in this directory. For a run in quarantine, or one that failed with an attempt.',
    '`troupe log import <file> --data-dir <an empty folder>` makes a log of it: `troupe up` then gives the attempt out again, `troupe replay` shows the state just before.',
  ],
  examples: [['troupe runs reproduce run_01j9zq crash.jsonl', 'A small log to send to somebody']],
  run: reproduce,
};

const HOW: Readonly<Record<Reproducer['kind'], string>> = {
  fold: 'folding its last event throws',
  attempt: 'an orchestrator gives the attempt out again',
  decision: 'the next message breaks it; what it was is in the evidence of run.quarantined',
};

async function reproduce(context: CommandContext): Promise<number> {
  const { arguments: given, terminal } = context;
  const runId = given.word(0, 'the run');
  const file = given.words[1] ?? `${runId}.reproducer.jsonl`;
  return withReader(context, async (reader) => {
    const [{ findReproducer }, { writeArchive }] = await Promise.all([
      import('../reproducer.ts'),
      import('../../log/archive-file.ts'),
    ]);
    const { log, envelopes } = await reader.history(runId);
    const found = await findReproducer(log, runId, envelopes);
    const part = { stream: runId, toVersion: found.toVersion };
    const path = resolve(context.workingDirectory, file);
    const written = await writeArchive(log, [part], path).catch((error: unknown) => {
      throw (error as { code?: unknown }).code === 'log.io'
        ? new FileUnwritableError(file, (error as Error).cause)
        : error;
    });
    const { code, message, toVersion, kind, task } = found;
    if (given.flag('json'))
      terminal.printJson({ ...found, runId, file, events: envelopes.length, bytes: written.bytes });
    else {
      const what = task === undefined ? '' : ` (${task})`;
      terminal.print(
        `wrote ${file}: ${await endOfCommit(log, runId, toVersion)} of ${envelopes.length} events; ${HOW[kind]}${what}`,
      );
      terminal.print(`${code}: ${message}`);
      terminal.tell(
        asTyped(`  hint: \`troupe log import ${file} --data-dir <an empty folder>\` reads it.`),
      );
    }
    return exitCodes.done;
  });
}

/** Commits are written whole. */
async function endOfCommit(log: EventLog, runId: string, version: number): Promise<number> {
  for await (const commits of log.readStream(runId, { fromVersion: version, toVersion: version })) {
    const last = commits.at(-1);
    if (last !== undefined) return last.firstVersion + last.events.length - 1;
  }
  return version;
}
