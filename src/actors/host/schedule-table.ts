/**
 * The actors of schedules: one stream `schedule_<name>` each. In memory is one only while it has something to do or will
 * soon; of all others there is a timer.
 *
 * S1 One message at a time, in mailbox order. While a run is owed, only what became of it is taken.
 * S2 What leaves (answers, timers, runs) waits until what it follows from is durable.
 * S3 An append that is refused, or a fold that throws, costs this schedule its memory and nothing else: it is loaded again.
 * Size: the life of one kind of actor in one place; its fold, its decider and its effects are with their neighbours.
 */
import type { ActorRef } from '../../events/envelope.ts';
import type { ScheduleEvent } from '../../events/schedule-events.ts';
import {
  decideSchedule,
  type ScheduleDefinition,
  type ScheduleInput,
  scheduleContext,
  scheduleState,
  scheduleStatus,
} from '../../machines/schedule/decide.ts';
import { ScheduleNotFound } from '../../machines/schedule/errors.ts';
import type { ScheduleContext } from '../../machines/schedule/machine.ts';
import type { ScheduleStatus } from '../../messages/schedule.ts';
import { ScheduleEffects } from '../effects/schedule-effects.ts';
import type { ScheduleRuns } from '../effects/schedule-runs.ts';
import type { ArmedTimer, Timers } from '../services/timers.ts';
import { LogReopening, Overloaded, Unavailable } from './errors.ts';
import type { HostRuntime } from './runtime.ts';
import {
  loadSchedule,
  type ScheduleFold,
  SNAPSHOT_EVERY,
  scheduleOf,
  scheduleStream,
  snapshotOfSchedule,
  takeEvents,
} from './schedule-actor.ts';

/** A schedule that could not be loaded is tried again after this time. */
const RETRY_MS = 1_000;
/** Messages that may wait for one schedule. */
const MAX_MAILBOX = 1_000;

/** A schedule as it is after a message, once that is durable. */
export interface ScheduleAnswer {
  status: ScheduleStatus | undefined;
  context: ScheduleContext;
  definition: ScheduleDefinition | undefined;
  streamVersion: number;
  position: number;
}

interface Entry {
  /** Undefined: only the answer is wanted. */
  input: ScheduleInput | undefined;
  causationId: string;
  actor: ActorRef;
  uniqueKey?: string | undefined;
  resolve(answer: ScheduleAnswer): void;
  reject(error: unknown): void;
}

interface Actor {
  name: string;
  fold: ScheduleFold | undefined;
  mailbox: Entry[];
  isBusy: boolean;
  isGone: boolean;
  lastActiveAt: number;
}

type Runtime = Pick<HostRuntime, 'log' | 'clock' | 'ids' | 'logger' | 'releases'>;

export class ScheduleTable {
  readonly #runtime: Runtime;
  readonly #effects: ScheduleEffects;
  readonly #actors = new Map<string, Actor>();
  #isClosed = false;

  constructor(options: { runtime: Runtime; timers: Timers; runs: ScheduleRuns }) {
    this.#runtime = options.runtime;
    const { log, clock } = options.runtime;
    const { timers, runs } = options;
    this.#effects = new ScheduleEffects({
      ...{ log, clock, timers, runs },
      ended: (name, runId) => this.#due(name, 'ended', runId),
    });
  }

  /** In memory. */
  get size(): number {
    return this.#actors.size;
  }

  /** Tells a schedule something; resolves once that is durable, rejects with what its decider says. */
  ask(
    name: string,
    input: ScheduleInput | undefined,
    from: { causationId: string; actor: ActorRef; uniqueKey?: string | undefined },
  ): Promise<ScheduleAnswer> {
    const { log } = this.#runtime;
    if (log.isSaturated) return Promise.reject(new Overloaded());
    const isThere = this.#actors.has(name) || log.streamHead(scheduleStream(name)) !== undefined;
    if (!isThere && input?.type !== 'add') return Promise.reject(new ScheduleNotFound(name));
    return new Promise((resolve, reject) => this.#post(name, { ...from, input, resolve, reject }));
  }

  /** What is told by our own parts; a failure is logged, and what it was about is owed again after a load. */
  tell(name: string, input: ScheduleInput, causationId: string): void {
    this.#post(name, {
      ...{ input, causationId },
      actor: { kind: input.type === 'due' ? 'timer' : 'system' },
      resolve: () => {},
      reject: (error) => {
        if (this.#isClosed) return;
        this.#runtime.logger.warn('a schedule could not take a message', {
          schedule: name,
          error: String(error),
        });
      },
    });
  }

  /** True where the timer was one of a schedule. */
  wake({ stream, dueAt }: ArmedTimer): boolean {
    const name = scheduleOf(stream);
    if (name === undefined) return false;
    this.#effects.forgetTimer(name);
    this.#due(name, 'due', `timer/wake/${dueAt}`);
    return true;
  }

  /** Arms the timer of a schedule that stays out of memory. */
  arm(name: string, wakeAt: number): void {
    if (!this.#actors.has(name)) this.#effects.arm(name, wakeAt);
  }

  /** Loads a schedule: what it owes starts. */
  load(name: string): void {
    void this.#drain(this.#actorOf(name));
  }

  /** C4: memory may be ahead of the log. Returns who was in memory. */
  forgetAll(): string[] {
    const names = [...this.#actors.keys()];
    for (const actor of [...this.#actors.values()]) this.#discard(actor, new LogReopening());
    this.#effects.forgetAll();
    return names;
  }

  /** Those that have nothing to do for a while leave memory; their timers stay. */
  passivate({ idleMs, now }: { idleMs: number; now: number }): void {
    for (const actor of this.#actors.values()) {
      const { fold, mailbox, isBusy, lastActiveAt } = actor;
      if (fold === undefined || isBusy || mailbox.length > 0 || now - lastActiveAt <= idleMs)
        continue;
      const { wakeAt } = scheduleContext(fold);
      const isSoon = wakeAt !== null && wakeAt - now < idleMs;
      const isDurable = fold.position <= this.#runtime.log.durablePosition;
      if (!isSoon && isDurable && scheduleState(fold) !== 'starting') this.#forget(actor);
    }
  }

  close(): void {
    this.#isClosed = true;
    this.forgetAll();
    this.#effects.close();
  }

  #due(name: string, type: 'due' | 'ended', causationId: string): void {
    const { clock, ids } = this.#runtime;
    // whether the last run goes on is found out when it is this message's turn
    this.tell(name, { type, isRunning: false, runId: ids.runId(clock.now()) }, causationId);
  }

  #post(name: string, entry: Entry): void {
    const actor = this.#actorOf(name);
    if (this.#isClosed || actor.mailbox.length >= MAX_MAILBOX) {
      entry.reject(new Unavailable(scheduleStream(name), 'it is busy'));
      return;
    }
    actor.mailbox.push(entry);
    void this.#drain(actor);
  }

  #actorOf(name: string): Actor {
    let actor = this.#actors.get(name);
    if (actor === undefined) {
      actor = {
        ...{ name, fold: undefined, mailbox: [], isBusy: false, isGone: false },
        lastActiveAt: 0,
      };
      this.#actors.set(name, actor);
    }
    return actor;
  }

  /** Never rejects. */
  async #drain(actor: Actor): Promise<void> {
    if (actor.isBusy || actor.isGone) return;
    actor.isBusy = true;
    try {
      if (actor.fold === undefined) await this.#fold(actor);
      for (let entry = takeNext(actor); entry !== undefined; entry = takeNext(actor)) {
        actor.lastActiveAt = this.#runtime.clock.now();
        await this.#turn(actor, entry);
      }
    } catch (error) {
      this.#broken(actor, error);
    } finally {
      actor.isBusy = false;
    }
  }

  async #fold(actor: Actor): Promise<void> {
    const fold = await loadSchedule(this.#runtime.log, actor.name);
    if (actor.isGone) return;
    actor.fold = fold;
    actor.lastActiveAt = this.#runtime.clock.now();
    this.#owe(actor);
  }

  async #turn(actor: Actor, entry: Entry): Promise<void> {
    const { log, clock, releases } = this.#runtime;
    const input = await this.#informed(actor, entry.input);
    const { fold } = actor;
    if (fold === undefined || actor.isGone) {
      entry.reject(new Unavailable(scheduleStream(actor.name), 'it is loaded again'));
      return;
    }
    const isRepeated =
      entry.uniqueKey !== undefined && log.uniqueOwner(entry.uniqueKey) !== undefined;
    const now = clock.now();
    const events = this.#decided(entry, () =>
      input === undefined || isRepeated ? [] : decideSchedule(fold, input, now),
    );
    if (events === undefined) return;
    if (events.length > 0) this.#append(fold, { entry, events, now });
    const answer = answerOf(fold);
    const snapshot = this.#snapshotOf(fold);
    releases.push(
      () => {
        this.#owe(actor);
        if (snapshot !== undefined) this.#save(actor.name, snapshot);
        entry.resolve(answer);
      },
      () => entry.reject(new LogReopening()),
    );
  }

  /** Appends and applies; throws what the log throws, and tells who asked. */
  #append(fold: ScheduleFold, turn: { entry: Entry; events: ScheduleEvent[]; now: number }): void {
    const { entry, events, now } = turn;
    const { causationId, actor, uniqueKey } = entry;
    const stream = scheduleStream(fold.name);
    try {
      const commit = this.#runtime.log.append({
        ...{ stream, expectedVersion: fold.streamVersion, events, causationId, actor },
        at: Math.max(now, fold.at),
        correlationId: stream,
        ...(uniqueKey === undefined ? {} : { unique: [uniqueKey] }),
      });
      takeEvents(fold, events, commit);
    } catch (error) {
      entry.reject(error);
      throw error;
    }
  }

  /** What the decider says; undefined where it refused. */
  #decided(
    entry: Entry,
    decide: () => ReturnType<typeof decideSchedule>,
  ): ReturnType<typeof decideSchedule> | undefined {
    try {
      return decide();
    } catch (error) {
      entry.reject(error);
      return undefined;
    }
  }

  /** The message with what its decision needs beyond this stream. */
  async #informed(
    { fold }: Actor,
    input: ScheduleInput | undefined,
  ): Promise<ScheduleInput | undefined> {
    if (input?.type !== 'due' && input?.type !== 'ended' && input?.type !== 'run') return input;
    if (fold?.definition === undefined || fold.definition.timing.overlap === 'allow') {
      // one that was queued before this was allowed starts as well
      return input;
    }
    const { lastRunId } = scheduleContext(fold);
    return {
      ...input,
      isRunning: lastRunId !== null && (await this.#effects.isRunning(lastRunId)),
    };
  }

  #snapshotOf(fold: ScheduleFold) {
    if (fold.streamVersion - fold.snapshotVersion < SNAPSHOT_EVERY) return undefined;
    fold.snapshotVersion = fold.streamVersion;
    return snapshotOfSchedule(fold);
  }

  #save(name: string, snapshot: ReturnType<typeof snapshotOfSchedule>): void {
    const { log, logger } = this.#runtime;
    log.saveSnapshot(scheduleStream(name), snapshot).catch((error: unknown) => {
      logger.warn('a snapshot could not be saved', { schedule: name, error: String(error) });
    });
  }

  #owe(actor: Actor): void {
    const { fold, mailbox } = actor;
    if (fold === undefined || actor.isGone) return;
    this.#effects.owe(fold, { isWoken: mailbox.some(({ input }) => input?.type === 'due') });
  }

  /** S3 */
  #broken(actor: Actor, error: unknown): void {
    const { logger, clock } = this.#runtime;
    const wasCurrent = !actor.isGone;
    this.#discard(actor, error);
    if (!wasCurrent || this.#isClosed) return;
    logger.error('a schedule is loaded again', { schedule: actor.name, error: String(error) });
    clock.after(RETRY_MS, () => {
      if (!this.#isClosed) this.load(actor.name);
    });
  }

  #discard(actor: Actor, error: unknown): void {
    this.#forget(actor);
    for (const entry of actor.mailbox.splice(0)) entry.reject(error);
  }

  #forget(actor: Actor): void {
    actor.isGone = true;
    actor.fold?.cell.stop();
    actor.fold = undefined;
    if (this.#actors.get(actor.name) !== actor) return;
    this.#actors.delete(actor.name);
    this.#effects.forgetTimer(actor.name);
  }
}

/** S1: the next message that may be taken now. */
function takeNext({ mailbox, fold, isGone }: Actor): Entry | undefined {
  if (isGone || fold === undefined) return undefined;
  if (scheduleState(fold) !== 'starting') return mailbox.shift();
  const index = mailbox.findIndex(
    ({ input }) => input === undefined || input.type === 'started' || input.type === 'startFailed',
  );
  return index < 0 ? undefined : mailbox.splice(index, 1)[0];
}

/** The fold moves on; what an answer is made of does not. */
function answerOf(fold: ScheduleFold): ScheduleAnswer {
  const { definition, streamVersion, position } = fold;
  const context = scheduleContext(fold);
  return { status: scheduleStatus(fold), context, definition, streamVersion, position };
}
