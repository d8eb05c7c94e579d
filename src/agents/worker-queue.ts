/**
 * Which attempt of a worker runs next: a place for each running attempt, a bounded queue an agent for the others.
 *
 * Q1 Never more than `concurrency` attempts run, and of one agent never more than its own `concurrency`.
 * Q2 Within an agent the order is that of arrival; between agents the places go round.
 */
import type { Agent } from './agent.ts';
import type { AttemptInHand } from './worker-attempt.ts';

interface Lane {
  waiting: Set<AttemptInHand>;
  running: number;
  limit: number;
}

/** The places of one worker. */
export class WorkerQueue {
  readonly #lanes = new Map<string, Lane>();
  readonly #order: Lane[];
  readonly #concurrency: number;
  readonly #maxQueued: number;
  #running = 0;
  #queued = 0;
  #turn = 0;

  constructor(options: { agents: readonly Agent[]; concurrency: number; maxQueued: number }) {
    this.#concurrency = options.concurrency;
    this.#maxQueued = options.maxQueued;
    for (const agent of options.agents) {
      const limit = Math.min(agent.concurrency ?? options.concurrency, options.concurrency);
      this.#lanes.set(agent.name, { waiting: new Set(), running: 0, limit });
    }
    this.#order = [...this.#lanes.values()];
  }

  get queued(): number {
    return this.#queued;
  }

  /** Running attempts of an agent, and how many it may have. */
  usage(agent: string): { running: number; limit: number } {
    const { running, limit } = this.#lane(agent);
    return { running, limit };
  }

  /** Takes an attempt in; false at the bound. What may run now is told by `next`. */
  offer(attempt: AttemptInHand): boolean {
    const lane = this.#lane(attempt.agent.name);
    const isFree = this.#running < this.#concurrency && lane.running < lane.limit;
    if (!isFree && this.#queued >= this.#maxQueued) return false;
    lane.waiting.add(attempt);
    this.#queued += 1;
    return true;
  }

  /** The next attempt that may run; it has a place from now on. */
  next(): AttemptInHand | undefined {
    if (this.#queued === 0 || this.#running >= this.#concurrency) return undefined;
    for (let step = 0; step < this.#order.length; step += 1) {
      const lane = this.#order[this.#turn] as Lane;
      this.#turn = (this.#turn + 1) % this.#order.length;
      if (lane.waiting.size === 0 || lane.running >= lane.limit) continue;
      const [attempt] = lane.waiting;
      return this.#start(lane, attempt as AttemptInHand);
    }
    return undefined;
  }

  /** True while it has no place yet. */
  isWaiting(attempt: AttemptInHand): boolean {
    return this.#lane(attempt.agent.name).waiting.has(attempt);
  }

  /** Takes an attempt out, wherever it is. */
  remove(attempt: AttemptInHand): void {
    const lane = this.#lane(attempt.agent.name);
    if (lane.waiting.delete(attempt)) {
      this.#queued -= 1;
    } else if (attempt.isRunning) {
      attempt.isRunning = false;
      lane.running -= 1;
      this.#running -= 1;
    }
  }

  #start(lane: Lane, attempt: AttemptInHand): AttemptInHand {
    lane.waiting.delete(attempt);
    this.#queued -= 1;
    lane.running += 1;
    this.#running += 1;
    attempt.isRunning = true;
    return attempt;
  }

  #lane(agent: string): Lane {
    const lane = this.#lanes.get(agent);
    if (lane === undefined) throw new RangeError(`this worker has no agent ${agent}`);
    return lane;
  }
}
