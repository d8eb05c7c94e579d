/**
 * A network in simulated time: a queue of deliveries. With faults on, messages are lost, doubled, delayed past each
 * other; the event feed is only delayed, for a connection of NATS neither loses nor reorders, it breaks (`sim-bus.ts`).
 */
import { headers as createHeaders } from 'nats';
import type { RawMessage } from '../../src/messaging/nats-message.ts';
import type { Scope, SimTime } from './sim-time.ts';

export interface NetworkFaults {
  /** Probabilities of one delivery. */
  lost: number;
  doubled: number;
  /** The longest delay beyond the least, ms; deliveries overtake each other. */
  jitterMs: number;
}

export const noFaults: NetworkFaults = { lost: 0, doubled: 0, jitterMs: 0 };
export const LATENCY_MS = 1;

/** What the network has to know of a connection. */
interface Connection {
  readonly scope: Scope;
  readonly isUp: boolean;
  /** Counts the connections, so that nothing of an earlier one arrives. */
  readonly connection: number;
}

export interface Entry {
  bus: Connection;
  pattern: string[];
  queue: string | undefined;
  handler: (raw: RawMessage) => void;
  isStopped: boolean;
  /** Nothing that keeps its order arrives before this. */
  lastAt: number;
}

export class SimNetwork {
  readonly time: SimTime;
  faults: NetworkFaults = noFaults;
  /** Until then the server stands still: nothing is lost, all that was sent arrives after it. */
  frozenUntil = 0;
  readonly #random: () => number;
  readonly entries = new Set<Entry>();
  #inboxes = 0;

  constructor(time: SimTime, random: () => number) {
    this.time = time;
    this.#random = random;
  }

  /** How long the server will stand still. */
  get standstillMs(): number {
    return Math.max(0, this.frozenUntil - this.time.now);
  }

  newInbox(): string {
    this.#inboxes += 1;
    return `_INBOX.sim.${this.#inboxes}`;
  }

  /** Routes a message: to every plain subscription, and to one member of each queue. */
  route(raw: RawMessage): void {
    const queues = new Map<string, Entry[]>();
    let isHeard = false;
    for (const entry of this.entries) {
      if (!entry.bus.isUp || !matches(entry.pattern, raw.subject)) continue;
      isHeard = true;
      if (entry.queue === undefined) this.#deliver(entry, raw);
      else queues.set(entry.queue, [...(queues.get(entry.queue) ?? []), entry]);
    }
    for (const members of queues.values()) {
      this.#deliver(members[Math.floor(this.#random() * members.length)] as Entry, raw);
    }
    if (isHeard || raw.reply === undefined || raw.reply === '') return;
    const headers = createHeaders(503, 'No Responders');
    this.route({ subject: raw.reply, data: new Uint8Array(), headers });
  }

  #deliver(entry: Entry, raw: RawMessage): void {
    const { lost, doubled, jitterMs } = this.faults;
    const leastMs = this.standstillMs + LATENCY_MS;
    const isOrdered =
      raw.subject.endsWith('.events') || (lost === 0 && doubled === 0 && jitterMs === 0);
    if (isOrdered) {
      const delay = leastMs + Math.floor(this.#random() * (jitterMs + 1));
      entry.lastAt = Math.max(entry.lastAt, this.time.now + delay);
      this.#plan(entry, raw, entry.lastAt - this.time.now);
      return;
    }
    if (this.#random() < lost) return;
    const copies = this.#random() < doubled ? 2 : 1;
    for (let copy = 0; copy < copies; copy += 1) {
      this.#plan(entry, raw, leastMs + Math.floor(this.#random() * (jitterMs + 1)));
    }
  }

  #plan(entry: Entry, raw: RawMessage, delayMs: number): void {
    const { connection } = entry.bus;
    this.time.plan(entry.bus.scope, delayMs, () => {
      const isCut = !entry.bus.isUp || entry.bus.connection !== connection;
      if (!entry.isStopped && !isCut) entry.handler(raw);
    });
  }
}

function matches(pattern: readonly string[], subject: string): boolean {
  const tokens = subject.split('.');
  for (const [index, part] of pattern.entries()) {
    if (part === '>') return tokens.length > index;
    if (index >= tokens.length || (part !== '*' && part !== tokens[index])) return false;
  }
  return pattern.length === tokens.length;
}
