/**
 * What the analyzer must know of a language. A grammar names the few kinds of node that matter; only those cross from
 * the native parser, because each node costs microseconds and a file has tens of thousands.
 */
import type { Rule, SgNode } from '@ast-grep/napi';

/** A node that its grammar asked for. Lines and columns count from 1, offsets are UTF-16 units from 0. */
export interface SyntaxNode {
  readonly kind: string;
  readonly syntax: SgNode;
  /** The nearest enclosing node that was asked for. */
  readonly parent: SyntaxNode | undefined;
  readonly start: number;
  readonly end: number;
  readonly line: number;
  readonly endLine: number;
  readonly column: number;
}

/** `typeOnly`: erased when the code is compiled. `names`: what is imported, `*` for all, absent where nothing is named. */
export interface ImportFact {
  module: string;
  names?: string[];
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
  | 'variable';

export interface Definition {
  name: string;
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

export interface Grammar {
  /** The name the native parser has for it. */
  readonly parser: string;
  /** What to collect. */
  readonly rules: readonly Rule[];
  /** Kinds that are one decision point each, as collected. */
  readonly decisions: ReadonlySet<string>;
  /** Kinds that put what they enclose one level deeper. */
  readonly nesting: ReadonlySet<string>;
  readonly comments: ReadonlySet<string>;
  /** True for an `if` that continues an `if`: a decision, but no deeper level. */
  isContinuedIf(node: SyntaxNode): boolean;
  functionOf(node: SyntaxNode): FunctionHead | undefined;
  /** What the node defines at module or class level; functions included. */
  definitionsOf(node: SyntaxNode): Definition[];
  importsOf(node: SyntaxNode): ImportFact[];
  /** `definitions` are those of the whole file. */
  exportsOf(nodes: readonly SyntaxNode[], definitions: readonly Definition[]): ExportFact[];
}

/** A rule that matches any of the kinds. */
export function anyOf(...kinds: string[]): Rule {
  return { any: kinds.map((kind) => ({ kind })) };
}

/** Where a node begins, counted from 1. */
export function placeOf(node: SgNode): { line: number; column: number } {
  const { line, column } = node.range().start;
  return { line: line + 1, column: column + 1 };
}

/** The text of a string literal without its quotes. */
export function unquoted(literal: SgNode): string {
  return literal.text().replace(/^[A-Za-z]*("""|'''|["'`])([\s\S]*)\1$/, '$2');
}
