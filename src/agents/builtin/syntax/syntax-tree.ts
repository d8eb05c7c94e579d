/**
 * The native parser, loaded by the first file that needs it, and the nodes of a file that a grammar asked for.
 */
import type { Rule, SgNode } from '@ast-grep/napi';
import type { Grammar, SyntaxNode } from './grammar.ts';
import type { Language } from './languages.ts';

type Parser = typeof import('@ast-grep/napi');

let parser: Promise<Parser> | undefined;

/** Python and Go come as packages of their own and are registered once in a process. */
async function loadParser(): Promise<Parser> {
  const [napi, python, go] = await Promise.all([
    import('@ast-grep/napi'),
    import('@ast-grep/lang-python'),
    import('@ast-grep/lang-go'),
  ]);
  napi.registerDynamicLanguage({ python: python.default, go: go.default });
  return napi;
}

async function grammarOf(language: Language): Promise<Grammar> {
  if (language === 'python') return (await import('./python-grammar.ts')).pythonGrammar;
  if (language === 'go') return (await import('./go-grammar.ts')).goGrammar;
  return (await import('./script-grammar.ts')).scriptGrammars[language];
}

export interface SyntaxTree {
  readonly grammar: Grammar;
  /** In document order, outer before inner. */
  readonly nodes: readonly SyntaxNode[];
  /** Places that the parser had to skip. */
  readonly parseErrors: number;
}

/** Parses off the main thread. Code with syntax errors gives the tree of what can be understood. */
export async function parseSource(text: string, language: Language): Promise<SyntaxTree> {
  parser ??= loadParser();
  const [napi, grammar] = await Promise.all([parser, grammarOf(language)]);
  const root = (await napi.parseAsync(grammar.parser, text)).root();
  const rule: Rule = { any: [...grammar.rules, { kind: 'ERROR' }] };
  const found = root.findAll({ rule });
  return { grammar, ...arrange(found) };
}

/** Gives each node its nearest collected ancestor; found nodes come outer before inner. */
function arrange(found: readonly SgNode[]): Pick<SyntaxTree, 'nodes' | 'parseErrors'> {
  const nodes: SyntaxNode[] = [];
  let parseErrors = 0;
  let parent: SyntaxNode | undefined;
  for (const syntax of found) {
    const kind = String(syntax.kind());
    if (kind === 'ERROR') {
      parseErrors += 1;
      continue;
    }
    const { start, end } = syntax.range();
    while (parent !== undefined && parent.end <= start.index) parent = parent.parent;
    const node: SyntaxNode = {
      kind,
      syntax,
      parent,
      start: start.index,
      end: end.index,
      line: start.line + 1,
      endLine: end.line + 1,
      column: start.column + 1,
    };
    nodes.push(node);
    parent = node;
  }
  return { nodes, parseErrors };
}
