/**
 * The parsers, each loaded by the first file that needs it, and the nodes of a file that its grammar asks for.
 * They are WebAssembly: what goes wrong in one throws, and cannot end the process.
 */
import { createRequire } from 'node:module';
import type { Parser } from '@vscode/tree-sitter-wasm';
import { FlatTree, type KindTable, kindTable } from './flat-tree.ts';
import type { Grammar, SyntaxNode } from './grammar.ts';
import type { Language } from './languages.ts';

type Runtime = typeof import('@vscode/tree-sitter-wasm');

interface Loaded {
  grammar: Grammar;
  parser: Parser;
  table: KindTable;
}

const require = createRequire(import.meta.url);
const loaded = new Map<Language, Promise<Loaded>>();
let runtime: Promise<Runtime> | undefined;

async function loadRuntime(): Promise<Runtime> {
  const module = require('@vscode/tree-sitter-wasm') as Runtime;
  await module.Parser.init();
  return module;
}

const GRAMMARS: Readonly<Record<Language, () => Promise<Grammar>>> = {
  typescript: async () => (await import('./script-grammar.ts')).scriptGrammars.typescript,
  tsx: async () => (await import('./script-grammar.ts')).scriptGrammars.tsx,
  javascript: async () => (await import('./script-grammar.ts')).scriptGrammars.javascript,
  python: async () => (await import('./python-grammar.ts')).pythonGrammar,
  go: async () => (await import('./go-grammar.ts')).goGrammar,
  java: async () => (await import('./java-grammar.ts')).javaGrammar,
  rust: async () => (await import('./rust-grammar.ts')).rustGrammar,
  c: async () => (await import('./cpp-grammar.ts')).cppGrammar,
  cpp: async () => (await import('./cpp-grammar.ts')).cppGrammar,
  csharp: async () => (await import('./csharp-grammar.ts')).csharpGrammar,
  ruby: async () => (await import('./ruby-grammar.ts')).rubyGrammar,
  php: async () => (await import('./php-grammar.ts')).phpGrammar,
};

async function load(language: Language): Promise<Loaded> {
  runtime ??= loadRuntime();
  const [module, grammar] = await Promise.all([runtime, GRAMMARS[language]()]);
  const path = require.resolve(`@vscode/tree-sitter-wasm/wasm/tree-sitter-${grammar.parser}.wasm`);
  const parsed = await module.Language.load(path);
  const parser = new module.Parser();
  parser.setLanguage(parsed);
  return { grammar, parser, table: kindTable(parsed) };
}

export interface SyntaxTree {
  readonly grammar: Grammar;
  /** Everything, for measures that look at each token. */
  readonly tree: FlatTree;
  /** What the grammar asked for, in document order, outer before inner. */
  readonly nodes: readonly SyntaxNode[];
  /** Places that the parser had to skip. */
  readonly parseErrors: number;
}

/** Code with syntax errors gives the tree of what can be understood. Blocks while it parses: see `analysis-threads.ts`. */
export async function parseSource(text: string, language: Language): Promise<SyntaxTree> {
  const entry = loaded.get(language) ?? load(language);
  loaded.set(language, entry);
  const { grammar, parser, table } = await entry;
  const parsed = parser.parse(text);
  if (parsed === null) throw new Error(`The ${language} parser gave no tree.`);
  try {
    const tree = new FlatTree(text, parsed, table);
    return { grammar, tree, nodes: collect(tree, grammar), parseErrors: tree.errors };
  } finally {
    parsed.delete();
  }
}

/** The nodes that the grammar asked for, each with its nearest collected ancestor. */
function collect(tree: FlatTree, grammar: Grammar): SyntaxNode[] {
  const nodes: SyntaxNode[] = [];
  const nearest: (SyntaxNode | undefined)[] = new Array(tree.size);
  for (let index = 0; index < tree.size; index += 1) {
    const outer = nearest[tree.parents[index] ?? -1];
    nearest[index] = outer;
    if (!tree.isNamed(index)) continue;
    const kind = tree.kind(index);
    const condition = Object.hasOwn(grammar.conditions, kind)
      ? grammar.conditions[kind]
      : undefined;
    if (condition === undefined && !grammar.kinds.has(kind)) continue;
    const syntax = tree.node(index);
    if (condition?.(syntax) === false) continue;
    const end = tree.end(index);
    const node: SyntaxNode = {
      kind,
      syntax,
      parent: outer,
      start: tree.start(index),
      end,
      ...syntax.place(),
      endLine: tree.placeOf(end).line,
    };
    nodes.push(node);
    nearest[index] = node;
  }
  return nodes;
}
