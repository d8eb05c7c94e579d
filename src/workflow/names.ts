/**
 * Names in expressions: what a name may mean, and how names that CEL cannot read are carried
 * through its parser (task ids with hyphens or leading digits, words that CEL reserves).
 *
 * N1 The longest declared name wins: with a task `a-b`, `a-b` is that task; subtraction is `a - b`.
 * N2 Every task id works except `true`, `false`, `null` and `in`.
 * N3 Aliases never collide with a name of the source.
 * Size: aliasing is one scanner; its parts make no sense alone.
 */
import {
  hookTasksOf,
  type InputDefinition,
  type TaskDefinition,
  type WorkflowDefinition,
} from './definition.ts';
import type { ValueType } from './expression-types.ts';
import { builtInFunctions, type FunctionTable } from './functions.ts';
import { MAX_NAME_LENGTH } from './limits.ts';
import { typeName } from './operators.ts';
import type { SecretSources } from './secrets.ts';
import type { JsonValue } from './value.ts';

/** What an expression may name. Build it with `nameTableOf`; narrow it to a task with `namesForTask`. */
export interface NameTable {
  readonly tasks: { has(name: string): boolean; keys(): Iterable<string> };
  readonly inputs: { has(name: string): boolean; keys(): Iterable<string> };
  readonly variables: { has(name: string): boolean; keys(): Iterable<string> };
  /** Of the file; absent where it declares none. Only templates read them, and only as `${secrets.NAME}`. */
  readonly secrets?: SecretSources;
  /** True where `item` and `index` exist: in a `foreach` task. */
  readonly item: boolean;
  /** The other name of `item`. */
  readonly as?: string;
  /**
   * Whether `round` exists here, in a file with loops: `here` in a task that one repeats. Absent in a file without. A task,
   * an input or a variable of that name is what it says.
   */
  readonly round?: 'here' | 'elsewhere';
  readonly functions: FunctionTable;
  /** The types of inputs and variables, where they are certain. */
  readonly types?: {
    input(name: string): ValueType | undefined;
    variable(name: string): ValueType | undefined;
  };
  /**
   * Where present, an unknown name becomes an input of this map instead of an error;
   * the value says whether every use has a default.
   */
  readonly free?: Map<string, { optional: boolean }>;
}

/** The names of a definition; `functions` are added to the built-in ones. O(tasks). */
export function nameTableOf(
  definition: Pick<WorkflowDefinition, 'tasks' | 'hooks' | 'inputs' | 'context'>,
  functions?: FunctionTable,
): NameTable {
  return {
    tasks: new Set([...definition.tasks, ...hookTasksOf(definition)].map((task) => task.id)),
    inputs: new Set(Object.keys(definition.inputs)),
    variables: new Set(Object.keys(definition.context.variables)),
    ...(definition.context.secrets === undefined ? {} : { secrets: definition.context.secrets }),
    item: false,
    types: {
      input: (name) => INPUT_TYPES[definition.inputs[name]?.type ?? 'any'],
      variable: (name) => variableType(definition.context.variables[name]),
    },
    functions:
      functions === undefined ? builtInFunctions : new Map([...builtInFunctions, ...functions]),
  };
}

const INPUT_TYPES: Readonly<Record<InputDefinition['type'], ValueType | undefined>> = {
  string: 'string',
  number: 'number',
  integer: 'number',
  boolean: 'bool',
  array: 'list',
  object: 'map',
  any: undefined,
};

function variableType(value: JsonValue | undefined): ValueType | undefined {
  return value === undefined ? undefined : (typeName(value) as ValueType);
}

/** The names that `condition` does not have but `parameters` of a `foreach` task do: `item`, `index`, `as`. */
export function namesForTask(
  names: NameTable,
  task: Pick<TaskDefinition, 'foreach' | 'as'>,
): NameTable {
  if (task.foreach === undefined) return names;
  return { ...names, item: true, ...(task.as === undefined ? {} : { as: task.as }) };
}

const REFUSED_IDS = new Set(['true', 'false', 'null', 'in']);
const NAME = /^[A-Za-z0-9_-]+$/;

/**
 * True for `[A-Za-z0-9_-]+` of at most 128 characters that is not `true`, `false`, `null` or `in`, nor `__proto__`,
 * which no expression can name.
 */
export function isTaskId(id: string): boolean {
  const isName = id.length <= MAX_NAME_LENGTH && NAME.test(id);
  return isName && !REFUSED_IDS.has(id) && id !== '__proto__';
}

const RESERVED_BY_CEL = new Set(
  (
    'as break const continue else for function if import let loop package namespace return var void ' +
    'while __proto__ prototype cel'
  ).split(' '),
);

/** A source that the CEL parser accepts, and the way back. */
export interface AliasedSource {
  readonly text: string;
  /** The name that an identifier of `text` stands for. */
  nameOf(identifier: string): string;
  /** The offset in the original of an offset in `text`. */
  offsetOf(offset: number): number;
}

/** Replaces what CEL cannot read as a name, and drops the `fn:` of the original form. Linear. */
export function aliasNames(source: string, names: NameTable): AliasedSource {
  return new Aliaser(source, names).run();
}

const SPACE = /[ \t\r\n]+/y;
const BLANKS = ' \t\r\n';
/** What a text begins with: its quotes, or a letter before them. */
const TEXT_STARTS = '"\'rRbB';
const COMMENT = /\/\/[^\n]*/y;
const TEXT =
  /[rRbB]?(?:"""(?:\\[\s\S]|(?!""")[\s\S])*"""|'''(?:\\[\s\S]|(?!''')[\s\S])*'''|"(?:\\[\s\S]|[^"\\])*"|'(?:\\[\s\S]|[^'\\])*')/y;
const NUMBER = /0[xX][0-9a-fA-F]+[uU]?|\d+(?:\.\d+)?(?:[eE][+-]?\d+)?[uU]?/y;
const RUN = /[A-Za-z0-9_-]+/y;
const WORD = /[A-Za-z0-9_]+/y;
const FUNCTION_PREFIX = /fn:(?=[A-Za-z_][A-Za-z0-9_]*\s*\()/y;
const TASK_FIELD = /^\s*\.\s*(?:output|status|error|attempts|duration)\b/;
const CALL = /^\s*\(/;
const LOOKAHEAD = 64;

class Aliaser {
  private readonly source: string;
  private readonly names: NameTable;
  private readonly prefix: string;
  private readonly aliases = new Map<string, string>();
  private readonly shifts: { at: number; by: number }[] = [];
  private readonly output: string[] = [];
  private outputLength = 0;
  private at = 0;
  /** True where a value has just ended, so that what follows is an operator. */
  private afterOperand = false;
  private afterDot = false;
  /** The name before the dot, where it began the operand. */
  private root: string | undefined;

  constructor(source: string, names: NameTable) {
    this.source = source;
    this.names = names;
    let prefix = '_n';
    while (source.includes(prefix)) prefix += '_';
    this.prefix = prefix;
  }

  run(): AliasedSource {
    while (this.at < this.source.length) this.step();
    const byAlias = new Map([...this.aliases].map(([name, alias]) => [alias, name]));
    return {
      text: this.output.join(''),
      nameOf: (identifier) => byAlias.get(identifier) ?? identifier,
      offsetOf: (offset) => this.originalOffset(offset),
    };
  }

  private step(): void {
    // Length: one scanner over the characters of a source.
    const first = this.source[this.at] ?? '';
    const blank = BLANKS.includes(first)
      ? this.match(SPACE)
      : first === '/'
        ? this.match(COMMENT)
        : undefined;
    if (blank !== undefined) {
      this.copy(blank);
      return;
    }
    const text = TEXT_STARTS.includes(first) ? this.match(TEXT) : undefined;
    if (text !== undefined) {
      this.operand(text);
      return;
    }
    if (this.afterDot) {
      this.field();
      return;
    }
    if (this.afterOperand) {
      this.operator();
      return;
    }
    const name = this.declaredName();
    if (name !== undefined) {
      this.name(name);
      return;
    }
    const number = this.match(NUMBER);
    if (number !== undefined) {
      this.operand(number);
      return;
    }
    const prefix = this.match(FUNCTION_PREFIX);
    if (prefix !== undefined) {
      this.drop(prefix);
      return;
    }
    const word = this.match(WORD);
    if (word !== undefined) {
      this.word(word);
      return;
    }
    this.operator();
  }

  private match(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.at;
    return pattern.exec(this.source)?.[0];
  }

  /** The longest declared name that begins here (N1). */
  private declaredName(): string | undefined {
    const run = this.match(RUN);
    if (run === undefined) return undefined;
    for (let end = Math.min(run.length, MAX_NAME_LENGTH); end > 0; end--) {
      if (end < run.length && isWordCharacter(run, end - 1) && isWordCharacter(run, end)) continue;
      const name = run.slice(0, end);
      if (this.isDeclared(name) && this.isNotNumber(name)) return name;
    }
    return undefined;
  }

  private isDeclared(name: string): boolean {
    const { tasks, inputs, variables, as } = this.names;
    return tasks.has(name) || inputs.has(name) || variables.has(name) || as === name;
  }

  /** A name that could begin a number or a negation counts only where a task's field follows. */
  private isNotNumber(name: string): boolean {
    if (/^[A-Za-z_]/.test(name)) return true;
    return TASK_FIELD.test(this.lookahead(name.length));
  }

  private lookahead(from: number): string {
    return this.source.slice(this.at + from, this.at + from + LOOKAHEAD);
  }

  private name(name: string): void {
    const isCall = CALL.test(this.lookahead(name.length));
    if (isCall || isPlain(name)) {
      this.word(name);
      return;
    }
    this.replace(name);
    this.root = name;
  }

  private word(word: string): void {
    const isKeyword = REFUSED_IDS.has(word);
    if (RESERVED_BY_CEL.has(word) && !CALL.test(this.lookahead(word.length))) this.replace(word);
    else this.operand(word);
    if (word === 'in') this.afterOperand = false;
    this.root = isKeyword ? undefined : word;
  }

  private field(): void {
    this.afterDot = false;
    const declared =
      this.root === 'inputs'
        ? this.names.inputs
        : this.root === 'variables'
          ? this.names.variables
          : undefined;
    const found = declared && this.longestOf(declared);
    const name = found ?? this.match(WORD);
    if (name === undefined) {
      this.operator();
      return;
    }
    const isReadable = isIdentifier(name) || (found === undefined && /^\d/.test(name));
    if (isReadable && !REFUSED_IDS.has(name)) this.operand(name);
    else this.replace(name);
    this.root = undefined;
  }

  private longestOf(declared: { has(name: string): boolean }): string | undefined {
    const run = this.match(RUN);
    if (run === undefined) return undefined;
    for (let end = Math.min(run.length, MAX_NAME_LENGTH); end > 0; end--) {
      if (declared.has(run.slice(0, end))) return run.slice(0, end);
    }
    return undefined;
  }

  private operator(): void {
    const word = this.match(WORD);
    if (word !== undefined) {
      this.word(word);
      return;
    }
    const character = this.source[this.at] ?? '';
    this.afterDot = character === '.';
    this.afterOperand = character === ')' || character === ']' || character === '}';
    if (!this.afterDot) this.root = undefined;
    this.copy(character);
  }

  private operand(text: string): void {
    this.afterOperand = true;
    this.root = undefined;
    this.copy(text);
  }

  private copy(text: string): void {
    this.output.push(text);
    this.outputLength += text.length;
    this.at += text.length;
  }

  private drop(text: string): void {
    this.at += text.length;
    this.shifts.push({ at: this.outputLength, by: this.at - this.outputLength });
  }

  private replace(name: string): void {
    let alias = this.aliases.get(name);
    if (alias === undefined) {
      alias = `${this.prefix}${this.aliases.size}`;
      this.aliases.set(name, alias);
    }
    this.output.push(alias);
    this.outputLength += alias.length;
    this.at += name.length;
    this.shifts.push({ at: this.outputLength, by: this.at - this.outputLength });
    this.afterOperand = true;
  }

  private originalOffset(offset: number): number {
    let by = 0;
    for (const shift of this.shifts) {
      if (shift.at > offset) break;
      by = shift.by;
    }
    return Math.max(0, Math.min(offset + by, this.source.length));
  }
}

function isWordCharacter(text: string, at: number): boolean {
  return text[at] !== '-';
}

function isIdentifier(text: string): boolean {
  return /^[A-Za-z_][A-Za-z0-9_]*$/.test(text);
}

/** A name that the CEL parser reads as it is. */
function isPlain(name: string): boolean {
  return isIdentifier(name) && !RESERVED_BY_CEL.has(name);
}
