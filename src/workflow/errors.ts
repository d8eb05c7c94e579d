/**
 * The base of every operating error in Troupe. Callers test `code`; people read `message` and `hint`.
 * Rooms derive a class a condition from it in their own `errors.ts`.
 */
export abstract class TroupeError extends Error {
  /** Stable, dotted, lower-case: `workflow.invalid`. */
  abstract readonly code: string;
  /** What the reader can do about it. */
  readonly hint: string;
  /** Facts a program can use: paths, limits, positions. JSON values only. */
  readonly details: Readonly<Record<string, unknown>>;

  constructor(
    message: string,
    options: { hint: string; details?: Record<string, unknown>; cause?: unknown },
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = new.target.name;
    this.hint = options.hint;
    this.details = options.details ?? {};
  }
}

/** The message of anything thrown. */
export function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** An expression or template that cannot be compiled: syntax, unknown name or function, wrong use of a type. */
export class ExpressionInvalid extends TroupeError {
  readonly code = 'expression.invalid';
  /** What is wrong, for validation: `expression.syntax`, `expression.unknown-name` and so on. */
  readonly problem: string;
  /** Where in the expression, in characters. */
  readonly offset: number;
  /** Characters that are wrong from there; 0 where something is missing. */
  readonly length: number;
  /** What may stand in their place. */
  readonly suggestion: string | undefined;

  constructor(options: {
    problem: string;
    message: string;
    hint: string;
    expression: string;
    offset: number;
    length: number;
    suggestion?: string | undefined;
  }) {
    const { problem, message, hint, expression, offset } = options;
    super(message, { hint, details: { problem, expression: excerpt(expression), offset } });
    this.problem = problem;
    this.offset = offset;
    this.length = options.length;
    this.suggestion = options.suggestion;
  }
}

/** An evaluation that has no answer: a missing field, types that do not fit, a division by zero. */
export class ExpressionFailed extends TroupeError {
  readonly code = 'expression.failed';
  /** True where `default(...)` would have helped: the name or field is not there. */
  readonly missing: boolean;

  constructor(options: { message: string; hint: string; expression: string; missing?: boolean }) {
    const { message, hint, expression, missing = false } = options;
    super(`${message} in \`${excerpt(expression)}\``, {
      hint,
      details: { expression: excerpt(expression), missing },
    });
    this.missing = missing;
  }
}

/** An expression over one of its bounds: length, nodes, nesting, steps, list or text size. */
export class ExpressionLimit extends TroupeError {
  readonly code = 'expression.limit';

  constructor(options: { what: string; limit: number; expression: string }) {
    const { what, limit, expression } = options;
    super(`${what} is over its limit of ${limit} in \`${excerpt(expression)}\``, {
      hint: 'Make the expression smaller, or let an agent do this work.',
      details: { expression: excerpt(expression), what, limit },
    });
  }
}

/** A definition with problems; all of them are in `details.problems`. */
export class WorkflowInvalid extends TroupeError {
  readonly code = 'workflow.invalid';

  constructor(problems: readonly { code: string; message: string; path: string; hint: string }[]) {
    const first = problems[0];
    const more = problems.length > 1 ? ` (and ${problems.length - 1} more)` : '';
    super(`the workflow is not valid: ${first?.message ?? 'no reason given'}${more}`, {
      hint: first?.hint ?? 'Correct the definition.',
      details: { problems: [...problems] },
    });
  }
}

/** A recorded workflow that would take longer than a run may. */
export class ImportTooLong extends TroupeError {
  readonly code = 'import.too-long';

  constructor(seconds: number) {
    super(`the tasks would take ${Math.round(seconds)} seconds in all`, {
      hint: 'Scale the times down.',
      details: { seconds },
    });
  }
}

const EXCERPT_LENGTH = 200;

function excerpt(text: string): string {
  return text.length <= EXCERPT_LENGTH ? text : `${text.slice(0, EXCERPT_LENGTH)}...`;
}

/** A value that JSON cannot carry, or that is nested too deep; `details.path` says where. */
export class ValueUnsupportedError extends TroupeError {
  readonly code = 'value.unsupported';
  constructor(problem: { path: string; reason: string }) {
    super(`${problem.path} is not a value: ${problem.reason}`, {
      hint: 'Values are null, booleans, finite numbers, Unicode strings, lists and plain objects, at most 64 levels deep. Bytes are blobs.',
      details: { ...problem },
    });
  }
}
