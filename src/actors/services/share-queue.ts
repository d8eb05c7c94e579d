/**
 * Runs that wait for one demand, as a tree of shares: priority, tenant, session, workflow; under a workflow its runs in
 * the order of arrival. The order is that of `policies/admission-order.ts`, the memory is here.
 *
 * Q1 Adding, taking and removing cost O(log n) in the shares of a level, whatever the number of those who wait.
 * Q2 A share that waits no more is remembered only until its level has passed the end of its last slot (F2).
 */
import {
  comparePlaces,
  finishOf,
  type Place,
  rankOf,
  type ShareLevel,
  shareLevels,
  startOf,
} from '../../policies/admission-order.ts';
import type { Priority } from '../../workflow/definition.ts';
import { ShareHeap } from './share-heap.ts';

/** Whose share a run counts for; `name` is that of its workflow. The header of a run is one. */
export interface ShareOwner {
  priority: Priority;
  tenant: string | undefined;
  session: string | undefined;
  name: string;
}

/** How much a share counts at its level, next to the others there. Asked again for each slot. */
export type WeightOf = (level: ShareLevel, name: string) => number;

/** One run that waits. */
export interface Ticket {
  readonly stream: string;
  readonly demand: string;
  readonly owner: ShareOwner;
  /** When it began to wait, by the clock. */
  readonly since: number;
}

/** A ticket in the list of its share. */
interface Entry {
  ticket: Ticket;
  share: Share;
  before: Entry | undefined;
  after: Entry | undefined;
}

/** A place in the tree: waiting (among `waiting` of its parent), resting (among `resting`), or forgotten. */
class Share implements Place {
  start = 0;
  finish = 0;
  sequence = 0;
  heapIndex = -1;
  isResting = false;
  readonly rank: number;
  /** Where the level below it stands. */
  now = 0;
  readonly waiting = new ShareHeap<Share>(comparePlaces);
  readonly resting = new ShareHeap<Share>((a, b) => a.finish - b.finish);
  readonly shares = new Map<string, Share>();
  readonly name: string;
  readonly level: ShareLevel;
  readonly parent: Share | undefined;
  /** Of the lowest level: its runs in order. */
  first: Entry | undefined;
  last: Entry | undefined;

  constructor(options: { name: string; level: ShareLevel; parent: Share | undefined }) {
    this.name = options.name;
    this.level = options.level;
    this.parent = options.parent;
    this.rank = rankOf(options.level, options.name);
  }

  get isEmpty(): boolean {
    return this.first === undefined && this.waiting.size === 0;
  }
}

export class ShareQueue {
  readonly #root = new Share({ name: '', level: 'priority', parent: undefined });
  readonly #entries = new Map<string, Entry>();
  readonly #weightOf: WeightOf;
  #sequence = 0;

  constructor(weightOf: WeightOf) {
    this.#weightOf = weightOf;
  }

  get size(): number {
    return this.#entries.size;
  }

  has(stream: string): boolean {
    return this.#entries.has(stream);
  }

  tickets(): Ticket[] {
    return [...this.#entries.values()].map(({ ticket }) => ticket);
  }

  /** A run waits once; adding it again changes nothing. */
  add(ticket: Ticket): void {
    if (this.#entries.has(ticket.stream)) return;
    const share = this.#shareOf(ticket.owner);
    const entry: Entry = { ticket, share, before: share.last, after: undefined };
    if (share.last === undefined) share.first = entry;
    else share.last.after = entry;
    share.last = entry;
    this.#entries.set(ticket.stream, entry);
    for (let each = share; each.parent !== undefined; each = each.parent) {
      if (each.heapIndex !== -1 && !each.isResting) break;
      this.#begin(each, each.parent);
    }
  }

  /** The priority of the one that is next. */
  get nextPriority(): Priority | undefined {
    return this.#root.waiting.peek()?.name as Priority | undefined;
  }

  /** Takes out the one whose turn it is; its shares have had their slot. */
  take(): Ticket | undefined {
    let share = this.#root;
    for (let below = share.waiting.peek(); below !== undefined; below = share.waiting.peek())
      share = below;
    const entry = share.first;
    if (entry === undefined) return undefined;
    this.#unlink(entry);
    for (let each = share; each.parent !== undefined; each = each.parent)
      this.#charge(each, each.parent);
    return entry.ticket;
  }

  remove(stream: string): void {
    const entry = this.#entries.get(stream);
    if (entry === undefined) return;
    this.#unlink(entry);
    for (let each = entry.share; each.parent !== undefined && each.isEmpty; each = each.parent)
      this.#rest(each, each.parent);
  }

  #shareOf(owner: ShareOwner): Share {
    const names = [owner.priority, owner.tenant ?? '', owner.session ?? '', owner.name];
    let share = this.#root;
    for (const [index, level] of shareLevels.entries()) {
      const name = names[index] as string;
      let below = share.shares.get(name);
      if (below === undefined) {
        below = new Share({ name, level, parent: share });
        share.shares.set(name, below);
      }
      share = below;
    }
    return share;
  }

  #begin(share: Share, parent: Share): void {
    if (share.isResting) parent.resting.remove(share);
    share.isResting = false;
    share.start = startOf(share, parent.now);
    this.#sequence += 1;
    share.sequence = this.#sequence;
    parent.waiting.push(share);
  }

  /** F1: its slot began where it stood; the level goes on from there. */
  #charge(share: Share, parent: Share): void {
    parent.now = share.start;
    share.finish = finishOf(share.start, this.#weightOf(share.level, share.name));
    if (share.isEmpty) this.#rest(share, parent);
    else {
      share.start = share.finish;
      this.#sequence += 1;
      share.sequence = this.#sequence;
      parent.waiting.sink(share);
    }
    for (let old = parent.resting.peek(); old !== undefined; old = parent.resting.peek()) {
      if (old.finish > parent.now) break;
      parent.resting.remove(old);
      old.isResting = false;
      parent.shares.delete(old.name);
    }
  }

  /** Q2. */
  #rest(share: Share, parent: Share): void {
    parent.waiting.remove(share);
    if (share.finish <= parent.now) {
      parent.shares.delete(share.name);
      return;
    }
    share.isResting = true;
    parent.resting.push(share);
  }

  #unlink(entry: Entry): void {
    const { share, before, after } = entry;
    if (before === undefined) share.first = after;
    else before.after = after;
    if (after === undefined) share.last = before;
    else after.before = before;
    this.#entries.delete(entry.ticket.stream);
  }
}
