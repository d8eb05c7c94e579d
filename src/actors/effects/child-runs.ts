/**
 * The effect of a task that waits for a child run: the child is there, and its end is known (architecture.md, law 8).
 *
 * N1 A child is made at most once, under the id that its parent recorded, and only while its parent waits for it.
 * N2 Whoever begins to wait for a child that is there already asks how it ended: a parent that was not in memory when it
 *    was told hears of it all the same.
 */
import { valueOfBlob } from '../../log/blob-references.ts';
import type { EventLog } from '../../log/event-log.ts';
import { childRequestId } from '../../machines/run/child-runs.ts';
import type { ChildEnd } from '../../machines/run/decision.ts';
import { type Failure, failureOf } from '../../messages/failure.ts';
import { TroupeError } from '../../workflow/errors.ts';
import { isKeptValue, type JsonObject } from '../../workflow/value.ts';
import { readValue } from '../host/load.ts';
import type { RunTable } from '../host/run-table.ts';
import type { EffectContext, Logger, Outcome } from '../host/runtime.ts';
import { endOfRun } from '../services/child-ends.ts';
import type { CancelTimer, Clock } from '../services/clock.ts';
import type { Intake } from '../services/intake.ts';
import type { Planner } from '../services/planner.ts';

/** First and longest wait before a child that could not be made is tried again. */
const FIRST_RETRY_MS = 100;
const LONGEST_RETRY_MS = 5_000;

interface Wanted {
  activation: string;
  attempt: number;
  /** Of the child. */
  runId: string;
  /** Its name in the table of the run that waits for it. */
  workflow: string;
  /** Nobody wants it any more: it is asked for, and never made. */
  isLeft?: true;
  context: EffectContext;
  tries: number;
  cancelRetry: CancelTimer | undefined;
}

interface Parts {
  log: EventLog;
  clock: Clock;
  logger: Logger;
  table: Pick<RunTable, 'post'>;
  intake: Pick<Intake, 'spawn'>;
  planner: Pick<Planner, 'planChild'>;
}

export class ChildRuns {
  readonly #parts: () => Parts;
  /** Children that are being made or asked for. */
  readonly #wanted = new Map<string, Wanted>();

  /** The parts are asked for late: they need the effects themselves. */
  constructor(parts: () => Parts) {
    this.#parts = parts;
  }

  start(options: {
    activation: string;
    attempt: number;
    runId: string;
    workflow: string;
    isLeft?: true;
    context: EffectContext;
  }): void {
    if (this.#wanted.has(options.runId)) return;
    const wanted = { ...options, tries: 0, cancelRetry: undefined };
    this.#wanted.set(options.runId, wanted);
    void this.#ensure(wanted);
  }

  /** Nobody waits for the child any more. One that is there goes on; telling it is a reactor's work. */
  stop(runId: string): void {
    this.#wanted.get(runId)?.cancelRetry?.();
    this.#wanted.delete(runId);
  }

  /** The hosts were thrown away: what is owed is told again by them. */
  forgetAll(): void {
    for (const runId of [...this.#wanted.keys()]) this.stop(runId);
  }

  /** Never rejects. */
  async #ensure(wanted: Wanted): Promise<void> {
    const { log } = this.#parts();
    try {
      const isThere = log.streamHead(wanted.runId) !== undefined;
      if (isThere) await this.#ask(wanted);
      else if (wanted.isLeft === true) this.#neverBegan(wanted);
      else await this.#make(wanted);
    } catch (error) {
      this.#failed(wanted, error);
    }
  }

  async #ask(wanted: Wanted): Promise<void> {
    const end = await endOfRun(this.#parts().log, wanted.runId);
    if (end !== undefined) this.#tell(wanted, end.end, end.causationId);
    this.#done(wanted);
  }

  /** Its parent left it before it was there. */
  #neverBegan(wanted: Wanted): void {
    this.#tell(wanted, { status: 'canceled', reason: 'it never began' }, `${wanted.runId}/0`);
    this.#done(wanted);
  }

  async #make(wanted: Wanted): Promise<void> {
    const inputs = await this.#inputsOf(wanted);
    if (this.#wanted.get(wanted.runId) !== wanted) return;
    const { intake, planner } = this.#parts();
    const { activation, attempt, runId, workflow: name, context } = wanted;
    const { origin } = context;
    if (origin === undefined) throw new TypeError('a child run without a run that waits for it');
    const { header, definition } = origin;
    const parent = { runId: header.runId, activation, attempt };
    const outcome = await intake.spawn({
      planned: planner.planChild({ definition, hash: header.definitionHash, name, inputs }),
      runId,
      requestId: childRequestId(parent),
      lineage: { parent, root: header.root ?? header.runId, depth: header.depth + 1 },
      correlationId: header.correlationId,
      causationId: `${header.runId}/${context.startedVersion}`,
      priority: header.priority,
      session: header.session,
      tenant: header.tenant,
      trace: header.trace,
    });
    this.#made(wanted, outcome);
  }

  /** What the task gives its child, as it was recorded. */
  async #inputsOf({ context }: Wanted): Promise<JsonObject> {
    const { log } = this.#parts();
    const { runId, startedVersion, parameters } = context;
    if (parameters !== undefined && !isKeptValue(parameters)) return parameters as JsonObject;
    if (parameters !== undefined) {
      return valueOfBlob(parameters, await log.blobs.get(parameters)) as JsonObject;
    }
    const ref = { at: 'event', streamVersion: startedVersion, field: 'inputs' } as const;
    return (await readValue(log, runId, ref)) as JsonObject;
  }

  #made(wanted: Wanted, outcome: Outcome): void {
    if (outcome.kind === 'done') this.#done(wanted);
    else if (outcome.rejection.status >= 500) this.#retryLater(wanted);
    // Refused for good. Somebody may have made it in between: then it is there, and is asked for.
    else if (this.#parts().log.streamHead(wanted.runId) !== undefined) void this.#ask(wanted);
    else this.#refuse(wanted, outcome.rejection);
  }

  #failed(wanted: Wanted, error: unknown): void {
    if (this.#wanted.get(wanted.runId) !== wanted) return;
    const code = error instanceof TroupeError ? error.code : '';
    const isPassing = code === 'overloaded' || code === 'unavailable' || code.startsWith('log.');
    if (isPassing) this.#retryLater(wanted);
    else this.#refuse(wanted, failureOf(error, false));
  }

  #refuse(wanted: Wanted, { code, message }: Pick<Failure, 'code' | 'message'>): void {
    const error = { code, message, retryable: false };
    this.#tell(wanted, { status: 'refused', error }, `${wanted.runId}/0`);
    this.#done(wanted);
  }

  #tell(wanted: Wanted, end: ChildEnd, causationId: string): void {
    const { activation, runId, context } = wanted;
    this.#parts().table.post(context.runId, {
      message: { type: 'childEnded', activation, runId, end },
      causationId,
      actor: { kind: 'system' },
    });
  }

  #done(wanted: Wanted): void {
    if (this.#wanted.get(wanted.runId) === wanted) this.#wanted.delete(wanted.runId);
  }

  #retryLater(wanted: Wanted): void {
    if (this.#wanted.get(wanted.runId) !== wanted) return;
    const delay = Math.min(FIRST_RETRY_MS * 2 ** Math.min(wanted.tries, 10), LONGEST_RETRY_MS);
    wanted.tries += 1;
    wanted.cancelRetry = this.#parts().clock.after(delay, () => {
      wanted.cancelRetry = undefined;
      if (this.#wanted.get(wanted.runId) === wanted) void this.#ensure(wanted);
    });
  }
}
