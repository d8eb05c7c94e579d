/**
 * What a command is. A command module is loaded when it is called, so that one command never pays for another.
 */
import type { Arguments, OptionTable } from './arguments.ts';
import type { Terminal } from './terminal.ts';

export interface CommandContext {
  arguments: Arguments;
  terminal: Terminal;
  environment: Readonly<Record<string, string | undefined>>;
  workingDirectory: string;
  /** Every command, for those that are about commands. */
  commands: Readonly<Record<string, CommandEntry>>;
}

export interface Command {
  /** One line: what it does. */
  summary: string;
  /** What each word after the command is, `[x]` where it may be missing; a last `x...` takes any number. */
  words: readonly string[];
  /** Of the first word, where they can be listed. */
  choices?: readonly string[];
  /** Its own options; the common ones are added. */
  options: OptionTable;
  /** More about it, one line an entry. */
  notes?: readonly string[];
  /** Command lines that work as they stand, with what they do. */
  examples: readonly (readonly [line: string, what: string])[];
  /** Resolves to the exit code; throws a `TroupeError`. */
  run(context: CommandContext): Promise<number>;
}

/** A command with sub-commands: `runs`, `log`, `projections`. */
export interface CommandGroup {
  summary: string;
  commands: Readonly<Record<string, Command>>;
}

export interface CommandEntry {
  summary: string;
  load(): Promise<Command | CommandGroup>;
}

export function isGroup(candidate: Command | CommandGroup): candidate is CommandGroup {
  return 'commands' in candidate;
}
