/** Which log the settings mean; the only place of this room that opens one. */
import { existsSync } from 'node:fs';
import { mkdir, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { upcast } from '../events/catalogue.ts';
import { LogIoError } from '../log/errors.ts';
import type { EventLog } from '../log/event-log.ts';
import { openLevelLog } from '../log/level-log.ts';
import { createMemoryLog } from '../log/memory-log.ts';
import { LogMissingError } from './errors.ts';
import type { Settings } from './settings.ts';

/** Opens or creates the log and takes its lock. Throws `log.locked`, `log.io`, `log.corrupt`, `log.newer-format`. */
export async function openLog(settings: Settings): Promise<EventLog> {
  const { store, dataDir, durability } = settings;
  if (store === 'memory') return createMemoryLog({ upcast });
  for (const name of ['log', 'derived', 'blobs']) await makeFolder(join(dataDir, name));
  return openLevelLog({ directory: dataDir, durability, upcast });
}

/** Where runs that leave the log are archived. */
export function archiveDirectoryOf({ dataDir }: Settings): string {
  return join(dataDir, 'archive');
}

/** As `openLog`, for commands that read: throws `log.not-found` where there is none, and creates nothing. */
export async function openExistingLog(settings: Settings): Promise<EventLog> {
  requireLog(settings);
  return openLog(settings);
}

/** Throws `log.not-found` where the data directory has no log. */
export function requireLog({ store, dataDir }: Settings): void {
  if (store === 'level' && !hasLog(dataDir)) throw new LogMissingError(dataDir);
}

export function hasLog(dataDir: string): boolean {
  return existsSync(join(dataDir, 'log'));
}

/**
 * Makes a folder and those above it, one at a time. The file system's own recursive way tries for ever where a folder
 * is there and takes no other (`/proc`). Throws `log.io`.
 */
async function makeFolder(path: string): Promise<void> {
  try {
    await makeOne(path);
  } catch (cause) {
    throw new LogIoError(`cannot create ${path}`, cause);
  }
}

async function makeOne(path: string): Promise<void> {
  try {
    await mkdir(path);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EEXIST' && (await stat(path)).isDirectory()) return;
    if (code !== 'ENOENT' || dirname(path) === path || existsSync(dirname(path))) throw error;
    await makeOne(dirname(path));
    await makeOne(path);
  }
}
