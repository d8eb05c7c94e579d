/** From the text of one source file to its analysis. */
import type { SyntaxNode } from '../syntax/grammar.ts';
import { LANGUAGE_NAMES, languageOf } from '../syntax/languages.ts';
import { failure } from '../syntax/source-file.ts';
import { parseSource, type SyntaxTree } from '../syntax/syntax-tree.ts';
import type { FileAnalysis, FunctionFact, FunctionTotals } from './analysis.ts';
import { cognitiveComplexity } from './cognitive.ts';
import { countLines } from './count-lines.ts';
import { fingerprintsOf } from './fingerprints.ts';
import { hotSpotsOf } from './hot-spots.ts';
import { measureFunctions } from './measure-functions.ts';
import { referencesOf } from './references.ts';

/** Words that mark work left for later; in classes of one letter, so that this line is not such a mark itself. */
const LATER = /\b(?:T[O]DO|F[I]XME|H[A]CK|X{3})\b/;

/** `file` is how the analysis names it; its end decides the language. Throws `file.unsupported`. */
export async function analyzeFile(file: string, text: string): Promise<FileAnalysis> {
  const language = languageOf(file);
  if (language === undefined) {
    throw failure('file.unsupported', `${file}: only ${LANGUAGE_NAMES} are understood.`);
  }
  const syntax = await parseSource(text, language);
  const { nodes, grammar, tree, parseErrors } = syntax;
  const comments = nodes.filter((node) => grammar.comments.has(node.kind));
  const { functions, topLevelComplexity, topLevelCognitive } = measure(syntax, language);
  const definitions = nodes.flatMap((node) => grammar.definitionsOf(node));
  const importing = nodes.map((node) => ({ node, facts: grammar.importsOf(node) }));
  const imports = importing.flatMap(({ facts }) => facts);
  const ignored = importing
    .filter(({ node, facts }) => facts.length > 0 || grammar.comments.has(node.kind))
    .map(({ node }) => node);
  const own = grammar.packageOf?.(nodes);
  return {
    file,
    language,
    ...countLines(text, comments),
    imports,
    exports: grammar.exportsOf(nodes, definitions),
    functions,
    totals: totalsOf(functions),
    classes: classesOf(syntax),
    topLevelComplexity,
    topLevelCognitive,
    ...(own === undefined ? {} : { package: own }),
    ...referencesOf(tree, { language, flow: grammar.flow, imports, definitions }),
    fingerprints: fingerprintsOf(tree, ignored),
    hotSpots: hotSpotsOf(functions),
    todoCount: comments.filter(({ start, end }) => LATER.test(text.slice(start, end))).length,
    ...(parseErrors === 0 ? {} : { parseErrors }),
  };
}

function measure(
  { nodes, grammar, tree }: SyntaxTree,
  language: string,
): { functions: FunctionFact[]; topLevelComplexity: number; topLevelCognitive: number } {
  const { functions, heads, topLevelComplexity } = measureFunctions(nodes, grammar);
  const named = heads.map(({ syntax }, index) => ({
    index: syntax.index,
    name: functions[index]?.name ?? '',
  }));
  const { byFunction, topLevel } = cognitiveComplexity(tree, grammar.flow, {
    functions: named,
    language,
  });
  for (const [index, fact] of functions.entries())
    fact.cognitive = byFunction.get(named[index]?.index ?? -1) ?? 0;
  return { functions, topLevelComplexity, topLevelCognitive: topLevel };
}

function totalsOf(functions: readonly FunctionFact[]): FunctionTotals {
  const spread = new Map<number, number>();
  for (const { complexity } of functions) spread.set(complexity, (spread.get(complexity) ?? 0) + 1);
  return {
    functions: functions.length,
    overLimits: functions.filter((fact) => hotSpotsOf([fact]).length > 0).length,
    complexity: functions.reduce((sum, fact) => sum + fact.complexity, 0),
    maxComplexity: functions.reduce((most, fact) => Math.max(most, fact.complexity), 0),
    cognitive: functions.reduce((sum, fact) => sum + fact.cognitive, 0),
    maxCognitive: functions.reduce((most, fact) => Math.max(most, fact.cognitive), 0),
    spread: Object.fromEntries([...spread].sort(([a], [b]) => a - b)),
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
