/**
 * What can go wrong around an actor.
 */
import { TroupeError } from '../../workflow/errors.ts';
import { didYouMean } from '../../workflow/suggest.ts';

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
  /** `archive`: the file with the run, where there is one. */
  constructor(runId: string, archive?: string) {
    super(`there is no run ${runId}`, {
      hint:
        archive === undefined
          ? 'See `troupe runs list`; check TROUPE_PREFIX and TROUPE_DATA_DIR.'
          : `It was archived: \`troupe log import ${archive} --data-dir <an empty folder>\` reads it.`,
      details: { runId, ...(archive === undefined ? {} : { archive }) },
    });
  }
}

/** The queue of uncommitted commits is full, or another queue that has a bound. */
export class Overloaded extends TroupeError {
  readonly code = 'overloaded';
  constructor(what = 'the log cannot keep up with what arrives') {
    super(what, {
      hint: 'Send the same message again a little later.',
    });
  }
}

/** As many runs live as may. */
export class TooManyRuns extends TroupeError {
  readonly code = 'overloaded';
  constructor(details: { limit: number; retryAfterMs: number }) {
    super(`${details.limit} runs live already, and no more may`, {
      hint: 'Send the same request again once runs have ended, or raise the setting limits.live_runs.',
      details,
    });
  }
}

/** A tenant or a session has as many live runs as it may, or as many of its tasks wait for a slot. */
export class QuotaExceeded extends TroupeError {
  readonly code = 'quota.exceeded';
  constructor(
    details: {
      scope: 'tenant' | 'session' | 'workflow';
      name: string;
      limit: number;
      retryAfterMs: number;
    } & ({ live: number } | { queued: number }),
  ) {
    const { scope, name, limit, retryAfterMs } = details;
    const what =
      'live' in details ? `${details.live} live runs` : `${details.queued} tasks that wait`;
    super(`the ${scope} "${name}" has ${what} of at most ${limit}`, {
      hint: `Send the same request again in about ${retryAfterMs} ms, or raise the setting limits.${scope}s.`,
      details,
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

/** The run is being archived or removed: once that is done it is gone, or it stays. */
export class RunLeaving extends TroupeError {
  readonly code = 'unavailable';
  constructor(runId: string) {
    super(`${runId} is about to leave the log`, {
      hint: 'Ask again in a moment: by then it is archived, or it has stayed.',
      details: { runId },
    });
  }
}

/** A client may not use an id that stands for the child run of another run, or for the run of a schedule. */
export class ReservedRequestId extends TroupeError {
  readonly code = 'message.invalid';
  constructor(requestId: string, prefix: string) {
    super(`the request id "${requestId}" belongs to child runs and schedules`, {
      hint: `Use an id that does not begin with "${prefix}".`,
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

/** Nothing has this id, or what has it is a run and no job. */
export class JobNotFound extends TroupeError {
  readonly code = 'job.not-found';
  constructor(jobId: string) {
    super(`there is no job ${jobId}`, {
      hint: 'See `troupe jobs list`; a run that is no job is shown by `troupe runs show`.',
      details: { jobId },
    });
  }
}

/** No worker has ever offered it to this log. */
export class AgentUnknown extends TroupeError {
  readonly code = 'agent.unknown';
  constructor(agent: string, known: readonly string[]) {
    super(`there is no agent "${agent}"`, {
      hint: didYouMean(agent, known, 'Start a worker that offers it; see `troupe agents`.'),
      details: { agent },
    });
  }
}

/** A start that no setting of the language would allow either. */
export class StartTooLate extends TroupeError {
  readonly code = 'message.invalid';
  constructor(startAt: number) {
    super(`the start is more than ten years away: ${startAt} ms since the epoch`, {
      hint: 'Give milliseconds since the epoch, or an ISO 8601 time with its zone.',
      details: { startAt },
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

/** A point of a run that a fork was to begin at, and that is not there. */
export class ForkPointNotFound extends TroupeError {
  readonly code = 'fork.not-found';
  constructor(point: string, run: string, hint: string) {
    super(`${run} has no version, checkpoint or task "${point}"`, {
      hint,
      details: { run, point },
    });
  }
}

/** What was to be set for a fork and cannot be. */
export class ForkOverrideInvalid extends TroupeError {
  readonly code = 'fork.invalid';
  constructor(path: string, why: string, hint: string) {
    super(`"${path}" cannot be set: ${why}`, { hint, details: { path } });
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

/** No operation on the log has this name. */
export class LogOperationUnknown extends TroupeError {
  readonly code = 'log.operation-unknown';
  constructor(operation: string) {
    super(`"${operation}" cannot be done to the log`, {
      hint: 'Known are stats, collect and archive.',
      details: { operation },
    });
  }
}

/** Something else is being done to the log. */
export class LogBusy extends TroupeError {
  readonly code = 'log.busy';
  constructor(operation: string) {
    super(`the log is busy: "${operation}" is under way`, {
      hint: 'Ask again when it is done; `troupe log stats` works meanwhile.',
      details: { operation },
    });
  }
}

/** A log in memory has no directory beside it. */
export class ArchiveNowhere extends TroupeError {
  readonly code = 'log.archive-nowhere';
  constructor() {
    super('there is no directory for archives', {
      hint: 'Ask with `action: delete`, or use a log on disk.',
    });
  }
}
