/** Which log the settings mean; the only place of this room that opens one. */
import { upcast } from '../events/catalogue.ts';
import type { EventLog } from '../log/event-log.ts';
import { openLevelLog } from '../log/level-log.ts';
import { createMemoryLog } from '../log/memory-log.ts';
import type { Settings } from './settings.ts';

/** Opens the log and takes its lock. Throws `log.locked`, `log.io`, `log.corrupt`, `log.newer-format`. */
export function openLog(settings: Settings): Promise<EventLog> {
  if (settings.store === 'memory') return Promise.resolve(createMemoryLog({ upcast }));
  return openLevelLog({ directory: settings.dataDir, durability: settings.durability, upcast });
}
