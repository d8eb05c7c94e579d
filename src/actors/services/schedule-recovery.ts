/**
 * After a start: every schedule has its timer again, and those that owe something are loaded. Their documents say so;
 * they are folded from the log, which nobody waits for.
 */
import type { EventLog } from '../../log/event-log.ts';
import type { ScheduleRecord } from '../../projections/schedules.ts';
import type { Logger } from '../host/runtime.ts';
import type { ScheduleTable } from '../host/schedule-table.ts';
import type { CancelTimer, Clock } from './clock.ts';
import type { Projector } from './projector.ts';

const PAGE = 1_000;
/** Documents that cannot be read are asked for again after this time. */
const RETRY_MS = 5_000;
const PROJECTION = 'schedules';

export class ScheduleRecovery {
  readonly #parts: {
    log: EventLog;
    clock: Pick<Clock, 'after'>;
    logger: Logger;
    projector: Pick<Projector, 'waitFor'>;
    table: Pick<ScheduleTable, 'arm' | 'load'>;
  };
  #cancelRetry: CancelTimer | undefined;
  #isClosed = false;

  constructor(parts: {
    log: EventLog;
    clock: Pick<Clock, 'after'>;
    logger: Logger;
    projector: Pick<Projector, 'waitFor'>;
    table: Pick<ScheduleTable, 'arm' | 'load'>;
  }) {
    this.#parts = parts;
  }

  /** Begins, and goes on until it has succeeded. */
  start(): void {
    this.#arm().catch((error: unknown) => {
      if (this.#isClosed) return;
      const { logger, clock } = this.#parts;
      logger.error('schedules cannot be read yet; none is due', { error: String(error) });
      this.#cancelRetry = clock.after(RETRY_MS, () => this.start());
    });
  }

  close(): void {
    this.#isClosed = true;
    this.#cancelRetry?.();
  }

  async #arm(): Promise<void> {
    const { log, projector, table } = this.#parts;
    await projector.waitFor(PROJECTION, log.durablePosition);
    for (let after: string | undefined; !this.#isClosed; ) {
      const where = after === undefined ? {} : { after };
      const page = await log.documents.list(PROJECTION, { limit: PAGE, ...where });
      for (const { key, document } of page.documents) {
        const { owedRunId, queuedDueAt, wakeAt } = document as unknown as ScheduleRecord;
        if (owedRunId !== null || queuedDueAt !== null) table.load(key);
        else if (wakeAt !== null) table.arm(key, wakeAt);
      }
      if (page.next === undefined) return;
      after = page.next;
    }
  }
}
