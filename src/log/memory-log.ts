/** The log in memory: `TROUPE_STORE=memory`, and the simulation's, with faults and crashes. */
import { BlobMemory } from './blob-memory.ts';
import { systemClock } from './clock.ts';
import type { PendingBound, Scheduler } from './committer.ts';
import type { EventLog } from './event-log.ts';
import { LogBlobs } from './log-blobs.ts';
import { initialRecords } from './log-state.ts';
import { type MemoryFaults, MemoryStore } from './memory-store.ts';
import type { Upcaster } from './reader.ts';
import { SequencedLog } from './sequenced-log.ts';

export type { GroupFate, MemoryFaults } from './memory-store.ts';

export interface MemoryLogOptions {
  maxPending?: PendingBound;
  upcast?: Upcaster;
  /** Dates blobs; milliseconds since the epoch. */
  now?: () => number;
  /** When a group is begun after its first commit; default `queueMicrotask`. */
  schedule?: Scheduler;
  /** Decides what becomes of each group; a promise holds it back. Default: all durable. */
  faults?: MemoryFaults;
}

export interface MemoryLog extends EventLog {
  /**
   * Ends this log as a crash would (its users hear nothing more, `append` throws `log.closed`) and returns
   * a new one with the same options that holds exactly what was durable. `keepInFlight`: the group that was
   * being written, if any, counts as durable too.
   */
  crash(options?: { keepInFlight?: boolean }): MemoryLog;
}

/** An empty log that lives as long as the process. It has no timers of its own. */
export function createMemoryLog(options: MemoryLogOptions = {}): MemoryLog {
  const store = new MemoryStore({ faults: options.faults });
  const records = initialRecords(store);
  if (records !== undefined) store.apply(records);
  return new SequencedMemoryLog({
    store,
    blobs: new BlobMemory(options.now ?? systemClock),
    options,
  });
}

interface Parts {
  store: MemoryStore;
  blobs: BlobMemory;
  options: MemoryLogOptions;
}

class SequencedMemoryLog extends SequencedLog implements MemoryLog {
  readonly #parts: Parts;

  constructor(parts: Parts) {
    const { store, blobs, options } = parts;
    super({
      store,
      blobs: new LogBlobs(blobs, options.now ?? systemClock),
      durability: 'fsync',
      maxPending: options.maxPending,
      upcast: options.upcast,
      schedule: options.schedule,
    });
    this.#parts = parts;
  }

  crash(how: { keepInFlight?: boolean } = {}): MemoryLog {
    const { store, blobs, options } = this.#parts;
    this.kill();
    const entries = store.crash({ keepInFlight: how.keepInFlight ?? false });
    return new SequencedMemoryLog({
      store: new MemoryStore({ faults: options.faults, entries }),
      blobs: new BlobMemory(options.now ?? systemClock, blobs),
      options,
    });
  }
}
