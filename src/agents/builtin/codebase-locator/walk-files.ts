/**
 * Walks a folder, ignored parts left out before they are entered. Symbolic links are not followed, so there are no loops
 * and nothing outside of the folder is seen.
 */
import type { Dirent } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { enterFolder, type IgnoreRules, isIgnored, rulesFor } from './ignore-rules.ts';
import type { Skipped } from './location.ts';

/** Folders read at a time. */
const FOLDERS_AT_A_TIME = 16;

export interface WalkOptions {
  includeIgnored: boolean;
  includeDependencies: boolean;
  /** Paths relative to the root, in POSIX form. */
  isExcluded(path: string, isFolder: boolean): boolean;
  signal: AbortSignal;
}

interface Folder {
  /** Relative to the root; empty for the root itself. */
  path: string;
  rules: IgnoreRules | undefined;
}

/** All regular files below `root`, sorted, and the folders that could not be read. Rejects when canceled. */
export async function walkFiles(
  root: string,
  options: WalkOptions,
): Promise<{ files: string[]; skipped: Skipped[] }> {
  const files: string[] = [];
  const skipped: Skipped[] = [];
  const rules = options.includeIgnored ? undefined : await rulesFor(root);
  const waiting: Folder[] = [{ path: '', rules }];
  while (waiting.length > 0) {
    options.signal.throwIfAborted();
    // From the end, where taking costs the same however many wait.
    const batch = waiting.splice(-FOLDERS_AT_A_TIME);
    const read = await Promise.all(batch.map((folder) => readFolder(root, folder, options)));
    // One by one: a call cannot have as many arguments as a folder may have files.
    for (const found of read) {
      for (const file of found.files) files.push(file);
      for (const folder of found.folders) waiting.push(folder);
      skipped.push(...found.skipped);
    }
  }
  return { files: files.sort(), skipped };
}

interface FolderContent {
  files: string[];
  folders: Folder[];
  skipped: Skipped[];
}

async function readFolder(
  root: string,
  folder: Folder,
  options: WalkOptions,
): Promise<FolderContent> {
  const content: FolderContent = { files: [], folders: [], skipped: [] };
  const entries = await readdir(join(root, folder.path), { withFileTypes: true }).catch(
    () => undefined,
  );
  if (entries === undefined) {
    content.skipped.push({ path: folder.path || '.', reason: 'unreadable' });
    return content;
  }
  const isRoot = folder.path === '';
  const rules =
    options.includeIgnored || isRoot
      ? folder.rules
      : await enterFolder(join(root, folder.path), folder.rules);
  for (const entry of entries) {
    const path = isRoot ? entry.name : `${folder.path}/${entry.name}`;
    if (isLeftOut(entry, path, options)) continue;
    if (isIgnored(join(root, path), entry.isDirectory(), rules)) continue;
    if (entry.isDirectory()) content.folders.push({ path, rules });
    else if (entry.isFile()) content.files.push(path);
  }
  return content;
}

function isLeftOut(entry: Dirent, path: string, options: WalkOptions): boolean {
  if (entry.name === '.git') return true;
  if (entry.name === 'node_modules' && !options.includeDependencies) return true;
  return options.isExcluded(path, entry.isDirectory());
}
