/**
 * Carries due timers to their runs. One that a run could not take, because the log is reopened or a mailbox is full, is
 * told again; a quarantined run arms its timers when it is released.
 */
import type { RunTable } from '../host/run-table.ts';
import type { Clock } from './clock.ts';
import type { ArmedTimer } from './timers.ts';

const RETRY_MS = 1_000;
/** From here on a refusal speaks of the moment, not of the message. */
const UNAVAILABLE = 500;

export class TimerPost {
  readonly #table: Pick<RunTable, 'post' | 'find'>;
  readonly #clock: Pick<Clock, 'after'>;
  #isClosed = false;

  constructor(table: Pick<RunTable, 'post' | 'find'>, clock: Pick<Clock, 'after'>) {
    this.#table = table;
    this.#clock = clock;
  }

  deliver(timer: ArmedTimer): void {
    const { stream, timerId, dueAt } = timer;
    this.#table.post(stream, {
      message: { type: 'timer', timerId, dueAt },
      causationId: `timer/${timerId}/${dueAt}`,
      actor: { kind: 'timer' },
      reply: (outcome) => {
        if (outcome.kind === 'rejected') this.#later(timer, outcome.rejection.status);
      },
    });
  }

  #later(timer: ArmedTimer, status: number): void {
    const isQuarantined = this.#table.find(timer.stream)?.quarantine !== undefined;
    if (status < UNAVAILABLE || isQuarantined || this.#isClosed) return;
    this.#clock.after(RETRY_MS, () => {
      if (!this.#isClosed) this.deliver(timer);
    });
  }

  /** Nothing is told again. */
  close(): void {
    this.#isClosed = true;
  }
}
