/** Searches one file for a symbol, a text or a regular expression; runs in a thread. */
import { join } from 'node:path';
import { failure, isMinified, readSource } from '../syntax/source-file.ts';
import type { FileMatches, Search } from '../syntax/thread-jobs.ts';
import { symbolFinder } from './search-symbols.ts';
import { literalFinder, regexFinder, textMatches } from './search-text.ts';

/** Throws the failures of `readSource`, `file.minified`, `locator.regex-too-slow` and `agent.invalid-parameters`. */
export function fileSearch(folder: string, search: Search): (file: string) => Promise<FileMatches> {
  if ('symbol' in search) {
    const find = symbolFinder(search.symbol, search.ignoreCase);
    return async (file) => {
      const { text } = await readSource(join(folder, file), file);
      if (isMinified(text)) throw failure('file.minified', `${file} is minified.`);
      const { matches, parseErrors } = await find(file, text);
      return { file, matches, ...(parseErrors === 0 ? {} : { parseErrors }) };
    };
  }
  const find =
    'text' in search
      ? literalFinder(search.text, search.ignoreCase)
      : regexFinder(search.regex, search.ignoreCase);
  return async (file) => {
    const { text } = await readSource(join(folder, file), file);
    return { file, matches: textMatches(file, text, find(text)) };
  };
}
