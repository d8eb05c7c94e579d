/**
 * What it means to start and to stop each kind of effect.
 */
import type { Effect } from '../../machines/run/effects.ts';
import type { EffectContext, EffectRunner } from '../host/runtime.ts';
import type { Timers } from '../services/timers.ts';
import type { Dispatcher } from './dispatcher.ts';

export class Effects implements EffectRunner {
  readonly #timers: Timers;
  readonly #dispatcher: Dispatcher;

  constructor(options: { timers: Timers; dispatcher: Dispatcher }) {
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
        this.#timers.arm(key, {
          stream: context.runId,
          timerId: effect.timerId,
          dueAt: effect.dueAt,
        });
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
        this.#timers.disarm(context.runId, key);
        break;
      case 'admit':
      case 'prepare':
        break;
    }
  }
}
