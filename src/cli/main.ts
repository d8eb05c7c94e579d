/**
 * The `troupe` command: finds the command, loads it alone, turns every error into one shape and an exit code.
 * Imports nothing heavy: `troupe --version` costs little more than an empty process.
 */
import { didYouMean } from '../workflow/suggest.ts';
import { type OptionTable, parseArguments } from './arguments.ts';
import { type Command, type CommandEntry, type CommandGroup, isGroup } from './command.ts';
import { commands } from './commands.ts';
import { helpOption } from './common-options.ts';
import { UsageError } from './errors.ts';
import { exitCodes } from './exit-codes.ts';
import { packageVersion } from './package-version.ts';
import { reportError } from './report-error.ts';
import { createTerminal, type Terminal } from './terminal.ts';

/**
 * Runs one command line (without `node` and the script) and resolves to its exit code. Never rejects.
 * Everything written has left the process by then.
 */
export async function main(argv: readonly string[]): Promise<number> {
  const environment = process.env;
  const terminal = createTerminal({
    stdout: process.stdout,
    stderr: process.stderr,
    stdin: process.stdin,
    environment,
  });
  // What a process ends with that runs out of work before its command is done: that is never a success.
  process.exitCode = exitCodes.failed;
  let code: number;
  try {
    code = await dispatch(argv, terminal);
  } catch (error) {
    const isDebug =
      argv.includes('--log-level=debug') || environment['TROUPE_LOG_LEVEL'] === 'debug';
    const isJson = argv.includes('--json') || argv.includes('--jsonl');
    code = reportError(error, { terminal, isDebug, isJson });
  }
  await terminal.flush();
  return code;
}

async function dispatch(argv: readonly string[], terminal: Terminal): Promise<number> {
  const [name, ...rest] = argv;
  if (name === '--version' || name === '-V') {
    terminal.print(packageVersion());
    return exitCodes.done;
  }
  if (name === undefined || name === '--help' || name === '-h' || name === 'help') {
    return showHelp(terminal, rest);
  }
  const entry = entryOf(name);
  const loaded = await entry.load();
  if (!isGroup(loaded)) return runCommand({ name, command: loaded, argv: rest, terminal });
  return runGroup({ name, group: loaded, argv: rest, terminal });
}

function entryOf(name: string): CommandEntry {
  const entry = Object.hasOwn(commands, name) ? commands[name] : undefined;
  if (entry !== undefined) return entry;
  const what = name.startsWith('-') ? 'option' : 'command';
  throw new UsageError(
    `unknown ${what} ${name}`,
    didYouMean(name, Object.keys(commands), 'See `troupe --help`.'),
  );
}

async function showHelp(terminal: Terminal, words: readonly string[]): Promise<number> {
  const [name, ...rest] = words.filter((word) => !word.startsWith('-'));
  if (name !== undefined) return dispatch([name, ...rest, '--help'], terminal);
  const { overviewHelp } = await import('./help.ts');
  terminal.print(overviewHelp(commands).trimEnd());
  return exitCodes.done;
}

async function runGroup(options: {
  name: string;
  group: CommandGroup;
  argv: readonly string[];
  terminal: Terminal;
}): Promise<number> {
  const { name, group, argv, terminal } = options;
  const [sub, ...rest] = argv;
  if (sub === undefined || sub === '--help' || sub === '-h') {
    const { groupHelp } = await import('./help.ts');
    const text = groupHelp(name, group).trimEnd();
    if (sub === undefined) terminal.tell(text);
    else terminal.print(text);
    return sub === undefined ? exitCodes.usage : exitCodes.done;
  }
  const command = Object.hasOwn(group.commands, sub) ? group.commands[sub] : undefined;
  if (command === undefined) {
    const hint = didYouMean(sub, Object.keys(group.commands), `See \`troupe ${name} --help\`.`);
    throw new UsageError(`unknown command ${name} ${sub}`, hint);
  }
  return runCommand({ name: `${name} ${sub}`, command, argv: rest, terminal });
}

async function runCommand(options: {
  name: string;
  command: Command;
  argv: readonly string[];
  terminal: Terminal;
}): Promise<number> {
  const { name, command, argv, terminal } = options;
  const table: OptionTable = { ...command.options, ...helpOption };
  const parsed = parseArguments(argv, { command: name, options: table, words: command.words });
  if (parsed.flag('help')) {
    const { commandHelp } = await import('./help.ts');
    terminal.print(commandHelp(name, command, table).trimEnd());
    return exitCodes.done;
  }
  return command.run({
    arguments: parsed,
    terminal,
    environment: process.env,
    workingDirectory: process.cwd(),
  });
}
