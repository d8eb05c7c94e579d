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

/** Where a command line is run: the process, or what a test gives. */
export interface Host {
  terminal: Terminal;
  environment: Readonly<Record<string, string | undefined>>;
  workingDirectory: string;
}

/**
 * Runs one command line (without `node` and the script) and resolves to its exit code. Never rejects.
 * Everything written has left the process by then.
 */
export async function main(argv: readonly string[], host: Host = ownHost()): Promise<number> {
  const { terminal, environment } = host;
  // What a process ends with that runs out of work before its command is done: that is never a success.
  process.exitCode = exitCodes.failed;
  let code: number;
  try {
    code = await dispatch(argv, host);
  } catch (error) {
    const isDebug =
      argv.includes('--log-level=debug') || environment['TROUPE_LOG_LEVEL'] === 'debug';
    const isJson = argv.includes('--json') || argv.includes('--jsonl');
    code = reportError(error, { terminal, isDebug, isJson });
  }
  await terminal.flush();
  // A result that nobody got is no success.
  return code === exitCodes.done && terminal.hasLostOutput ? exitCodes.failed : code;
}

function ownHost(): Host {
  const { stdout, stderr, stdin, env: environment } = process;
  const terminal = createTerminal({ stdout, stderr, stdin, environment });
  return { terminal, environment, workingDirectory: process.cwd() };
}

async function dispatch(argv: readonly string[], host: Host): Promise<number> {
  const { terminal } = host;
  const [name, ...rest] = argv;
  if (name === '--version' || name === '-V') return showVersion(terminal, rest);
  if (name === undefined || name === '--help' || name === '-h' || name === 'help') {
    return showHelp(host, rest);
  }
  const entry = await entryOf(name);
  const loaded = await entry.load();
  if (!isGroup(loaded)) return runCommand({ name, command: loaded, argv: rest, host });
  return runGroup({ name, group: loaded, argv: rest, host });
}

function showVersion(terminal: Terminal, rest: readonly string[]): number {
  const unknown = rest.find((word) => word !== '--json');
  if (unknown !== undefined)
    throw new UsageError(`--version takes no ${unknown}`, 'Write `troupe --version`.');
  if (rest.includes('--json')) terminal.printJson({ version: packageVersion() });
  else terminal.print(packageVersion());
  return exitCodes.done;
}

async function entryOf(name: string): Promise<CommandEntry> {
  const entry = Object.hasOwn(commands, name) ? commands[name] : undefined;
  if (entry !== undefined) return entry;
  if (name.startsWith('-')) {
    const known = ['--help', '--version'];
    throw new UsageError(`unknown option ${name}`, didYouMean(name, known, 'See `troupe --help`.'));
  }
  const { commandTable } = await import('./command-table.ts');
  const table = await commandTable(commands);
  // `troupe list` means `troupe runs list`
  const inGroup = table.find((row) => row.name.endsWith(` ${name}`))?.name;
  const otherwise = inGroup === undefined ? 'See `troupe --help`.' : `Did you mean \`${inGroup}\`?`;
  throw new UsageError(
    `unknown command ${name}`,
    didYouMean(name, [...Object.keys(commands), 'help'], otherwise),
  );
}

async function showHelp(host: Host, words: readonly string[]): Promise<number> {
  const [name, ...rest] = words.filter((word) => !word.startsWith('-'));
  if (name === 'help') return showHelp(host, rest);
  if (name !== undefined) return dispatch([name, ...rest, '--help'], host);
  if (words.includes('--json')) {
    const [{ commandTable }, { helpDocument }] = await Promise.all([
      import('./command-table.ts'),
      import('./help.ts'),
    ]);
    host.terminal.printJson(helpDocument(await commandTable(commands)));
    return exitCodes.done;
  }
  const { overviewHelp } = await import('./help.ts');
  host.terminal.print(overviewHelp(commands).trimEnd());
  return exitCodes.done;
}

async function runGroup(options: {
  name: string;
  group: CommandGroup;
  argv: readonly string[];
  host: Host;
}): Promise<number> {
  const { name, group, argv, host } = options;
  const { terminal } = host;
  const [sub, ...rest] = argv;
  if (sub === undefined || sub === '--help' || sub === '-h') {
    const { groupHelp } = await import('./help.ts');
    const text = groupHelp(name, group).trimEnd();
    if (sub === undefined) terminal.tell(text);
    else terminal.print(text);
    return sub === undefined ? exitCodes.usage : exitCodes.done;
  }
  const known = Object.keys(group.commands);
  if (sub.startsWith('-'))
    throw new UsageError(`troupe ${name} needs a command`, `Commands are ${known.join(', ')}.`);
  const command = Object.hasOwn(group.commands, sub) ? group.commands[sub] : undefined;
  if (command === undefined) {
    const hint = didYouMean(sub, known, `See \`troupe ${name} --help\`.`);
    throw new UsageError(`unknown command ${name} ${sub}`, hint);
  }
  return runCommand({ name: `${name} ${sub}`, command, argv: rest, host });
}

async function runCommand(options: {
  name: string;
  command: Command;
  argv: readonly string[];
  host: Host;
}): Promise<number> {
  const { name, command, argv, host } = options;
  const table: OptionTable = { ...command.options, ...helpOption };
  const parsed = parseArguments(argv, { command: name, options: table, words: command.words });
  if (parsed.flag('help')) {
    const { commandHelp } = await import('./help.ts');
    host.terminal.print(commandHelp(name, command, table).trimEnd());
    return exitCodes.done;
  }
  return command.run({ arguments: parsed, commands, ...host });
}
