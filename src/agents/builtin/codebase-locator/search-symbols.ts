/** Definitions of a name, found by parsing; comments, strings and uses do not count. */
import { languageOf } from '../syntax/languages.ts';
import { parseSource } from '../syntax/syntax-tree.ts';
import type { Match } from './location.ts';

/** Finds the definitions in one file's text; `parseErrors` are places that the parser had to skip. */
type FindSymbols = (
  file: string,
  text: string,
) => Promise<{ matches: Match[]; parseErrors: number }>;

/** `*` in the symbol stands for any letters. A method is found by its own name and by `Class.method`. */
export function symbolFinder(symbol: string, ignoreCase: boolean): FindSymbols {
  const asked = symbol.replaceAll(/::|#/g, '.').replaceAll('\\', '.');
  const parts = asked.split('*').map((part) => part.replace(/[\\^$.+?()[\]{}|]/g, '\\$&'));
  const wanted = new RegExp(`^(?:${parts.join('[^.]*')})$`, ignoreCase ? 'iu' : 'u');
  const hint = asked
    .split(/[*.]/)
    .reduce((longest, part) => (part.length > longest.length ? part : longest), '');
  const mayHave = (text: string): boolean =>
    ignoreCase ? text.toLowerCase().includes(hint.toLowerCase()) : text.includes(hint);
  return async (file, text) => {
    const language = languageOf(file);
    if (language === undefined || !mayHave(text)) return { matches: [], parseErrors: 0 };
    const { nodes, grammar, parseErrors } = await parseSource(text, language);
    const matches = nodes
      .flatMap((node) => grammar.definitionsOf(node))
      .filter((definition) => namesOf(definition).some((name) => wanted.test(name)))
      .map(({ name, container, kind, line, column }) => ({
        file,
        line,
        column,
        kind,
        name,
        ...(container === undefined ? {} : { container }),
      }));
    return { matches, parseErrors };
  };
}

/** `f`, `Class.f` and, with all that is around it, `namespace.Class.f`. */
function namesOf({ name, container }: { name: string; container?: string }): string[] {
  const own = name.slice(name.lastIndexOf('.') + 1);
  return container === undefined ? [name, own] : [name, own, `${container}.${own}`];
}
