/**
 * From words on the command line to checked arguments. Every command declares its options in a table; unknown
 * options, missing values and wrong numbers of words are `cli.usage` errors with a suggestion.
 */
import { parseArgs } from 'node:util';
import { didYouMean } from '../workflow/suggest.ts';
import { UsageError } from './errors.ts';

export interface OptionSpec {
  type: 'string' | 'boolean';
  short?: string;
  multiple?: boolean;
  /** What the value is, for the help: `DIR`. */
  value?: string;
  /** The values that there are, where they can be listed. */
  choices?: readonly string[];
  description: string;
}
export type OptionTable = Readonly<Record<string, OptionSpec>>;

export interface ArgumentSpec {
  /** The words after `troupe`: `runs show`. */
  command: string;
  options: OptionTable;
  /** What each word after the command is, `[x]` where it may be missing; a last `x...` takes any number. */
  words: readonly string[];
}

/** Checked arguments of one command. */
export class Arguments {
  readonly words: readonly string[];
  private readonly values: ReadonlyMap<string, readonly string[]>;

  constructor(words: readonly string[], values: ReadonlyMap<string, readonly string[]>) {
    this.words = words;
    this.values = values;
  }

  /** The last value of a text option. */
  text(name: string): string | undefined {
    return this.values.get(name)?.at(-1);
  }

  /** All values of a repeatable option, in order. */
  list(name: string): readonly string[] {
    return this.values.get(name) ?? [];
  }

  flag(name: string): boolean {
    return this.values.has(name);
  }

  /** A whole number of at least `least`; throws `cli.usage`. */
  whole(name: string, least = 0): number | undefined {
    const text = this.text(name);
    if (text === undefined) return undefined;
    const number = Number(text);
    if (text.trim() === '' || !Number.isSafeInteger(number) || number < least) {
      throw new UsageError(
        `--${name} needs a whole number of at least ${least}, not "${text}"`,
        `Write --${name}=${least}.`,
      );
    }
    return number;
  }

  /** The word at `index`; throws `cli.usage` where it is missing. */
  word(index: number, what: string): string {
    const word = this.words[index];
    if (word === undefined) throw new UsageError(`${what} is missing`, 'See --help.');
    return word;
  }
}

/** Parses what follows the command's name. Throws `cli.usage`. */
export function parseArguments(argv: readonly string[], spec: ArgumentSpec): Arguments {
  const { tokens } = parseArgs({
    args: [...argv],
    options: Object.fromEntries(
      Object.entries(spec.options).map(([name, option]) => [
        name,
        { type: option.type, multiple: true, ...(option.short && { short: option.short }) },
      ]),
    ),
    strict: false,
    allowPositionals: true,
    tokens: true,
  });
  const words: string[] = [];
  const values = new Map<string, string[]>();
  for (const token of tokens) {
    if (token.kind === 'positional') words.push(token.value);
    if (token.kind !== 'option') continue;
    const value = optionValue(token, spec);
    if (value === undefined) continue;
    const option = spec.options[token.name];
    const known = option?.multiple === true ? values.get(token.name) : undefined;
    values.set(token.name, [...(known ?? []), value]);
  }
  if (!values.has('help')) checkWords(words, spec);
  return new Arguments(words, values);
}

interface OptionToken {
  name: string;
  rawName: string;
  value?: string | undefined;
  inlineValue?: boolean | undefined;
}

function optionValue(token: OptionToken, spec: ArgumentSpec): string | undefined {
  const option = Object.hasOwn(spec.options, token.name) ? spec.options[token.name] : undefined;
  if (option === undefined) {
    const known = Object.keys(spec.options).map((name) => `--${name}`);
    const help = `See \`troupe ${spec.command} --help\`.`.replace('troupe  ', 'troupe ');
    throw new UsageError(
      `unknown option ${token.rawName}`,
      didYouMean(token.rawName, known, help),
      {
        option: token.rawName,
      },
    );
  }
  if (option.type === 'boolean') {
    if (token.value !== undefined)
      throw new UsageError(`${token.rawName} takes no value`, `Write ${token.rawName} alone.`);
    return '';
  }
  const swallowed = token.inlineValue === false && /^-./.test(token.value ?? '');
  if (token.value === undefined || swallowed) {
    const example = `${token.rawName}${token.rawName.startsWith('--') ? '=' : ' '}${option.value ?? 'VALUE'}`;
    throw new UsageError(`${token.rawName} needs a value`, `Write ${example}.`);
  }
  return token.value;
}

function checkWords(words: readonly string[], spec: ArgumentSpec): void {
  const required = spec.words.filter((word) => !word.startsWith('[')).length;
  if (words.length < required) {
    throw new UsageError(
      `${spec.words[words.length] ?? 'an argument'} is missing`,
      `See \`troupe ${spec.command} --help\`.`,
    );
  }
  const isOpen = spec.words.at(-1)?.endsWith('...') === true;
  if (!isOpen && words.length > spec.words.length) {
    const extra = words[spec.words.length] ?? '';
    throw new UsageError(
      `"${extra}" is one argument too many`,
      `Quote texts with spaces. See \`troupe ${spec.command} --help\`.`,
    );
  }
}
