/** Every command with its options as one flat list: what help, completion and tests walk over. */
import type { OptionTable } from './arguments.ts';
import { type Command, type CommandEntry, isGroup } from './command.ts';
import { helpOption } from './common-options.ts';

export interface TableRow {
  /** The words after `troupe`: `runs show`. */
  name: string;
  command: Command;
  /** All it takes, the common ones included. */
  options: OptionTable;
}

/** Loads every command; costs what all of them cost. */
export async function commandTable(
  commands: Readonly<Record<string, CommandEntry>>,
): Promise<TableRow[]> {
  const rows = await Promise.all(
    Object.entries(commands).map(async ([name, entry]) => {
      const loaded = await entry.load();
      const members: [string, Command][] = isGroup(loaded)
        ? Object.entries(loaded.commands).map(([sub, command]) => [`${name} ${sub}`, command])
        : [[name, loaded]];
      return members.map(([full, command]) => ({
        name: full,
        command,
        options: { ...command.options, ...helpOption },
      }));
    }),
  );
  return rows.flat();
}
