/** How this program is called where it runs, so that what it tells people to type works as it stands. */
import { existsSync, realpathSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Session } from './session.ts';

/** The program of the checkout or of the package. */
const PROGRAM = join(import.meta.dirname, '..', '..', 'bin', 'troupe');

/** `bin/troupe` in a checkout and its path elsewhere, `npx troupe` where npx started it, else `troupe`. */
export function ownCommand(
  program = PROGRAM,
  workingDirectory = process.cwd(),
  environment: NodeJS.ProcessEnv = process.env,
): string {
  const isCheckout = existsSync(join(dirname(program), '..', 'src', 'cli', 'main.ts'));
  if (!isCheckout) return environment['npm_command'] === 'exec' ? 'npx troupe' : 'troupe';
  return isSame(join(workingDirectory, 'bin', 'troupe'), program) ? 'bin/troupe' : program;
}

function isSame(path: string, other: string): boolean {
  return existsSync(path) && realpathSync(path) === realpathSync(other);
}

/** A text for people with its commands in backticks as they are typed here. */
export function asTyped(text: string, command = ownCommand()): string {
  return command === 'troupe' ? text : text.replaceAll('`troupe ', () => `\`${command} `);
}

/** The option for the log of a session; empty where the same command finds the same log without it. */
export function dataDirOption({ settings, provenance }: Session): string {
  return provenance.dataDir.startsWith('--') ? ` --data-dir ${settings.dataDir}` : '';
}
