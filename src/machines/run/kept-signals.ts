/**
 * The signals of a run that nobody took yet, per name and oldest first, and who waits for which.
 *
 * S1 A signal is taken by one task: by the one that waits longest of those that may have it.
 * S2 A task that waits takes the oldest signal it may have, also one from before it waited, unless it is transient.
 * S3 `due` holds exactly the names for which somebody may take something now.
 */
import type { Activation, ValueRef } from './aggregate.ts';

/** Signals of one run that are kept; the sender of another one is refused. */
export const MAX_KEPT = 10_000;
/** Taken entries at the front of a list that are worth moving the others for. */
const MAX_GAP = 64;

export interface KeptSignal {
  streamVersion: number;
  /** Undefined: it came without one. */
  payload: ValueRef | undefined;
  /** The payload is `{"close": true}`, which ends a feed. */
  closes: boolean;
}

/** Who takes which signal. */
export interface Delivery {
  activation: Activation;
  signal: KeptSignal;
}

class Channel {
  /** In the order in which they began to wait. */
  readonly waiting = new Set<Activation>();
  readonly transient = new Set<Activation>();
  #kept: KeptSignal[] = [];
  #first = 0;

  /** The oldest signal. */
  get head(): KeptSignal | undefined {
    return this.#kept[this.#first];
  }

  *[Symbol.iterator](): Generator<KeptSignal> {
    for (let index = this.#first; index < this.#kept.length; index += 1)
      yield this.#kept[index] as KeptSignal;
  }

  get isUnused(): boolean {
    return this.head === undefined && this.waiting.size === 0 && this.transient.size === 0;
  }

  add(signal: KeptSignal): void {
    this.#kept.push(signal);
  }

  /** The oldest signal after a version. */
  after(streamVersion: number): KeptSignal | undefined {
    return this.#kept[this.#indexAfter(streamVersion)];
  }

  remove(streamVersion: number): KeptSignal | undefined {
    const index = this.#indexAfter(streamVersion - 1);
    const found = this.#kept[index];
    if (found?.streamVersion !== streamVersion) return undefined;
    if (index > this.#first) this.#kept.splice(index, 1);
    else this.#first += 1;
    if (this.#first > MAX_GAP && this.#first * 2 > this.#kept.length) {
      this.#kept = this.#kept.slice(this.#first);
      this.#first = 0;
    }
    return found;
  }

  #indexAfter(streamVersion: number): number {
    let low = this.#first;
    let high = this.#kept.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#kept[middle] as KeptSignal).streamVersion <= streamVersion) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

function firstOf<Value>(set: ReadonlySet<Value>): Value | undefined {
  const first = set.values().next();
  return first.done ? undefined : first.value;
}

export class KeptSignals {
  /** Names with a signal that a waiting task may take. A feed is not among them: its `foreach` has an agenda. */
  readonly due = new Set<string>();
  readonly #channels = new Map<string, Channel>();
  readonly #names = new Map<number, string>();

  /** Signals that nobody took. */
  get size(): number {
    return this.#names.size;
  }

  /** The same signals in the numbers of a fork, with nobody waiting yet. */
  rebased(by: number): KeptSignals {
    const signals = new KeptSignals();
    for (const { name, streamVersion, payload, closes } of this.kept()) {
      const isInEvent = payload?.at === 'event';
      signals.add(name, {
        streamVersion: streamVersion - by,
        payload: isInEvent ? { ...payload, streamVersion: payload.streamVersion - by } : payload,
        closes,
      });
    }
    return signals;
  }

  /** Every kept signal, oldest first. */
  kept(): ({ name: string } & KeptSignal)[] {
    const list: ({ name: string } & KeptSignal)[] = [];
    for (const [name, channel] of this.#channels)
      for (const signal of channel) list.push({ name, ...signal });
    return list.sort((a, b) => a.streamVersion - b.streamVersion);
  }

  add(name: string, signal: KeptSignal): void {
    this.#names.set(signal.streamVersion, name);
    this.#channel(name).add(signal);
    this.#judge(name);
  }

  /** The signal of a version is taken; undefined when it was before. */
  take(streamVersion: number): KeptSignal | undefined {
    const name = this.#names.get(streamVersion);
    if (name === undefined) return undefined;
    this.#names.delete(streamVersion);
    const signal = this.#channel(name).remove(streamVersion);
    this.#judge(name);
    return signal;
  }

  /** Undefined: it waits for none of that name. */
  listen(name: string, activation: Activation, isTransient: boolean): void {
    const channel = this.#channel(name);
    (isTransient ? channel.transient : channel.waiting).add(activation);
    this.#judge(name);
  }

  leave(name: string, activation: Activation): void {
    const channel = this.#channels.get(name);
    if (channel === undefined) return;
    channel.waiting.delete(activation);
    channel.transient.delete(activation);
    this.#judge(name);
  }

  /** Who may take which signal of a name next. */
  next(name: string): Delivery | undefined {
    const channel = this.#channels.get(name);
    if (channel === undefined) return undefined;
    const late = firstOf(channel.transient);
    const fresh = late === undefined ? undefined : channel.after(since(late));
    const early = firstOf(channel.waiting);
    const { head } = channel;
    if (early === undefined || head === undefined) {
      if (late === undefined || fresh === undefined) return undefined;
      return { activation: late, signal: fresh };
    }
    const isLateFirst = late !== undefined && fresh === head && since(late) < since(early);
    return { activation: isLateFirst ? late : early, signal: head };
  }

  /** What a feed may take now, at most `limit`, and whether nothing more comes. */
  ofFeed(
    name: string,
    activation: Activation,
    limit: number,
  ): { signals: KeptSignal[]; closedBy: number | undefined } {
    const channel = this.#channels.get(name);
    const signals: KeptSignal[] = [];
    if (channel === undefined || firstOf(channel.waiting) !== activation)
      return { signals, closedBy: undefined };
    if (channel.head?.closes === true) return { signals, closedBy: channel.head.streamVersion };
    for (const signal of channel) {
      if (signal.closes || signals.length >= limit) break;
      signals.push(signal);
    }
    return { signals, closedBy: undefined };
  }

  #channel(name: string): Channel {
    let channel = this.#channels.get(name);
    if (channel === undefined) {
      channel = new Channel();
      this.#channels.set(name, channel);
    }
    return channel;
  }

  /** S3. */
  #judge(name: string): void {
    const next = this.next(name);
    if (next !== undefined && next.activation.expansion === undefined) this.due.add(name);
    else this.due.delete(name);
    if (this.#channels.get(name)?.isUnused === true) this.#channels.delete(name);
  }
}

function since({ wait }: Activation): number {
  return wait?.since ?? 0;
}
