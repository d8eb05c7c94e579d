/**
 * Whether a client of the embedded broker still lives, as nats-server finds it out: it is asked after its first interval,
 * then after every interval in which it did nothing of its own. Only PONG answers.
 */
const MAX_UNANSWERED = 2;

/** What is to be done at the end of an interval. */
export type LivenessStep = 'nothing' | 'ask' | 'end';

/** One for each connection. */
export class Liveness {
  #wasAsked = false;
  #isActive = false;
  #unanswered = 0;

  /** The client has done something of its own. */
  active(): void {
    this.#isActive = true;
  }

  /** The client has said PONG. */
  answered(): void {
    this.#unanswered = 0;
  }

  /** An interval is over. */
  next(): LivenessStep {
    const isAlive = this.#wasAsked && this.#isActive;
    this.#isActive = false;
    if (isAlive) return 'nothing';
    if (this.#unanswered >= MAX_UNANSWERED) return 'end';
    this.#wasAsked = true;
    this.#unanswered += 1;
    return 'ask';
  }
}
