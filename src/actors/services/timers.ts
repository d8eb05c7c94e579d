/**
 * One timer service for all actors: a heap of due times and one sleeping clock timer.
 *
 * T1 It never sleeps longer than `MAX_SLEEP_MS`: `setTimeout` of 30 days fires at once, and a clock that jumps
 *    is noticed at the next look.
 * T2 A timer fires at most once, not before the wall clock has reached it. What fell due while nothing ran fires at once.
 * T3 Firing is a message; the decider ignores a timer that is not armed any more.
 * T4 What is armed for long costs little: one string of its own and a few numbers, a quarter of a kilobyte.
 */
import type { CancelTimer, Clock } from './clock.ts';

/** Also the longest time after which a jump of the wall clock is seen. */
const MAX_SLEEP_MS = 60_000;
/** Timers that are armed for longer take less memory, and 2 microseconds more to arm. */
const LONG_MS = 3_600_000;
/** Timers fired in one turn of the event loop. */
const MAX_FIRED = 500;

export interface ArmedTimer {
  stream: string;
  timerId: string;
  dueAt: number;
}

interface Entry {
  /** `<stream>/<key>`. */
  id: string;
  /** Undefined for what is armed for long: then its parts stand in `id`. */
  timer: ArmedTimer | undefined;
  streamEnd: number;
  timerAt: number;
  timerEnd: number;
  dueAt: number;
  order: number;
}

export class Timers {
  readonly #clock: Clock;
  readonly #fire: (timer: ArmedTimer) => void;
  readonly #heap: Entry[] = [];
  readonly #armed = new Map<string, Entry>();
  #order = 0;
  #sleep: { until: number; cancel: CancelTimer } | undefined;
  #isStopped = false;

  constructor(clock: Clock, fire: (timer: ArmedTimer) => void) {
    this.#clock = clock;
    this.#fire = fire;
  }

  get size(): number {
    return this.#armed.size;
  }

  /** Arms a timer under a key of its stream; the same key again changes nothing. */
  arm(key: string, timer: ArmedTimer): void {
    const joined = `${timer.stream}/${key}`;
    if (this.#armed.has(joined)) return;
    const isLong = timer.dueAt - this.#clock.now() > LONG_MS;
    const entry = isLong
      ? longEntry(joined, timer, this.#order)
      : entryOf(joined, timer, this.#order);
    const { id } = entry;
    this.#order += 1;
    this.#armed.set(id, entry);
    this.#push(entry);
    this.#plan();
  }

  disarm(stream: string, key: string): void {
    this.#armed.delete(`${stream}/${key}`);
    if (this.#heap.length > 64 && this.#heap.length > 4 * this.#armed.size) this.#compact();
  }

  stop(): void {
    this.#isStopped = true;
    this.#sleep?.cancel();
  }

  /** Fires what is due and sleeps until the next. */
  #wake(): void {
    this.#sleep = undefined;
    const now = this.#clock.now();
    for (let fired = 0; fired < MAX_FIRED; fired += 1) {
      const next = this.#peek();
      if (next === undefined || next.dueAt > now) break;
      this.#pop();
      this.#armed.delete(next.id);
      this.#fire(timerOf(next));
    }
    this.#plan();
  }

  #plan(): void {
    const next = this.#peek();
    if (next === undefined || this.#isStopped) return;
    if (this.#sleep !== undefined && this.#sleep.until <= next.dueAt) return;
    this.#sleep?.cancel();
    const now = this.#clock.now();
    const delay = Math.min(Math.max(0, next.dueAt - now), MAX_SLEEP_MS);
    this.#sleep = { until: now + delay, cancel: this.#clock.after(delay, () => this.#wake()) };
  }

  /** The earliest timer that is still armed. */
  #peek(): Entry | undefined {
    let head = this.#heap[0];
    while (head !== undefined && this.#armed.get(head.id) !== head) {
      this.#pop();
      head = this.#heap[0];
    }
    return head;
  }

  #compact(): void {
    const armed = [...this.#armed.values()].sort(compare);
    this.#heap.length = 0;
    for (const entry of armed) this.#heap.push(entry);
  }

  #push(entry: Entry): void {
    const heap = this.#heap;
    let index = heap.length;
    heap.push(entry);
    while (index > 0) {
      const parent = (index - 1) >> 1;
      const above = heap[parent] as Entry;
      if (compare(entry, above) >= 0) break;
      heap[index] = above;
      index = parent;
    }
    heap[index] = entry;
  }

  #pop(): void {
    const heap = this.#heap;
    const last = heap.pop();
    if (last === undefined || heap.length === 0) return;
    let index = 0;
    for (;;) {
      let child = 2 * index + 1;
      if (child >= heap.length) break;
      const right = heap[child + 1];
      if (right !== undefined && compare(right, heap[child] as Entry) < 0) child += 1;
      if (compare(heap[child] as Entry, last) >= 0) break;
      heap[index] = heap[child] as Entry;
      index = child;
    }
    heap[index] = last;
  }
}

function entryOf(id: string, timer: ArmedTimer, order: number): Entry {
  return { id, timer, streamEnd: 0, timerAt: 0, timerEnd: 0, dueAt: timer.dueAt, order };
}

/** T4. A key that does not name its timer keeps the timer. */
function longEntry(text: string, timer: ArmedTimer, order: number): Entry {
  const { stream, timerId, dueAt } = timer;
  const id = copied(text);
  const timerAt = id.indexOf(timerId, stream.length + 1);
  if (timerAt === -1) return entryOf(id, timer, order);
  const ends = { streamEnd: stream.length, timerAt, timerEnd: timerAt + timerId.length };
  return { id, timer: undefined, ...ends, dueAt, order };
}

function timerOf({ id, timer, streamEnd, timerAt, timerEnd, dueAt }: Entry): ArmedTimer {
  return timer ?? { stream: id.slice(0, streamEnd), timerId: id.slice(timerAt, timerEnd), dueAt };
}

/**
 * The same text on its own. V8 keeps a joined string as a tree of its parts, and a part that was cut out of a decoded
 * commit keeps all the text of that commit.
 */
function copied(text: string): string {
  return Buffer.from(text).toString();
}

function compare(a: Entry, b: Entry): number {
  return a.dueAt - b.dueAt || a.order - b.order;
}
