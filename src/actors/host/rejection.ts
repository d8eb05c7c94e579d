/**
 * Errors as rejections: what goes back to a sender.
 */
import type { Rejection } from '../../machines/run/decision.ts';
import { toWireError } from '../../messaging/errors.ts';

/** The rejection for anything thrown: a typed error keeps its code, everything else is `internal`. */
export function rejectionOf(error: unknown): Rejection {
  return toWireError(error);
}
