/** One evaluation of an expression: what it sees, and how much work it may still do. */
import { ExpressionFailed, ExpressionLimit } from './errors.ts';
import { MAX_EXPRESSION_LENGTH, MAX_EXPRESSION_STEPS } from './limits.ts';
import type { JsonObject, JsonValue } from './value.ts';

export const TASK_FIELDS = ['output', 'status', 'error', 'attempts', 'duration'] as const;
export type TaskField = (typeof TASK_FIELDS)[number];

/** What an expression reads of a task. Fields may be getters: only those that are named are touched. */
export interface TaskScope {
  status: string;
  output?: JsonValue;
  error?: JsonValue;
  attempts: number;
  /** Milliseconds. */
  duration: number;
}

/** The values behind the names. `task` is asked for the tasks that the expression names, and no others. */
export interface Scope {
  inputs: JsonObject;
  variables: JsonObject;
  run: JsonObject;
  item?: JsonValue;
  index?: number;
  as?: string;
  task(id: string): TaskScope | undefined;
}

/** Steps of work between two looks at a text, so that short texts cost one step. */
const CHARACTERS_A_STEP = 64;
/** What a failure costs, because `default`, `&&` and `||` may catch it and go on. */
const FAILURE_STEPS = 16;
/** A pattern with more alternatives is given up while they are written out. */
const MAX_GLOB_ALTERNATIVES = 64;
/** Letters of a path that are compared with one letter of a pattern in a step. */
const CELLS_A_STEP = 16;
/** A letter of the pattern costs as much as so many letters of the path, however short the path. */
const SHORTEST_ROW = 16;

/** The state of one evaluation. */
export class Evaluation {
  readonly scope: Scope;
  readonly expression: string;
  /** Values of the variables of `map`, `filter` and the like, by slot. */
  readonly locals: JsonValue[] = [];
  private steps = 0;

  constructor(scope: Scope, expression: string) {
    this.scope = scope;
    this.expression = expression;
  }

  /** Counts work; throws `expression.limit` beyond the bound of one evaluation. */
  charge(steps: number): void {
    this.steps += steps;
    if (this.steps > MAX_EXPRESSION_STEPS)
      this.limit('the work of the expression', MAX_EXPRESSION_STEPS);
  }

  /** Counts the characters of a text as work. */
  chargeText(length: number): void {
    this.charge(1 + textSteps(length));
  }

  /** Throws `expression.failed`. */
  fail(message: string, hint: string): never {
    this.charge(FAILURE_STEPS);
    throw new ExpressionFailed({ message, hint, expression: this.expression });
  }

  /** Throws `expression.failed` that `default(...)` may catch. */
  missing(what: string): never {
    this.charge(FAILURE_STEPS);
    throw new ExpressionFailed({
      message: `${what} is not there`,
      hint: 'Use `default(value, fallback)` where it may be absent.',
      expression: this.expression,
      missing: true,
    });
  }

  /** Throws `expression.limit`. */
  limit(what: string, limit: number): never {
    throw new ExpressionLimit({ what, limit, expression: this.expression });
  }
}

/** The steps that so many characters are; none for a short text. */
export function textSteps(length: number): number {
  return Math.floor(length / CHARACTERS_A_STEP);
}

/** What a pattern of `glob` asks for, whatever the path. */
interface GlobShape {
  /** How many patterns without braces it stands for. */
  alternatives: number;
  /** Characters of the longest of them, at most. */
  longest: number;
  /** Characters that are read and copied until all of them are written out. */
  expanded: number;
}

/** An open brace: the choices so far, the longest of them, the present one, and all as plain text. */
interface OpenBrace {
  choices: number;
  longest: number;
  present: number;
  plain: number;
}

/** The work that `globMatches` has with a pattern, found in one walk over it. */
export function globShape(pattern: string): GlobShape {
  const flat = { alternatives: 1, longest: pattern.length, expanded: 0 };
  // A longer pattern matches nothing, at once.
  if (pattern.length > MAX_EXPRESSION_LENGTH || !pattern.includes('{')) return flat;
  let [alternatives, groups] = [1, 0];
  const open: OpenBrace[] = [{ choices: 1, longest: 0, present: 0, plain: 0 }];
  for (const letter of pattern) {
    const brace = open.at(-1) as OpenBrace;
    if (letter === '{') open.push({ choices: 1, longest: 0, present: 0, plain: 1 });
    else if (letter === '}' && open.length > 1) {
      open.pop();
      groups += 1;
      alternatives = Math.min(alternatives * brace.choices, MAX_GLOB_ALTERNATIVES);
      grow(open.at(-1) as OpenBrace, Math.max(brace.longest, brace.present));
    } else if (letter === ',' && open.length > 1) {
      brace.choices += 1;
      brace.longest = Math.max(brace.longest, brace.present);
      brace.present = 0;
      brace.plain += 1;
    } else grow(brace, letter.length);
  }
  // A brace that is never closed is plain text, and so are its commas.
  const longest = open.reduce(
    (sum, { present, plain }, at) => sum + (at === 0 ? present : plain),
    0,
  );
  return { alternatives, longest, expanded: groups * alternatives * pattern.length };
}

function grow(brace: OpenBrace, by: number): void {
  brace.present += by;
  brace.plain += by;
}

/** The steps of matching a path of so many characters. */
export function globSteps(length: number, { alternatives, longest, expanded }: GlobShape): number {
  const cells = alternatives * longest * Math.max(length, SHORTEST_ROW);
  return 1 + Math.ceil(cells / CELLS_A_STEP) + textSteps(expanded);
}
