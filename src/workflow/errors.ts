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
