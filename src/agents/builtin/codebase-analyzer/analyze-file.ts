/** From the text of one source file to its analysis. */
import type { SyntaxNode } from '../syntax/grammar.ts';
import { languageOf } from '../syntax/languages.ts';
import { failure } from '../syntax/source-file.ts';
import { parseSource, type SyntaxTree } from '../syntax/syntax-tree.ts';
import type { FileAnalysis } from './analysis.ts';
import { countLines } from './count-lines.ts';
import { hotSpotsOf } from './hot-spots.ts';
import { measureFunctions } from './measure-functions.ts';

/** Words that mark work left for later; in classes of one letter, so that this line is not such a mark itself. */
const LATER = /\b(?:T[O]DO|F[I]XME|H[A]CK|X{3})\b/;

/** `file` is how the analysis names it; its end decides the language. Throws `file.unsupported`. */
export async function analyzeFile(file: string, text: string): Promise<FileAnalysis> {
  const language = languageOf(file);
  if (language === undefined) {
    throw failure(
      'file.unsupported',
      `${file}: only TypeScript, JavaScript, Python and Go are understood.`,
    );
  }
  const tree = await parseSource(text, language);
  const { nodes, grammar, parseErrors } = tree;
  const comments = nodes.filter((node) => grammar.comments.has(node.kind));
  const { functions, topLevelComplexity } = measureFunctions(nodes, grammar);
  const definitions = nodes.flatMap((node) => grammar.definitionsOf(node));
  return {
    file,
    language,
    ...countLines(text, comments),
    imports: nodes.flatMap((node) => grammar.importsOf(node)),
    exports: grammar.exportsOf(nodes, definitions),
    functions,
    classes: classesOf(tree),
    topLevelComplexity,
    hotSpots: hotSpotsOf(functions),
    todoCount: comments.filter(({ start, end }) => LATER.test(text.slice(start, end))).length,
    ...(parseErrors === 0 ? {} : { parseErrors }),
  };
}

function classesOf({ nodes, grammar }: SyntaxTree): FileAnalysis['classes'] {
  const methods = new Map<string, number>();
  const found: { node: SyntaxNode; name: string }[] = [];
  for (const node of nodes) {
    for (const { name, kind } of grammar.definitionsOf(node)) {
      if (kind === 'class') found.push({ node, name });
      if (kind !== 'method') continue;
      const owner = name.slice(0, name.lastIndexOf('.'));
      methods.set(owner, (methods.get(owner) ?? 0) + 1);
    }
  }
  return found.map(({ node: { line, endLine }, name }) => {
    return { name, line, endLine, methods: methods.get(name) ?? 0 };
  });
}
