/**
 * TypeScript, TSX and JavaScript.
 * A function has a name when it is declared with one, is a method, or is the value of a variable, a field, a property
 * or an assignment. Callbacks without a name count to the function around them.
 */
import { calledBy } from './calls.ts';
import type { TreeNode } from './flat-tree.ts';
import {
  type Definition,
  type DefinitionKind,
  type Flow,
  type FunctionHead,
  type Grammar,
  hasOperator,
  MAX_CONTAINERS,
  placeOf,
  type SyntaxNode,
} from './grammar.ts';
import { exportsOfScript, importsOfScript } from './script-modules.ts';

const FUNCTION_VALUE_KINDS = new Set([
  'arrow_function',
  'function_expression',
  'generator_function',
]);
const DECLARED = new Set([
  'function_declaration',
  'generator_function_declaration',
  'method_definition',
]);
/** Nodes that name a function value, and the fields of its name and value. */
const HOLDERS: Readonly<Record<string, { name: string; value: string }>> = {
  variable_declarator: { name: 'name', value: 'value' },
  public_field_definition: { name: 'name', value: 'value' },
  field_definition: { name: 'property', value: 'value' },
  pair: { name: 'key', value: 'value' },
  assignment_expression: { name: 'left', value: 'right' },
};
const CLASSES = new Set(['class_declaration', 'abstract_class_declaration', 'class']);
const DEFINING: Readonly<Record<string, DefinitionKind>> = {
  class_declaration: 'class',
  abstract_class_declaration: 'class',
  interface_declaration: 'interface',
  type_alias_declaration: 'type',
  enum_declaration: 'enum',
  internal_module: 'namespace',
  function_signature: 'function',
};
const DECISIONS = [
  'if_statement',
  'for_statement',
  'for_in_statement',
  'while_statement',
  'do_statement',
  'switch_case',
  'catch_clause',
  'ternary_expression',
];
const NESTING = [
  'if_statement',
  'for_statement',
  'for_in_statement',
  'while_statement',
  'do_statement',
  'switch_statement',
  'try_statement',
];

const MEMBERS: Readonly<Record<string, DefinitionKind>> = {
  public_field_definition: 'field',
  field_definition: 'field',
  property_signature: 'field',
  method_signature: 'method',
  abstract_method_signature: 'method',
};
const MEMBER_OWNERS = new Set([
  ...CLASSES,
  ...['interface_declaration', 'type_alias_declaration', 'enum_declaration'],
]);

const KINDS: ReadonlySet<string> = new Set([
  ...DECISIONS,
  ...NESTING,
  ...DECLARED,
  ...CLASSES,
  ...Object.keys(DEFINING),
  ...Object.keys(MEMBERS),
  ...['comment', 'hash_bang_line', 'import_statement', 'export_statement', 'enum_assignment'],
]);

const CONDITIONS: Readonly<Record<string, (node: TreeNode) => boolean>> = {
  binary_expression: hasOperator('&&', '||', '??'),
  augmented_assignment_expression: hasOperator('&&=', '||=', '??='),
  variable_declarator: (node) => hasFunction(node, 'value') || isTopLevelVariable(node),
  pair: (node) => hasFunction(node, 'value'),
  assignment_expression: (node) =>
    hasFunction(node, 'right') || /^(module\.)?exports\b/.test(startOf(node.field('left'))),
  call_expression: (node) => /^(require|import)$/.test(startOf(node.field('function'))),
  property_identifier: (node) => node.parent()?.is('enum_body') ?? false,
};

function startOf(node: TreeNode | null): string {
  return node === null
    ? ''
    : node.tree.text.slice(
        node.tree.start(node.index),
        Math.min(node.tree.end(node.index), node.tree.start(node.index) + 500),
      );
}

function hasFunction(node: TreeNode, field: string): boolean {
  return FUNCTION_VALUE_KINDS.has(node.field(field)?.kind() ?? '');
}

function isTopLevelVariable(node: TreeNode): boolean {
  const declaration = node.parent();
  if (!declaration?.is('lexical_declaration', 'variable_declaration')) return false;
  const outer = declaration.parent();
  if (outer?.is('statement_block') && outer.parent()?.is('internal_module')) return true;
  return outer?.is('program', 'export_statement', 'ambient_declaration') ?? false;
}

const SCRIPT_FLOW: Flow = {
  structures: new Set([
    'for_statement',
    'for_in_statement',
    'while_statement',
    'do_statement',
    'switch_statement',
    'catch_clause',
    'ternary_expression',
  ]),
  ifs: new Set(['if_statement']),
  hybrids: new Set(['else']),
  hybridParents: new Set(['else_clause']),
  functions: new Set([...DECLARED, ...FUNCTION_VALUE_KINDS]),
  logical: new Set(['&&', '||']),
  logicalParents: new Set(['binary_expression']),
  jumps: new Set(['break_statement', 'continue_statement']),
  calls: new Set(['call_expression', 'new_expression']),
  callOf: (node) =>
    calledBy(node.field(node.is('new_expression') ? 'constructor' : 'function'), {
      object: 'object',
      member: 'property',
    }),
};

/** The three dialects; they differ in their parsers. */
export const scriptGrammars: Readonly<Record<'typescript' | 'tsx' | 'javascript', Grammar>> = {
  typescript: dialect('typescript'),
  tsx: dialect('tsx'),
  javascript: dialect('javascript'),
};

function dialect(parser: string): Grammar {
  return {
    parser,
    kinds: KINDS,
    conditions: CONDITIONS,
    decisions: new Set([...DECISIONS, 'binary_expression', 'augmented_assignment_expression']),
    nesting: new Set(NESTING),
    comments: new Set(['comment', 'hash_bang_line']),
    flow: SCRIPT_FLOW,
    isContinuedIf: (node) =>
      node.kind === 'if_statement' && node.syntax.parent()?.kind() === 'else_clause',
    functionOf,
    definitionsOf,
    importsOf: importsOfScript,
    exportsOf: exportsOfScript,
  };
}

function functionOf(node: SyntaxNode): FunctionHead | undefined {
  const found = namedFunction(node);
  if (found === undefined) return undefined;
  const owner =
    node.parent !== undefined && CLASSES.has(node.parent.kind) ? node.parent : undefined;
  const name = owner === undefined ? found.name : `${className(owner)}.${found.name}`;
  const kind = owner === undefined ? 'function' : 'method';
  return { name, kind, parameters: countParameters(found.code) };
}

/** The function's name and the node that has its parameters. */
function namedFunction({ kind, syntax }: SyntaxNode): { name: string; code: TreeNode } | undefined {
  if (DECLARED.has(kind)) return { name: nameText(syntax.field('name')), code: syntax };
  if (kind === 'export_statement') {
    const code = syntax.field('value');
    const isFunction = code !== null && FUNCTION_VALUE_KINDS.has(code.kind());
    return isFunction ? { name: nameText(code.field('name'), 'default'), code } : undefined;
  }
  const holder = HOLDERS[kind];
  const code = holder === undefined ? null : syntax.field(holder.value);
  if (holder === undefined || code === null || !FUNCTION_VALUE_KINDS.has(code.kind()))
    return undefined;
  return { name: nameText(syntax.field(holder.name)), code };
}

/** `module.exports.a` and `A.prototype.b` keep their path; computed and quoted names lose their marks. */
function nameText(name: TreeNode | null, absent = '(anonymous)'): string {
  if (name === null) return absent;
  return name.text().replace(/^\[?["'`]?([\s\S]*?)["'`]?\]?$/, '$1');
}

function className(node: SyntaxNode): string {
  const own = node.syntax.field('name');
  if (own !== null) return own.text();
  const holder =
    node.parent?.kind === 'variable_declarator' ? node.parent.syntax.field('name') : null;
  return nameText(holder);
}

function countParameters(code: TreeNode): number {
  if (code.field('parameter') !== null) return 1;
  const parameters = code.field('parameters')?.namedChildren() ?? [];
  return parameters.filter((node) => node.kind() !== 'comment' && !/^this\b/.test(node.text()))
    .length;
}

function definitionsOf(node: SyntaxNode): Definition[] {
  const container = containerOf(node);
  const within = container === '' ? {} : { container };
  const head = functionOf(node);
  if (head !== undefined && node.kind !== 'pair') {
    return [{ name: head.name, ...within, kind: head.kind, ...placeOf(nameNode(node)) }];
  }
  if (node.kind === 'variable_declarator') {
    return variables(node).map((one) => ({ ...one, ...within }));
  }
  const member = memberOf(node);
  if (member !== undefined) return [{ ...member, ...within }];
  const kind = DEFINING[node.kind];
  const name = node.syntax.field('name');
  return kind === undefined || name === null
    ? []
    : [{ name: name.text(), ...within, kind, ...placeOf(name) }];
}

/** Fields, signatures and enum members. */
function memberOf(node: SyntaxNode): Definition | undefined {
  const owner = node.parent;
  if (owner === undefined || !MEMBER_OWNERS.has(owner.kind)) return undefined;
  const isEnum = owner.kind === 'enum_declaration';
  const kind = isEnum ? 'enum-member' : MEMBERS[node.kind];
  const isName = node.kind === 'property_identifier';
  const name = isName ? node.syntax : (node.syntax.field('name') ?? node.syntax.field('property'));
  if (kind === undefined || name === null) return undefined;
  return { name: `${className(owner)}.${nameText(name)}`, kind, ...placeOf(name) };
}

/** The classes, interfaces, namespaces and functions around a node, joined by dots. */
function containerOf(node: SyntaxNode): string {
  const names: string[] = [];
  for (
    let outer = node.parent;
    outer !== undefined && names.length < MAX_CONTAINERS;
    outer = outer.parent
  ) {
    if (MEMBER_OWNERS.has(outer.kind) || outer.kind === 'internal_module')
      names.unshift(className(outer));
    else {
      const found = namedFunction(outer);
      if (found !== undefined) names.unshift(found.name);
    }
  }
  return names.join('.');
}

function nameNode(node: SyntaxNode): TreeNode {
  const field = HOLDERS[node.kind]?.name ?? 'name';
  return node.syntax.field(field) ?? node.syntax;
}

function variables(node: SyntaxNode): Definition[] {
  const name = node.syntax.field('name');
  if (name === null) return [];
  const names = name.is('identifier')
    ? [name]
    : name.findAll('identifier', 'shorthand_property_identifier_pattern');
  return names.map((found) => ({ name: found.text(), kind: 'variable', ...placeOf(found) }));
}
