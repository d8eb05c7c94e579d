/** Definitions of a name, found by parsing; comments, strings and uses do not count. */
import { languageOf } from '../syntax/languages.ts';
import { parseSource } from '../syntax/syntax-tree.ts';
import type { Match } from './location.ts';

/** Finds the definitions in one file's text. */
export type FindSymbols = (file: string, text: string) => Promise<Match[]>;

/** `*` in the symbol stands for any letters. A method is found by its own name and by `Class.method`. */
export function symbolFinder(symbol: string, ignoreCase: boolean): FindSymbols {
  const parts = symbol.split('*').map((part) => part.replace(/[\\^$.+?()[\]{}|]/g, '\\$&'));
  const wanted = new RegExp(`^(?:${parts.join('[^.]*')})$`, ignoreCase ? 'iu' : 'u');
  const hint = symbol
    .split(/[*.]/)
    .reduce((longest, part) => (part.length > longest.length ? part : longest), '');
  const mayHave = (text: string): boolean =>
    ignoreCase ? text.toLowerCase().includes(hint.toLowerCase()) : text.includes(hint);
  return async (file, text) => {
    const language = languageOf(file);
    if (language === undefined || !mayHave(text)) return [];
    const { nodes, grammar } = await parseSource(text, language);
    return nodes
      .flatMap((node) => grammar.definitionsOf(node))
      .filter(({ name }) => wanted.test(name) || wanted.test(name.slice(name.lastIndexOf('.') + 1)))
      .map(({ name, kind, line, column }) => ({ file, line, column, kind, name }));
  };
}
