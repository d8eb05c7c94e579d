/**
 * Slots: how many attempts run at once and how often one begins, of an agent, of a key, on this node. Memory only;
 * rebuilt from the live runs. It queues runs, each run keeps its own ready list.
 *
 * S1 A slot is held from `acquire` (or `claim`) until `release`; the attempts of an agent never exceed its capacity
 *    but for those that were running before a restart, or before a limit was lowered.
 * S2 Nobody overtakes: while runs wait for a demand, a run that asks for it takes its place among them
 *    (`share-queue.ts`).
 * S3 A run waits at most once per demand.
 * S4 Nothing polls: what waits for a token is looked at when the token is there, what waits for a slot when one is free.
 * Size: one memory, and every way in which it changes; the order, the tree and the buckets stand alone.
 */
import type { Limits, OfferedRate } from '../../messages/limits.ts';
import { weightOf } from '../../policies/admission-order.ts';
import { chooseByCapability } from '../../policies/choose-agent.ts';
import { type Demand, demandOf, parseDemand } from '../../policies/demand.ts';
import type { CancelTimer, Clock } from './clock.ts';
import type { Directory } from './directory.ts';
import { type GateKind, Gates, type Obstacle } from './gates.ts';
import { LineOrder, type OrderedLine } from './line-order.ts';
import { type ShareOwner, ShareQueue, type Ticket } from './share-queue.ts';

/** Attempts at once on all agents together, where nothing is said. */
const DEFAULT_NODE_LIMIT = 10_000;

/** Demands that are kept as parsed. */
const MAX_DEMANDS = 10_000;

/** What an attempt holds while it runs. */
export interface Slot {
  agent: string;
  /** The key of a limit that it counts for. */
  limit?: string;
}

/** A slot and the agent that it belongs to; what is recorded in `task.started`. */
export interface Grant extends Slot {
  rule: string;
  candidates?: { agent: string; score: number }[];
}

/** Called when it is a waiting run's turn; true when it took the slot. */
export type Offer = (stream: string, demand: string, grant: Grant) => boolean;

export interface AdmissionOptions {
  directory: Directory;
  clock: Clock;
  limits: Limits;
  offer: Offer;
}

/** Those who wait for one demand. */
interface Line extends OrderedLine {
  readonly text: string;
  readonly demand: Demand;
  /** Set while it waits for a token. */
  wake: { at: number; cancel: CancelTimer } | undefined;
}

export class Admission {
  readonly #directory: Directory;
  readonly #clock: Clock;
  readonly #gates: Gates;
  readonly #offer: Offer;
  readonly #inHand = new Map<string, number>();
  readonly #keysInHand = new Map<string, number>();
  readonly #demands = new Map<string, Demand>();
  readonly #lines = new Map<string, Line>();
  /** Those of them that more than one agent may serve. */
  readonly #anyAgent = new Set<Line>();
  /** The demands that a run waits for. */
  readonly #waits = new Map<string, Set<Line>>();
  readonly #order = new LineOrder();
  #nodeLimit: number;
  #total = 0;
  #hasGates = false;
  #isPumping = false;
  #mustPumpAgain = false;

  constructor(options: AdmissionOptions) {
    this.#directory = options.directory;
    this.#clock = options.clock;
    this.#gates = new Gates({});
    this.#offer = options.offer;
    this.#nodeLimit = DEFAULT_NODE_LIMIT;
    this.#adopt(options.limits);
  }

  /** Attempts that hold a slot of an agent. */
  inHand(agent: string): number {
    return this.#inHand.get(agent) ?? 0;
  }

  /** Attempts that hold a slot on this node, of all agents. */
  get total(): number {
    return this.#total;
  }

  get limits(): Limits {
    return this.#gates.limits;
  }

  get nodeLimit(): number {
    return this.#nodeLimit;
  }

  /** Runs that wait, once for each demand. */
  get waiting(): number {
    let count = 0;
    for (const { queue } of this.#lines.values()) count += queue.size;
    return count;
  }

  /** Other limits hold from now on, also for what waits. */
  configure(limits: Limits): void {
    this.#adopt(limits);
    for (const line of this.#lines.values()) this.#sleep(line, undefined);
    this.pump();
  }

  /** How often attempts of an agent may begin, as its workers say; undefined: they do not. */
  offerRate(agent: string, offered: OfferedRate | undefined): void {
    if (!this.#gates.offer(agent, offered)) return;
    this.#hasGates = this.#gates.hasAny;
    for (const line of this.#lines.values()) this.#sleep(line, undefined);
    this.pump();
  }

  #adopt(limits: Limits): void {
    this.#nodeLimit = limits.node ?? DEFAULT_NODE_LIMIT;
    this.#gates.configure(limits);
    this.#hasGates = this.#gates.hasAny;
  }

  /** A slot at once, or undefined: then the run waits and hears by `offer`. */
  acquire(request: { stream: string; demand: string; owner: ShareOwner }): Grant | undefined {
    const line = this.#lines.get(request.demand);
    if (line !== undefined && line.queue.size > 0) {
      this.#enqueue(request, line, undefined);
      return undefined;
    }
    const demand = line?.demand ?? this.#parsed(request.demand);
    const taken = this.#take(demand);
    if (isGrant(taken)) return taken;
    this.#enqueue(request, line ?? this.#lineOf(request.demand, demand), taken);
    return undefined;
  }

  /** Counts an attempt that already runs, whatever the limits. */
  claim({ agent, limit }: Slot): void {
    this.#inHand.set(agent, this.inHand(agent) + 1);
    if (limit !== undefined) this.#keysInHand.set(limit, this.#keyInHand(limit) + 1);
    this.#total += 1;
  }

  release(slot: Slot): void {
    const wasFull = this.#total >= this.#nodeLimit;
    this.#drop(slot);
    if (this.#lines.size === 0) return;
    // While the node has room, a slot of this agent (or of its key) is of use to nobody else.
    if (wasFull || slot.limit !== undefined || this.#hasGates) this.pump();
    else this.pump(slot.agent);
  }

  /** As `release`, of a slot that nothing began with: the tokens go back as well. */
  giveBack(slot: Slot): void {
    this.#gates.giveBack('agent', slot.agent);
    if (slot.limit !== undefined) this.#gates.giveBack('key', slot.limit);
    this.release(slot);
  }

  #drop({ agent, limit }: Slot): void {
    this.#inHand.set(agent, Math.max(0, this.inHand(agent) - 1));
    this.#total = Math.max(0, this.#total - 1);
    if (limit === undefined) return;
    const left = this.#keyInHand(limit) - 1;
    if (left > 0) this.#keysInHand.set(limit, left);
    else this.#keysInHand.delete(limit);
  }

  /** Demands are few and asked for all the time. */
  #parsed(text: string): Demand {
    let demand = this.#demands.get(text);
    if (demand !== undefined) return demand;
    if (this.#demands.size >= MAX_DEMANDS) this.#demands.clear();
    demand = parseDemand(text);
    this.#demands.set(text, demand);
    return demand;
  }

  #keyInHand(key: string): number {
    return this.#keysInHand.get(key) ?? 0;
  }

  /** Forgets a run that waits, when it has ended or left memory. */
  forget(stream: string): void {
    const lines = this.#waits.get(stream);
    if (lines === undefined) return;
    this.#waits.delete(stream);
    for (const line of lines) {
      line.queue.remove(stream);
      this.#close(line);
    }
  }

  /** Offers free slots to those who wait: after a release, or when workers came. With a name, of that agent alone. */
  pump(agent?: string): void {
    if (this.#isPumping) {
      // A slot that an offer sets free may be what a line was looked at for before.
      this.#mustPumpAgain = true;
      return;
    }
    this.#isPumping = true;
    try {
      if (agent !== undefined) {
        const line = this.#lines.get(demandOf('agent', agent));
        this.#serve(line === undefined ? [...this.#anyAgent] : [line, ...this.#anyAgent]);
      } else this.#mustPumpAgain = true;
      while (this.#mustPumpAgain) {
        this.#mustPumpAgain = false;
        this.#serve([...this.#lines.values()]);
      }
    } finally {
      this.#isPumping = false;
    }
  }

  /** Serves lines until nothing is free for any of them: which one is next, `line-order.ts` says. */
  #serve(lines: Line[]): void {
    const open = new Set(lines);
    for (let line = this.#order.next(open); line !== undefined; line = this.#order.next(open)) {
      const taken = this.#take(line.demand);
      if (!isGrant(taken)) {
        open.delete(line);
        this.#sleep(line, taken);
        continue;
      }
      this.#order.served(line);
      const ticket = line.queue.take() as Ticket;
      this.#left(ticket.stream, line);
      const isTaken = this.#offer(ticket.stream, line.text, taken);
      if (!isTaken) {
        this.#drop(taken);
        this.#gates.giveBack('agent', taken.agent);
        if (taken.limit !== undefined) this.#gates.giveBack('key', taken.limit);
      }
      if (this.#close(line)) open.delete(line);
    }
  }

  /** A slot that is held from now on, or why there is none. */
  #take(demand: Demand): Grant | Obstacle {
    if (this.#total >= this.#nodeLimit) return { kind: 'slot', of: 'node', limit: this.#nodeLimit };
    const chosen = this.#choose(demand);
    if (!isGrant(chosen)) return chosen;
    this.claim(chosen);
    if (this.#hasGates) {
      const at = this.#clock.now();
      this.#gates.pass('agent', chosen.agent, at);
      if (chosen.limit !== undefined) this.#gates.pass('key', chosen.limit, at);
    }
    return chosen;
  }

  #choose({ by, name, limit }: Demand): Grant | Obstacle {
    if (limit !== undefined && this.#hasGates) {
      const obstacle = this.#gate('key', limit);
      if (obstacle !== undefined) return obstacle;
    }
    if (by === 'capability') {
      const chosen = this.#chooseByCapability(name);
      return isGrant(chosen) && limit !== undefined ? { ...chosen, limit } : chosen;
    }
    const obstacle = this.#obstacle(name);
    if (obstacle !== undefined) return obstacle;
    return limit === undefined
      ? { agent: name, rule: 'named' }
      : { agent: name, rule: 'named', limit };
  }

  /** Why an agent can begin nothing. */
  #obstacle(agent: string): Obstacle | undefined {
    const capacity = this.#directory.capacity(agent);
    if (this.inHand(agent) >= capacity) {
      return capacity === 0
        ? { kind: 'worker', name: agent }
        : { kind: 'slot', of: 'worker', name: agent, limit: capacity };
    }
    return this.#hasGates ? this.#gate('agent', agent) : undefined;
  }

  #gate(kind: GateKind, name: string): Obstacle | undefined {
    const inHand = kind === 'agent' ? this.inHand(name) : this.#keyInHand(name);
    return this.#gates.obstacle(kind, name, { inHand, at: this.#clock.now() });
  }

  #chooseByCapability(capability: string): Grant | Obstacle {
    const able = this.#directory
      .offers((agent) => this.inHand(agent))
      .filter(({ capabilities }) => capabilities.includes(capability));
    let obstacle: Obstacle = { kind: 'worker', name: capability };
    const free = able.filter(({ agent }) => {
      const found = this.#obstacle(agent);
      if (found !== undefined) obstacle = sooner(obstacle, found);
      return found === undefined;
    });
    return chooseByCapability(capability, free) ?? obstacle;
  }

  #lineOf(text: string, demand: Demand): Line {
    const queue = new ShareQueue((level, name) => weightOf(this.#gates.limits, level, name));
    const line: Line = { text, demand, queue, wake: undefined, servedAt: 0 };
    this.#lines.set(text, line);
    if (demand.by === 'capability') this.#anyAgent.add(line);
    return line;
  }

  #enqueue(
    { stream, demand, owner }: { stream: string; demand: string; owner: ShareOwner },
    line: Line,
    obstacle: Obstacle | undefined,
  ): void {
    line.queue.add({ stream, demand, owner, since: this.#clock.now() });
    const lines = this.#waits.get(stream);
    if (lines === undefined) this.#waits.set(stream, new Set([line]));
    else lines.add(line);
    if (obstacle !== undefined) this.#sleep(line, obstacle);
  }

  #left(stream: string, line: Line): void {
    const lines = this.#waits.get(stream);
    if (lines?.delete(line) === true && lines.size === 0) this.#waits.delete(stream);
  }

  /** True where nobody waits in it any more: then it is gone. */
  #close(line: Line): boolean {
    if (line.queue.size > 0) return false;
    this.#sleep(line, undefined);
    if (this.#lines.get(line.text) === line) this.#lines.delete(line.text);
    this.#anyAgent.delete(line);
    return true;
  }

  /** S4: what waits for a token is woken when it is there; an obstacle of another kind ends by itself. */
  #sleep(line: Line, obstacle: Obstacle | undefined): void {
    const at = obstacle?.kind === 'rate' ? obstacle.dueAt : undefined;
    if (line.wake?.at === at) return;
    line.wake?.cancel();
    line.wake = undefined;
    if (at === undefined) return;
    const cancel = this.#clock.after(Math.max(0, at - this.#clock.now()), () => {
      line.wake = undefined;
      if (this.#lines.get(line.text) === line) this.pump();
    });
    line.wake = { at, cancel };
  }

  /** Why a demand has to wait now; undefined where nothing stands in its way. */
  obstacleOf(demand: string): Obstacle | undefined {
    if (this.#total >= this.#nodeLimit) return { kind: 'slot', of: 'node', limit: this.#nodeLimit };
    const chosen = this.#choose(parseDemand(demand));
    return isGrant(chosen) ? undefined : chosen;
  }

  /** Everybody who waits, by demand. */
  lines(): { demand: string; tickets: Ticket[] }[] {
    return [...this.#lines.values()].map(({ text, queue }) => ({
      demand: text,
      tickets: queue.tickets(),
    }));
  }

  /** No timer is left behind. */
  close(): void {
    for (const line of this.#lines.values()) this.#sleep(line, undefined);
  }
}

function isGrant(taken: Grant | Obstacle): taken is Grant {
  return 'agent' in taken;
}

/** Of two that cannot: the one whose token is there first, for nothing else would wake those who wait for it. */
function sooner(before: Obstacle, found: Obstacle): Obstacle {
  if (before.kind !== 'rate') return found;
  return found.kind === 'rate' && found.dueAt < before.dueAt ? found : before;
}
