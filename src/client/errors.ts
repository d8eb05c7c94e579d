/** Errors of the client's room. What the orchestrator refused arrives as the `RemoteError` it sent. */
import { TroupeError } from '../workflow/errors.ts';

/** A reply without the fields that the contract promises: another program answers on this subject. */
export class UnexpectedReplyError extends TroupeError {
  readonly code = 'client.unexpected-reply';
  constructor(subject: string, missing: string) {
    super(`the reply on ${subject} has no ${missing}`, {
      hint: 'Check that the orchestrator has this release and that nothing else answers on its prefix.',
      details: { subject, missing },
    });
  }
}

/** The request was understood too little to become a run. */
export class ClarificationNeededError extends TroupeError {
  readonly code = 'request.clarification-needed';
  constructor(clarification: unknown) {
    super('the request needs a clarification before it can become a run', {
      hint: 'The details have the question; ask again with more words or with a workflow.',
      details: { clarification },
    });
  }
}

/** Bytes that came back differ from those that were named. */
export class BlobCorruptError extends TroupeError {
  readonly code = 'blob.corrupt';
  constructor(blob: { expected: string; actual: string }) {
    super(`the blob ${blob.expected} arrived as ${blob.actual}`, {
      hint: 'Ask again; if it stays so, verify the log of the orchestrator.',
      details: blob,
    });
  }
}

/** More bytes than the caller allowed. */
export class BlobTooLargeError extends TroupeError {
  readonly code = 'payload.too-large';
  constructor(sizes: { size: number; limit: number }) {
    super(`the blob has ${sizes.size} bytes or more, the limit here is ${sizes.limit}`, {
      hint: 'Split the data, or raise `maxBytes`.',
      details: sizes,
    });
  }
}

/** The orchestrator has no report of this run. */
export class UnknownRunError extends TroupeError {
  readonly code = 'run.not-found';
  constructor(runId: string) {
    super(`there is no run ${runId}`, {
      hint: 'List the runs with `troupe runs list`.',
      details: { runId },
    });
  }
}
