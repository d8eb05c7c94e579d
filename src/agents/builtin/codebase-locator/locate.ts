/** The locator's work: walk, choose, search. The same tree and parameters give the same output, byte for byte. */
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { JsonValue } from '../../../workflow/value.ts';
import type { AgentContext } from '../../agent.ts';
import { languageOf } from '../syntax/languages.ts';
import { MAX_SOURCE_BYTES } from '../syntax/source-file.ts';
import type { Search } from '../syntax/thread-jobs.ts';
import { inThread } from '../syntax/threads.ts';
import { type Choice, chooseFiles } from './choose-files.ts';
import type { LocatorParameters } from './index.ts';
import type { Location, Match, Skipped } from './location.ts';
import { checkRegex } from './search-text.ts';
import { walkFiles } from './walk-files.ts';

/** Files looked at or read at a time. */
const FILES_AT_A_TIME = 16;
const FILES_IN_JOB = 16;
/** About half a second of analysis. */
const MAX_BATCH_BYTES = 512 * 1_024;
/** Files named in `skipped`. */
const MAX_SKIPPED = 100;
const REASONS: Readonly<Record<string, Skipped['reason']>> = {
  'file.binary': 'binary',
  'file.minified': 'minified',
  'file.too-large': 'too large',
  'file.unreadable': 'unreadable',
  'file.not-found': 'unreadable',
  'file.not-a-file': 'unreadable',
};

/** See `codebaseLocator` for the output and the failures. */
export async function locate(
  parameters: LocatorParameters,
  context: AgentContext,
): Promise<JsonValue> {
  const choice = await chooseFiles(parameters);
  const search = searchOf(parameters, choice.symbol);
  const walked = await walkFiles(choice.folder, {
    includeIgnored: parameters.include_ignored,
    includeDependencies: parameters.include_dependencies,
    isExcluded: choice.isExcluded,
    signal: context.signal,
  });
  const wanted = walked.files.filter(choice.isWanted);
  const looked = await lookAt(wanted, { choice, search, context });
  const skipped = [...walked.skipped, ...looked.flatMap(({ skip = [] }) => skip)];
  const kept = looked.filter((one) => one.isKept && one.matches?.length !== 0);
  const { limit, batch } = parameters;
  return report({ choice, kept, skipped, search, limit, batch, walked: walked.files });
}

interface Looked {
  file: string;
  /** False for files that could not be looked at. */
  isKept: boolean;
  bytes: number;
  matches?: Match[];
  skip?: Skipped[];
}

interface Looking {
  choice: Choice;
  search: Search | undefined;
  context: AgentContext;
}

function searchOf(
  { text, regex, ignore_case: ignoreCase }: LocatorParameters,
  symbol: string | undefined,
): Search | undefined {
  if (symbol !== undefined) return { symbol, ignoreCase };
  if (text !== undefined) return { text, ignoreCase };
  if (regex === undefined) return undefined;
  checkRegex(regex, ignoreCase);
  return { regex, ignoreCase };
}

async function lookAt(wanted: readonly string[], looking: Looking): Promise<Looked[]> {
  const { choice, search, context } = looking;
  const sizes = await inBatches(wanted, context.signal, async (file) => {
    const size = (await stat(join(choice.folder, file)).catch(() => undefined))?.size;
    return { file, bytes: size ?? 0, skip: skipFor(file, size, search) };
  });
  const skipped = sizes
    .filter(({ skip }) => skip !== undefined)
    .map(({ file, bytes, skip = [] }) => ({ file, bytes, isKept: false, skip }));
  const readable = sizes.filter(({ skip }) => skip === undefined);
  const found =
    search === undefined
      ? readable.map(({ file, bytes }) => ({ file, bytes, isKept: true }))
      : await searchAll(readable, { ...looking, search });
  return [...found, ...skipped].sort((a, b) => (a.file < b.file ? -1 : 1));
}

/** Why a file is not looked at, `undefined` when it is. */
function skipFor(
  file: string,
  size: number | undefined,
  search: Search | undefined,
): Skipped[] | undefined {
  if (size === undefined) return [{ path: file, reason: 'unreadable' }];
  if (size > MAX_SOURCE_BYTES) return [{ path: file, reason: 'too large' }];
  const isUnknown = search !== undefined && 'symbol' in search && languageOf(file) === undefined;
  return isUnknown ? [{ path: file, reason: 'unknown language' }] : undefined;
}

async function searchAll(
  readable: readonly { file: string; bytes: number }[],
  { choice, search, context }: Looking & { search: Search },
): Promise<Looked[]> {
  const bytesOf = new Map(readable.map(({ file, bytes }) => [file, bytes]));
  const files = readable.map(({ file }) => file);
  const jobs: string[][] = [];
  for (let at = 0; at < files.length; at += FILES_IN_JOB)
    jobs.push(files.slice(at, at + FILES_IN_JOB));
  const answers = await Promise.all(
    jobs.map((job) =>
      inThread({ type: 'search', folder: choice.folder, files: job, search }, context),
    ),
  );
  return answers.flat().map((answer) => {
    const bytes = bytesOf.get(answer.file) ?? 0;
    if ('code' in answer) {
      const reason = REASONS[answer.code] ?? 'failed';
      return { file: answer.file, bytes, isKept: false, skip: [{ path: answer.file, reason }] };
    }
    const { file, matches, parseErrors } = answer;
    const skip: Skipped[] =
      parseErrors === undefined ? [] : [{ path: file, reason: 'not understood in full' }];
    return { file, bytes, isKept: true, matches, skip };
  });
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
  choice: Choice;
  kept: readonly Looked[];
  skipped: readonly Skipped[];
  search: Search | undefined;
  limit: number;
  batch: number | undefined;
  walked: readonly string[];
}): JsonValue {
  const { choice, kept, skipped, search, limit, batch } = found;
  const within = kept.slice(0, limit);
  const files = within.map(({ file }) => file);
  const matches = kept.flatMap((one) => one.matches ?? []);
  const absent = absentOf({ ...found, hasMatch: matches.length > 0 });
  const location: Location = {
    root: choice.root,
    files,
    count: kept.length,
    truncated: kept.length > limit || matches.length > limit,
    languages: countLanguages(files),
    ...(batch === undefined ? {} : { batches: batchesOf(within, batch) }),
    ...(search === undefined ? {} : { matches: matches.slice(0, limit) }),
    ...(absent.length === 0 ? {} : { absent, message: absentInWords(absent, choice.root) }),
    ...(skipped.length === 0 ? {} : { skipped: sorted(skipped).slice(0, MAX_SKIPPED) }),
  };
  return location as unknown as JsonValue;
}

/** In the order of the paths, each of at most `size` files and, from the second file on, MAX_BATCH_BYTES. */
function batchesOf(files: readonly Looked[], size: number): string[][] {
  const batches: string[][] = [];
  let bytes = MAX_BATCH_BYTES;
  for (const one of files) {
    const last = batches.at(-1);
    if (last === undefined || last.length >= size || bytes + one.bytes > MAX_BATCH_BYTES) {
      batches.push([one.file]);
      bytes = one.bytes;
    } else {
      last.push(one.file);
      bytes += one.bytes;
    }
  }
  return batches;
}

function absentOf(found: {
  choice: Choice;
  search: Search | undefined;
  walked: readonly string[];
  hasMatch: boolean;
}): NonNullable<Location['absent']> {
  const { choice, search, walked, hasMatch } = found;
  const patterns = choice.patterns
    .filter(({ matches }) => !walked.some(matches))
    .map(({ name }) => ({ kind: 'pattern' as const, name }));
  if (search === undefined || hasMatch) return patterns;
  if ('symbol' in search) return [...patterns, { kind: 'symbol', name: search.symbol }];
  if ('text' in search) return [...patterns, { kind: 'text', name: search.text }];
  return [...patterns, { kind: 'regex', name: search.regex }];
}

function absentInWords(absent: NonNullable<Location['absent']>, root: string): string {
  const words = {
    pattern: 'no file matches',
    symbol: 'no definition of',
    text: 'no line has',
    regex: 'no line matches',
  };
  const named = absent.map(({ kind, name }) => `${words[kind]} ${JSON.stringify(name)}`);
  return `In ${root}: ${named.join('; ')}.`;
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
