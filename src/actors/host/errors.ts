/**
 * What can go wrong around an actor.
 */
import { TroupeError } from '../../workflow/errors.ts';

/** A stream that cannot be folded because of what it holds. */
export class BrokenStream extends TroupeError {
  readonly code = 'stream.broken';
  constructor(stream: string, what: string) {
    super(`the stream ${stream} cannot be read: ${what}`, {
      hint: 'Run `troupe log verify`; it names the damaged positions.',
      details: { stream },
    });
  }
}

/** Only the owner of the log says so. */
export class RunNotFound extends TroupeError {
  readonly code = 'run.not-found';
  constructor(runId: string) {
    super(`there is no run ${runId}`, {
      hint: 'See `troupe runs list`; check TROUPE_PREFIX and TROUPE_DATA_DIR.',
      details: { runId },
    });
  }
}

/** The queue of uncommitted commits is full. */
export class Overloaded extends TroupeError {
  readonly code = 'overloaded';
  constructor() {
    super('the log cannot keep up with what arrives', {
      hint: 'Send the same message again a little later.',
    });
  }
}

/** The run is in quarantine, or being reloaded: the sender keeps its message and tries again. */
export class Unavailable extends TroupeError {
  readonly code = 'unavailable';
  constructor(stream: string, why: string) {
    super(`${stream} cannot take this now: ${why}`, {
      hint: 'Send the same message again later.',
      details: { stream },
    });
  }
}

/** The state of a run does not allow what was asked. */
export class RunConflict extends TroupeError {
  readonly code = 'run.conflict';
  constructor(message: string, options: { hint: string; details?: Record<string, unknown> }) {
    super(message, options);
  }
}

/** Another orchestrator serves this prefix. */
export class DuplicateOrchestrator extends TroupeError {
  readonly code = 'orchestrator.duplicate';
  constructor(details: { prefix: string; logId: string }) {
    super(`another orchestrator already serves the prefix "${details.prefix}" on this NATS`, {
      hint: 'Stop it, use its data directory through it, or set TROUPE_PREFIX to another prefix.',
      details,
    });
  }
}
