/**
 * What schedules owe the world: the timer of the next time, the run of a time that has come, and an eye on the run whose
 * end another one waits for. Owing the same twice changes nothing.
 */
import type { Commit } from '../../events/envelope.ts';
import type { EventLog } from '../../log/event-log.ts';
import { scheduleContext, scheduleState } from '../../machines/schedule/decide.ts';
import { type ScheduleFold, scheduleStream } from '../host/schedule-actor.ts';
import { endOfEvent, endOfRun } from '../services/child-ends.ts';
import type { Clock } from '../services/clock.ts';
import type { Timers } from '../services/timers.ts';
import type { ScheduleRuns } from './schedule-runs.ts';

interface Parts {
  log: EventLog;
  clock: Pick<Clock, 'now'>;
  timers: Pick<Timers, 'arm' | 'disarm'>;
  runs: Pick<ScheduleRuns, 'start' | 'forgetAll'>;
}

export class ScheduleEffects {
  readonly #parts: Parts;
  /** Keys of the timers that are armed for schedules in memory. */
  readonly #armed = new Map<string, string>();
  /** Schedules whose next run follows the end of one: by that run. */
  readonly #awaited = new Map<string, string>();
  readonly #ended: (name: string, runId: string) => void;
  readonly #stop: () => void;

  /** `ended`: the run that a schedule waits for has ended. */
  constructor(parts: Parts & { ended(name: string, runId: string): void }) {
    this.#parts = parts;
    this.#ended = parts.ended;
    this.#stop = parts.log.onDurable((commits) => this.#watchEnds(commits));
  }

  /** What the state owes by now starts; a timer that it does not owe any more is withdrawn. */
  owe(fold: ScheduleFold, { isWoken }: { isWoken: boolean }): void {
    const { name } = fold;
    const { wakeAt, queuedDueAt, lastRunId } = scheduleContext(fold);
    const isWaiting = scheduleState(fold) === 'waiting';
    const key = isWaiting && wakeAt !== null ? keyOf(wakeAt) : undefined;
    const armed = this.#armed.get(name);
    if (armed !== undefined && armed !== key)
      this.#parts.timers.disarm(scheduleStream(name), armed);
    if (key === undefined || wakeAt === null) this.#armed.delete(name);
    // loaded because the timer has fired: it is not armed again
    else if (!isWoken || wakeAt > this.#parts.clock.now()) {
      this.#armed.set(name, key);
      this.arm(name, wakeAt);
    }
    if (isWaiting && queuedDueAt !== null && lastRunId !== null) this.#awaitEnd(name, lastRunId);
    this.#oweRun(fold);
  }

  arm(name: string, wakeAt: number): void {
    const stream = scheduleStream(name);
    this.#parts.timers.arm(keyOf(wakeAt), { stream, timerId: 'wake', dueAt: wakeAt });
  }

  /** The timer has fired, or the schedule leaves memory and its timer stays. */
  forgetTimer(name: string): void {
    this.#armed.delete(name);
  }

  async isRunning(runId: string): Promise<boolean> {
    const { log } = this.#parts;
    const hasEnded = (await endOfRun(log, runId)) !== undefined;
    // One that has left the log has ended.
    return !hasEnded && log.streamHead(runId) !== undefined;
  }

  /** What is owed is told again by schedules that are loaded again. */
  forgetAll(): void {
    this.#awaited.clear();
    this.#armed.clear();
    this.#parts.runs.forgetAll();
  }

  close(): void {
    this.#stop();
    this.forgetAll();
  }

  #oweRun(fold: ScheduleFold): void {
    const { runId, requestId } = scheduleContext(fold);
    if (scheduleState(fold) !== 'starting' || runId === null || requestId === null) return;
    this.#parts.runs.start({
      name: fold.name,
      ...{ runId, requestId, request: fold.definition?.request ?? null },
      causationId: `${scheduleStream(fold.name)}/${fold.streamVersion}`,
    });
  }

  /** The end may be there already: it is looked for once, before it is waited for. */
  #awaitEnd(name: string, runId: string): void {
    if (this.#awaited.get(runId) === name) return;
    this.#awaited.set(runId, name);
    this.isRunning(runId).then(
      (isRunning) => {
        if (!isRunning) this.#end(runId);
      },
      // the log has failed: everything is loaded again, and looked for again
      () => this.#awaited.delete(runId),
    );
  }

  #watchEnds(commits: readonly Commit[]): void {
    if (this.#awaited.size === 0) return;
    for (const { stream, events } of commits) {
      if (!this.#awaited.has(stream)) continue;
      const last = events.at(-1) as Parameters<typeof endOfEvent>[0] | undefined;
      if (last !== undefined && endOfEvent(last) !== undefined) this.#end(stream);
    }
  }

  #end(runId: string): void {
    const name = this.#awaited.get(runId);
    this.#awaited.delete(runId);
    if (name !== undefined) this.#ended(name, runId);
  }
}

function keyOf(wakeAt: number): string {
  return `wake:${wakeAt}`;
}
