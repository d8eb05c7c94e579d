/**
 * Reads a request in words, by rules a person can foresee:
 * 1. A quoted word with a glob mark, a slash or a dot is a pattern; another quoted identifier is a symbol (the first).
 * 2. An unquoted word with `*`, or that ends like a file of ours (`app.ts`), is a pattern; `.ts` alone means all such files.
 * 3. The name of a language means its files.
 * 4. A word after "in", "under", "below", "within" or "of" that has a slash, or is `.`, is the folder; another one is
 *    taken when the caller finds that it is a folder.
 */
import { globsOf, type Language, languageOf } from '../syntax/languages.ts';

/** What a request says. `folders` are candidates, in the order of the text. */
export interface RequestWords {
  patterns: string[];
  symbol: string | undefined;
  folders: string[];
}

const LANGUAGES: Readonly<Record<string, readonly Language[]>> = {
  typescript: ['typescript', 'tsx'],
  tsx: ['tsx'],
  javascript: ['javascript'],
  python: ['python'],
  go: ['go'],
  golang: ['go'],
};
/** "go" is also a verb: it means the language where it is written as a name or before what has a language. */
const GO_VERB = /^go$/;
const CODE_WORD = /^(?:files?|code|sources?|packages?|functions?)$/i;
const WORD = /"([^"]+)"|'([^'\s]+)'|`([^`]+)`|(\S+)/g;
const FOLDER_BEFORE = /^(?:in|under|below|within|of)$/i;
const MAX_FOUND = 100;

/** Never throws; a request that says nothing gives nothing. */
export function readRequest(request: string): RequestWords {
  const words = wordsOf(request);
  const patterns = new Set<string>();
  const folders: string[] = [];
  let symbol: string | undefined;
  for (const [index, word] of words.entries()) {
    if (isFolderCandidate(word, words[index - 1])) {
      folders.push(word.text);
      continue;
    }
    const found = patternsOf(word, words[index + 1]?.text ?? '');
    for (const pattern of found) patterns.add(pattern);
    if (word.quoted && found.length === 0 && /^[\w$.]+$/.test(word.text)) symbol ??= word.text;
  }
  return { patterns: [...patterns].slice(0, MAX_FOUND), symbol, folders };
}

interface Word {
  text: string;
  quoted: boolean;
}

function wordsOf(request: string): Word[] {
  return Array.from(request.matchAll(WORD), ([, double, single, tick, plain = '']) => {
    const quoted = double ?? single ?? tick;
    return quoted === undefined
      ? { text: withoutPunctuation(plain), quoted: false }
      : { text: quoted, quoted: true };
  });
}

/** A lone `.` is a folder, not the end of a sentence. */
function withoutPunctuation(word: string): string {
  return word
    .replace(/^[(["']+/, '')
    .replace(/[)\]"',;:!?]+$/, '')
    .replace(/(.)\.$/, '$1');
}

function isFolderCandidate({ text }: Word, before: Word | undefined): boolean {
  if (before === undefined || !FOLDER_BEFORE.test(before.text)) return false;
  const isLanguage = Object.hasOwn(LANGUAGES, text.toLowerCase());
  return !isLanguage && !/[*?{}]/.test(text) && languageOf(text) === undefined;
}

function patternsOf({ text, quoted }: Word, next: string): string[] {
  if (/^\.\w+$/.test(text) && languageOf(`a${text}`) !== undefined) return [`**/*${text}`];
  if (text.includes('*')) return [text];
  if (/^[\w@./-]+\.\w+$/.test(text) && languageOf(text) !== undefined) return [text];
  if (quoted) return /[?{}/]/.test(text) ? [text] : [];
  const isVerb = GO_VERB.test(text) && !CODE_WORD.test(next);
  const languages = isVerb ? undefined : LANGUAGES[text.toLowerCase()];
  return languages === undefined ? [] : globsOf(languages);
}
