/**
 * The ordered store in memory, with the faults that a disk can have. It has no timers: a write resolves when
 * the fault hook has answered, so a simulation decides when, and in which order, things become durable.
 */
import type { Commit } from '../events/envelope.ts';
import { LogClosedError, LogIoError } from './errors.ts';
import type { KeyRange, KeyValueStore, RangeOptions, WriteBatch } from './key-value.ts';
import { OrderedMap } from './ordered-map.ts';

/** What becomes of a group of commits: `fail-lost` and `fail-kept` both look the same to the writer. */
export type GroupFate = 'durable' | 'fail-lost' | 'fail-kept';

/** Asked once for each group before it is written; a promise holds the group back until it resolves. */
export type MemoryFaults = (commits: readonly Commit[]) => GroupFate | Promise<GroupFate>;

type Value = string | Uint8Array;
const RANGE_BATCH_ENTRIES = 512;

class MemoryBatch implements WriteBatch {
  readonly changes: [key: string, value: Value | undefined][] = [];

  putText(key: string, value: string): void {
    this.changes.push([key, value]);
  }

  putBytes(key: string, value: Uint8Array): void {
    this.changes.push([key, value]);
  }

  delete(key: string): void {
    this.changes.push([key, undefined]);
  }
}

export class MemoryStore implements KeyValueStore {
  readonly #entries: OrderedMap<Value>;
  readonly #faults: MemoryFaults | undefined;
  #tail: Promise<unknown> = Promise.resolve();
  #inFlight: MemoryBatch | undefined;
  #poison: LogIoError | undefined;
  #closed = false;

  constructor(options: { faults?: MemoryFaults | undefined; entries?: OrderedMap<Value> } = {}) {
    this.#entries = options.entries ?? new OrderedMap();
    this.#faults = options.faults;
  }

  getText(key: string): string | undefined {
    return this.#get(key) as string | undefined;
  }

  getBytes(key: string): Uint8Array | undefined {
    return this.#get(key) as Uint8Array | undefined;
  }

  async getManyBytes(keys: string[]): Promise<(Uint8Array | undefined)[]> {
    return keys.map((key) => this.getBytes(key));
  }

  texts(range: KeyRange, options: RangeOptions = {}): AsyncIterable<[string, string][]> {
    return this.#batches(range, options, (key, value) => [key, value as string]);
  }

  bytes(range: KeyRange, options: RangeOptions = {}): AsyncIterable<[string, Uint8Array][]> {
    return this.#batches(range, options, (key, value) => [key, value as Uint8Array]);
  }

  keys(range: KeyRange, options: RangeOptions = {}): AsyncIterable<string[]> {
    return this.#batches(range, options, (key) => key);
  }

  batch(): MemoryBatch {
    return new MemoryBatch();
  }

  /** Writes at once, without faults: for the first records of a new log. */
  apply(batch: WriteBatch): void {
    for (const [key, value] of (batch as MemoryBatch).changes) {
      if (value === undefined) this.#entries.delete(key);
      else this.#entries.set(key, value);
    }
  }

  write(
    batch: WriteBatch,
    options: { sync: boolean; groupOf?: readonly unknown[] },
  ): Promise<void> {
    const commits = options.groupOf as readonly Commit[] | undefined;
    const written = this.#tail.then(() => this.#writeNow(batch as MemoryBatch, commits));
    this.#tail = written.catch(() => undefined); // the caller has the error; the queue goes on to refuse
    return written;
  }

  async #writeNow(batch: MemoryBatch, commits: readonly Commit[] | undefined): Promise<void> {
    this.#assertWritable();
    this.#inFlight = batch;
    const fate = commits === undefined ? 'durable' : await (this.#faults?.(commits) ?? 'durable');
    this.#inFlight = undefined;
    this.#assertWritable();
    if (fate !== 'fail-lost') this.apply(batch);
    if (fate === 'durable') return;
    this.#poison = new LogIoError('cannot write', new Error('an injected fault'));
    throw this.#poison;
  }

  #assertWritable(): void {
    if (this.#closed) throw new LogClosedError();
    if (this.#poison !== undefined) throw this.#poison;
  }

  async reopen(): Promise<void> {
    if (this.#closed) throw new LogClosedError();
    await this.#tail;
    this.#poison = undefined;
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    await this.#tail;
    this.#closed = true;
  }

  /** Ends this store at once and returns its entries; `keepInFlight` counts the write under way as done. */
  crash(options: { keepInFlight: boolean }): OrderedMap<Value> {
    if (options.keepInFlight && this.#inFlight !== undefined) this.apply(this.#inFlight);
    this.#closed = true;
    return this.#entries.copy();
  }

  async diskBytes(): Promise<number> {
    return 0;
  }

  #get(key: string): Value | undefined {
    if (this.#closed) throw new LogClosedError();
    return this.#entries.get(key);
  }

  async *#batches<Entry>(
    range: KeyRange,
    options: RangeOptions,
    entryOf: (key: string, value: Value) => Entry,
  ): AsyncGenerator<Entry[]> {
    const keys = this.#entries.keys(range);
    if (options.reverse === true) keys.reverse();
    const wanted = keys.slice(0, options.limit ?? keys.length);
    const entries = wanted.map((key) => entryOf(key, this.#entries.get(key) as Value));
    for (let start = 0; start < entries.length; start += RANGE_BATCH_ENTRIES) {
      if (this.#closed) throw new LogClosedError();
      yield entries.slice(start, start + RANGE_BATCH_ENTRIES);
    }
  }
}
