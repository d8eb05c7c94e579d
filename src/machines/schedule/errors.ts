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

/** A run is wanted now of a schedule that is paused. */
export class SchedulePaused extends TroupeError {
  readonly code = 'schedule.paused';
  constructor(name: string) {
    super(`the schedule ${name} is paused`, {
      hint: 'Resume it first, or request its workflow itself (`troupe run`).',
      details: { name, possible: ['resume', 'remove'] },
    });
  }
}

/** A run is wanted now, and the one before has not ended: the schedule lets no two run at once. */
export class ScheduleOverlap extends TroupeError {
  readonly code = 'schedule.overlap';
  constructor(name: string, { overlap, runId }: { overlap: string; runId: string }) {
    super(`the run before has not ended, and the schedule ${name} has \`overlap: ${overlap}\``, {
      hint: `Wait for the end of ${runId}, or cancel it (\`troupe runs cancel ${runId}\`).`,
      details: { name, overlap, runId },
    });
  }
}

/** The run that was asked for was refused; what is wrong is in `details.error`. */
export class ScheduleRunRefused extends TroupeError {
  readonly code = 'schedule.run-refused';
  constructor(name: string, error: { code: string; message: string } | undefined) {
    const why = error === undefined ? '' : `: ${error.code}: ${error.message}`;
    super(`the schedule ${name} could not start a run${why}`, {
      hint: 'Set it up again with --replace once its workflow is right.',
      details: { name, ...(error === undefined ? {} : { error }) },
    });
  }
}
