/** How a person calls this program again, in advice that can be copied. */
import type { Session } from './session.ts';

/** Empty where the same command finds the same log without it. */
export function dataDirOption({ settings, provenance }: Session): string {
  return provenance.dataDir.startsWith('--') ? ` --data-dir ${settings.dataDir}` : '';
}

/** How this program is called: by its place in a checkout, by its name where it is installed. */
export function ownCommand(): string {
  return import.meta.url.endsWith('.ts') ? 'bin/troupe' : 'troupe';
}
