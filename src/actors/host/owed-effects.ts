/**
 * Effects by difference: what a run owed before a turn against what it owes after it (architecture.md).
 * Starting and stopping wait for the commit; slots change at once, for they are memory only.
 *
 * C3 Effects are released in commit order; one whose state has been left again by then is skipped.
 * C7 A lost attempt is canceled at its agent only once its task has ended without it: a worker that was silent may be
 *    back, and its success counts until then.
 */
import {
  type Activation,
  type RunAggregate,
  runContext,
  runState,
} from '../../machines/run/aggregate.ts';
import { type Effect, effectsOfActivation, effectsOfRun } from '../../machines/run/effects.ts';
import type { RunState } from '../../machines/run/machine.ts';
import { openStates, slotStates } from '../../machines/task/machine.ts';
import type { JsonValue } from '../../workflow/value.ts';
import type { Slot } from '../services/admission.ts';
import type { EffectContext, HostRuntime } from './runtime.ts';
import type { Turn } from './turn.ts';

interface Started {
  key: string;
  effect: Effect;
  context: EffectContext;
}

interface Stopped {
  key: string;
  effect: Effect;
  isEnded: boolean;
}

const RUN_OWNER = '';

export class OwedEffects {
  readonly #run: RunAggregate;
  readonly #runtime: HostRuntime;
  /** By owner (an activation id, or the run), then by key. */
  readonly #owed = new Map<string, ReadonlyMap<string, Effect>>();
  /** Slots that are held, by activation. */
  readonly #slots = new Map<string, Slot>();
  /** Dispatches of attempts that were lost, by activation, while it is open (C7). */
  readonly #lost = new Map<string, Effect[]>();
  /** Undefined until it was looked at for the first time. */
  #state: RunState | undefined;
  #startAt: number | undefined;
  /** The deadline of the run, which a patch may move. */
  #dueAt: number | null = null;
  /** Effects owed for which the run has to be in memory: all but timers and waits for child runs. */
  #others = 0;
  /** Tasks that are counted as ready and not begun. */
  #queued = 0;
  #isAbandoned = false;

  constructor(run: RunAggregate, runtime: HostRuntime) {
    this.#run = run;
    this.#runtime = runtime;
  }

  get onlyTimers(): boolean {
    return this.#others === 0;
  }

  /** After a load: everything owed starts, everything that holds a slot has one. */
  resume(): void {
    for (const activation of this.#run.open) {
      if (!slotStates.has(activation.state) || activation.context.agent === null) continue;
      const slot = slotOf(activation.context.agent, activation.node.task.limit);
      this.#slots.set(activation.id, slot);
      this.#runtime.admission.claim(slot);
    }
    this.#state = runState(this.#run);
    this.#startAt = this.#run.header.startAt;
    this.#dueAt = runContext(this.#run).dueAt;
    const started: Started[] = [];
    const owners: (Activation | undefined)[] = [undefined, ...this.#run.open];
    for (const owner of owners) this.#compare(owner, { started, stopped: [] });
    this.#run.touched.clear();
    this.#countQueued(this.#run.ready.size);
    this.#runtime.releases.push(() => this.#start(started));
  }

  /** What changed with a turn; `release` is called once its commit is durable. */
  difference(turn: Turn): { release(): void } | undefined {
    const run = this.#run;
    const started: Started[] = [];
    const stopped: Stopped[] = [];
    const state = runState(run);
    const { startAt } = run.header;
    const hasRunChanged = state !== this.#state || startAt !== this.#startAt;
    const { dueAt } = runContext(run);
    const hasDeadlineMoved = dueAt !== this.#dueAt;
    this.#state = state;
    this.#startAt = startAt;
    this.#dueAt = dueAt;
    const changes = { started, stopped, turn };
    this.#bookSlots(turn);
    if (hasRunChanged || hasDeadlineMoved) this.#compare(undefined, changes);
    const owners: Iterable<Activation> = hasRunChanged
      ? new Set([...run.touched, ...run.open])
      : run.touched;
    for (const activation of owners) {
      this.#moveSlot(activation);
      this.#compare(activation, changes);
    }
    run.touched.clear();
    this.#countQueued(run.ready.size);
    if (started.length === 0 && stopped.length === 0) return undefined;
    return {
      release: () => {
        this.#stop(stopped);
        this.#start(started);
      },
    };
  }

  /** The run is isolated: it owes nothing until it is released, and then everything anew. */
  withdraw(): void {
    const { runId } = this.#run.header;
    for (const owed of this.#owed.values()) {
      for (const [key, effect] of owed) this.#runtime.effects.withdraw(key, effect, { runId });
    }
    this.abandon();
  }

  /** The run leaves memory or its memory is thrown away: slots go back, effects are neither started nor stopped. */
  abandon(): void {
    this.#isAbandoned = true;
    for (const slot of this.#slots.values()) this.#runtime.admission.release(slot);
    this.#slots.clear();
    this.#owed.clear();
    this.#lost.clear();
    this.#countQueued(0);
  }

  #countQueued(queued: number): void {
    if (queued === this.#queued) return;
    this.#runtime.liveRuns.queued.changed(this.#run.header, queued - this.#queued);
    this.#queued = queued;
  }

  /** An attempt that follows another one in the same turn has a slot of its own: the earlier one goes back. */
  #bookSlots(turn: Turn): void {
    for (const [id, slot] of turn.takeGranted()) {
      const before = this.#slots.get(id);
      this.#slots.set(id, slot);
      if (before !== undefined) this.#runtime.admission.release(before);
    }
  }

  #moveSlot(activation: Activation): void {
    const held = this.#slots.get(activation.id);
    if (held === undefined) return;
    if (slotStates.has(activation.state) && activation.cell !== undefined) return;
    this.#slots.delete(activation.id);
    this.#runtime.admission.release(held);
  }

  #compare(
    owner: Activation | undefined,
    changes: { started: Started[]; stopped: Stopped[]; turn?: Turn },
  ): void {
    const id = owner?.id ?? RUN_OWNER;
    const before = this.#owed.get(id);
    const after =
      owner === undefined
        ? effectsOfRun(this.#run)
        : effectsOfActivation(owner, this.#state ?? 'pending');
    if (before === undefined && after.size === 0 && !this.#lost.has(id)) return;
    for (const [key, effect] of after) {
      if (before?.has(key)) continue;
      this.#count(effect, 1);
      if (effect.kind === 'admit') continue;
      changes.started.push({ key, effect, context: this.#contextOf(owner, changes.turn) });
    }
    for (const [key, effect] of before ?? []) {
      if (after.has(key)) continue;
      this.#count(effect, -1);
      if (effect.kind === 'admit') continue;
      // A dispatch that becomes a cancellation is told to the agent once, by the cancellation.
      if (effect.kind === 'dispatch' && owner?.state === 'canceling') continue;
      const isLost = isLoss(effect, changes.turn);
      if (isLost) this.#lost.set(id, [...(this.#lost.get(id) ?? []), effect]);
      changes.stopped.push({ key, effect, isEnded: isLost || isOwnEnd(effect, changes.turn) });
    }
    if (owner !== undefined && !openStates.has(owner.state)) this.#cancelLost(id, changes);
    if (after.size === 0) this.#owed.delete(id);
    else this.#owed.set(id, after);
  }

  #cancelLost(id: string, changes: { stopped: Stopped[]; turn?: Turn }): void {
    for (const effect of this.#lost.get(id) ?? []) {
      const isEnded = isOwnEnd(effect, changes.turn);
      if (!isEnded) changes.stopped.push({ key: `lost:${id}`, effect, isEnded });
    }
    this.#lost.delete(id);
  }

  #count(effect: Effect, by: 1 | -1): void {
    // A run that waits for a child may leave memory: it asks for the child's end when it comes back.
    if (effect.kind !== 'timer' && effect.kind !== 'child') this.#others += by;
  }

  #contextOf(owner: Activation | undefined, turn: Turn | undefined): EffectContext {
    const { header, plan } = this.#run;
    const task = owner?.node.task;
    const parameters: JsonValue | undefined =
      owner === undefined ? undefined : turn?.parametersOf(owner.id);
    return {
      runId: header.runId,
      workflow: header.name,
      correlationId: header.correlationId,
      trace: header.trace,
      parameters,
      startedVersion: owner?.startedVersion ?? 0,
      secrets: owner?.node.secrets,
      losses: owner?.context.losses ?? 0,
      isCounted: plan.definition.settings.quarantineAfter !== undefined,
      definitionTaskId: task?.id ?? '',
      description: task?.description,
      deadline: owner?.context.dueAt ?? runContext(this.#run).dueAt ?? undefined,
      reason: owner?.reason,
      origin: owner?.child === undefined ? undefined : { header, definition: plan.definition },
    };
  }

  #start(started: readonly Started[]): void {
    for (const { key, effect, context } of started) {
      if (this.#isAbandoned || !this.#isOwed(key, effect)) continue;
      this.#runtime.effects.start(key, effect, context);
    }
  }

  #stop(stopped: readonly Stopped[]): void {
    const { runId } = this.#run.header;
    for (const { key, effect, isEnded } of stopped) {
      this.#runtime.effects.stop(key, effect, { runId, isEnded });
    }
  }

  #isOwed(key: string, effect: Effect): boolean {
    const owner = effect.kind === 'timer' ? ownerOfTimer(effect.timerId) : effect.activation;
    return this.#owed.get(owner)?.has(key) ?? false;
  }
}

function slotOf(agent: string, limit: string | undefined): Slot {
  return limit === undefined ? { agent } : { agent, limit };
}

/** Timer ids are `<state>:<activation>:<attempt>`; the run's own have no colon. */
function ownerOfTimer(timerId: string): string {
  return timerId.split(':')[1] ?? RUN_OWNER;
}

/** True when the attempt of a dispatch was lost in this turn. */
function isLoss(effect: Effect, turn: Turn | undefined): boolean {
  const message = turn?.delivery.message;
  return (
    effect.kind === 'dispatch' &&
    message?.type === 'attemptLost' &&
    message.activation === effect.activation &&
    message.attempt === effect.attempt
  );
}

/** True when the attempt of a dispatch ended by the result that this turn took. */
function isOwnEnd(effect: Effect, turn: Turn | undefined): boolean {
  if (effect.kind !== 'dispatch' && effect.kind !== 'cancel') return true;
  const message = turn?.delivery.message;
  return (
    message?.type === 'result' &&
    message.activation === effect.activation &&
    message.result.attempt === effect.attempt
  );
}
