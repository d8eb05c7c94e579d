/**
 * What git ignores: `.gitignore` of every folder from the repository's top down, and `.git/info/exclude`.
 * A person's global excludes are left out, so that every machine finds the same files.
 */
import { stat } from 'node:fs/promises';
import { dirname, join, relative, resolve, sep } from 'node:path';
import ignore, { type Ignore } from 'ignore';
import { readIfRegular } from '../regular-file.ts';

/** Folders between a path and the top of its repository, at most. */
const MAX_DEPTH = 256;

/** The rules that hold in one folder: its own, then those of the folders above. */
export interface IgnoreRules {
  readonly folder: string;
  readonly own: readonly Ignore[];
  readonly above: IgnoreRules | undefined;
}

/** The rules for `folder`, those above it included, up to the top of its repository. */
export async function rulesFor(folder: string): Promise<IgnoreRules | undefined> {
  const folders = [folder];
  let top: string | undefined;
  for (let at = folder, depth = 0; depth < MAX_DEPTH; depth += 1) {
    if (await exists(join(at, '.git'))) {
      top = at;
      break;
    }
    const next = dirname(at);
    if (next === at) break;
    at = next;
    folders.push(at);
  }
  if (top === undefined) return enterFolder(folder, undefined);
  let rules = await excludesOf(top);
  for (const each of folders.toReversed()) rules = await enterFolder(each, rules);
  return rules;
}

/** The rules one folder further down. */
export async function enterFolder(
  folder: string,
  above: IgnoreRules | undefined,
): Promise<IgnoreRules | undefined> {
  const text = await readIfRegular(join(folder, '.gitignore'));
  return text === undefined ? above : { folder, own: [ignore().add(text)], above };
}

/** Whether git would ignore the path; the deepest rule that speaks of it decides. */
export function isIgnored(
  path: string,
  isFolder: boolean,
  rules: IgnoreRules | undefined,
): boolean {
  for (let at = rules; at !== undefined; at = at.above) {
    const name = relative(at.folder, path).split(sep).join('/') + (isFolder ? '/' : '');
    for (const own of at.own) {
      const { ignored, unignored } = own.test(name);
      if (ignored || unignored) return ignored;
    }
  }
  return false;
}

async function excludesOf(top: string): Promise<IgnoreRules | undefined> {
  const text = await readIfRegular(join(await gitFolder(top), 'info', 'exclude'));
  return text === undefined
    ? undefined
    : { folder: top, own: [ignore().add(text)], above: undefined };
}

/** In a linked work tree `.git` is a file that names the folder; the excludes are those of the main one. */
async function gitFolder(top: string): Promise<string> {
  const dotGit = join(top, '.git');
  const link = /^gitdir: (.+)$/m.exec((await readIfRegular(dotGit)) ?? '')?.[1];
  if (link === undefined) return dotGit;
  const own = resolve(top, link.trim());
  const common = await readIfRegular(join(own, 'commondir'));
  return common === undefined ? own : resolve(own, common.trim());
}

async function exists(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined)) !== undefined;
}
