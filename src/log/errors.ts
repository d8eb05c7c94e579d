/** The operating errors of the log, one class a condition. Callers test `code`. */
import { reasonOf, TroupeError } from '../workflow/errors.ts';

/** The stream has another version than the writer believed: somebody else appended, or memory is stale. */
export class LogVersionConflictError extends TroupeError {
  readonly code = 'log.version-conflict';
  constructor(conflict: { stream: string; expectedVersion: number; actualVersion: number }) {
    super(
      `stream ${conflict.stream} is at version ${conflict.actualVersion}, not ${conflict.expectedVersion}`,
      {
        hint: 'Discard the state in memory, read the stream again and decide anew.',
        details: conflict,
      },
    );
  }
}

/** A unique key belongs to another commit already; `details.stream` is its owner. */
export class LogUniqueKeyTakenError extends TroupeError {
  readonly code = 'log.unique-key-taken';
  constructor(taken: { key: string; stream: string }) {
    super(`unique key ${taken.key} is held by stream ${taken.stream}`, {
      hint: 'Treat the request as a repetition and answer with the stream that holds the key.',
      details: taken,
    });
  }
}

/** More events or bytes than one commit may hold. */
export class LogCommitTooLargeError extends TroupeError {
  readonly code = 'log.commit-too-large';
  constructor(size: { stream: string; unit: 'events' | 'bytes'; size: number; limit: number }) {
    super(
      `a commit to ${size.stream} has ${size.size} ${size.unit}, at most ${size.limit} are allowed`,
      {
        hint: 'Split the step into several commits and store large values as blobs.',
        details: size,
      },
    );
  }
}

/** The bound of uncommitted commits is reached. */
export class LogOverloadedError extends TroupeError {
  readonly code = 'overloaded';
  constructor(pending: { events: number; bytes: number }) {
    super(`the log has ${pending.events} events (${pending.bytes} bytes) waiting for the disk`, {
      hint: 'Try again in a moment.',
      details: pending,
    });
  }
}

/** An earlier append failed in I/O; nothing is accepted until `reopen()` has resolved. */
export class LogFailedError extends TroupeError {
  readonly code = 'log.failed';
  constructor(cause: unknown) {
    super('the log stopped after a failed write', {
      hint: 'Remove the cause (see `cause`), then reopen the log; what was not acknowledged has an unknown outcome.',
      cause,
    });
  }
}

/** The log was closed. */
export class LogClosedError extends TroupeError {
  readonly code = 'log.closed';
  constructor(cause?: unknown) {
    super('the log is closed', { hint: 'Open the log again before using it.', cause });
  }
}

/** The stream was removed from the log while it was read. */
export class StreamRemovedError extends TroupeError {
  readonly code = 'stream.removed';
  constructor(stream: string) {
    super(`${stream} was removed from the log`, {
      hint: 'Look for it in the archive; `troupe log import` reads its file into an empty data directory.',
      details: { stream },
    });
  }
}

/** An archive that was read back is not what was written; its runs stay in the log. */
export class ArchiveUnverifiedError extends TroupeError {
  readonly code = 'log.archive-unverified';
  constructor(path: string) {
    super(`${path} is not what was written`, {
      hint: 'Look at the disk; nothing was removed from the log.',
      details: { path },
    });
  }
}

/** What is on disk is not what was written; `details.position` says where, if it is known. */
export class LogCorruptError extends TroupeError {
  readonly code = 'log.corrupt';
  constructor(reason: string, options: { position?: number; cause?: unknown } = {}) {
    const place = options.position === undefined ? '' : ` at position ${options.position}`;
    super(`the log is corrupt${place}: ${reason}`, {
      hint: 'Run `troupe log verify` for the extent, and restore the data directory from a copy or an export.',
      details: options.position === undefined ? {} : { position: options.position },
      cause: options.cause,
    });
  }
}

/** The log was written by a later release. */
export class LogNewerFormatError extends TroupeError {
  readonly code = 'log.newer-format';
  constructor(formats: { found: number; supported: number }) {
    super(`the log has format ${formats.found}; this release reads up to ${formats.supported}`, {
      hint: 'Use the release that wrote this data directory, or a later one.',
      details: formats,
    });
  }
}

/** Another process, or this one, has the data directory open. */
export class LogLockedError extends TroupeError {
  readonly code = 'log.locked';
  constructor(directory: string, cause?: unknown) {
    super(`the log in ${directory} is open already`, {
      hint: 'One process at a time owns a data directory. Stop the other one, ask it over NATS, or set TROUPE_DATA_DIR to another directory.',
      details: { directory },
      cause,
    });
  }
}

/** The file system refused: disk full, no permission, a failing device. */
export class LogIoError extends TroupeError {
  readonly code = 'log.io';
  constructor(action: string, cause: unknown) {
    const reason = reasonOf(cause);
    super(`${action}: ${reason}`, { hint: ioHint(reason), details: { action }, cause });
  }
}

/** Lines that are no export of a log, or a log that cannot take them. */
export class LogImportError extends TroupeError {
  readonly code = 'log.import-refused';
  constructor(reason: string, options: { line?: number; cause?: unknown } = {}) {
    super(options.line === undefined ? reason : `line ${options.line}: ${reason}`, {
      hint: 'Import a complete file made by `troupe log export` into an empty data directory.',
      details: options.line === undefined ? {} : { line: options.line },
      cause: options.cause,
    });
  }
}

/** No such blob. */
export class BlobNotFoundError extends TroupeError {
  readonly code = 'blob.not-found';
  constructor(blob: string) {
    super(`there is no blob ${blob}`, {
      hint: 'It was never stored here, or was swept because nothing named it any more.',
      details: { blob },
    });
  }
}

/** The bytes of a blob do not have the hash that names them. */
export class BlobCorruptError extends TroupeError {
  readonly code = 'blob.corrupt';
  constructor(blob: string) {
    super(`the bytes of blob ${blob} are not the ones that were stored`, {
      hint: 'Restore the file under `blobs/` from a copy, or run the task again.',
      details: { blob },
    });
  }
}

/** A blob that an event says is a JSON value, and is none. */
export class BlobInvalidError extends TroupeError {
  readonly code = 'blob.invalid';
  constructor(blob: string, cause: unknown) {
    super(`blob ${blob} is no JSON value: ${reasonOf(cause)}`, {
      hint: 'Store JSON with the type application/json, and everything else with its own type.',
      details: { blob },
      cause,
    });
  }
}

function ioHint(reason: string): string {
  if (/ENOSPC|No space left|EFBIG|File too large|EDQUOT/i.test(reason)) {
    return 'The disk is full. Free some space, then start again; everything acknowledged is kept.';
  }
  if (
    /EACCES|EPERM|EROFS|Permission denied|Read-only|Not a directory|ENOTDIR|EEXIST/i.test(reason)
  ) {
    return 'Make the data directory writable for this user, or set TROUPE_DATA_DIR to one that is.';
  }
  return 'Check the disk and the data directory; everything acknowledged before is kept.';
}
