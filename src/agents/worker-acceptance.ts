/** Tells who asked that this worker has an attempt. */
import type { Bus, BusMessage } from '../messaging/bus.ts';
import { reasonOf } from '../workflow/errors.ts';
import type { AgentLogger } from './agent.ts';

export class Acceptance {
  readonly #options: { bus: Bus; worker: string; logger: AgentLogger };
  /** Requests that are taken and not answered yet. */
  readonly #taken: BusMessage[] = [];

  constructor(options: { bus: Bus; worker: string; logger: AgentLogger }) {
    this.#options = options;
  }

  /** Answers at the end of this turn, so that the results of quick attempts leave with the answers; `first`: now. */
  say(message: BusMessage, { first = false }: { first?: boolean | undefined } = {}): void {
    if (first) {
      this.#answer(message);
      return;
    }
    if (this.#taken.push(message) > 1) return;
    setImmediate(() => {
      for (const one of this.#taken.splice(0)) this.#answer(one);
    });
  }

  /** Resolves when the server has what was said; at once where none can be reached: the work is not kept waiting. */
  async left(): Promise<void> {
    const { bus, logger } = this.#options;
    if (!bus.isConnected) return;
    await bus.flush().catch((error: unknown) => {
      logger.warn('an acceptance was not confirmed', { error: reasonOf(error) });
    });
  }

  #answer(message: BusMessage): void {
    message.respond({ accepted: true, worker: this.#options.worker });
  }
}
