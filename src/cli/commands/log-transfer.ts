/** `troupe log export` and `import`: a log as JSON Lines or as one JSON file. */
import { type FileHandle, open } from 'node:fs/promises';
import type { Command, CommandContext } from '../command.ts';
import { jsonOption, settingOptions } from '../common-options.ts';
import { FileUnreadableError, FileUnwritableError, UnfitFileError } from '../errors.ts';
import { exitCodes } from '../exit-codes.ts';
import { openSession } from '../session.ts';

export const exportCommand: Command = {
  summary: 'Write the whole log, blobs included',
  words: ['[file]'],
  options: { ...jsonOption, ...settingOptions },
  notes: [
    'Without a file: JSON Lines on stdout, also with --json. With one: a single JSON document, written as a whole or not at all.',
    'Needs the data directory for itself: end the orchestrator first.',
  ],
  examples: [
    ['troupe log export > log.jsonl', 'Lines that `troupe log import` reads'],
    ['troupe log export backup.json', 'One document for other programs'],
  ],
  run: exportLog,
};

async function exportLog(context: CommandContext): Promise<number> {
  const { arguments: given, terminal } = context;
  const { settings } = await openSession(context);
  const [{ openExistingLog }, { exportJson, exportLines }] = await Promise.all([
    import('../open-log.ts'),
    import('../../log/export-log.ts'),
  ]);
  const log = await openExistingLog(settings);
  try {
    const [file] = given.words;
    if (file !== undefined) {
      await exportJson(log, file).catch((error: unknown) => {
        throw isOfTarget(error, file) ? new FileUnwritableError(file, error.cause) : error;
      });
      if (given.flag('json'))
        terminal.printJson({ file, logId: log.logId, position: log.durablePosition });
      else terminal.tell(`wrote ${file}`);
      return exitCodes.done;
    }
    for await (const line of exportLines(log)) {
      terminal.print(line);
      await terminal.drained();
      if (terminal.isClosed) break;
    }
    return exitCodes.done;
  } finally {
    await log.close();
  }
}

/** True where the file that was named cannot be opened; any other failure is one of the log's disk. */
function isOfTarget(error: unknown, file: string): error is Error {
  const { path } = ((error as Error).cause ?? {}) as { path?: unknown };
  return typeof path === 'string' && path.startsWith(file);
}

export const importCommand: Command = {
  summary: 'Read an export into an empty data directory',
  words: ['file'],
  options: { ...jsonOption, ...settingOptions },
  examples: [
    ['troupe log import log.jsonl --data-dir restored', 'Restore an export'],
    ['troupe log import backup.json --data-dir restored', 'The same from one document'],
  ],
  run: importLog,
};

async function importLog(context: CommandContext): Promise<number> {
  const { arguments: given, terminal } = context;
  const path = given.word(0, 'the file');
  const { settings } = await openSession(context);
  const [{ openLog }, { importLines }, { textLines }] = await Promise.all([
    import('../open-log.ts'),
    import('../../log/import-log.ts'),
    import('../../log/text-lines.ts'),
  ]);
  const file = await openFile(path);
  const log = await openLog(settings);
  try {
    const result = await importLines(
      log,
      textLines(file.createReadStream({ encoding: 'utf8', autoClose: false })),
    );
    if (given.flag('json')) terminal.printJson(result);
    else
      terminal.print(
        `${result.commits} commits, ${result.events} events, ${result.blobs} blobs imported`,
      );
    return exitCodes.done;
  } finally {
    await file.close();
    await log.close();
  }
}

async function openFile(path: string): Promise<FileHandle> {
  try {
    const file = await open(path, 'r');
    if (!(await file.stat()).isDirectory()) return file;
    await file.close();
  } catch (cause) {
    throw new FileUnreadableError(path, cause);
  }
  throw new FileUnreadableError(
    path,
    new UnfitFileError('it is a folder', 'Name the file that `troupe log export` wrote.'),
  );
}
