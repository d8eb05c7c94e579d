/**
 * Python. Lambdas count to the function around them; comprehensions count like the loops and conditions they are.
 * Exported is what `__all__` lists, else every top-level name without a leading underscore.
 */
import { calledBy } from './calls.ts';
import type { TreeNode } from './flat-tree.ts';
import {
  type Definition,
  type ExportFact,
  type Flow,
  type FunctionHead,
  type Grammar,
  type ImportFact,
  MAX_CONTAINERS,
  placeOf,
  type SyntaxNode,
  unquoted,
} from './grammar.ts';

const DECISIONS = [
  'if_statement',
  'elif_clause',
  'for_statement',
  'while_statement',
  'except_clause',
  'conditional_expression',
  'boolean_operator',
  'for_in_clause',
  'if_clause',
];
const NESTING = [
  'if_statement',
  'for_statement',
  'while_statement',
  'try_statement',
  'with_statement',
  'match_statement',
];
const IMPORTS = ['import_statement', 'import_from_statement', 'future_import_statement'];

const PYTHON_FLOW: Flow = {
  structures: new Set([
    'for_statement',
    'while_statement',
    'except_clause',
    'conditional_expression',
    'match_statement',
  ]),
  ifs: new Set(['if_statement']),
  hybrids: new Set(['elif', 'else']),
  hybridParents: new Set(['elif_clause', 'else_clause']),
  functions: new Set(['function_definition', 'lambda']),
  logical: new Set(['and', 'or']),
  logicalParents: new Set(['boolean_operator']),
  jumps: new Set(),
  calls: new Set(['call']),
  callOf: (node) => calledBy(node.field('function'), { object: 'object', member: 'attribute' }),
};

export const pythonGrammar: Grammar = {
  parser: 'python',
  kinds: new Set([
    ...DECISIONS,
    ...NESTING,
    ...IMPORTS,
    ...['comment', 'function_definition', 'class_definition', 'type_alias_statement'],
  ]),
  conditions: {
    string: (node) => node.parent()?.is('expression_statement') ?? false,
    assignment: isOfModuleOrClass,
    // `case _:` is the default branch, which is no decision.
    case_clause: (node) =>
      !node.children().some((child) => child.is('case_pattern') && child.text() === '_'),
  },
  decisions: new Set([...DECISIONS, 'case_clause']),
  nesting: new Set(NESTING),
  // A string that stands alone is a docstring.
  comments: new Set(['comment', 'string']),
  flow: PYTHON_FLOW,
  isContinuedIf: () => false,
  functionOf,
  definitionsOf,
  importsOf,
  exportsOf,
};

/** Directly in a module or a class, also in a block of theirs. */
function isOfModuleOrClass(assignment: TreeNode): boolean {
  if (!assignment.parent()?.is('expression_statement')) return false;
  for (let outer = assignment.parent(); outer !== null; outer = outer.parent()) {
    const kind = outer.kind();
    if (kind === 'module') return true;
    if (kind === 'class_definition') return true;
    if (kind === 'function_definition' || kind === 'lambda') return false;
  }
  return false;
}

function ownerOf(node: SyntaxNode): SyntaxNode | undefined {
  return node.parent?.kind === 'class_definition' ? node.parent : undefined;
}

function functionOf(node: SyntaxNode): FunctionHead | undefined {
  if (node.kind !== 'function_definition') return undefined;
  const name = node.syntax.field('name')?.text() ?? '';
  const owner = ownerOf(node);
  const parameters = countParameters(node.syntax, owner !== undefined);
  if (owner === undefined) return { name, kind: 'function', parameters };
  return { name: `${owner.syntax.field('name')?.text()}.${name}`, kind: 'method', parameters };
}

function countParameters(definition: TreeNode, isMethod: boolean): number {
  const declared = (definition.field('parameters')?.namedChildren() ?? []).filter(
    (node) => !/^(comment|keyword_separator|positional_separator)$/.test(String(node.kind())),
  );
  const hasReceiver = isMethod && /^(self|cls)$/.test(declared[0]?.text() ?? '');
  return hasReceiver ? declared.length - 1 : declared.length;
}

function definitionsOf(node: SyntaxNode): Definition[] {
  if (node.kind === 'assignment') return assigned(node);
  if (node.kind === 'type_alias_statement') return aliased(node.syntax);
  const name = node.syntax.field('name');
  if (name === null) return [];
  const head = functionOf(node);
  const container = containerOf(node);
  const within = container === '' ? {} : { container };
  if (head !== undefined)
    return [{ name: head.name, ...within, kind: head.kind, ...placeOf(name) }];
  return node.kind === 'class_definition'
    ? [{ name: name.text(), ...within, kind: 'class', ...placeOf(name) }]
    : [];
}

/** Names of the classes and functions around a node, joined by dots. */
function containerOf(node: SyntaxNode): string {
  const names: string[] = [];
  for (
    let outer = node.parent;
    outer !== undefined && names.length < MAX_CONTAINERS;
    outer = outer.parent
  ) {
    if (/^(class|function)_definition$/.test(outer.kind))
      names.unshift(outer.syntax.field('name')?.text() ?? '');
  }
  return names.join('.');
}

function aliased(statement: TreeNode): Definition[] {
  const name = statement.field('left');
  return name === null ? [] : [{ name: name.text(), kind: 'type', ...placeOf(name) }];
}

function assigned(node: SyntaxNode): Definition[] {
  const container = containerOf(node);
  const prefix = container === '' ? '' : `${container.slice(container.lastIndexOf('.') + 1)}.`;
  const left = node.syntax.field('left');
  if (left === null) return [];
  const names = left.is('identifier')
    ? [left]
    : left.namedChildren().filter((child) => child.is('identifier'));
  const isPattern =
    left.is('identifier') || /(pattern_list|tuple_pattern|list_pattern)/.test(String(left.kind()));
  if (!isPattern) return [];
  const within = container === '' ? {} : { container };
  const kind = container === '' ? 'variable' : 'field';
  return names.map((name) => ({ name: prefix + name.text(), ...within, kind, ...placeOf(name) }));
}

function importsOf({ kind, syntax, line }: SyntaxNode): ImportFact[] {
  if (kind === 'import_statement') {
    return syntax.fieldChildren('name').map((name) => {
      const module = importedName(name);
      return { module, as: name.field('alias')?.text() ?? module, line };
    });
  }
  if (kind !== 'import_from_statement' && kind !== 'future_import_statement') return [];
  const isWildcard = syntax.namedChildren().some((child) => child.is('wildcard_import'));
  const names = isWildcard ? ['*'] : syntax.fieldChildren('name').map(importedName);
  return [{ module: syntax.field('module_name')?.text() ?? '__future__', names, line }];
}

function importedName(name: TreeNode): string {
  return (name.is('aliased_import') ? name.field('name') : name)?.text() ?? '';
}

function exportsOf(nodes: readonly SyntaxNode[], definitions: readonly Definition[]): ExportFact[] {
  const topLevel = topLevelDefinitions(nodes);
  const list = nodes.find(
    (node) => node.kind === 'assignment' && node.syntax.field('left')?.text() === '__all__',
  );
  if (list === undefined) {
    return topLevel
      .filter(({ name }) => !name.startsWith('_'))
      .map(({ name, kind, line }) => ({ name, kind, line }));
  }
  const literals = list.syntax.field('right')?.namedChildren() ?? [];
  return literals
    .filter((literal) => literal.is('string'))
    .map((literal) => {
      const name = unquoted(literal);
      const known = definitions.find((definition) => definition.name === name);
      return { name, kind: known?.kind ?? 'name', line: known?.line ?? placeOf(literal).line };
    });
}

/** Names of the module itself, the first definition of each, also under an `if` or `try`. */
function topLevelDefinitions(nodes: readonly SyntaxNode[]): Definition[] {
  const byName = new Map<string, Definition>();
  for (const node of nodes) {
    if (hasOwner(node)) continue;
    for (const definition of definitionsOf(node)) {
      if (!byName.has(definition.name)) byName.set(definition.name, definition);
    }
  }
  return [...byName.values()];
}

function hasOwner(node: SyntaxNode): boolean {
  for (let outer = node.parent; outer !== undefined; outer = outer.parent) {
    if (outer.kind === 'class_definition' || outer.kind === 'function_definition') return true;
  }
  return false;
}
