/** One evaluation of an expression: what it sees, and how much work it may still do. */
import { ExpressionFailed, ExpressionLimit } from './errors.ts';
import { MAX_EXPRESSION_STEPS } from './limits.ts';
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
  /** Of the task that the expression belongs to, from 1. */
  round?: number | undefined;
  task(id: string): TaskScope | undefined;
}

/** Steps of work between two looks at a text, so that short texts cost one step. */
const CHARACTERS_A_STEP = 64;
/** What a failure costs, because `default`, `&&` and `||` may catch it and go on. */
const FAILURE_STEPS = 16;

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
  missing(what: string, why = ''): never {
    this.charge(FAILURE_STEPS);
    throw new ExpressionFailed({
      message: `${what} is not there${why}`,
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
