/**
 * What an orchestrator does for its log by itself, in the background: blobs that nobody names are collected, ended runs
 * leave as the retention policy says. One thing at a time, through the door that operators use, so that both never meet.
 */
import type { LogOperation } from '../../messages/log-operations.ts';
import type { JsonObject } from '../../workflow/value.ts';
import type { Logger } from '../host/runtime.ts';
import type { CancelTimer, Clock } from './clock.ts';

/** A chore: what, with what, how often. */
export interface Chore {
  operation: LogOperation;
  body: JsonObject;
  everyMs: number;
}

/** After a start there is other work first. */
const FIRST_MS = 60_000;

export class Housekeeping {
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #perform: (operation: LogOperation, body: JsonObject) => Promise<JsonObject>;
  readonly #timers = new Set<CancelTimer>();
  #isClosed = false;

  constructor(options: {
    clock: Clock;
    logger: Logger;
    perform(operation: LogOperation, body: JsonObject): Promise<JsonObject>;
  }) {
    this.#clock = options.clock;
    this.#logger = options.logger;
    this.#perform = (operation, body) => options.perform(operation, body);
  }

  /** Does each chore in turn, until `close`. */
  start(chores: readonly Chore[]): void {
    for (const chore of chores) this.#plan(chore, Math.min(FIRST_MS, chore.everyMs));
  }

  #plan(chore: Chore, delayMs: number): void {
    if (this.#isClosed) return;
    const cancel = this.#clock.after(delayMs, () => {
      this.#timers.delete(cancel);
      void this.#do(chore).finally(() => this.#plan(chore, chore.everyMs));
    });
    this.#timers.add(cancel);
  }

  /** Never rejects: what fails is done again at the next time. */
  async #do({ operation, body }: Chore): Promise<void> {
    try {
      const report = await this.#perform(operation, body);
      this.#logger.info(`log ${operation}: done in the background`, report);
    } catch (error) {
      if (this.#isClosed) return;
      this.#logger.warn(`log ${operation} failed in the background`, { error: String(error) });
    }
  }

  close(): void {
    this.#isClosed = true;
    for (const cancel of this.#timers) cancel();
    this.#timers.clear();
  }
}
