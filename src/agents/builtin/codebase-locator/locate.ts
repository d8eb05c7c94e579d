/** The locator's work: walk, choose, search. The same tree and parameters give the same output, byte for byte. */
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { JsonValue } from '../../../workflow/value.ts';
import type { AgentContext } from '../../agent.ts';
import { AgentFailure } from '../../errors.ts';
import { languageOf } from '../syntax/languages.ts';
import { MAX_SOURCE_BYTES, readSource } from '../syntax/source-file.ts';
import { chooseFiles } from './choose-files.ts';
import type { LocatorParameters } from './index.ts';
import type { Location, Match, Skipped } from './location.ts';
import { type FindSymbols, symbolFinder } from './search-symbols.ts';
import { literalFinder, regexFinder, textMatches } from './search-text.ts';
import { walkFiles } from './walk-files.ts';

/** Files looked at or read at a time. */
const FILES_AT_A_TIME = 16;
/** Files named in `skipped`. */
const MAX_SKIPPED = 100;

/** See `codebaseLocator` for the output and the failures. */
export async function locate(
  parameters: LocatorParameters,
  context: AgentContext,
): Promise<JsonValue> {
  const choice = await chooseFiles(parameters);
  const search = finderOf(parameters, choice.symbol);
  const walked = await walkFiles(choice.folder, {
    includeIgnored: parameters.include_ignored,
    includeDependencies: parameters.include_dependencies,
    isExcluded: choice.isExcluded,
    signal: context.signal,
  });
  const wanted = walked.files.filter(choice.isWanted);
  const looked = await inBatches(wanted, context.signal, (file) =>
    look(choice.folder, file, search),
  );
  const skipped = [...walked.skipped, ...looked.flatMap(({ skip }) => skip ?? [])];
  const kept = looked.filter(({ skip, matches }) => skip === undefined && matches?.length !== 0);
  return report({
    root: choice.root,
    kept,
    skipped,
    limit: parameters.limit,
    isSearch: search !== undefined,
  });
}

interface Looked {
  file: string;
  matches?: Match[];
  skip?: Skipped;
}

function finderOf(
  parameters: LocatorParameters,
  symbol: string | undefined,
): FindSymbols | undefined {
  const { text, regex, ignore_case: ignoreCase } = parameters;
  if (symbol !== undefined) return symbolFinder(symbol, ignoreCase);
  if (text === undefined && regex === undefined) return undefined;
  const find =
    text === undefined ? regexFinder(regex ?? '', ignoreCase) : literalFinder(text, ignoreCase);
  return async (file, content) => textMatches(file, content, find(content));
}

async function look(
  folder: string,
  file: string,
  search: FindSymbols | undefined,
): Promise<Looked> {
  const path = join(folder, file);
  const size = (await stat(path).catch(() => undefined))?.size;
  if (size === undefined) return { file, skip: { path: file, reason: 'unreadable' } };
  if (size > MAX_SOURCE_BYTES) return { file, skip: { path: file, reason: 'too large' } };
  if (search === undefined) return { file };
  try {
    return { file, matches: await search(file, await readSource(path, file)) };
  } catch (error) {
    if (!(error instanceof AgentFailure) || !error.code.startsWith('file.')) throw error;
    return {
      file,
      skip: { path: file, reason: error.code === 'file.binary' ? 'binary' : 'unreadable' },
    };
  }
}

async function inBatches<Result>(
  files: readonly string[],
  signal: AbortSignal,
  work: (file: string) => Promise<Result>,
): Promise<Result[]> {
  const results: Result[] = [];
  for (let at = 0; at < files.length; at += FILES_AT_A_TIME) {
    signal.throwIfAborted();
    results.push(...(await Promise.all(files.slice(at, at + FILES_AT_A_TIME).map(work))));
  }
  return results;
}

function report(found: {
  root: string;
  kept: readonly Looked[];
  skipped: readonly Skipped[];
  limit: number;
  isSearch: boolean;
}): JsonValue {
  const { root, kept, skipped, limit, isSearch } = found;
  const files = kept.slice(0, limit).map(({ file }) => file);
  const matches = kept.flatMap((one) => one.matches ?? []);
  const location: Location = {
    root,
    files,
    count: kept.length,
    truncated: kept.length > limit || matches.length > limit,
    languages: countLanguages(files),
    ...(isSearch ? { matches: matches.slice(0, limit) } : {}),
    ...(skipped.length === 0 ? {} : { skipped: sorted(skipped).slice(0, MAX_SKIPPED) }),
  };
  return location as unknown as JsonValue;
}

function sorted(skipped: readonly Skipped[]): Skipped[] {
  return skipped.toSorted((a, b) => (a.path < b.path ? -1 : 1));
}

function countLanguages(files: readonly string[]): Location['languages'] {
  const counts = new Map<string, number>();
  for (const file of files) {
    const language = languageOf(file) ?? 'other';
    counts.set(language, (counts.get(language) ?? 0) + 1);
  }
  return Object.fromEntries([...counts].sort(([a], [b]) => (a < b ? -1 : 1)));
}
