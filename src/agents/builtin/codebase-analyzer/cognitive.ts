/**
 * Cognitive complexity after G. Ann Campbell, "Cognitive Complexity", SonarSource 1.7 (2023), appendix B:
 * B1 1 for each `if`, `else`, `else if`, ternary, `switch`, loop, `catch`, jump to a label, sequence of like logical
 *    operators, and function in a cycle of recursion (found within one file).
 * B2 These put what they enclose one level deeper, and so do functions within functions.
 * B3 `if`, ternary, `switch`, loop and `catch` cost 1 more for each level they stand in; `else` and `else if` do not.
 * Shorthand costs nothing: `??`, `?.`, comprehensions. What a function encloses counts to it, as the paper has it; two
 * exceptions of its appendix A hold: a script function that only groups others does not pay for those that have a name,
 * and a Python decorator puts its wrapper no level deeper.
 */
import type { FlatTree } from '../syntax/flat-tree.ts';
import type { Flow } from '../syntax/grammar.ts';
import { recursiveFunctions } from './recursion.ts';

/** Functions around one place that are charged; those further out are not. */
const MAX_ENCLOSING = 40;
const OPENERS = /^(parenthesized_expression|parenthesized_statements)$/;

export interface NamedFunction {
  /** The node of the definition, which may be a variable that holds the function. */
  index: number;
  name: string;
}

export interface CognitiveOptions {
  functions: readonly NamedFunction[];
  language: string;
}

/** A function, with or without a name. */
interface Scope {
  outer: Scope | undefined;
  /** The level at which its own code begins. */
  base: number;
  depth: number;
  total: number;
  /** Of structures that stand in it and in no named function within it. */
  structural: number;
  isNamed: boolean;
  /** What named functions directly or further within have cost, at this function's level. */
  fromNamed: number;
}

/** By index of the definition, and what stands outside of all functions with a name. */
export function cognitiveComplexity(
  tree: FlatTree,
  flow: Flow,
  { functions, language }: CognitiveOptions,
): { byFunction: Map<number, number>; topLevel: number } {
  const walk = new CognitiveWalk(tree, flow, { functions, language });
  walk.run();
  const isScript = /^(typescript|tsx|javascript)$/.test(language);
  const recursive = recursiveFunctions(tree, flow, functions);
  const byFunction = new Map<number, number>();
  for (const { index } of functions) {
    const scope = walk.scopes.get(index);
    if (scope === undefined) continue;
    const onlyGroups = isScript && scope.outer === undefined && scope.structural === 0;
    const cost = scope.total - (onlyGroups ? scope.fromNamed : 0);
    byFunction.set(index, cost + (recursive.has(index) ? 1 : 0));
  }
  return { byFunction, topLevel: walk.topLevel };
}

class CognitiveWalk {
  readonly scopes = new Map<number, Scope>();
  topLevel = 0;
  readonly #tree: FlatTree;
  readonly #flow: Flow;
  readonly #named: Set<number>;
  readonly #isPython: boolean;
  /** For each node the level of what it encloses, and the function that encloses it. */
  readonly #levels: Int32Array;
  readonly #owners: (Scope | undefined)[];

  constructor(tree: FlatTree, flow: Flow, { functions, language }: CognitiveOptions) {
    this.#tree = tree;
    this.#flow = flow;
    this.#named = new Set(functions.map(({ index }) => index));
    this.#isPython = language === 'python';
    this.#levels = new Int32Array(tree.size);
    this.#owners = new Array(tree.size);
  }

  run(): void {
    for (let index = 0; index < this.#tree.size; index += 1) {
      const parent = this.#tree.parents[index] ?? -1;
      const owner = parent < 0 ? undefined : this.#owners[parent];
      this.#owners[index] = owner;
      this.#levels[index] = parent < 0 ? 0 : this.#inherited(index, parent);
      if (this.#tree.isNamed(index)) this.#visit(index, parent);
      else this.#visitWord(index, parent);
    }
  }

  /** The condition of an `if` stands at the level of the `if` itself. */
  #inherited(index: number, parent: number): number {
    const level = this.#levels[parent] ?? 0;
    const isCondition = this.#tree.field(index) === 'condition';
    if (!isCondition) return level;
    const isOfIf = this.#flow.ifs.has(this.#tree.kind(parent)) || this.#isElseIfClause(parent);
    return isOfIf ? level - 1 : level;
  }

  #isElseIfClause(index: number): boolean {
    return /^(elif_clause|elsif|else_if_clause)$/.test(this.#tree.kind(index));
  }

  #visit(index: number, parent: number): void {
    const kind = this.#tree.kind(index);
    const flow = this.#flow;
    if (flow.functions.has(kind) || this.#named.has(index)) this.#enter(index, kind);
    else if (flow.ifs.has(kind)) {
      if (this.#followsElse(index, parent)) return;
      this.#charge(index, { cost: 1, nests: true, isStructural: true });
      this.#deepen(index);
    } else if (flow.structures.has(kind) && !this.#isTopLevelDirective(index, kind)) {
      this.#charge(index, { cost: 1, nests: true, isStructural: true });
      this.#deepen(index);
    } else if (flow.jumps.has(kind)) {
      if (this.#namesTarget(index, kind)) this.#charge(index, { cost: 1 });
    } else if (flow.logicalParents.has(kind)) this.#logical(index);
  }

  /** Conditions of the preprocessor count within functions; a file is mostly wrapped in them. */
  #isTopLevelDirective(index: number, kind: string): boolean {
    return kind.startsWith('preproc_') && this.#owners[index] === undefined;
  }

  #visitWord(index: number, parent: number): void {
    if (parent < 0 || !this.#flow.hybrids.has(this.#tree.kind(index))) return;
    const kind = this.#tree.kind(parent);
    if (this.#flow.ifs.has(kind) || this.#flow.hybridParents.has(kind)) {
      if (this.#isOfCase(parent, kind)) return;
      if (kind.startsWith('preproc_') && this.#owners[index] === undefined) return;
      this.#charge(index, { cost: 1, isStructural: true });
    }
  }

  /** Ruby's `else` belongs to `case` and `begin` too, where it is a branch like the others. */
  #isOfCase(parent: number, kind: string): boolean {
    if (kind !== 'else') return false;
    const outer = this.#tree.parents[parent] ?? -1;
    return outer < 0 || !/^(if|elsif|unless)$/.test(this.#tree.kind(outer));
  }

  #followsElse(index: number, parent: number): boolean {
    if (parent < 0) return false;
    const kind = this.#tree.kind(parent);
    if (kind === 'else_clause') {
      const first = this.#tree.node(parent).namedChildren()[0];
      // In Python an `if` inside of `else:` stands in a block of its own.
      return first?.index === index;
    }
    return this.#flow.ifs.has(kind) && this.#tree.field(index) === 'alternative';
  }

  #deepen(index: number): void {
    this.#levels[index] = (this.#levels[index] ?? 0) + 1;
  }

  /** A variable that holds a function and the function itself are one scope. */
  #enter(index: number, kind: string): void {
    const outer = this.#owners[index];
    const isNamed = this.#named.has(index);
    const isHeld = outer !== undefined && this.#holds(outer, index);
    if (isHeld || (isNamed && !this.#flow.functions.has(kind) && !this.#hasFunction(index))) return;
    const isNested = outer !== undefined;
    const level = this.#levels[index] ?? 0;
    const isWrapper = isNested && this.#isPython && this.#isDecorator(index);
    const deeper = isNested || !isNamed ? (isWrapper ? level : level + 1) : level;
    const base = isNamed && outer === undefined ? level : deeper;
    const scope: Scope = {
      outer,
      base,
      depth: (outer?.depth ?? 0) + 1,
      total: 0,
      structural: 0,
      isNamed,
      fromNamed: 0,
    };
    this.#levels[index] = base;
    this.#owners[index] = scope;
    if (isNamed) this.scopes.set(index, scope);
    this.#holders.set(scope, isNamed && !this.#flow.functions.has(kind) ? index : -1);
  }

  readonly #holders = new Map<Scope, number>();

  /** True for the function that a named holder directly has as its value. */
  #holds(scope: Scope, index: number): boolean {
    const holder = this.#holders.get(scope) ?? -1;
    if (holder < 0 || this.#named.has(index)) return false;
    let parent = this.#tree.parents[index] ?? -1;
    // Go writes the value of a variable as a list of expressions.
    if (parent >= 0 && this.#tree.kind(parent) === 'expression_list')
      parent = this.#tree.parents[parent] ?? -1;
    return parent === holder;
  }

  #hasFunction(index: number): boolean {
    const end = this.#tree.after[index] ?? 0;
    for (let at = index + 1; at < end; at += 1)
      if (this.#flow.functions.has(this.#tree.kind(at))) return true;
    return false;
  }

  /** A function that has a function, a return and a docstring at most. */
  #isDecorator(index: number): boolean {
    const block = this.#tree.parents[index] ?? -1;
    const outer = block < 0 ? -1 : (this.#tree.parents[block] ?? -1);
    if (outer < 0 || this.#tree.kind(outer) !== 'function_definition') return false;
    const statements = this.#tree.node(block).namedChildren();
    const others = statements.filter(
      (one) => one.index !== index && !one.is('return_statement', 'comment') && !isDocstring(one),
    );
    return others.length === 0;
  }

  /** Adds to every function around the place; `nests`: 1 more for each level, as that function counts them. */
  #charge(index: number, charged: { cost: number; nests?: boolean; isStructural?: boolean }): void {
    const { cost, nests = false, isStructural = false } = charged;
    const level = this.#levels[index] ?? 0;
    let scope = this.#owners[index];
    if (!hasName(scope)) this.topLevel += cost + (nests ? level : 0);
    let throughNamed = false;
    for (let count = 0; scope !== undefined && count < MAX_ENCLOSING; count += 1) {
      const own = cost + (nests ? Math.max(0, level - scope.base) : 0);
      scope.total += own;
      if (throughNamed) scope.fromNamed += own;
      else if (isStructural) scope.structural += 1;
      throughNamed ||= scope.isNamed;
      scope = scope.outer;
    }
  }

  /** `goto` always; `break` and `continue` where they name a label or, in PHP, how many. */
  #namesTarget(index: number, kind: string): boolean {
    if (kind.startsWith('goto')) return true;
    const target = this.#tree.node(index).namedChildren()[0];
    if (target === undefined) return false;
    if (target.is('integer')) return Number(target.text()) > 1;
    return /label|identifier/.test(target.kind());
  }

  /** One for each run of like operators, counted at the outermost node of the sequence. */
  #logical(index: number): void {
    if (!this.#isLogical(index) || this.#isPartOfSequence(index)) return;
    let runs = 0;
    let last = '';
    const work: number[] = [index];
    for (let at = work.pop(); at !== undefined; at = work.pop()) {
      const kind = this.#tree.kind(at);
      if (!this.#tree.isNamed(at)) {
        if (!this.#flow.logical.has(kind)) continue;
        const operator = kind === 'and' ? '&&' : kind === 'or' ? '||' : kind;
        if (operator !== last) runs += 1;
        last = operator;
      } else if (OPENERS.test(kind) || (this.#flow.logicalParents.has(kind) && this.#isLogical(at)))
        for (const child of this.#tree.node(at).children().toReversed()) work.push(child.index);
    }
    this.#charge(index, { cost: runs });
  }

  #isLogical(index: number): boolean {
    return this.#tree
      .node(index)
      .children()
      .some((child) => !child.isNamed() && this.#flow.logical.has(child.kind()));
  }

  #isPartOfSequence(index: number): boolean {
    let parent = this.#tree.parents[index] ?? -1;
    while (parent >= 0 && OPENERS.test(this.#tree.kind(parent)))
      parent = this.#tree.parents[parent] ?? -1;
    return (
      parent >= 0 &&
      this.#flow.logicalParents.has(this.#tree.kind(parent)) &&
      this.#isLogical(parent)
    );
  }
}

function hasName(scope: Scope | undefined): boolean {
  for (let at = scope; at !== undefined; at = at.outer) if (at.isNamed) return true;
  return false;
}

function isDocstring(statement: ReturnType<FlatTree['node']>): boolean {
  return (
    statement.is('expression_statement') && statement.namedChildren()[0]?.is('string') === true
  );
}
