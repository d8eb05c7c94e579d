/**
 * Cyclomatic complexity (McCabe 1976: decision points and 1), nesting and size of each named function.
 * A decision counts to the nearest named function around it, and to no function further out.
 */
import type { FunctionHead, Grammar, SyntaxNode } from '../syntax/grammar.ts';
import type { FunctionFact } from './analysis.ts';

export interface Measured {
  functions: FunctionFact[];
  /** The nodes of the functions, in the same order. */
  heads: SyntaxNode[];
  topLevelComplexity: number;
}

interface Scope {
  fact: FunctionFact | undefined;
  level: number;
}

/** In document order. */
export function measureFunctions(nodes: readonly SyntaxNode[], grammar: Grammar): Measured {
  const scopes = new Map<SyntaxNode, Scope>();
  const functions: FunctionFact[] = [];
  const heads: SyntaxNode[] = [];
  const topLevel: Scope = { fact: undefined, level: 0 };
  let topLevelComplexity = 1;
  for (const node of nodes) {
    const outer = (node.parent && scopes.get(node.parent)) ?? topLevel;
    const head = grammar.functionOf(node);
    if (head !== undefined) {
      const fact = startFact(node, head);
      functions.push(fact);
      heads.push(node);
      scopes.set(node, { fact, level: 0 });
      continue;
    }
    if (grammar.decisions.has(node.kind)) {
      if (outer.fact === undefined) topLevelComplexity += 1;
      else outer.fact.complexity += 1;
    }
    scopes.set(node, scopeOf(node, { grammar, outer }));
  }
  return { functions, heads, topLevelComplexity };
}

function startFact(node: SyntaxNode, head: FunctionHead): FunctionFact {
  const { line, endLine } = node;
  const { name, parameters } = head;
  const lines = endLine - line + 1;
  return { name, line, endLine, lines, parameters, complexity: 1, cognitive: 0, nesting: 0 };
}

function scopeOf(node: SyntaxNode, around: { grammar: Grammar; outer: Scope }): Scope {
  const { grammar, outer } = around;
  if (!grammar.nesting.has(node.kind) || grammar.isContinuedIf(node)) return outer;
  const level = outer.level + 1;
  if (outer.fact !== undefined) outer.fact.nesting = Math.max(outer.fact.nesting, level);
  return { fact: outer.fact, level };
}
