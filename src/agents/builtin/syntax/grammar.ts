/**
 * What the analyzer must know of a language: which kinds of node matter, and what they say. The trees themselves come
 * from tree-sitter's own grammars.
 */
import type { TreeNode } from './flat-tree.ts';

/** A node that its grammar asked for. Lines and columns count from 1, offsets are UTF-16 units from 0. */
export interface SyntaxNode {
  readonly kind: string;
  readonly syntax: TreeNode;
  /** The nearest enclosing node that was asked for. */
  readonly parent: SyntaxNode | undefined;
  readonly start: number;
  readonly end: number;
  readonly line: number;
  readonly endLine: number;
  readonly column: number;
}

/**
 * `typeOnly`: erased when the code is compiled. `names`: what is imported, `*` for all, absent where nothing is named.
 * `as`: the name by which the module as a whole is called in this file.
 */
export interface ImportFact {
  module: string;
  names?: string[];
  as?: string;
  line: number;
  typeOnly?: true;
}

export type DefinitionKind =
  | 'function'
  | 'method'
  | 'class'
  | 'interface'
  | 'type'
  | 'enum'
  | 'namespace'
  | 'variable'
  | 'field'
  | 'enum-member'
  | 'macro';

/** `container`: what the name belongs to, from the outside inwards, joined by dots; absent at the top of a file. */
export interface Definition {
  name: string;
  container?: string;
  kind: DefinitionKind;
  line: number;
  column: number;
}

/** `reexport`: from another module; `name`: an expression or something defined elsewhere. */
export interface ExportFact {
  name: string;
  kind: DefinitionKind | 'reexport' | 'name';
  line: number;
}

/** A function with a name. */
export interface FunctionHead {
  name: string;
  kind: 'function' | 'method';
  /** How many it declares; a receiver, `self`, `cls` and `this` are none. */
  parameters: number;
}

/** How control flows, for cognitive complexity; see `../codebase-analyzer/cognitive.ts`. */
export interface Flow {
  /** Kinds that cost 1 and the level they stand at, and put what they enclose one level deeper. */
  readonly structures: ReadonlySet<string>;
  /** `if` in all its forms; what follows `else` at once is no level of its own. */
  readonly ifs: ReadonlySet<string>;
  /** Words that cost 1 and nothing for their level (`else`, `elif`), where their parent is one of `hybridParents`. */
  readonly hybrids: ReadonlySet<string>;
  readonly hybridParents: ReadonlySet<string>;
  /** Functions with and without a name. */
  readonly functions: ReadonlySet<string>;
  /** Words of logical operators, and the kinds that hold them. */
  readonly logical: ReadonlySet<string>;
  readonly logicalParents: ReadonlySet<string>;
  /** Jumps that cost 1 when they name where they go. */
  readonly jumps: ReadonlySet<string>;
  /** Calls: where the called name stands and on what it is called. Undefined for what is no call by name. */
  callOf(node: TreeNode): { name: string; receiver?: string } | undefined;
  readonly calls: ReadonlySet<string>;
}

export interface Grammar {
  /** The end of the name of its file: `tree-sitter-<parser>.wasm`. */
  readonly parser: string;
  /** Kinds to collect. */
  readonly kinds: ReadonlySet<string>;
  /** Kinds to collect only where this holds. */
  readonly conditions: Readonly<Record<string, (node: TreeNode) => boolean>>;
  /** Kinds that are one decision point each, as collected. */
  readonly decisions: ReadonlySet<string>;
  /** Kinds that put what they enclose one level deeper. */
  readonly nesting: ReadonlySet<string>;
  readonly comments: ReadonlySet<string>;
  readonly flow: Flow;
  /** True for an `if` that continues an `if`: a decision, but no deeper level. */
  isContinuedIf(node: SyntaxNode): boolean;
  functionOf(node: SyntaxNode): FunctionHead | undefined;
  /** What the node defines at module or class level; functions included. */
  definitionsOf(node: SyntaxNode): Definition[];
  importsOf(node: SyntaxNode): ImportFact[];
  /** `definitions` are those of the whole file. */
  exportsOf(nodes: readonly SyntaxNode[], definitions: readonly Definition[]): ExportFact[];
  /** The package or namespaces that the file says it belongs to. */
  packageOf?(nodes: readonly SyntaxNode[]): string | undefined;
}

/** Names around a definition that its container tells, the innermost ones: deeper nesting is no code of people. */
export const MAX_CONTAINERS = 12;

/** True for a binary node with one of the operators. */
export function hasOperator(...operators: readonly string[]): (node: TreeNode) => boolean {
  return (node) => operators.includes(node.field('operator')?.text() ?? '');
}

/** Where a node begins, counted from 1. */
export function placeOf(node: TreeNode): { line: number; column: number } {
  return node.place();
}

/** The text of a string literal without its quotes. */
export function unquoted(literal: TreeNode): string {
  return literal.text().replace(/^[A-Za-z]*("""|'''|["'`])([\s\S]*)\1$/, '$2');
}
