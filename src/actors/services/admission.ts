/**
 * Slots: how many attempts run at once, of an agent and on this node. Memory only; rebuilt from the live runs.
 * It queues runs, each run keeps its own ready list.
 *
 * S1 A slot is held from `acquire` (or `claim`) until `release`; the attempts of an agent never exceed its capacity
 *    but for those that were running before a restart.
 * S2 Nobody overtakes: while runs wait for a demand, a run that asks for it goes behind them.
 * S3 A run waits at most once per demand.
 */
import { type AdmissionTicket, compareTickets } from '../../policies/admission-order.ts';
import { chooseByCapability } from '../../policies/choose-agent.ts';
import type { Priority } from '../../workflow/definition.ts';
import type { Directory } from './directory.ts';

/** A slot and the agent that it belongs to; what is recorded in `task.started`. */
export interface Grant {
  agent: string;
  rule: string;
  candidates?: { agent: string; score: number }[];
}

/** Called when it is a waiting run's turn; true when it took the slot. */
export type Offer = (stream: string, demand: string, grant: Grant) => boolean;

export class Admission {
  readonly #directory: Directory;
  readonly #nodeLimit: number;
  readonly #offer: Offer;
  readonly #inHand = new Map<string, number>();
  readonly #waiting = new Map<string, AdmissionTicket[]>();
  readonly #tickets = new Set<string>();
  #total = 0;
  #sequence = 0;
  #isPumping = false;
  #mustPumpAgain = false;

  constructor(options: { directory: Directory; nodeLimit: number; offer: Offer }) {
    this.#directory = options.directory;
    this.#nodeLimit = options.nodeLimit;
    this.#offer = options.offer;
  }

  /** Attempts that hold a slot of an agent. */
  inHand(agent: string): number {
    return this.#inHand.get(agent) ?? 0;
  }

  get waiting(): number {
    return this.#tickets.size;
  }

  /** A slot at once, or undefined: then the run waits and hears by `offer`. */
  acquire(request: { stream: string; demand: string; priority: Priority }): Grant | undefined {
    const { stream, demand, priority } = request;
    const queue = this.#waiting.get(demand);
    const grant = queue === undefined || queue.length === 0 ? this.#take(demand) : undefined;
    if (grant === undefined) this.#enqueue(stream, demand, priority);
    return grant;
  }

  /** Counts an attempt that already runs, whatever the limits. */
  claim(agent: string): void {
    this.#inHand.set(agent, this.inHand(agent) + 1);
    this.#total += 1;
  }

  release(agent: string): void {
    this.#inHand.set(agent, Math.max(0, this.inHand(agent) - 1));
    this.#total = Math.max(0, this.#total - 1);
    this.pump();
  }

  /** Forgets a run that waits, when it has ended or left memory. */
  forget(stream: string): void {
    for (const [demand, queue] of this.#waiting) {
      if (!this.#tickets.delete(ticketKey(stream, demand))) continue;
      this.#waiting.set(
        demand,
        queue.filter((ticket) => ticket.stream !== stream),
      );
    }
  }

  /** Offers free slots to those who wait: after a release, or when workers came. */
  pump(): void {
    this.#mustPumpAgain = true;
    if (this.#isPumping) return;
    this.#isPumping = true;
    try {
      // A slot that an offer sets free may be what a demand looked at before it waits for. Every round takes tickets.
      while (this.#mustPumpAgain) {
        this.#mustPumpAgain = false;
        for (const demand of [...this.#waiting.keys()]) this.#pumpDemand(demand);
      }
    } finally {
      this.#isPumping = false;
    }
  }

  #pumpDemand(demand: string): void {
    for (;;) {
      const queue = this.#waiting.get(demand);
      const ticket = queue?.[0];
      if (queue === undefined || ticket === undefined) {
        this.#waiting.delete(demand);
        return;
      }
      const grant = this.#take(demand);
      if (grant === undefined) return;
      queue.shift();
      this.#tickets.delete(ticketKey(ticket.stream, demand));
      if (!this.#offer(ticket.stream, demand, grant)) {
        this.#inHand.set(grant.agent, this.inHand(grant.agent) - 1);
        this.#total -= 1;
      }
    }
  }

  #take(demand: string): Grant | undefined {
    if (this.#total >= this.#nodeLimit) return undefined;
    const grant = this.#choose(demand);
    if (grant !== undefined) this.claim(grant.agent);
    return grant;
  }

  #choose(demand: string): Grant | undefined {
    const separator = demand.indexOf(':');
    const name = demand.slice(separator + 1);
    if (demand.startsWith('agent:')) {
      if (this.inHand(name) >= this.#directory.capacity(name)) return undefined;
      return { agent: name, rule: 'named' };
    }
    const choice = chooseByCapability(
      name,
      this.#directory.offers((agent) => this.inHand(agent)),
    );
    if (
      choice === undefined ||
      this.inHand(choice.agent) >= this.#directory.capacity(choice.agent)
    ) {
      return undefined;
    }
    return choice;
  }

  #enqueue(stream: string, demand: string, priority: Priority): void {
    const key = ticketKey(stream, demand);
    if (this.#tickets.has(key)) return;
    this.#tickets.add(key);
    const ticket = { stream, priority, sequence: this.#sequence };
    this.#sequence += 1;
    const queue = this.#waiting.get(demand);
    if (queue === undefined) {
      this.#waiting.set(demand, [ticket]);
      return;
    }
    let index = queue.length;
    while (index > 0 && compareTickets(ticket, queue[index - 1] as AdmissionTicket) < 0) index -= 1;
    queue.splice(index, 0, ticket);
  }
}

function ticketKey(stream: string, demand: string): string {
  return `${stream}\n${demand}`;
}
