/**
 * The log on LevelDB and files: `<directory>/log` has the commits, `<directory>/derived` what can be made again
 * (documents of projections, stream snapshots), `<directory>/blobs` the large values.
 */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { BlobFiles } from './blob-files.ts';
import { systemClock } from './clock.ts';
import type { PendingBound } from './committer.ts';
import { LogIoError } from './errors.ts';
import type { Durability, EventLog } from './event-log.ts';
import type { KeyValueStore } from './key-value.ts';
import { openLevelStore } from './level-store.ts';
import { LogBlobs } from './log-blobs.ts';
import { initialRecords } from './log-state.ts';
import type { Upcaster } from './reader.ts';
import { SequencedLog } from './sequenced-log.ts';

export interface LevelLogOptions {
  /** The data directory; created when it does not exist. */
  directory: string;
  /** Default `fsync`; `relaxed` leaves the time of writing to the operating system. */
  durability?: Durability;
  /** Bound of commits that wait for the disk; default 50,000 events, 64 MiB. */
  maxPending?: PendingBound;
  upcast?: Upcaster;
  /** Dates blob files; milliseconds since the epoch. */
  now?: () => number;
}

/**
 * Opens or creates a log and takes its lock. Throws `log.locked` (another process, or this one, has it open),
 * `log.newer-format`, `log.io` (not writable, disk full), `log.corrupt`.
 */
export async function openLevelLog(options: LevelLogOptions): Promise<EventLog> {
  const blobDirectory = join(options.directory, 'blobs');
  await makeDirectory(blobDirectory);
  const store = await openLevelStore(join(options.directory, 'log'));
  let derived: KeyValueStore | undefined;
  try {
    // When it alone fails, the log goes on and is not reopened: what is derived is written again by whoever derives it.
    derived = await openLevelStore(join(options.directory, 'derived'), { heals: true });
    const records = initialRecords(store);
    if (records !== undefined) await store.write(records, { sync: true });
    const now = options.now ?? systemClock;
    return new SequencedLog({
      store,
      derived,
      blobs: new LogBlobs(new BlobFiles(blobDirectory, now), now),
      durability: options.durability ?? 'fsync',
      maxPending: options.maxPending,
      upcast: options.upcast,
      wakeFollowers: afterOthers,
    });
  } catch (error) {
    await derived?.close();
    await store.close();
    throw error;
  }
}

/** Once the event loop has looked for messages: feed and projections do not hold up what was released before them. */
function afterOthers(task: () => void): void {
  setImmediate(() => setImmediate(task));
}

async function makeDirectory(directory: string): Promise<void> {
  try {
    await mkdir(directory, { recursive: true });
  } catch (cause) {
    throw new LogIoError(`cannot create ${directory}`, cause);
  }
}
