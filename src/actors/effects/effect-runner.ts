/**
 * What it means to start and to stop each kind of effect.
 */
import { type Effect, RUN_START, timerKey } from '../../machines/run/effects.ts';
import type { EffectContext, EffectRunner } from '../host/runtime.ts';
import type { ArmedTimer, Timers } from '../services/timers.ts';
import type { ChildRuns } from './child-runs.ts';
import type { Dispatcher } from './dispatcher.ts';

/** Timer ids begin with the state that they belong to. */
const ATTEMPT_TIMER = 'running:';

export class Effects implements EffectRunner {
  readonly #timers: Timers;
  readonly #dispatcher: Dispatcher;
  readonly #children: ChildRuns;

  /** Attempt timeouts wait for the probe after a restart: what a worker has finished must not time out before. */
  #held: Map<string, ArmedTimer> | undefined = new Map();

  constructor(options: { timers: Timers; dispatcher: Dispatcher; children: ChildRuns }) {
    this.#children = options.children;
    this.#timers = options.timers;
    this.#dispatcher = options.dispatcher;
  }

  start(key: string, effect: Effect, context: EffectContext): void {
    switch (effect.kind) {
      case 'dispatch':
        this.#dispatcher.start({ ...effect, context });
        break;
      case 'cancel': {
        const ref = {
          runId: context.runId,
          activation: effect.activation,
          attempt: effect.attempt,
        };
        this.#dispatcher.withdraw(ref);
        this.#dispatcher.cancel({
          ref,
          agent: effect.agent,
          reason: context.reason ?? 'canceled',
          force: false,
        });
        break;
      }
      case 'timer':
        this.#arm(key, { stream: context.runId, timerId: effect.timerId, dueAt: effect.dueAt });
        break;
      case 'child':
        this.#children.start({ ...effect, context });
        break;
      case 'admit':
      case 'prepare':
        break;
    }
  }

  stop(key: string, effect: Effect, context: { runId: string; isEnded: boolean }): void {
    switch (effect.kind) {
      case 'dispatch':
      case 'cancel': {
        const ref = {
          runId: context.runId,
          activation: effect.activation,
          attempt: effect.attempt,
        };
        this.#dispatcher.stop({ ref, agent: effect.agent, isEnded: context.isEnded });
        break;
      }
      case 'timer':
        this.#held?.delete(`${context.runId}/${key}`);
        this.#timers.disarm(context.runId, key);
        break;
      case 'child':
        this.#children.stop(effect.runId);
        break;
      case 'admit':
      case 'prepare':
        break;
    }
  }

  withdraw(key: string, effect: Effect, { runId }: { runId: string }): void {
    if (effect.kind === 'timer') {
      this.#held?.delete(`${runId}/${key}`);
      this.#timers.disarm(runId, key);
    } else if (effect.kind === 'dispatch') {
      this.#dispatcher.withdraw({ runId, activation: effect.activation, attempt: effect.attempt });
    } else if (effect.kind === 'child') {
      this.#children.stop(effect.runId);
    }
  }

  /** Owed by a run that only waits for its start, which need not be in memory for it. */
  awaitStart(runId: string, startAt: number): void {
    const timer = { stream: runId, timerId: RUN_START, dueAt: startAt };
    this.#arm(timerKey(RUN_START, startAt), timer);
  }

  /** The workers were asked: attempt timeouts count again. */
  releaseHold(): void {
    const held = this.#held;
    this.#held = undefined;
    for (const [id, timer] of held ?? [])
      this.#timers.arm(id.slice(timer.stream.length + 1), timer);
  }

  #arm(key: string, timer: ArmedTimer): void {
    if (this.#held !== undefined && timer.timerId.startsWith(ATTEMPT_TIMER)) {
      this.#held.set(`${timer.stream}/${key}`, timer);
    } else this.#timers.arm(key, timer);
  }
}
