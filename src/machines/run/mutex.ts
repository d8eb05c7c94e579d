/**
 * Who may begin: the mutexes of tasks and regions (workflow-language.md). An activation that became ready is granted all
 * its mutexes at once, or waits; granted it keeps them until it has ended, through backoff and retries. A region takes
 * its mutexes with its first member and gives them back when all its members have ended.
 *
 * X1 A mutex has at most one taker: an activation, or a region for all its members.
 * X2 Nobody holds one mutex and waits for another, but members of a region; validation refuses the orders in which
 *    regions could wait for each other.
 * X3 First come, first served, so nobody starves: who waits for a task keeps its place in every queue. Who waits for a
 *    region does not hold up others, for the region may need them in order to end.
 * X4 Folded from events alone: granting is no decision but a consequence. O(1) per event, but for those that wait when a
 *    region begins.
 * Size: regions and mutexes wait for each other in one table.
 */
import { isUndo } from './activation.ts';
import type { Activation } from './aggregate.ts';
import type { PlanRegion, PlanSteering } from './plan-steering.ts';

/** What a snapshot keeps; what each waits for follows from the activations. */
export interface StoredMutexes {
  /** Activations that were granted theirs. */
  holders: string[];
  /** Regions that hold theirs, and whether a member has started. */
  regions: [string, boolean][];
  /** Activations that wait, in the order of coming. */
  waiting: string[];
}

/** A region while it holds its mutexes. */
interface HeldRegion {
  /** Members that were granted and have not ended. */
  readonly members: Set<string>;
  hasStarted: boolean;
}

export class MutexTable {
  readonly #steering: PlanSteering;
  /** By mutex: the activation or the region. Activation ids hold no colon. */
  readonly #takers = new Map<string, string>();
  /** By mutex, in the order of coming. */
  readonly #queues = new Map<string, Set<Activation>>();
  /** What each waits for. */
  readonly #waiting = new Map<Activation, readonly string[]>();
  /** By activation: the mutexes that it holds itself. */
  readonly #holders = new Map<string, readonly string[]>();
  readonly #regions = new Map<string, HeldRegion>();
  /** By region: members that have ended. */
  readonly #ended = new Map<string, Set<number>>();

  constructor(steering: PlanSteering) {
    this.#steering = steering;
  }

  /** True for an activation that needs a mutex before it begins. Instances go with their `foreach` task. */
  needs(activation: Pick<Activation, 'parent' | 'node' | 'id'>): boolean {
    const { index } = activation.node;
    if (activation.parent !== undefined || isUndo(activation.id)) return false;
    return this.#steering.mutexes.has(index) || this.#steering.regionOf.has(index);
  }

  isGranted(activation: Activation): boolean {
    return this.#holders.has(activation.id);
  }

  /** The mutexes that an activation waits for, for reports. */
  waitsFor(activation: Activation): readonly string[] {
    return this.#waiting.get(activation) ?? [];
  }

  /** An activation that needs a mutex is ready. Returns who may begin now. */
  arrive(activation: Activation): Activation[] {
    if (this.isGranted(activation)) return [activation];
    const wanted = this.#wantedBy(activation);
    if (wanted.length === 0) return this.#grant(activation);
    this.#enqueue(activation, wanted);
    return this.#scan(wanted.slice(0, 1));
  }

  /** It has started. One that was never granted (decided by an older release) takes what it needs. */
  start(activation: Activation): Activation[] {
    const woken = this.isGranted(activation) ? [] : this.#grant(activation);
    const region = this.#regionOf(activation);
    if (region !== undefined) {
      const held = this.#regions.get(region.name);
      if (held !== undefined) held.hasStarted = true;
    }
    return woken.filter((other) => other !== activation);
  }

  /** It is over, or was never to begin. Returns who may begin now. */
  leave(activation: Activation): Activation[] {
    const freed = [...this.#dequeue(activation)];
    for (const mutex of this.#holders.get(activation.id) ?? []) {
      if (this.#takers.get(mutex) !== activation.id) continue;
      this.#takers.delete(mutex);
      freed.push(mutex);
    }
    this.#holders.delete(activation.id);
    const region = this.#regionOf(activation);
    if (region !== undefined) {
      this.#regions.get(region.name)?.members.delete(activation.id);
      freed.push(...this.#releaseRegion(region));
    }
    return this.#scan(freed);
  }

  /** A member of a region has ended, or is to run again. Returns who may begin now. */
  noteMember(index: number, hasEnded: boolean): Activation[] {
    const region = this.#markMember(index, hasEnded);
    return region !== undefined && hasEnded ? this.#scan(this.#releaseRegion(region)) : [];
  }

  #markMember(index: number, hasEnded: boolean): PlanRegion | undefined {
    const region = this.#steering.regionOf.get(index);
    if (region === undefined) return undefined;
    let ended = this.#ended.get(region.name);
    if (ended === undefined) {
      ended = new Set();
      this.#ended.set(region.name, ended);
    }
    if (hasEnded) ended.add(index);
    else ended.delete(index);
    return region;
  }

  stored(): StoredMutexes {
    return {
      holders: [...this.#holders.keys()],
      regions: [...this.#regions].map(([name, { hasStarted }]) => [name, hasStarted]),
      waiting: [...this.#waiting.keys()].map(({ id }) => id),
    };
  }

  /** Begins to take over a snapshot; then `adopt` for each open activation, then `requeue`. */
  restore({ holders, regions }: StoredMutexes): void {
    for (const id of holders) this.#holders.set(id, []);
    for (const [name, hasStarted] of regions) {
      this.#regions.set(name, { members: new Set(), hasStarted });
      for (const mutex of this.#steering.regions.get(name)?.mutexes ?? [])
        this.#takers.set(mutex, regionKey(name));
    }
  }

  /** As it was in the snapshot: nobody is granted anything anew. */
  adopt(activation: Activation, hasEnded: boolean): void {
    this.#markMember(activation.node.index, hasEnded);
    if (!this.isGranted(activation)) {
      if (activation.state === 'scheduled') this.#enqueue(activation, this.#wantedBy(activation));
      return;
    }
    this.#hold(activation);
  }

  /** After the last `adopt`: those that wait stand in the order given, which is that of coming. */
  requeue(waiting: Iterable<Activation>): void {
    for (const activation of waiting)
      if (this.#waiting.has(activation)) this.#enqueue(activation, this.#dequeue(activation));
  }

  #regionOf(activation: Activation): PlanRegion | undefined {
    return this.#steering.regionOf.get(activation.node.index);
  }

  /** Its own, and those of its region where that does not hold them yet. */
  #wantedBy(activation: Activation): readonly string[] {
    const own = this.#steering.mutexes.get(activation.node.index) ?? [];
    const region = this.#regionOf(activation);
    if (region === undefined || this.#regions.has(region.name)) return own;
    return [...new Set([...own, ...region.mutexes])];
  }

  #enqueue(activation: Activation, wanted: readonly string[]): void {
    this.#waiting.set(activation, wanted);
    for (const mutex of wanted) {
      const queue = this.#queues.get(mutex);
      if (queue === undefined) this.#queues.set(mutex, new Set([activation]));
      else queue.add(activation);
    }
  }

  /** Returns what it waited for: others may have their turn. */
  #dequeue(activation: Activation): readonly string[] {
    const wanted = this.#waiting.get(activation) ?? [];
    this.#waiting.delete(activation);
    for (const mutex of wanted) {
      const queue = this.#queues.get(mutex);
      queue?.delete(activation);
      if (queue?.size === 0) this.#queues.delete(mutex);
    }
    return wanted;
  }

  /** Grants what is free, mutex by mutex, to the first that may have it. */
  #scan(mutexes: readonly string[]): Activation[] {
    const granted: Activation[] = [];
    const left = [...mutexes];
    for (let mutex = left.pop(); mutex !== undefined; mutex = left.pop()) {
      const next = this.#nextFor(mutex);
      if (next === undefined) continue;
      const begun = this.#grant(next, left);
      granted.push(...begun);
    }
    return granted;
  }

  #nextFor(mutex: string): Activation | undefined {
    if (this.#takers.has(mutex)) return undefined;
    for (const waiter of this.#queues.get(mutex) ?? []) {
      if (this.#mayHaveAll(waiter)) return waiter;
      if (!this.#isHeldUpByRegion(waiter)) return undefined;
    }
    return undefined;
  }

  /** X3: everything is free, and whoever came earlier waits for a region. */
  #mayHaveAll(waiter: Activation): boolean {
    for (const mutex of this.#waiting.get(waiter) ?? []) {
      if (this.#takers.has(mutex)) return false;
      for (const earlier of this.#queues.get(mutex) ?? []) {
        if (earlier === waiter) break;
        if (!this.#isHeldUpByRegion(earlier)) return false;
      }
    }
    return true;
  }

  #isHeldUpByRegion(waiter: Activation): boolean {
    const wanted = this.#waiting.get(waiter) ?? [];
    return wanted.some((mutex) => this.#takers.get(mutex)?.startsWith(REGION) === true);
  }

  /** Hands over what it needs. Where its region begins, `left` gets what others should look at again. */
  #grant(activation: Activation, left: string[] = []): Activation[] {
    this.#dequeue(activation);
    this.#holders.set(activation.id, []);
    const region = this.#regionOf(activation);
    const begins = region !== undefined && !this.#regions.has(region.name);
    if (begins) this.#beginRegion(region);
    this.#hold(activation);
    return begins ? [activation, ...this.#reconsider(region, left)] : [activation];
  }

  #beginRegion(region: PlanRegion): void {
    this.#regions.set(region.name, { members: new Set(), hasStarted: false });
    for (const mutex of region.mutexes) this.#takers.set(mutex, regionKey(region.name));
  }

  #hold(activation: Activation): void {
    const own = this.#steering.mutexes.get(activation.node.index) ?? [];
    this.#holders.set(activation.id, own);
    for (const mutex of own) this.#takers.set(mutex, activation.id);
    const region = this.#regionOf(activation);
    if (region !== undefined) this.#regions.get(region.name)?.members.add(activation.id);
  }

  /** The region holds its mutexes now: its members need their own only, and who waits for it holds up nobody. */
  #reconsider(region: PlanRegion, left: string[]): Activation[] {
    const begun: Activation[] = [];
    const waiters = new Set(
      region.mutexes.flatMap((mutex) => [...(this.#queues.get(mutex) ?? [])]),
    );
    for (const waiter of waiters) {
      const wanted = this.#waiting.get(waiter) ?? [];
      left.push(...wanted);
      if (this.#regionOf(waiter) !== region) continue;
      const own = this.#steering.mutexes.get(waiter.node.index) ?? [];
      this.#dequeue(waiter);
      if (own.length === 0) begun.push(...this.#grant(waiter));
      else this.#enqueue(waiter, own);
    }
    return begun;
  }

  /** Gives the mutexes of a region back once it is over; returns them. */
  #releaseRegion(region: PlanRegion): readonly string[] {
    const held = this.#regions.get(region.name);
    if (held === undefined || held.members.size > 0) return [];
    const ended = this.#ended.get(region.name)?.size ?? 0;
    if (held.hasStarted && ended < region.members.length) return [];
    this.#regions.delete(region.name);
    for (const mutex of region.mutexes) {
      if (this.#takers.get(mutex) === regionKey(region.name)) this.#takers.delete(mutex);
    }
    if (!held.hasStarted) this.#widen(region);
    return region.mutexes;
  }

  /** The first member went before it started: the others of the region need its mutexes after all. */
  #widen(region: PlanRegion): void {
    for (const waiter of [...this.#waiting.keys()]) {
      if (this.#regionOf(waiter) !== region) continue;
      this.#dequeue(waiter);
      this.#enqueue(waiter, this.#wantedBy(waiter));
    }
  }
}

const REGION = 'region:';

function regionKey(name: string): string {
  return `${REGION}${name}`;
}
