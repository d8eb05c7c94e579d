/** Files that are there as a whole or not at all, also after power loss. */
import { randomUUID } from 'node:crypto';
import { type FileHandle, open, realpath, rename, rm, stat } from 'node:fs/promises';
import { dirname } from 'node:path';

/** Ends the name of a file that is being written; a crash can leave one behind. */
export const TEMPORARY_SUFFIX = '.tmp';

/** Writes beside `path`, fsyncs, renames, fsyncs the directory. The directory must exist. Throws what the file system throws. */
export async function writeFileAtomically(
  path: string,
  write: (file: FileHandle) => Promise<void>,
): Promise<void> {
  const temporary = `${path}.${randomUUID()}${TEMPORARY_SUFFIX}`;
  try {
    const file = await open(temporary, 'wx');
    try {
      await write(file);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
  await syncDirectory(dirname(path));
}

/**
 * Writes to a path that a person named. A link stays and what it leads to is replaced; a device or a pipe, such as
 * /dev/stdout, stays and is written to as it is.
 */
export async function writeToPath(
  path: string,
  write: (file: FileHandle) => Promise<void>,
): Promise<void> {
  const facts = await stat(path).catch(() => undefined);
  if (facts === undefined) return writeFileAtomically(path, write);
  if (facts.isFile()) return writeFileAtomically(await realpath(path), write);
  const file = await open(path, 'w');
  try {
    return await write(file);
  } finally {
    await file.close();
  }
}

/** Makes new names in a directory durable. */
export async function syncDirectory(path: string): Promise<void> {
  const directory = await open(path, 'r');
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}
