/**
 * What can be wrong with a time that was given.
 */
import { TroupeError } from '../errors.ts';

/** A cron expression, zone, duration or time that cannot be used; `details.field` says which part of it. */
export class ScheduleInvalid extends TroupeError {
  readonly code = 'schedule.invalid';
  constructor(
    message: string,
    options: { hint: string; field: string; details?: Record<string, unknown> },
  ) {
    const { hint, field, details } = options;
    super(message, { hint, details: { field, ...details } });
  }
}
