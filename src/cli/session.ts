/** What every command that touches the system begins with: its settings and a logger on stderr. */

import { now } from './clock.ts';
import type { CommandContext } from './command.ts';
import { createLogger, type Logger } from './logger.ts';
import type { Provenance, Settings } from './settings.ts';
import { loadSettings } from './settings-sources.ts';

export interface Session {
  settings: Settings;
  provenance: Provenance;
  logger: Logger;
}

/**
 * Loads settings and makes the logger: JSON lines unless stderr is a terminal. `logLevel` is the default of the
 * command. Throws `settings.invalid`.
 */
export async function openSession(
  context: CommandContext,
  logLevel: 'warn' | 'info' = 'warn',
): Promise<Session> {
  const { settings, provenance } = await loadSettings(context, { logLevel });
  const { terminal } = context;
  const logger = createLogger({
    level: settings.logLevel,
    format: terminal.isInteractive ? 'text' : 'json',
    hasColor: terminal.hasColor,
    write: (line) => terminal.tell(line),
    now,
  });
  return { settings, provenance, logger };
}
