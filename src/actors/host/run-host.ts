/**
 * The actor of one run: its mailbox, its aggregate, its turns. A turn is `decide`, apply, what follows, append, release;
 * the mailbox does not wait for the disk.
 *
 * H1 One turn at a time, in mailbox order. A turn that needs a value from the log waits for it; others queue behind.
 * H2 Events are applied in memory in the turn that decides them, and appended as one commit at its end.
 * H3 An exception in a fold or decider quarantines this run and nothing else: memory is thrown away, the evidence logged.
 * H4 A refused append discards this host alone; a failed one discards every host that is ahead of the log (C4).
 * H5 A turn that is longer than one commit lets others have their turns in between.
 * Size: the life of one actor in one place. Apart are `turn.ts`, `isolation.ts`, `owed-effects.ts` and `load.ts`.
 */
import type { RunEvent } from '../../events/catalogue.ts';
import type { PendingBlob } from '../../log/event-log.ts';
import { liveCells } from '../../machines/cell.ts';
import { type ParentRef, type RunAggregate, runState } from '../../machines/run/aggregate.ts';
import { enliven, stopCells } from '../../machines/run/evolve.ts';
import { endedRunStates } from '../../machines/run/machine.ts';
import type { Grant } from '../services/admission.ts';
import { Unavailable } from './errors.ts';
import { Isolation, isDefect } from './isolation.ts';
import { type LoadedRun, loadRun, type Quarantine, readParent, readQuarantine } from './load.ts';
import { OwedEffects } from './owed-effects.ts';
import { rejectionOf } from './rejection.ts';
import type { Delivery, HostRuntime, Outcome } from './runtime.ts';
import { safeDelivery } from './safe-delivery.ts';
import { Sandbox } from './sandbox.ts';
import { Snapshots } from './snapshots.ts';
import { Turn } from './turn.ts';

/** Messages that may wait in one mailbox; more are refused with `overloaded`. */
const MAX_MAILBOX = 10_000;

/** A run that exists in memory only, until its first commit. */
export interface Birth {
  run: RunAggregate;
  created: RunEvent;
  /** What `run.created` holds: the definition or a blob reference to it. */
  storedDefinition: unknown;
  blobs: PendingBlob[];
  unique: string[];
  /** Keys of the values that are kept at hand for the first turn. */
  values: string[];
  delivery: Delivery;
}

export class RunHost {
  readonly stream: string;
  readonly #runtime: HostRuntime;
  readonly #mailbox: Delivery[] = [];
  readonly #grants: { demand: string; grant: Grant }[] = [];
  #run: RunAggregate | undefined;
  #owed: OwedEffects | undefined;
  readonly #isolation: Isolation;
  #turn: Turn | undefined;
  #loading: Promise<boolean> | undefined;
  #isDraining = false;
  /** A turn was cut, and other runs have theirs before it goes on. */
  #isYielding = false;
  #isGone = false;
  readonly #snapshots: Snapshots;
  /** Commits whose effects are not released yet. */
  #unreleased = 0;
  /** Position of its newest commit. */
  #lastCommit = 0;
  #sandbox: Sandbox | undefined;
  #parent: ParentRef | undefined;
  /** When it last had something to do, by the clock. */
  lastActiveAt: number;

  constructor(stream: string, runtime: HostRuntime) {
    this.stream = stream;
    this.#runtime = runtime;
    this.#snapshots = new Snapshots(stream, runtime);
    this.#isolation = new Isolation(this, runtime);
    this.#snapshots = new Snapshots(stream, runtime);
    this.lastActiveAt = runtime.clock.now();
  }

  get run(): RunAggregate | undefined {
    return this.#run;
  }

  /** Who waits for this run; known also of a run that is broken. */
  get parent(): ParentRef | undefined {
    return this.#parent;
  }

  /** Of a fork that runs in one. */
  get sandbox(): Sandbox | undefined {
    return this.#sandbox;
  }

  get quarantine(): Quarantine | undefined {
    return this.#isolation.quarantine;
  }

  /** It is loading, has a message, or waits for the disk. */
  get isBusy(): boolean {
    // When its commit fails, what it owes must be owed again: only hosts in memory are loaded again.
    if (this.#lastCommit > this.#runtime.log.durablePosition) return true;
    return this.#turn !== undefined || this.#mailbox.length > 0 || this.#loading !== undefined;
  }

  /** True when nothing but timers is owed, so that it can leave memory. */
  get isIdle(): boolean {
    if (this.isBusy) return false;
    return this.#isolation.quarantine !== undefined || (this.#owed?.onlyTimers ?? true);
  }

  /** The first turn of a new run: `run.created` and what follows from it are one commit. */
  create(birth: Birth): void {
    const { run, delivery } = birth;
    this.#run = run;
    this.#parent = run.header.parent;
    this.#snapshots.begin(0, { stored: birth.storedDefinition, hash: run.header.definitionHash });
    this.#owed = new OwedEffects(run, this.#runtime);
    this.#turn = new Turn({ run, delivery, host: this, runtime: this.#runtime });
    this.#turn.seed(birth.created, birth);
    if (this.#advanceTurn()) this.#drain();
  }

  /** Single-flight: folds the history; false when there is none. Rejects with what reading threw. */
  activate(): Promise<boolean> {
    if (this.#run !== undefined) return Promise.resolve(true);
    this.#loading ??= this.#load().finally(() => {
      this.#loading = undefined;
      this.#drain();
    });
    return this.#loading;
  }

  async #load(): Promise<boolean> {
    let loaded: LoadedRun | undefined;
    try {
      // Reading sees durable commits only: without this, what an earlier host has appended would be decided again.
      await this.#runtime.log.flush();
      loaded = await loadRun(this.#runtime.log, this.stream);
    } catch (error) {
      if (this.#isGone) return false;
      if (!isDefect(error)) throw error;
      this.#parent = await readParent(this.#runtime.log, this.stream);
      this.#isolation.quarantine = await readQuarantine(this.#runtime.log, this.stream);
      if (this.#isolation.quarantine === undefined) this.#isolate(error, undefined);
      return true;
    }
    if (loaded === undefined || this.#isGone) return false;
    this.#isolation.quarantine = loaded.quarantine;
    this.#run = loaded.run;
    this.#parent = loaded.run.header.parent;
    const { fork } = loaded.run;
    if (fork?.sandbox !== undefined) this.#sandbox = new Sandbox(this.#runtime.log, fork.from);
    enliven(loaded.run, liveCells);
    this.#snapshots.begin(loaded.run.streamVersion);
    this.#owed = new OwedEffects(loaded.run, this.#runtime);
    const { header } = loaded.run;
    this.#runtime.liveRuns.note(this.stream, header, !endedRunStates.has(runState(loaded.run)));
    if (this.#isolation.quarantine !== undefined) return true;
    this.#owed.resume();
    if (!endedRunStates.has(runState(loaded.run))) {
      this.post(proceed('recovery'));
    }
    return true;
  }

  /** Puts a message into the mailbox. The host must be activated or adopted. */
  post(delivery: Delivery): void {
    if (this.#isGone || this.#mailbox.length >= MAX_MAILBOX) {
      delivery.reply?.({
        kind: 'rejected',
        rejection: rejectionOf(new Unavailable(this.stream, 'it is busy')),
      });
      return;
    }
    this.#mailbox.push(delivery);
    this.lastActiveAt = this.#runtime.clock.now();
    this.#drain();
  }

  /** A slot became free and it is this run's turn; false when it has no use for it. */
  offer(demand: string, grant: Grant): boolean {
    if (this.#isGone || this.#run === undefined || this.#isolation.quarantine !== undefined)
      return false;
    this.#grants.push({ demand, grant });
    this.post(proceed('admission'));
    return true;
  }

  /** The slot that was offered for a demand, if one is there. */
  takeGrant(demand: string): Grant | undefined {
    const index = this.#grants.findIndex((entry) => entry.demand === demand);
    return index === -1 ? undefined : this.#grants.splice(index, 1)[0]?.grant;
  }

  /** Leaves memory. What waits in the mailbox is not answered: its senders ask again. */
  discard(): void {
    if (this.#isGone) return;
    this.#isGone = true;
    this.#mailbox.length = 0;
    this.#turn?.abandon();
    this.#returnGrants();
    this.#owed?.abandon();
    this.#runtime.admission.forget(this.stream);
    if (this.#run !== undefined) stopCells(this.#run);
    this.#run = undefined;
  }

  #returnGrants(): void {
    for (const { grant } of this.#grants.splice(0)) this.#runtime.admission.giveBack(grant);
  }

  #drain(): void {
    if (this.#isDraining || this.#turn !== undefined || this.#loading !== undefined) return;
    if (this.#isYielding) return;
    this.#isDraining = true;
    try {
      for (;;) {
        const delivery = this.#mailbox.shift();
        if (delivery === undefined || this.#isGone) break;
        if (!this.#take(delivery) || this.#isYielding) break;
      }
    } finally {
      this.#isDraining = false;
    }
  }

  /** One message; false when its turn waits for a value. */
  #take(delivery: Delivery): boolean {
    const run = this.#run;
    const { uniqueKey } = delivery;
    const isRepeated =
      uniqueKey !== undefined && this.#runtime.log.uniqueOwner(uniqueKey) !== undefined;
    if (isRepeated && run !== undefined) {
      this.#answerRepeated(run, delivery);
      return true;
    }
    if (this.#isolation.quarantine !== undefined) {
      this.#isolation.take(delivery);
      return true;
    }
    if (run === undefined) return true;
    const safe = safeDelivery(run, delivery, this.#runtime);
    if (safe === undefined) return true;
    this.#turn = new Turn({ run, delivery: safe, host: this, runtime: this.#runtime });
    return this.#advanceTurn();
  }

  /** A message that was taken before changes nothing and hears how things stand, once that is durable. */
  #answerRepeated(run: RunAggregate, delivery: Delivery): void {
    const now = { status: runState(run), streamVersion: run.streamVersion, changed: false };
    const position = this.#runtime.log.appendedPosition;
    const outcome: Outcome = { kind: 'done', ...now, position, isRepeated: true };
    this.#runtime.releases.push(() => {
      delivery.reply?.(outcome);
      this.#leaveWhenDone();
    });
  }

  #advanceTurn(): boolean {
    const turn = this.#turn as Turn;
    try {
      const needs = turn.advance();
      if (needs !== undefined) {
        needs.then(
          () => this.#resumeTurn(turn),
          (error: unknown) => this.#failTurn(turn, error),
        );
        return false;
      }
      this.#commit(turn);
    } catch (error) {
      this.#failTurn(turn, error);
      return true;
    }
    this.#turn = undefined;
    return true;
  }

  #resumeTurn(turn: Turn): void {
    if (this.#turn !== turn || this.#isGone) return;
    if (this.#advanceTurn()) this.#drain();
  }

  /** H3, H4: a defect isolates the run; anything else (a refused or failed append, an unreadable value) reloads it. */
  #failTurn(turn: Turn, error: unknown): void {
    if (this.#turn !== turn || this.#isGone) return;
    this.#turn = undefined;
    turn.abandon();
    if (isDefect(error)) {
      this.#isolate(error, turn.delivery);
      this.#drain();
      return;
    }
    this.#runtime.logger.warn('a turn could not be recorded; the run is loaded again', {
      runId: this.stream,
      error: error instanceof Error ? error.message : String(error),
    });
    const rejection = rejectionOf(error);
    this.#runtime.releases.push(() => turn.delivery.reply?.({ kind: 'rejected', rejection }));
    this.#runtime.reload(this);
  }

  #commit(turn: Turn): void {
    const run = this.#run as RunAggregate;
    const { delivery } = turn;
    if (turn.events.length > 0) {
      const { position } = this.#runtime.log.append({
        stream: this.stream,
        expectedVersion: run.streamVersion - turn.events.length,
        events: turn.events,
        at: run.at,
        correlationId: run.header.correlationId,
        causationId: delivery.causationId,
        actor: delivery.actor,
        ...(delivery.trace === undefined ? {} : { trace: delivery.trace }),
        ...(turn.blobs.length === 0 ? {} : { blobs: turn.blobs }),
        ...(turn.unique.length === 0 ? {} : { unique: turn.unique }),
      });
      this.#lastCommit = position;
    }
    const changes = this.#owed?.difference(turn);
    const outcome = this.#outcomeOf(turn, run);
    this.#runtime.liveRuns.note(this.stream, run.header, !endedRunStates.has(runState(run)));
    const mayLeave = isAtRest(run);
    this.#unreleased += 1;
    this.#runtime.releases.push(() => {
      this.#unreleased -= 1;
      changes?.release();
      delivery.reply?.(outcome);
      if (mayLeave) this.#leaveWhenDone();
    });
    turn.finish();
    this.#returnGrants();
    if (turn.isCut) this.#goOnLater(delivery.causationId);
    this.#snapshots.takeWhenDue(run);
    if (run.quarantine !== undefined) this.#keepIsolated(run.quarantine);
  }

  /** H5. */
  #goOnLater(causationId: string): void {
    this.#isYielding = true;
    this.post({ message: { type: 'proceed' }, causationId, actor: { kind: 'system' } });
    this.#runtime.clock.after(0, () => {
      this.#isYielding = false;
      this.#drain();
    });
  }

  /** The turn decided to isolate the run, and its commit says so: nothing is owed until it is released. */
  #keepIsolated(quarantine: Quarantine): void {
    this.#runtime.logger.error('the run was quarantined', {
      runId: this.stream,
      code: quarantine.code,
      error: quarantine.message,
    });
    this.#owed?.withdraw();
    this.#owed = undefined;
    this.#runtime.admission.forget(this.stream);
    this.#isolation.quarantine = quarantine;
  }

  #outcomeOf(turn: Turn, run: RunAggregate): Outcome {
    if (turn.rejection !== undefined) return { kind: 'rejected', rejection: turn.rejection };
    return {
      kind: 'done',
      status: runState(run),
      streamVersion: run.streamVersion,
      position: this.#runtime.log.appendedPosition,
      changed: turn.events.length > 0,
      ...(turn.reply === undefined ? {} : { reply: turn.reply }),
    };
  }

  /** Passivation: a run at rest leaves memory once nothing of it waits. */
  #leaveWhenDone(): void {
    if (this.#run === undefined || this.#unreleased > 0) return;
    if (isAtRest(this.#run) && this.isIdle) this.#runtime.release(this);
  }

  /** The run is broken: memory goes, the evidence is logged, the others go on. */
  #isolate(error: unknown, delivery: Delivery | undefined): void {
    this.#owed?.withdraw();
    this.#owed = undefined;
    this.#returnGrants();
    this.#runtime.admission.forget(this.stream);
    if (this.#run !== undefined) stopCells(this.#run);
    this.#run = undefined;
    this.#isolation.begin(error, delivery);
  }
}

function proceed(causationId: string): Delivery {
  return { message: { type: 'proceed' }, causationId, actor: { kind: 'system' } };
}

/** Ended, or waiting for the time of its start, which the timer service knows. */
function isAtRest(run: RunAggregate): boolean {
  const state = runState(run);
  if (state === 'pending') return run.header.startAt !== undefined;
  return endedRunStates.has(state);
}
