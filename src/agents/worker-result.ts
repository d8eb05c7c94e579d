/**
 * From the outcome of an attempt to its result message, and how that is sent: small ones whole, large ones as a blob.
 */

import { isPassing } from '../client/ask.ts';
import { type BlobStoreAddress, putBlob } from '../client/blob-transfer.ts';
import { type Failure, failureCodes, failureOf } from '../messages/failure.ts';
import { BLOB_CHUNK_BYTES, MAX_VALUE_BYTES } from '../messages/request.ts';
import type { BusMessage, Headers } from '../messaging/bus.ts';
import { RemoteError } from '../messaging/errors.ts';
import { TroupeError } from '../workflow/errors.ts';
import {
  type BlobReference,
  checkValue,
  type JsonObject,
  VALUE_BLOB_TYPE,
} from '../workflow/value.ts';
import type { AgentLogger, AgentOutcome } from './agent.ts';
import { encodeFinished, type FinishedAttempt } from './attempt-record.ts';
import type { WorkerClock } from './clock.ts';
import type { AttemptInHand } from './worker-attempt.ts';
import { withoutSecrets } from './worker-secrets.ts';

/** Larger results are sent as blobs: a message over 512 KiB must use one. Leaves room for what is around the output. */
const MAX_INLINE_BYTES = BLOB_CHUNK_BYTES - 16 * 1024;
const MAX_BYTES_PER_CHARACTER = 3;
const REPLY_TIMEOUT_MS = 5_000;
/** A stored blob that no event names yet is kept for a day; it is stored again well before. */
const UPLOAD_VALID_MS = 3_600_000;
const MAX_CODE_LENGTH = 200;
const MAX_FAILURE_MESSAGE = 20_000;

/** A finished attempt and its line for the cache. */
export interface EncodedResult {
  finished: FinishedAttempt;
  line: string;
}

/** The result of an attempt. Unsupported values and outputs over 64 MiB become failures that are not retried. */
// Length: every way in which an outcome becomes a result that fits a message.
export function encodeResult(
  attempt: AttemptInHand,
  outcome: AgentOutcome,
  worker: string,
): EncodedResult {
  const { request } = attempt;
  const base: JsonObject = {
    ...{ attempt: request.attempt, worker, logId: request.logId },
    ...(attempt.redactor === undefined ? {} : { redacted: true }),
  };
  const usage = attempt.usageMember(outcome.usage);
  const finish = (body: JsonObject): EncodedResult => {
    const finished: FinishedAttempt = {
      key: request.key,
      agent: request.agent,
      ref: attempt.ref,
      subject: request.result,
      body: { ...base, ...body, ...usage },
      finishedAt: attempt.now(),
      ...(request.trace === undefined ? {} : { trace: request.trace }),
    };
    return { finished, line: encodeFinished(finished) };
  };
  const { redactor } = attempt;
  if (outcome.status === 'failed')
    return finish(failedBody(withoutSecrets(attempt.interruption ?? outcome.error, redactor)));
  try {
    const output = checkValue(outcome.output);
    return checkSize(finish({ status: 'succeeded', output: redactor?.value(output) ?? output }));
  } catch (error) {
    // A RangeError is a text beyond what a string can hold.
    return finish(
      failedBody(
        error instanceof RangeError
          ? tooLarge('more than a text can hold')
          : withoutSecrets(failureOf(error, false), redactor),
      ),
    );
  }

  function checkSize(result: EncodedResult): EncodedResult {
    if (result.line.length * MAX_BYTES_PER_CHARACTER <= MAX_INLINE_BYTES) return result;
    const bytes = Buffer.byteLength(result.line);
    if (bytes <= MAX_INLINE_BYTES) return result;
    if (bytes > MAX_VALUE_BYTES) return finish(failedBody(tooLarge(`${bytes} bytes`)));
    result.finished.upload = true;
    return { finished: result.finished, line: encodeFinished(result.finished) };
  }
}

/** Sends results; remembers which large outputs the orchestrator has, and which results cannot be sent as they are. */
export class ResultSender {
  readonly #address: BlobStoreAddress;
  readonly #clock: WorkerClock;
  readonly #logger: AgentLogger;
  readonly #uploads = new WeakMap<FinishedAttempt, { reference: BlobReference; at: number }>();
  readonly #substitutes = new WeakMap<FinishedAttempt, JsonObject>();

  constructor(options: { address: BlobStoreAddress; clock: WorkerClock; logger: AgentLogger }) {
    this.#address = options.address;
    this.#clock = options.clock;
    this.#logger = options.logger;
  }

  /**
   * One try. Resolves to the reply; rejects as `Bus.request` does. A result that our own side cannot send (too large
   * for this server) is told as a failure from then on: silence would have the attempt lost and executed again.
   */
  async send(finished: FinishedAttempt): Promise<BusMessage> {
    const known = this.#substitutes.get(finished);
    if (known !== undefined) return this.#request(finished, known);
    const body = finished.upload === true ? await this.#offload(finished) : finished.body;
    try {
      return await this.#request(finished, body);
    } catch (error) {
      if (!isUnsendable(error)) throw error;
      return this.#request(finished, this.#substituteFor(finished, error));
    }
  }

  #request(finished: FinishedAttempt, body: JsonObject): Promise<BusMessage> {
    const headers: { headers?: Headers } =
      finished.trace === undefined ? {} : { headers: { traceparent: finished.trace } };
    return this.#address.bus.request(finished.subject, body, {
      timeoutMs: REPLY_TIMEOUT_MS,
      ...headers,
    });
  }

  #substituteFor(finished: FinishedAttempt, error: TroupeError): JsonObject {
    const { runId, activation, attempt } = finished.ref;
    this.#logger.error('result cannot be sent; told as a failure', {
      runId,
      taskId: activation,
      attempt,
      code: error.code,
      error: error.message,
    });
    const { output: _, usage: __, ...rest } = finished.body;
    const substitute = { ...rest, ...failedBody(notRetryable(error)) };
    this.#substitutes.set(finished, substitute);
    return substitute;
  }

  async #offload(finished: FinishedAttempt): Promise<JsonObject> {
    const known = this.#uploads.get(finished);
    const ageMs = known === undefined ? -1 : this.#clock.now() - known.at;
    // By the date, which also counts the time in which the machine slept; one that was set back proves nothing.
    if (known !== undefined && ageMs >= 0 && ageMs < UPLOAD_VALID_MS)
      return { ...finished.body, output: { ...known.reference } };
    const bytes = Buffer.from(JSON.stringify(finished.body['output']));
    try {
      const reference = await putBlob(this.#address, { bytes, type: VALUE_BLOB_TYPE });
      this.#uploads.set(finished, { reference, at: this.#clock.now() });
      return { ...finished.body, output: { ...reference } };
    } catch (error) {
      if (isPassing(error)) throw error;
      // The orchestrator takes no such blob: that is how this attempt has ended, and it is told so.
      const { output: _, ...rest } = finished.body;
      const failure = isUnsendable(error) ? notRetryable(error) : failureOf(error, true);
      return { ...rest, ...failedBody(failure) };
    }
  }
}

function failedBody(error: Failure): JsonObject {
  const code =
    error.code === '' ? 'agent.error' : error.code.slice(0, MAX_CODE_LENGTH).toWellFormed();
  const message = error.message.slice(0, MAX_FAILURE_MESSAGE).toWellFormed();
  const { retryable, retryAfter } = error;
  const hasHint = retryAfter !== undefined && Number.isFinite(retryAfter) && retryAfter >= 0;
  const asked = hasHint ? { retryAfter } : {};
  return { status: 'failed', error: { code, message, retryable, ...asked } };
}

function tooLarge(size: string): Failure {
  const message = `the output has ${size}, the limit is ${MAX_VALUE_BYTES} bytes`;
  return { code: failureCodes.payloadTooLarge, message, retryable: false };
}

/** True for what this process refuses to send: the same message would be refused again. */
function isUnsendable(error: unknown): error is TroupeError {
  if (!(error instanceof TroupeError) || error instanceof RemoteError) return false;
  return error.code === failureCodes.payloadTooLarge || error.code === 'value.unsupported';
}

function notRetryable(error: TroupeError): Failure {
  return { ...failureOf(error), retryable: false };
}
