/** Texts of `--help`. Plain, at most 100 columns, the same on a terminal and in a pipe. */
import type { JsonObject } from '../workflow/value.ts';
import type { OptionTable } from './arguments.ts';
import type { Command, CommandEntry, CommandGroup } from './command.ts';
import type { TableRow } from './command-table.ts';
import { settingOptions } from './common-options.ts';
import { table } from './render/format.ts';

/** The help of `troupe` alone. */
export function overviewHelp(commands: Readonly<Record<string, CommandEntry>>): string {
  return [
    'troupe runs teams of AI agents as durable, replayable workflows.',
    '',
    'Usage: troupe <command> [options]',
    '',
    'Commands',
    ...indented(Object.entries(commands).map(([name, entry]) => [name, entry.summary])),
    '',
    'Options',
    ...indented([
      ['-h, --help', 'Show help; also after a command'],
      ['--version', 'Print the version'],
    ]),
    '',
    'Examples',
    '  troupe run workflows/analyze-repository.yaml -i path=src',
    '      Run a workflow and print its result',
    '  troupe help runs watch',
    '      Show the help of one command; `troupe help --json` has all of them',
    '',
    'Exit codes: 0 done, 1 the run failed, 2 usage or invalid input, 3 not found, 4 conflict,',
    '5 waiting for a person, 124 the run timed out, 130 interrupted.',
    '',
  ].join('\n');
}

/** Every command as a document for programs: `troupe help --json`. */
export function helpDocument(rows: readonly TableRow[]): JsonObject {
  return {
    commands: rows.map(({ name, command, options }) => ({
      name,
      summary: command.summary,
      words: [...command.words],
      options: Object.entries(options).map(([option, spec]) => ({
        name: option,
        type: spec.type,
        description: spec.description,
        repeatable: spec.multiple === true,
        ...(spec.choices === undefined ? {} : { choices: [...spec.choices] }),
      })),
      examples: command.examples.map(([line, what]) => ({ line, what })),
    })),
  };
}

/** The help of a command with sub-commands. */
export function groupHelp(name: string, group: CommandGroup): string {
  const [example] = Object.values(group.commands).flatMap(({ examples }) => examples);
  const rows = Object.entries(group.commands).map(([sub, command]): [string, string] => [
    [sub, ...command.words.map(shown)].join(' '),
    command.summary,
  ]);
  return [
    `${group.summary}.`,
    '',
    `Usage: troupe ${name} <command> [options]`,
    '',
    'Commands',
    ...indented(rows),
    ...(example === undefined ? [] : ['', 'Examples', `  ${example[0]}`, `      ${example[1]}`]),
    '',
  ].join('\n');
}

/** The help of one command; `options` are all it takes. */
export function commandHelp(name: string, command: Command, options: OptionTable): string {
  const own = Object.fromEntries(
    Object.entries(options).filter(([key]) => !(key in settingOptions)),
  );
  const settings = Object.fromEntries(
    Object.entries(options).filter(([key]) => key in settingOptions),
  );
  return [
    `${command.summary}.`,
    '',
    `Usage: troupe ${[name, ...command.words.map(shown)].join(' ')} [options]`,
    ...(command.notes === undefined ? [] : ['', ...command.notes]),
    '',
    'Options',
    ...indented(optionRows(own)),
    ...(Object.keys(settings).length === 0
      ? []
      : ['', 'Settings', ...indented(optionRows(settings))]),
    '',
    'Examples',
    ...command.examples.flatMap(([line, what]) => [`  ${line}`, `      ${what}`]),
    '',
  ].join('\n');
}

/** `<file>`, `[<file>]`, `<file>...`. */
function shown(word: string): string {
  if (word.endsWith('...')) return `${shown(word.slice(0, -3))}...`;
  return word.startsWith('[') ? `[<${word.slice(1, -1)}>]` : `<${word}>`;
}

function optionRows(options: OptionTable): [string, string][] {
  return Object.entries(options).map(([name, option]) => {
    const short = option.short === undefined ? '' : `-${option.short}, `;
    const value = option.type === 'string' ? ` ${option.value ?? 'VALUE'}` : '';
    return [
      `${short}--${name}${value}`,
      `${option.description}${option.multiple === true ? ' (repeatable)' : ''}`,
    ];
  });
}

/** Two columns, indented by two, the second aligned. */
function indented(rows: readonly (readonly [string, string])[]): string[] {
  return table(rows).map((row) => `  ${row}`);
}
