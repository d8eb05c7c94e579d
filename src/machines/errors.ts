/**
 * Defects that a fold or a decider can show. They quarantine one run and are never retried.
 */
import { TroupeError } from '../workflow/errors.ts';

/** An event arrived in a state that does not handle it. */
export class IllegalEvent extends TroupeError {
  readonly code = 'fold.illegal-event';
  constructor(where: { machine: string; state: string; type: string }) {
    super(`the machine "${where.machine}" in state ${where.state} cannot take "${where.type}"`, {
      hint: 'This is a defect. Keep the log, and release or terminate the run.',
      details: where,
    });
  }
}

/** Something that must hold did not. */
export class BrokenInvariant extends TroupeError {
  readonly code = 'defect.invariant';
  constructor(message: string, details: Record<string, unknown> = {}) {
    super(message, {
      hint: 'This is a defect. Keep the log, and release or terminate the run.',
      details,
    });
  }
}

/** Throws `defect.invariant` unless the condition holds. */
export function invariant(
  condition: unknown,
  message: string,
  details?: Record<string, unknown>,
): asserts condition {
  if (!condition) throw new BrokenInvariant(message, details);
}
