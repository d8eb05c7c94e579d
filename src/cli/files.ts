/** Reading what a person names on the command line. */
import { readFileSync, statSync } from 'node:fs';
import { FileUnreadableError } from './errors.ts';

/** The text of a file. Throws `cli.file-unreadable`. */
export function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (cause) {
    throw new FileUnreadableError(path, cause);
  }
}

export function isFile(path: string): boolean {
  try {
    return statSync(path, { throwIfNoEntry: false })?.isFile() === true;
  } catch {
    // a text that is no possible path: too long, or with a null character
    return false;
  }
}
