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

/** A client may not use an id that stands for the child run of another run. */
export class ReservedRequestId extends TroupeError {
  readonly code = 'message.invalid';
  constructor(requestId: string) {
    super(`the request id "${requestId}" belongs to child runs`, {
      hint: 'Use an id that does not begin with "child:".',
      details: { requestId },
    });
  }
}

/** A write failed, and the log is not open again yet. */
export class LogReopening extends TroupeError {
  readonly code = 'unavailable';
  constructor() {
    super('the log could not be written and is being reopened', {
      hint: 'Send the same message again later. If it stays so, look whether the disk is full.',
    });
  }
}

/** A command of the language that this release does not carry out. */
export class CommandUnavailable extends TroupeError {
  readonly code = 'command.unavailable';
  constructor(type: string) {
    super(`the command "${type}" is not built yet`, {
      hint: 'A run takes start, step, pause, resume, checkpoint, complete, cancel, terminate, retry, release, signal, approve and reject.',
      details: { type },
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

/** A body that does not have the shape of its subject. */
export class InvalidMessage extends TroupeError {
  readonly code = 'message.invalid';
  constructor(
    what: string,
    error: { issues: readonly { path: PropertyKey[]; message: string }[] },
  ) {
    const issues = error.issues
      .slice(0, 20)
      .map(({ path, message }) => ({ path: path.map(String).join('.'), message }));
    const first = issues[0];
    super(
      `${what} is not valid: ${first === undefined ? 'unknown' : `${first.path || 'body'}: ${first.message}`}`,
      {
        hint: '`details.issues` names every field that is wrong.',
        details: { issues },
      },
    );
  }
}

/** A blob upload that is not known, out of order, too large, or one too many. */
export class BlobUploadRefused extends TroupeError {
  readonly code: string;
  constructor(code: 'blob.upload-unknown' | 'payload.too-large' | 'overloaded', message: string) {
    super(message, {
      hint:
        code === 'blob.upload-unknown'
          ? 'Begin the upload again with seq 0.'
          : 'Send less at once.',
    });
    this.code = code;
  }
}
