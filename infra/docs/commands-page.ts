/** docs/reference/commands.md, from the command table: what `--help` prints, for every command. */
import { type Command, isGroup } from '../../src/cli/command.ts';
import { commands } from '../../src/cli/commands.ts';
import { helpOption } from '../../src/cli/common-options.ts';
import { commandHelp, overviewHelp } from '../../src/cli/help.ts';
import { fence, page } from './markdown.ts';

export async function commandsPage(): Promise<string> {
  const sections: string[] = [];
  for (const [name, entry] of Object.entries(commands)) {
    const loaded = await entry.load();
    if (isGroup(loaded)) {
      sections.push(`## troupe ${name}`, `${loaded.summary}.`);
      for (const [sub, command] of Object.entries(loaded.commands))
        sections.push(`### troupe ${name} ${sub}`, help(`${name} ${sub}`, command));
    } else sections.push(`## troupe ${name}`, help(name, loaded));
  }
  return page('Commands', [
    'What `troupe --help` and `troupe <command> --help` print. In a checkout the command is `bin/troupe`. Results go to stdout, progress and errors to stderr. The settings that every command takes are in [settings](settings.md).',
    fence('text', overviewHelp(commands)),
    ...sections,
  ]);
}

function help(name: string, command: Command): string {
  const text = commandHelp(name, command, { ...command.options, ...helpOption });
  return fence('text', text.replace(/\nSettings\n[\s\S]*?\n\n/, '\nSettings: see settings.md\n\n'));
}
