/**
 * The effect of a schedule whose time has come: the run is there, under the id that the schedule recorded, or refused.
 *
 * N1 A run is made once: its stream and its request id are the same however often it is asked for.
 * N2 What passes by itself is tried again until it has passed; the schedule waits for it.
 */
import { valueOfBlob } from '../../log/blob-references.ts';
import type { EventLog } from '../../log/event-log.ts';
import type { ScheduleInput } from '../../machines/schedule/decide.ts';
import { failureOf } from '../../messages/failure.ts';
import { requestSchema } from '../../messages/request.ts';
import { TroupeError } from '../../workflow/errors.ts';
import { isKeptValue, type JsonValue } from '../../workflow/value.ts';
import type { Logger, Outcome } from '../host/runtime.ts';
import type { Clock } from '../services/clock.ts';
import type { Intake } from '../services/intake.ts';
import type { Planner } from '../services/planner.ts';

/** First and longest wait before a run that could not be made is tried again. */
const FIRST_RETRY_MS = 100;
const LONGEST_RETRY_MS = 5_000;

/** A quota is full for as long as what lives has not ended. */
const PASSING: ReadonlySet<string> = new Set(['overloaded', 'unavailable', 'quota.exceeded']);

/** A run that a schedule owes. */
export interface OwedRun {
  name: string;
  runId: string;
  requestId: string;
  /** A request, or a reference to the blob that holds it. */
  request: JsonValue;
  /** The event that owes it: `<stream>/<streamVersion>`. */
  causationId: string;
}

interface Parts {
  log: EventLog;
  clock: Pick<Clock, 'after'>;
  logger: Logger;
  intake: Pick<Intake, 'spawn'>;
  planner: Pick<Planner, 'plan'>;
  /** Tells the schedule what became of it. */
  tell(name: string, input: ScheduleInput, causationId: string): void;
}

export class ScheduleRuns {
  readonly #parts: () => Parts;
  readonly #owed = new Map<string, OwedRun>();

  /** The parts are asked for late: they need each other. */
  constructor(parts: () => Parts) {
    this.#parts = parts;
  }

  start(owed: OwedRun): void {
    if (this.#owed.has(owed.runId)) return;
    this.#owed.set(owed.runId, owed);
    void this.#ensure(owed, 0);
  }

  /** The schedules were thrown away: what is owed is told again by them. */
  forgetAll(): void {
    this.#owed.clear();
  }

  /** Never rejects. */
  async #ensure(owed: OwedRun, tries: number): Promise<void> {
    if (this.#owed.get(owed.runId) !== owed) return;
    const { log, logger } = this.#parts();
    try {
      if (log.streamHead(owed.runId) === undefined) {
        const outcome = await this.#make(owed);
        const isThere = log.streamHead(owed.runId) !== undefined;
        if (outcome.kind === 'rejected' && !isThere) {
          if (outcome.rejection.status >= 500) this.#later(owed, tries);
          else this.#refused(owed, outcome.rejection);
          return;
        }
      }
      await log.flush();
      const { name, runId } = owed;
      this.#tell(owed, { type: 'started', runId }, `${runId}/1`);
      logger.debug('a schedule started a run', { schedule: name, runId });
    } catch (error) {
      this.#failed(owed, tries, error);
    }
  }

  async #make(owed: OwedRun): Promise<Outcome> {
    const { log, intake, planner } = this.#parts();
    const { runId, requestId, causationId, name } = owed;
    const value = isKeptValue(owed.request)
      ? valueOfBlob(owed.request, await log.blobs.get(owed.request))
      : owed.request;
    const request = requestSchema.parse(value);
    return intake.spawn({
      planned: planner.plan(request),
      ...{ runId, requestId, causationId },
      correlationId: requestId,
      actor: { kind: 'timer', id: name },
      priority: request.priority,
      session: request.session,
      tenant: request.tenant,
      trace: undefined,
    });
  }

  #failed(owed: OwedRun, tries: number, error: unknown): void {
    const code = error instanceof TroupeError ? error.code : '';
    const isPassing = PASSING.has(code) || code.startsWith('log.');
    if (!isPassing) {
      this.#refused(owed, failureOf(error, false));
      return;
    }
    if (code === 'quota.exceeded' && tries === 0) {
      const { name: schedule, runId } = owed;
      const why = error instanceof Error ? error.message : code;
      this.#parts().logger.warn('the run of a schedule has to wait', { schedule, runId, why });
    }
    this.#later(owed, tries);
  }

  #refused(owed: OwedRun, { code, message }: { code: string; message: string }): void {
    const { name, runId } = owed;
    this.#parts().logger.warn('a schedule could not start a run', {
      schedule: name,
      code,
      message,
    });
    const error = { code, message, retryable: false };
    this.#tell(owed, { type: 'startFailed', runId, error }, `${runId}/0`);
  }

  #tell(owed: OwedRun, input: ScheduleInput, causationId: string): void {
    if (this.#owed.get(owed.runId) !== owed) return;
    this.#owed.delete(owed.runId);
    this.#parts().tell(owed.name, input, causationId);
  }

  #later(owed: OwedRun, tries: number): void {
    const delay = Math.min(FIRST_RETRY_MS * 2 ** Math.min(tries, 10), LONGEST_RETRY_MS);
    this.#parts().clock.after(delay, () => void this.#ensure(owed, tries + 1));
  }
}
