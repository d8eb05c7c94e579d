/** `troupe claude`: writes the slash commands of Claude Code into a project, and removes them. */
import { existsSync, mkdirSync, readFileSync, rmdirSync, rmSync, writeFileSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import { claudeCommands, isUnchanged } from '../claude-commands.ts';
import type { Command, CommandContext, CommandGroup } from '../command.ts';
import { jsonOption } from '../common-options.ts';
import {
  FileChangedError,
  FileUnreadableError,
  FileUnwritableError,
  UsageError,
} from '../errors.ts';
import { exitCodes } from '../exit-codes.ts';
import { isFile } from '../named-workflows.ts';

type Step = 'written' | 'updated' | 'unchanged' | 'kept' | 'removed' | 'absent';
interface FileStep {
  file: string;
  step: Step;
}

const options: Command['options'] = {
  dir: { type: 'string', value: 'DIR', description: 'The project; default: the current folder' },
  force: { type: 'boolean', description: 'Also files that were changed' },
  'dry-run': { type: 'boolean', description: 'Only say what would be done' },
  ...jsonOption,
};

const installCommand: Command = {
  summary: 'Write the commands /troupe-run, -status, -list and -replay into .claude/commands',
  words: [],
  options: {
    ...options,
    command: {
      type: 'string',
      value: 'WORDS',
      description: 'How `troupe` is called in this project; default: found out',
    },
  },
  notes: [
    'A second time it changes nothing. A file that somebody changed is left alone without --force: exit code 4.',
  ],
  examples: [
    ['troupe claude install', 'Into the project of this folder'],
    ['troupe claude install --dir ../shop --dry-run', 'Only say what would be written'],
  ],
  run: (context) => act(context, install),
};

const uninstallCommand: Command = {
  summary: 'Remove the commands that `claude install` wrote',
  words: [],
  options,
  examples: [['troupe claude uninstall', 'From the project of this folder']],
  run: (context) => act(context, uninstall),
};

export const claudeGroup: CommandGroup = {
  summary: 'Write or remove the commands of Claude Code that drive Troupe',
  commands: { install: installCommand, uninstall: uninstallCommand },
};

interface Job {
  folder: string;
  /** Name and text of each command. */
  texts: ReadonlyMap<string, string>;
  isForced: boolean;
  isDry: boolean;
}

async function act(context: CommandContext, work: (job: Job) => FileStep[]): Promise<number> {
  const { arguments: given, terminal, workingDirectory } = context;
  const project = resolve(workingDirectory, given.text('dir') ?? '.');
  if (!existsSync(project))
    throw new UsageError(`there is no folder ${project}`, 'Write --dir with an existing folder.');
  const command = given.text('command') ?? commandFor(project);
  if (!/^[\w./@ -]+$/.test(command))
    throw new UsageError(
      `--command ${JSON.stringify(command)} is no plain command`,
      'Write --command="npx troupe".',
    );
  const movesData = !existsSync(join(project, '.claude')) && existsSync(join(project, '.troupe'));
  const steps = work({
    folder: join(project, '.claude', 'commands'),
    texts: claudeCommands(command),
    isForced: given.flag('force'),
    isDry: given.flag('dry-run'),
  });
  const files = steps.map(({ file, step }) => ({ file: relative(workingDirectory, file), step }));
  const would = given.flag('dry-run') ? 'would be ' : '';
  if (given.flag('json')) terminal.printJson({ dryRun: would !== '', command, files });
  else for (const { file, step } of files) terminal.print(line(file, step, would));
  if (movesData && files.some(({ step }) => step === 'written'))
    terminal.tell(
      'note: beside a .claude folder the log is in .claude/workflow-state. To keep the runs in .troupe, write `data_dir: .troupe` into troupe.config.yaml.',
    );
  const kept = files.filter(({ step }) => step === 'kept').map(({ file }) => file);
  if (kept.length > 0) throw new FileChangedError(kept);
  return exitCodes.done;
}

function line(file: string, step: Step, would: string): string {
  const isDone = step === 'written' || step === 'updated' || step === 'removed';
  return `${`${isDone ? would : ''}${step}`.padEnd(9)}  ${file}`;
}

/** How `troupe` is called from the project's folder: installed in it, its own checkout, or on the PATH. */
function commandFor(project: string): string {
  if (isFile(join(project, 'node_modules', '.bin', 'troupe'))) return 'npx troupe';
  return isFile(join(project, 'bin', 'troupe')) ? 'bin/troupe' : 'troupe';
}

function install({ folder, texts, isForced, isDry }: Job): FileStep[] {
  return [...texts].map(([name, text]): FileStep => {
    const file = join(folder, name);
    const present = read(file);
    if (present === text) return { file, step: 'unchanged' };
    if (present !== undefined && !isForced && !isUnchanged(present)) return { file, step: 'kept' };
    if (!isDry) write(file, text);
    return { file, step: present === undefined ? 'written' : 'updated' };
  });
}

function uninstall({ folder, texts, isForced, isDry }: Job): FileStep[] {
  const files = [...texts.keys()].map((name): FileStep => {
    const file = join(folder, name);
    const present = read(file);
    if (present === undefined) return { file, step: 'absent' };
    if (!isForced && !isUnchanged(present)) return { file, step: 'kept' };
    if (!isDry) rmSync(file);
    return { file, step: 'removed' };
  });
  if (!isDry) removeEmpty(folder);
  return files;
}

function read(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw new FileUnreadableError(path, cause);
  }
}

function write(path: string, text: string): void {
  try {
    mkdirSync(join(path, '..'), { recursive: true });
    writeFileSync(path, text);
  } catch (cause) {
    throw new FileUnwritableError(path, cause);
  }
}

function removeEmpty(folder: string): void {
  try {
    rmdirSync(folder);
  } catch (cause) {
    // Other commands are in it, or it was never there: both are fine.
    const { code } = cause as NodeJS.ErrnoException;
    if (code !== 'ENOTEMPTY' && code !== 'ENOENT' && code !== 'EEXIST')
      throw new FileUnwritableError(folder, cause);
  }
}
