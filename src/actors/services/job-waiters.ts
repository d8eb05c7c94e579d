/**
 * Who waits for the end of a job. Nobody polls: the log says when a commit that ends one is durable.
 *
 * W1 Every waiter is settled exactly once, and at most `MAX_WAITERS` wait at a time.
 * W2 Whoever begins to wait looks at the job afterwards, so that no end falls between the two.
 */
import type { Commit } from '../../events/envelope.ts';
import type { EventLog } from '../../log/event-log.ts';
import { Overloaded, Unavailable } from '../host/errors.ts';
import type { Clock } from './clock.ts';

const MAX_WAITERS = 10_000;
const ENDS: ReadonlySet<string> = new Set(['run.succeeded', 'run.failed', 'run.canceled']);

interface Waiter {
  settle(outcome: 'ended' | 'late' | Error): void;
}

export interface JobWait {
  /** Resolves to false when the time was over first. Rejects with `unavailable` when nobody watches any more. */
  ended: Promise<boolean>;
  cancel(): void;
}

export class JobWaiters {
  readonly #log: EventLog;
  readonly #clock: Pick<Clock, 'after'>;
  readonly #waiting = new Map<string, Set<Waiter>>();
  #count = 0;
  #stop: (() => void) | undefined;

  constructor(options: { log: EventLog; clock: Pick<Clock, 'after'> }) {
    this.#log = options.log;
    this.#clock = options.clock;
  }

  get size(): number {
    return this.#count;
  }

  /** Throws `overloaded` where too many wait. */
  wait(jobId: string, timeoutMs: number): JobWait {
    if (this.#count >= MAX_WAITERS) throw new Overloaded('too many wait for jobs');
    this.#stop ??= this.#log.onDurable((commits) => this.#look(commits));
    let cancel = (): void => undefined;
    const ended = new Promise<boolean>((resolve, reject) => {
      const cancelTimeout = this.#clock.after(timeoutMs, () => waiter.settle('late'));
      const waiter: Waiter = {
        settle: (outcome) => {
          cancelTimeout();
          this.#remove(jobId, waiter);
          if (outcome instanceof Error) reject(outcome);
          else resolve(outcome === 'ended');
        },
      };
      cancel = () => waiter.settle('late');
      this.#add(jobId, waiter);
    });
    ended.catch(() => undefined); // whoever waits for it has the error
    return { ended, cancel };
  }

  /** All who wait are told to ask again. */
  close(): void {
    for (const [jobId, waiters] of [...this.#waiting])
      for (const waiter of [...waiters])
        waiter.settle(new Unavailable(jobId, 'the orchestrator is closing'));
  }

  #add(jobId: string, waiter: Waiter): void {
    this.#count += 1;
    const waiters = this.#waiting.get(jobId);
    if (waiters === undefined) this.#waiting.set(jobId, new Set([waiter]));
    else waiters.add(waiter);
  }

  #remove(jobId: string, waiter: Waiter): void {
    const waiters = this.#waiting.get(jobId);
    if (waiters?.delete(waiter) !== true) return;
    this.#count -= 1;
    if (waiters.size === 0) this.#waiting.delete(jobId);
    if (this.#count > 0) return;
    this.#stop?.();
    this.#stop = undefined;
  }

  #look(commits: readonly Commit[]): void {
    for (const { stream, events } of commits) {
      const waiters = this.#waiting.get(stream);
      if (waiters === undefined || !ENDS.has(events.at(-1)?.type ?? '')) continue;
      for (const waiter of [...waiters]) waiter.settle('ended');
    }
  }
}
