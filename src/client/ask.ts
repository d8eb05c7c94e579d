/**
 * Asking until there is an answer. The one place that says which errors pass by themselves and how long to wait.
 */
import { setTimeout as wait } from 'node:timers/promises';
import type { Bus, BusMessage, Headers } from '../messaging/bus.ts';
import { TroupeError } from '../workflow/errors.ts';
import type { JsonValue } from '../workflow/value.ts';

/** How long an asker goes on by default. */
const ASK_DEADLINE_MS = 30_000;
/** How long one try waits for its reply. */
const TRY_TIMEOUT_MS = 5_000;
const FIRST_PAUSE_MS = 25;
const MAX_PAUSE_MS = 1_000;

/** The other side is away, restarting, or full; the same message may be answered later. */
const PASSING_CODES: ReadonlySet<string> = new Set([
  'bus.no-responders',
  'bus.timeout',
  'bus.disconnected',
  'overloaded',
  'unavailable',
  'projection.lagging',
  // The log could not be written, or memory was ahead of it; the orchestrator reopens it by itself.
  'log.closed',
  'log.failed',
  'log.version-conflict',
]);

export interface AskOptions {
  /** Milliseconds to go on asking; default `ASK_DEADLINE_MS`. */
  deadlineMs?: number;
  /** Stops asking; the promise rejects with its reason. */
  signal?: AbortSignal;
}

export interface Question extends AskOptions {
  bus: Bus;
  subject: string;
  body: JsonValue;
  headers?: Headers;
  /** Sent in place of the body, for blobs. */
  bytes?: Uint8Array;
}

/** True for an error after which the same message should be sent again. */
export function isPassing(error: unknown): boolean {
  return error instanceof TroupeError && PASSING_CODES.has(error.code);
}

/**
 * The reply to a message that may be sent more than once: it has an id or changes nothing. Asks again while the other
 * side is away; rejects with the last error after the deadline, and at once with any other `RemoteError`.
 */
export async function ask(question: Question): Promise<BusMessage> {
  const { bus, subject, body, headers, bytes, signal } = question;
  const endsAt = performance.now() + (question.deadlineMs ?? ASK_DEADLINE_MS);
  for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs = Math.min(pauseMs * 2, MAX_PAUSE_MS)) {
    signal?.throwIfAborted();
    const leftMs = endsAt - performance.now();
    try {
      return await bus.request(subject, body, {
        timeoutMs: Math.max(1, Math.min(TRY_TIMEOUT_MS, leftMs)),
        ...(headers === undefined ? {} : { headers }),
        ...(bytes === undefined ? {} : { bytes }),
      });
    } catch (error) {
      if (!isPassing(error) || performance.now() + pauseMs >= endsAt) throw error;
      await pause(pauseMs, signal);
    }
  }
}

/** Waits; rejects with the signal's own reason. */
export async function pause(ms: number, signal: AbortSignal | undefined): Promise<void> {
  try {
    await wait(ms, undefined, signal === undefined ? {} : { signal });
  } catch (error) {
    signal?.throwIfAborted();
    throw error;
  }
}
