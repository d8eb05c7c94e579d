/**
 * Sends results until they are acknowledged. Owns what is unacknowledged; that it survives a kill is the cache's affair.
 *
 * O1 A result leaves the outbox exactly once: acknowledged, refused for good, or older than the retention time.
 * O2 At most `MAX_IN_FLIGHT` requests at a time; the others wait their turn.
 * O3 One timer for all that waits, none a result (beside the request's own timeout).
 * O4 A result is given up for what the other side says of it, never for what goes wrong in this process.
 */
import { isPassing } from '../client/ask.ts';
import type { BusMessage } from '../messaging/bus.ts';
import { RemoteError } from '../messaging/errors.ts';
import { TroupeError } from '../workflow/errors.ts';
import type { JsonObject } from '../workflow/value.ts';
import type { AgentLogger } from './agent.ts';
import { RESULT_RETENTION_MS } from './attempt-cache.ts';
import type { FinishedAttempt } from './attempt-record.ts';
import type { WorkerClock } from './clock.ts';
import { FifoQueue } from './fifo-queue.ts';

const MAX_IN_FLIGHT = 1_024;
/** Requests for one result at a time: a second one when the orchestrator asks for what the first should have told it. */
const MAX_COPIES = 2;
const FIRST_BACKOFF_MS = 50;
const MAX_BACKOFF_MS = 5_000;
/** How often waiting results are looked at. */
const TICK_MS = 25;

/**
 * Codes after which a result is sent again beside those that pass (`client/ask.ts`): the other side could not say what
 * happened. Every other typed error is final: the result is known, late, or wrong, and sending it again changes nothing.
 */
const RESEND_CODES: ReadonlySet<string> = new Set([
  'internal',
  'remote.error',
  'message.malformed',
  'blob.corrupt',
]);

/** How a result left the outbox. */
export type Settlement = 'acknowledged' | 'refused' | 'expired';

export interface OutboxOptions {
  /** One try; resolves to the reply. Uploads what is too large for a message first. */
  transmit: (finished: FinishedAttempt) => Promise<BusMessage>;
  onSettled: (finished: FinishedAttempt, settlement: Settlement) => void;
  clock: WorkerClock;
  logger: AgentLogger;
}

interface Letter {
  finished: FinishedAttempt;
  tries: number;
  /** In `WorkerClock.elapsedMs`; of a letter that waits. */
  dueAt: number;
  /** True while it waits for its turn. */
  isReady: boolean;
  /** Requests without an answer yet. */
  copies: number;
}

/** The unacknowledged results of one worker. */
export class WorkerOutbox {
  readonly #options: OutboxOptions;
  readonly #letters = new Map<string, Letter>();
  readonly #waiting = new Set<Letter>();
  readonly #ready = new FifoQueue<Letter>();
  #inFlight = 0;
  #stopTick: (() => void) | undefined;
  #isStopped = false;

  constructor(options: OutboxOptions) {
    this.#options = options;
  }

  get size(): number {
    return this.#letters.size;
  }

  /** What is not acknowledged yet. */
  *unacknowledged(): Iterable<FinishedAttempt> {
    for (const letter of this.#letters.values()) yield letter.finished;
  }

  /**
   * Sends a result. One that waits is sent now. One whose request has no answer yet is sent beside it: the asker that
   * probes or dispatches again may be a new process, and the request have died with the old one.
   */
  send(finished: FinishedAttempt): void {
    if (this.#isStopped) return;
    const known = this.#letters.get(finished.key);
    if (known !== undefined) {
      const isInFlight = known.copies > 0 && known.copies < MAX_COPIES;
      if (this.#waiting.delete(known) || isInFlight) this.#enqueue(known);
      return;
    }
    const letter: Letter = { finished, tries: 0, dueAt: 0, isReady: false, copies: 0 };
    this.#letters.set(finished.key, letter);
    this.#enqueue(letter);
  }

  /** The connection is back: everything that waits is due now. */
  resendNow(): void {
    const waiting = [...this.#waiting];
    this.#waiting.clear();
    for (const letter of waiting) {
      letter.tries = 0;
      this.#enqueue(letter);
    }
  }

  /** Sends nothing any more; replies that are still to come change nothing. */
  stop(): void {
    this.#isStopped = true;
    this.#stopTick?.();
  }

  #enqueue(letter: Letter): void {
    // However often it is asked for while the others are in flight, its turn comes once.
    if (letter.isReady) return;
    letter.isReady = true;
    this.#ready.push(letter);
    this.#pump();
  }

  #pump(): void {
    while (this.#inFlight < MAX_IN_FLIGHT && !this.#isStopped) {
      const letter = this.#ready.take();
      if (letter === undefined) return;
      letter.isReady = false;
      if (this.#isGone(letter)) continue;
      letter.copies += 1;
      this.#inFlight += 1;
      this.#options.transmit(letter.finished).then(
        (reply) => this.#onReply(letter, reply),
        (error: unknown) => this.#onError(letter, error),
      );
    }
  }

  #onReply(letter: Letter, reply: BusMessage): void {
    let isAcknowledged = false;
    try {
      isAcknowledged = (reply.body() as JsonObject | null)?.['ack'] === true;
    } catch (error) {
      this.#onError(letter, error);
      return;
    }
    this.#landed(letter);
    if (isAcknowledged) this.#settle(letter, 'acknowledged');
    else this.#postpone(letter, 'the reply is no acknowledgement');
    this.#pump();
  }

  #onError(letter: Letter, error: unknown): void {
    this.#landed(letter);
    if (isFinal(error)) {
      this.#log('warn', letter, 'result refused', { code: error.code, error: error.message });
      this.#settle(letter, 'refused');
    } else {
      this.#postpone(letter, error instanceof TroupeError ? error.code : String(error));
    }
    this.#pump();
  }

  #landed(letter: Letter): void {
    letter.copies -= 1;
    this.#inFlight -= 1;
  }

  /** O1: a second copy of a settled result changes nothing. */
  #isGone(letter: Letter): boolean {
    return this.#letters.get(letter.finished.key) !== letter;
  }

  #settle(letter: Letter, settlement: Settlement): void {
    if (this.#isStopped || this.#isGone(letter)) return;
    this.#letters.delete(letter.finished.key);
    this.#waiting.delete(letter);
    this.#options.onSettled(letter.finished, settlement);
  }

  #postpone(letter: Letter, reason: string): void {
    if (this.#isGone(letter) || letter.copies > 0 || letter.isReady || this.#waiting.has(letter))
      return;
    const { clock } = this.#options;
    if (clock.now() - letter.finished.finishedAt > RESULT_RETENTION_MS) {
      this.#log('error', letter, 'result dropped: nobody took it within the retention time', {
        reason,
      });
      this.#settle(letter, 'expired');
      return;
    }
    const backoffMs = Math.min(FIRST_BACKOFF_MS * 2 ** letter.tries, MAX_BACKOFF_MS);
    letter.tries += 1;
    letter.dueAt = clock.elapsedMs() + backoffMs * (0.5 + clock.random() / 2);
    this.#waiting.add(letter);
    this.#log('debug', letter, 'result not acknowledged; sent again later', {
      reason,
      tries: letter.tries,
    });
    this.#armTick();
  }

  #armTick(): void {
    if (this.#isStopped || this.#stopTick !== undefined) return;
    this.#stopTick = this.#options.clock.after(TICK_MS, () => {
      this.#stopTick = undefined;
      const now = this.#options.clock.elapsedMs();
      for (const letter of this.#waiting) {
        if (letter.dueAt > now) continue;
        this.#waiting.delete(letter);
        this.#enqueue(letter);
      }
      if (this.#waiting.size > 0) this.#armTick();
    });
  }

  #log(
    level: 'debug' | 'warn' | 'error',
    letter: Letter,
    message: string,
    fields: Record<string, unknown>,
  ): void {
    const { runId, activation, attempt } = letter.finished.ref;
    this.#options.logger[level](message, { runId, taskId: activation, attempt, ...fields });
  }
}

/** O4: true when the other side has said that sending the result again cannot help. */
function isFinal(error: unknown): error is RemoteError {
  if (!(error instanceof RemoteError)) return false;
  return !isPassing(error) && !error.code.startsWith('bus.') && !RESEND_CODES.has(error.code);
}
