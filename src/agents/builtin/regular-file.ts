/**
 * Reading files of a folder that somebody else has filled. Opening a named pipe waits for its writer, in one of the few
 * threads that all file operations of the process share: four pipes would stop the log too. So nothing is opened that
 * would wait, and nothing is read that is no regular file.
 */
import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';

/** Windows has no such pipes, and no such flag. */
const WITHOUT_WAITING = constants.O_RDONLY | (constants.O_NONBLOCK ?? 0);
const MAX_RULES_BYTES = 2 * 1024 * 1024;

/** Opens for reading at once, whatever the file is; look at its `stat` before reading. */
export function openAtOnce(path: string): Promise<FileHandle> {
  return open(path, WITHOUT_WAITING);
}

/** The text of a regular file of ordinary size; undefined when there is none. */
export async function readIfRegular(path: string): Promise<string | undefined> {
  try {
    await using file = await openAtOnce(path);
    const facts = await file.stat();
    return facts.isFile() && facts.size <= MAX_RULES_BYTES
      ? await file.readFile('utf8')
      : undefined;
  } catch {
    return undefined;
  }
}
