/**
 * Why a schedule does not do what it is told.
 */
import { TroupeError } from '../../workflow/errors.ts';

/** No schedule has that name, or it was withdrawn. Only the owner of the log says so. */
export class ScheduleNotFound extends TroupeError {
  readonly code = 'schedule.not-found';
  constructor(name: string) {
    super(`there is no schedule ${name}`, {
      hint: 'See `troupe schedules list`; check TROUPE_PREFIX and TROUPE_DATA_DIR.',
      details: { name },
    });
  }
}

/** The name is taken by a schedule that says something else. */
export class ScheduleConflict extends TroupeError {
  readonly code = 'schedule.conflict';
  constructor(name: string) {
    super(`there is a schedule ${name} already, and it is another one`, {
      hint: 'Take another name, or say `replace` (--replace) to change it.',
      details: { name },
    });
  }
}
