/**
 * What waits for the disk. The mailbox does not: a turn applies and appends, and leaves here what may go out later.
 *
 * C1 Commits reach the log in the order in which they were applied, across all streams (the log's `append` is called
 *    within the turn).
 * C2 Everything that leaves the process waits until every commit applied before it is durable, a reply without events too.
 * C3 Releases happen in commit order.
 * C4 When an append failed, what waited behind it is dropped: its outcome is unknown, the sender asks again. So is what
 *    comes until the log is open again: the position it would wait for counts commits that are lost, and whatever came
 *    later would wait behind it until as many new ones are durable.
 */
import type { EventLog, Stop } from '../../log/event-log.ts';

interface Waiting {
  /** Everything up to here must be durable. */
  position: number;
  run(): void;
  drop: (() => void) | undefined;
}

export class ReleaseQueue {
  readonly #log: EventLog;
  readonly #onError: (error: unknown) => void;
  readonly #onReleased: () => void;
  readonly #stop: Stop;
  #waiting: Waiting[] = [];
  #head = 0;
  #isHalted = false;

  /** `onReleased` is called after all releases of a group: what they sent can leave together. */
  constructor(
    log: EventLog,
    { onError, onReleased }: { onError: (error: unknown) => void; onReleased: () => void },
  ) {
    this.#log = log;
    this.#onError = onError;
    this.#onReleased = onReleased;
    this.#stop = log.onDurable(() => this.#drain());
  }

  /** Runs `release` once everything accepted so far is durable: at once when it is. `drop` is called instead after a failure. */
  push(release: () => void, drop?: () => void): void {
    if (this.#isHalted) {
      if (drop !== undefined) this.#call(drop);
      return;
    }
    const position = this.#log.appendedPosition;
    if (this.#head === this.#waiting.length && position <= this.#log.durablePosition) {
      this.#call(release);
      return;
    }
    this.#waiting.push({ position, run: release, drop });
  }

  get size(): number {
    return this.#waiting.length - this.#head;
  }

  /** C4: everything that waits, and what comes until `resume`, is dropped. */
  dropAll(): void {
    this.#isHalted = true;
    const dropped = this.#waiting.slice(this.#head);
    this.#waiting = [];
    this.#head = 0;
    for (const entry of dropped) if (entry.drop !== undefined) this.#call(entry.drop);
  }

  /** The log is open again, and its positions are those of commits that it has. */
  resume(): void {
    this.#isHalted = false;
  }

  close(): void {
    this.#stop();
  }

  #drain(): void {
    const durable = this.#log.durablePosition;
    if (this.#head === this.#waiting.length) return;
    for (;;) {
      const entry = this.#waiting[this.#head];
      if (entry === undefined || entry.position > durable) break;
      this.#head += 1;
      this.#call(entry.run);
    }
    if (this.#head === this.#waiting.length) {
      this.#waiting = [];
      this.#head = 0;
    } else if (this.#head > 1024 && this.#head * 2 > this.#waiting.length) {
      this.#waiting = this.#waiting.slice(this.#head);
      this.#head = 0;
    }
    this.#call(this.#onReleased);
  }

  #call(callback: () => void): void {
    try {
      callback();
    } catch (error) {
      this.#onError(error);
    }
  }
}
