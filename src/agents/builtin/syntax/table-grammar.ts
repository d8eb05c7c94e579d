/**
 * Grammars of languages whose definitions stand in declarations, as tables: which kinds define what, which hold others.
 * A function is named `Class.method` inside of a class, by its own name elsewhere; local variables are no definitions.
 */
import type { TreeNode } from './flat-tree.ts';
import {
  type Definition,
  type DefinitionKind,
  type ExportFact,
  type Flow,
  type FunctionHead,
  type Grammar,
  type ImportFact,
  MAX_CONTAINERS,
  placeOf,
  type SyntaxNode,
} from './grammar.ts';

export interface LanguageTable {
  parser: string;
  decisions: readonly string[];
  /** Decisions and definitions that count only where the condition holds. */
  conditions?: Readonly<Record<string, (node: TreeNode) => boolean>>;
  nesting: readonly string[];
  comments: readonly string[];
  flow: Flow;
  /** Kinds with the name of a function and its code; without code they only define. */
  functions: readonly string[];
  /** What each kind defines, functions left out. */
  definitions: Readonly<Record<string, DefinitionKind>>;
  /** Kinds that give their name to what they hold: classes, interfaces, namespaces. */
  containers: readonly string[];
  /** Of the containers, those that are no part of a method's name. */
  namespaces?: readonly string[];
  /** Kinds in which nothing but functions and types is defined. */
  locals?: readonly string[];
  imports: readonly string[];
  importsOf(node: SyntaxNode): ImportFact[];
  /** Where the names stand. Default: the field `name`. */
  namesOf?(node: TreeNode): TreeNode[];
  /** The name of a container or function, where the node's text is not it. */
  textOf?(name: TreeNode): string;
  /** The class that a function belongs to by its own words (`void A::b()`). */
  ownerOf?(node: TreeNode): string | undefined;
  /** Whether a function has code. Default: it has a field `body`. */
  hasCode?(node: TreeNode): boolean;
  parametersOf?(node: TreeNode): number;
  isExported?(node: TreeNode): boolean;
  isContinuedIf?(node: TreeNode): boolean;
  packageOf?(nodes: readonly SyntaxNode[]): string | undefined;
}

const TYPES: ReadonlySet<DefinitionKind> = new Set([
  'class',
  'interface',
  'enum',
  'type',
  'namespace',
  'macro',
]);

/** See `LanguageTable`. */
export function tableGrammar(table: LanguageTable): Grammar {
  const reader = new TableReader(table);
  return {
    parser: table.parser,
    kinds: new Set([
      ...table.decisions,
      ...table.nesting,
      ...table.comments,
      ...table.functions,
      ...table.containers,
      ...table.imports,
      ...Object.keys(table.definitions),
    ]),
    conditions: table.conditions ?? {},
    decisions: new Set([...table.decisions, ...conditionalDecisions(table)]),
    nesting: new Set(table.nesting),
    comments: new Set(table.comments),
    flow: table.flow,
    isContinuedIf: ({ syntax }) => table.isContinuedIf?.(syntax) ?? false,
    functionOf: (node) => reader.functionOf(node),
    definitionsOf: (node) => reader.definitionsOf(node),
    importsOf: (node) => (table.imports.includes(node.kind) ? table.importsOf(node) : []),
    exportsOf: (nodes) => reader.exportsOf(nodes),
    ...(table.packageOf === undefined ? {} : { packageOf: table.packageOf }),
  };
}

/** What counts only under a condition and defines nothing is a decision. */
function conditionalDecisions({ conditions = {}, definitions }: LanguageTable): string[] {
  return Object.keys(conditions).filter((kind) => !Object.hasOwn(definitions, kind));
}

class TableReader {
  readonly #table: LanguageTable;
  readonly #functions: ReadonlySet<string>;
  readonly #containers: ReadonlySet<string>;
  readonly #namespaces: ReadonlySet<string>;
  readonly #locals: ReadonlySet<string>;

  constructor(table: LanguageTable) {
    this.#table = table;
    this.#functions = new Set(table.functions);
    this.#containers = new Set(table.containers);
    this.#namespaces = new Set(table.namespaces ?? []);
    this.#locals = new Set(table.locals ?? table.functions);
  }

  functionOf(node: SyntaxNode): FunctionHead | undefined {
    if (!this.#functions.has(node.kind) || !this.#hasCode(node.syntax)) return undefined;
    const [name] = this.#namesOf(node.syntax);
    if (name === undefined) return undefined;
    const owner = this.#ownerOf(node);
    const parameters = this.#table.parametersOf?.(node.syntax) ?? countParameters(node.syntax);
    const text = this.#textOf(name);
    return owner === undefined
      ? { name: text, kind: 'function', parameters }
      : { name: `${owner}.${text}`, kind: 'method', parameters };
  }

  definitionsOf(node: SyntaxNode): Definition[] {
    const isFunction = this.#functions.has(node.kind);
    const kind = isFunction ? 'function' : this.#table.definitions[node.kind];
    if (kind === undefined) return [];
    if (!isFunction && !TYPES.has(kind) && this.#isLocal(node)) return [];
    const owner = this.#ownerOf(node);
    const path = this.#pathOf(node, owner);
    const within = path === '' ? {} : { container: path };
    return this.#namesOf(node.syntax).map((name) => {
      const text = this.#textOf(name);
      const isMember = owner !== undefined && !TYPES.has(kind);
      return {
        name: isMember ? `${owner}.${text}` : text,
        ...within,
        kind: memberKind(kind, isMember),
        ...placeOf(name),
      };
    });
  }

  exportsOf(nodes: readonly SyntaxNode[]): ExportFact[] {
    const isExported = this.#table.isExported ?? (() => true);
    return nodes.flatMap((node) => {
      if (this.#isLocal(node) || !isExported(node.syntax)) return [];
      const found = this.definitionsOf(node).filter(({ kind }) => EXPORTED.has(kind));
      return found.map(({ name, kind, line }) => ({ name, kind, line }));
    });
  }

  #hasCode(node: TreeNode): boolean {
    return this.#table.hasCode?.(node) ?? node.field('body') !== null;
  }

  #namesOf(node: TreeNode): TreeNode[] {
    if (this.#table.namesOf !== undefined) return this.#table.namesOf(node);
    const name = node.field('name');
    return name === null ? [] : [name];
  }

  #textOf(name: TreeNode): string {
    return this.#table.textOf?.(name) ?? name.text();
  }

  /** The class that holds the node directly, past kinds that hold nothing; undefined in a namespace or a function. */
  #ownerOf(node: SyntaxNode): string | undefined {
    const own = this.#table.ownerOf?.(node.syntax);
    if (own !== undefined) return own;
    for (let outer = node.parent; outer !== undefined; outer = outer.parent) {
      if (this.#namespaces.has(outer.kind) || this.#locals.has(outer.kind)) return undefined;
      if (this.#containers.has(outer.kind)) return this.#containerName(outer);
    }
    return undefined;
  }

  #containerName(node: SyntaxNode): string {
    const [name] = this.#namesOf(node.syntax);
    return name === undefined ? '(anonymous)' : this.#textOf(name);
  }

  #pathOf(node: SyntaxNode, owner: string | undefined): string {
    const names: string[] = [];
    let outer = node.parent;
    for (; outer !== undefined && names.length < MAX_CONTAINERS; outer = outer.parent) {
      const isFunction = this.#functions.has(outer.kind);
      if (this.#containers.has(outer.kind) || isFunction) names.unshift(this.#containerName(outer));
    }
    if (owner !== undefined && names.at(-1) !== owner) names.push(owner);
    return names.join('.');
  }

  #isLocal(node: SyntaxNode): boolean {
    for (let outer = node.parent; outer !== undefined; outer = outer.parent) {
      if (this.#locals.has(outer.kind)) return true;
      if (this.#containers.has(outer.kind)) return false;
    }
    return false;
  }
}

const EXPORTED: ReadonlySet<DefinitionKind> = new Set([
  'class',
  'interface',
  'enum',
  'type',
  'function',
  'method',
  'macro',
]);

function memberKind(kind: DefinitionKind, isMember: boolean): DefinitionKind {
  if (!isMember) return kind === 'field' ? 'variable' : kind;
  if (kind === 'function') return 'method';
  return kind === 'variable' ? 'field' : kind;
}

function countParameters(node: TreeNode): number {
  const list = node.field('parameters');
  return (list?.namedChildren() ?? []).filter((child) => !/comment$|attribute/.test(child.kind()))
    .length;
}
