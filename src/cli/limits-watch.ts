/** Limits that change while `troupe up` serves: the file of settings is looked at when it was written. */
import { watch } from 'node:fs';
import type { Limits } from '../messages/limits.ts';
import { reasonOf } from '../workflow/errors.ts';
import type { Logger } from './logger.ts';
import type { Settings } from './settings.ts';
import { CONFIG_FILE } from './settings-sources.ts';

/** An editor writes a file in steps. */
const SETTLE_MS = 50;

/**
 * Calls `apply` with the limits each time they are others; settings that do not fit are logged, and what held goes on.
 * A flag or a variable wins over the file here too. Returns what ends it.
 */
export function watchLimits(options: {
  directory: string;
  limits: Limits;
  load(): Promise<{ settings: Settings }>;
  apply(limits: Limits): void;
  logger: Logger;
}): () => void {
  const { directory, apply, logger } = options;
  let held = JSON.stringify(options.limits);
  let settling: NodeJS.Timeout | undefined;
  const look = async (): Promise<void> => {
    try {
      const { limits } = (await options.load()).settings;
      const text = JSON.stringify(limits);
      if (text === held) return;
      held = text;
      apply(limits);
      logger.info('other limits hold from now on', { limits });
    } catch (error) {
      logger.error('the settings cannot be used; the limits stay as they were', {
        error: reasonOf(error),
      });
    }
  };
  try {
    const watcher = watch(directory, { persistent: false }, (_event, name) => {
      if (name !== CONFIG_FILE) return;
      clearTimeout(settling);
      settling = setTimeout(() => void look(), SETTLE_MS);
    });
    watcher.on('error', (error) => unseen(logger, error));
    return () => {
      clearTimeout(settling);
      watcher.close();
    };
  } catch (error) {
    unseen(logger, error);
    return () => {};
  }
}

function unseen(logger: Logger, error: unknown): void {
  logger.warn('changes of the settings are not seen until the next start', {
    error: reasonOf(error),
  });
}
