/**
 * The ordered store that a log stands on. LevelDB and memory implement it; everything above is written once.
 *
 * K1 A batch is written as a whole or not at all, and batches take effect in the order of `write`.
 * K2 After a failed write nothing more is written until `reopen()`: what was written behind a torn record
 *    could be lost by recovery.
 * K3 Keys sort by their UTF-8 bytes.
 */

/** `from` <= key < `below`. */
export interface KeyRange {
  from: string;
  below: string;
}

export interface RangeOptions {
  reverse?: boolean;
  /** Entries; default all. */
  limit?: number;
}

/** Collects changes; belongs to the store that made it and is used once. */
export interface WriteBatch {
  putText(key: string, value: string): void;
  putBytes(key: string, value: Uint8Array): void;
  delete(key: string): void;
}

export interface KeyValueStore {
  getText(key: string): string | undefined;
  getBytes(key: string): Uint8Array | undefined;
  getManyBytes(keys: string[]): Promise<(Uint8Array | undefined)[]>;
  /** Entries of a range as it was at the first step, in batches of a bounded size. */
  texts(range: KeyRange, options?: RangeOptions): AsyncIterable<[key: string, value: string][]>;
  bytes(range: KeyRange, options?: RangeOptions): AsyncIterable<[key: string, value: Uint8Array][]>;
  keys(range: KeyRange, options?: RangeOptions): AsyncIterable<string[]>;
  batch(): WriteBatch;
  /** `sync`: fsynced when it resolves. `groupOf`: the commits it makes durable, for fault injection. Throws `log.io`, `log.closed`. */
  write(batch: WriteBatch, options: { sync: boolean; groupOf?: readonly unknown[] }): Promise<void>;
  /** Closes and opens again, as recovery after a crash would. */
  reopen(): Promise<void>;
  close(): Promise<void>;
  diskBytes(): Promise<number>;
}
