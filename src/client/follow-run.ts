/**
 * The events of one run, live and past, as one sequence.
 *
 * F1 Every event from `from` on is given out once, in the order of its `streamVersion`.
 * F2 The feed is subscribed before history is asked, so nothing falls between them; a gap is filled from history.
 * F3 History is asked at the start, after every reconnect, at a gap, and at least every 30 s.
 * F4 At most `MAX_BUFFERED` events and a page wait for the consumer; what does not fit is read from history later.
 * F5 The sequence ends after a terminal event that no other event follows.
 */
import type { JsonEnvelope } from '../events/envelope.ts';
import type { HistoryReply } from '../messages/request.ts';
import type { Bus, BusMessage, Subscription } from '../messaging/bus.ts';
import type { Subjects } from '../messaging/subjects.ts';
import { type AskOptions, ask, isPassing, pause } from './ask.ts';
import { UnexpectedReplyError } from './errors.ts';

/** How often history is asked when nothing else is a reason to. */
export const CHECK_INTERVAL_MS = 30_000;
const MAX_BUFFERED = 2_000;
const PAGE_EVENTS = 250;
/** Between two looks at a history that is behind the feed. */
const LAG_PAUSE_MS = 25;
const TERMINAL_TYPES: ReadonlySet<string> = new Set([
  'run.succeeded',
  'run.failed',
  'run.canceled',
]);

export interface FollowOptions {
  bus: Bus;
  subjects: Pick<Subjects, 'runEvents' | 'runHistory'>;
  runId: string;
  /** First `streamVersion` wanted; default 1. */
  from?: number;
  /** Ends the sequence with its reason as the error. */
  signal?: AbortSignal;
  /** For tests; default `CHECK_INTERVAL_MS`. */
  checkIntervalMs?: number;
}

/** True for the events that end a run. */
export function isTerminalEvent(event: Pick<JsonEnvelope, 'type'>): boolean {
  return TERMINAL_TYPES.has(event.type);
}

/** The events of a run (F1 to F5). Rejects with what the orchestrator says when the run is unknown. */
export async function* followRun(
  options: FollowOptions,
): AsyncGenerator<JsonEnvelope, void, undefined> {
  const follower = new RunFollower(options);
  try {
    for (;;) {
      const event = await follower.take();
      if (event === undefined) return;
      yield event;
    }
  } finally {
    await follower.stop();
  }
}

/** One page of history. Rejects as `ask` does, and with `client.unexpected-reply`. */
export async function readHistory(
  where: Pick<FollowOptions, 'bus' | 'subjects' | 'runId'> & AskOptions,
  page: { from: number; limit: number },
): Promise<HistoryReply> {
  const { subjects, runId, ...asking } = where;
  const subject = subjects.runHistory(runId);
  const reply = await ask({ ...asking, subject, body: page });
  const body = reply.body() as unknown as HistoryReply | null;
  if (!Array.isArray(body?.events)) throw new UnexpectedReplyError(subject, 'events');
  return body;
}

class RunFollower {
  readonly #options: FollowOptions;
  readonly #from: number;
  readonly #controller = new AbortController();
  readonly #signal: AbortSignal;
  readonly #subscription: Subscription;
  readonly #stopReconnect: () => void;
  readonly #timer: NodeJS.Timeout;
  /** The version that must come next. */
  #next: number;
  #lastSeen = 0;
  #buffer: JsonEnvelope[] = [];
  #taken = 0;
  #isAtTerminal = false;
  #isEnded = false;
  #failure: { error: unknown } | undefined;
  #isCatchingUp = false;
  #mustCatchUp = false;
  /** History has more than fitted. */
  #hasMore = false;
  #wake: (() => void) | undefined;

  constructor(options: FollowOptions) {
    this.#options = options;
    this.#from = options.from ?? 1;
    // The event before the first one wanted tells whether the run has ended already.
    this.#next = Math.max(1, this.#from - 1);
    const own = this.#controller.signal;
    this.#signal = options.signal === undefined ? own : AbortSignal.any([own, options.signal]);
    this.#signal.addEventListener('abort', () => this.#fail(this.#signal.reason), { once: true });
    if (this.#signal.aborted) this.#fail(this.#signal.reason);
    const { bus, subjects, runId } = options;
    this.#subscription = bus.subscribe(subjects.runEvents(runId), {}, (message) =>
      this.#onLive(message),
    );
    this.#stopReconnect = bus.onReconnect(() => this.#catchUp());
    this.#timer = setInterval(() => this.#catchUp(), options.checkIntervalMs ?? CHECK_INTERVAL_MS);
    this.#catchUp();
  }

  /** The next event; undefined after the last one. */
  async take(): Promise<JsonEnvelope | undefined> {
    for (;;) {
      const event = this.#shift();
      if (event !== undefined) return event;
      if (this.#failure !== undefined) throw this.#failure.error;
      if (this.#isEnded) return undefined;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  async stop(): Promise<void> {
    this.#isEnded = true;
    clearInterval(this.#timer);
    this.#stopReconnect();
    this.#controller.abort(new DOMException('the follower has ended', 'AbortError'));
    await this.#subscription.stop();
  }

  #shift(): JsonEnvelope | undefined {
    const event = this.#buffer[this.#taken];
    if (event === undefined) return undefined;
    this.#taken += 1;
    if (this.#taken === this.#buffer.length) {
      this.#buffer = [];
      this.#taken = 0;
      if (this.#hasMore || this.#lastSeen >= this.#next) this.#catchUp();
    }
    return event;
  }

  #onLive(message: BusMessage): void {
    if (this.#isEnded) return;
    const event = message.body() as unknown as JsonEnvelope | null;
    const version = event?.streamVersion;
    if (event === null || typeof version !== 'number' || version < this.#next) return;
    this.#lastSeen = Math.max(this.#lastSeen, version);
    if (version > this.#next || this.#isFull()) {
      this.#catchUp();
      return;
    }
    this.#accept(event);
    if (this.#isAtTerminal) this.#end();
    this.#notify();
  }

  /** Takes an event that is the next one, or the first one that is left of a pruned history. */
  #accept(event: JsonEnvelope): void {
    if (event.streamVersion < this.#next) return;
    this.#next = event.streamVersion + 1;
    this.#isAtTerminal = isTerminalEvent(event);
    if (event.streamVersion >= this.#from) this.#buffer.push(event);
  }

  /** Reads history to its end, once at a time. */
  #catchUp(): void {
    this.#mustCatchUp = true;
    if (this.#isCatchingUp || this.#isEnded) return;
    this.#isCatchingUp = true;
    this.#readToEnd()
      .catch((error: unknown) => this.#fail(error))
      .finally(() => {
        this.#isCatchingUp = false;
        if (this.#mustCatchUp && this.#failure === undefined) this.#catchUp();
      });
  }

  async #readToEnd(): Promise<void> {
    while (this.#mustCatchUp && !this.#isEnded) {
      this.#mustCatchUp = false;
      const before = this.#next;
      await this.#readPages();
      this.#notify();
      if (this.#hasMore || this.#isEnded || this.#lastSeen < this.#next) continue;
      // The feed is ahead of history; look again, but not in a tight circle.
      this.#mustCatchUp = true;
      if (this.#next === before) await pause(LAG_PAUSE_MS, this.#signal);
    }
  }

  async #readPages(): Promise<void> {
    for (;;) {
      this.#hasMore = this.#isFull();
      if (this.#hasMore) return;
      const page = await this.#readPage();
      if (page === undefined) continue;
      for (const event of page.events) this.#accept(event);
      this.#notify();
      if (page.next === undefined) break;
    }
    if (this.#isAtTerminal && this.#lastSeen < this.#next) this.#end();
  }

  /** Undefined when nobody answered for the time of one question: the caller asks again, for ever. */
  async #readPage(): Promise<HistoryReply | undefined> {
    try {
      return await readHistory(
        { ...this.#options, signal: this.#signal },
        { from: this.#next, limit: PAGE_EVENTS },
      );
    } catch (error) {
      if (isPassing(error)) return undefined;
      throw error;
    }
  }

  #isFull(): boolean {
    return this.#buffer.length - this.#taken >= MAX_BUFFERED;
  }

  #end(): void {
    this.#isEnded = true;
    this.#notify();
  }

  #fail(error: unknown): void {
    if (!this.#isEnded) this.#failure ??= { error };
    this.#notify();
  }

  #notify(): void {
    this.#wake?.();
    this.#wake = undefined;
  }
}
