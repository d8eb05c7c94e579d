/** From parameters to a root and the globs that hold in it. */
import { stat } from 'node:fs/promises';
import { isAbsolute, relative, resolve, sep } from 'node:path';
import picomatch from 'picomatch';
import { invalidParameters } from '../../run-agent.ts';
import { languageOf } from '../syntax/languages.ts';
import { failure } from '../syntax/source-file.ts';
import type { LocatorParameters } from './index.ts';
import { readRequest } from './request-words.ts';

/** What to look for and where. Paths given to the functions are relative to `folder`, in POSIX form. */
export interface Choice {
  /** As the caller wrote it. */
  root: string;
  /** Absolute. */
  folder: string;
  symbol: string | undefined;
  /** What was asked for, each as written. */
  patterns: { name: string; matches(path: string): boolean }[];
  isWanted(path: string): boolean;
  isExcluded(path: string, isFolder: boolean): boolean;
}

/** Throws `path.not-found` and, for patterns that leave the path, `agent.invalid-parameters`. */
export async function chooseFiles(parameters: LocatorParameters): Promise<Choice> {
  const asked = await withRequest(parameters);
  const { root, patterns } = rebase(asked.path, asked.patterns);
  const folder = resolve(root);
  if (!(await isFolder(folder))) throw failure('path.not-found', `${root} is no folder.`);
  const inside = patterns.map((pattern) => relativePattern(pattern, { root, folder }));
  const exclude = [parameters.exclude]
    .flat()
    .map((pattern) => relativePattern(pattern, { root, folder }));
  const isWanted = inside.length === 0 ? isSource : matcher(inside);
  const isExcluded = exclude.length === 0 ? () => false : matcher(exclude);
  const named = patterns.map((name, index) => ({ name, matches: matcher([inside[index] ?? '']) }));
  return { root, folder, symbol: asked.symbol, patterns: named, isWanted, isExcluded };
}

interface Asked {
  path: string | undefined;
  patterns: string[];
  symbol: string | undefined;
}

/** The request's words count only where the parameters themselves ask for nothing. */
async function withRequest(parameters: LocatorParameters): Promise<Asked> {
  const { path, pattern, patterns = [], symbol, text, regex, request } = parameters;
  const own = pattern === undefined ? patterns : [pattern, ...patterns];
  const isAskedOtherwise = own.length > 0 || [symbol, text, regex].some((one) => one !== undefined);
  if (request === undefined || isAskedOtherwise) return { path, patterns: own, symbol };
  const words = readRequest(request);
  const folder = path ?? (await firstFolder(words.folders));
  return { path: folder, patterns: words.patterns, symbol: words.symbol };
}

async function firstFolder(candidates: readonly string[]): Promise<string | undefined> {
  for (const candidate of candidates) {
    if (candidate.includes('/') || candidate === '.' || (await isFolder(resolve(candidate))))
      return candidate;
  }
  return undefined;
}

async function isFolder(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined))?.isDirectory() ?? false;
}

/** Without a path, a single pattern that is absolute or begins with `../` brings its own root. */
function rebase(
  path: string | undefined,
  patterns: string[],
): { root: string; patterns: string[] } {
  const [first, ...others] = patterns;
  if (path !== undefined || first === undefined || others.length > 0)
    return { root: path ?? '.', patterns };
  if (!isAbsolute(first) && !first.startsWith('../')) return { root: '.', patterns };
  const { base, glob } = picomatch.scan(first);
  if (glob !== '') return { root: base === '' ? '/' : base, patterns: [glob] };
  const cut = first.lastIndexOf('/');
  return { root: first.slice(0, cut) || '/', patterns: [first.slice(cut + 1)] };
}

/** A pattern without a slash holds at any depth; one that names a folder means all that is in it. */
function relativePattern(
  pattern: string,
  { root, folder }: { root: string; folder: string },
): string {
  const { base, glob } = picomatch.scan(pattern);
  const leaves = isAbsolute(pattern) || pattern.startsWith('../');
  if (!leaves) {
    const plain = pattern.replace(/^(?:\.\/)+/, '').replace(/\/+$/, '');
    if (plain === '' || plain === '.') return '**';
    return pattern.includes('/') ? plain : `**/${plain}`;
  }
  const way = relative(folder, resolve(root === '/' ? '/' : '.', base))
    .split(sep)
    .join('/');
  if (way.startsWith('..')) throw invalidParameters(`pattern: ${pattern} is outside of ${root}.`);
  return [way, glob].filter((part) => part !== '').join('/') || '**';
}

function matcher(patterns: readonly string[]): (path: string) => boolean {
  const withContent = patterns.flatMap((pattern) => [pattern, `${pattern}/**`]);
  return picomatch(withContent, { dot: true, nonegate: true });
}

function isSource(path: string): boolean {
  return languageOf(path) !== undefined;
}
