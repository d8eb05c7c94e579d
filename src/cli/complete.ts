/**
 * What may come next on a command line, from the table that help is made of. Loads the one command that is named.
 */
import type { OptionSpec, OptionTable } from './arguments.ts';
import { type CommandEntry, isGroup } from './command.ts';
import { helpOption } from './common-options.ts';
import { workflowFiles } from './named-workflows.ts';

/** A word that may come next; the shell looks for `files`, `folders` and the ids of `runs` itself. */
export type Candidate =
  | { word: string; description: string }
  | { ask: 'files' | 'folders' | 'runs' };

const TOP_OPTIONS: OptionTable = {
  ...helpOption,
  version: { type: 'boolean', description: 'Print the version' },
};

/** Candidates for the last of `words`, which may be empty; `words` are those after `troupe`. */
export async function complete(
  words: readonly string[],
  commands: Readonly<Record<string, CommandEntry>>,
): Promise<Candidate[]> {
  const current = words.at(-1) ?? '';
  const before = words.slice(0, -1);
  const [name, second] = before;
  const entries = { ...commands, help: helpEntry(commands) };
  if (name === undefined) {
    if (current.startsWith('-')) return optionNames(TOP_OPTIONS, current);
    return starting(Object.entries(entries), current);
  }
  if (name === 'help') return starting(Object.entries(commands), current);
  const entry = Object.hasOwn(commands, name) ? commands[name] : undefined;
  if (entry === undefined) return [];
  const loaded = await entry.load();
  if (!isGroup(loaded)) return ofCommand(loaded, { given: before.slice(1), current });
  if (second === undefined) return starting(Object.entries(loaded.commands), current);
  const command = Object.hasOwn(loaded.commands, second) ? loaded.commands[second] : undefined;
  return command === undefined ? [] : ofCommand(command, { given: before.slice(2), current });
}

function helpEntry(commands: Readonly<Record<string, CommandEntry>>): { summary: string } {
  return { summary: `Show the help of one of ${Object.keys(commands).length} commands` };
}

function starting(
  entries: readonly (readonly [string, { summary: string }])[],
  current: string,
): Candidate[] {
  return entries
    .filter(([name]) => name.startsWith(current))
    .map(([word, { summary }]) => ({ word, description: summary }));
}

interface Asked {
  given: readonly string[];
  current: string;
}

function ofCommand(
  command: { options: OptionTable; words: readonly string[]; choices?: readonly string[] },
  { given, current }: Asked,
): Candidate[] {
  const options = { ...command.options, ...helpOption };
  const [inline, typed] = splitOption(current);
  if (inline !== undefined) {
    const values = valuesOf(options[inline], typed);
    return values.map((value) =>
      'word' in value ? { ...value, word: `--${inline}=${value.word}` } : value,
    );
  }
  // bash takes `--status=fa` apart at the `=`
  const last = given.at(-1) === '=' ? given.at(-2) : given.at(-1);
  const open = optionOf(options, last);
  if (open?.type === 'string') return valuesOf(open, current === '=' ? '' : current);
  if (current.startsWith('-')) return optionNames(options, current);
  const index = wordsIn(given, options).length;
  const word = command.words[Math.min(index, command.words.length - 1)];
  if (word === undefined || (index >= command.words.length && !word.endsWith('...'))) return [];
  return ofWord(word, current, command.choices);
}

/** `--name=typed` as two; the first is undefined for everything else. */
function splitOption(current: string): [string | undefined, string] {
  const match = /^--([a-z-]+)=(.*)$/.exec(current);
  return [match?.[1], match?.[2] ?? ''];
}

function optionOf(options: OptionTable, word: string | undefined): OptionSpec | undefined {
  if (word?.startsWith('--') === true) return options[word.slice(2)];
  if (word?.startsWith('-') !== true) return undefined;
  return Object.values(options).find(({ short }) => short === word.slice(1));
}

/** Words that are no options and no values of options. */
function wordsIn(given: readonly string[], options: OptionTable): string[] {
  return given.filter((word, index) => {
    if (word.startsWith('-') || word === '=') return false;
    const before = given[index - 1] === '=' ? given[index - 2] : given[index - 1];
    return optionOf(options, before)?.type !== 'string';
  });
}

function valuesOf(option: OptionSpec | undefined, typed: string): Candidate[] {
  if (option?.value === 'DIR') return [{ ask: 'folders' }];
  if (option?.value === 'FILE') return [{ ask: 'files' }];
  if (option?.value === 'RUN') return [{ ask: 'runs' }];
  return choicesFrom(option?.choices ?? [], typed);
}

function ofWord(word: string, current: string, choices: readonly string[] = []): Candidate[] {
  if (choices.length > 0) return choicesFrom(choices, current);
  const name = word.replace(/[[\].]/g, '');
  if (name === 'template') return workflowNames(current);
  const names = name.includes('name') ? workflowNames(current) : [];
  if (name.includes('file')) return [...names, { ask: 'files' }];
  return name === 'run' ? [{ ask: 'runs' }] : [];
}

/** Workflows that are run by name from the folder where the line is typed. */
function workflowNames(typed: string): Candidate[] {
  try {
    return workflowFiles(process.cwd())
      .filter(({ stem }) => stem.startsWith(typed))
      .map(({ stem, file }) => ({ word: stem, description: file }));
  } catch {
    return []; // a folder that cannot be read: the command itself will say so
  }
}

function choicesFrom(choices: readonly string[], typed: string): Candidate[] {
  return choices
    .filter((choice) => choice.startsWith(typed))
    .map((word) => ({ word, description: '' }));
}

function optionNames(options: OptionTable, current: string): Candidate[] {
  return Object.entries(options)
    .map(([name, { description }]) => ({ word: `--${name}`, description }))
    .filter(({ word }) => word.startsWith(current));
}
