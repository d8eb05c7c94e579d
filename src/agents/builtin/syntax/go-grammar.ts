/**
 * Go. Function literals count to the function around them, except the value of a top-level variable.
 * Exported is what begins with an upper-case letter.
 */
import { calledBy } from './calls.ts';
import type { TreeNode } from './flat-tree.ts';
import {
  type Definition,
  type DefinitionKind,
  type ExportFact,
  type Flow,
  type FunctionHead,
  type Grammar,
  hasOperator,
  type ImportFact,
  placeOf,
  type SyntaxNode,
  unquoted,
} from './grammar.ts';

const DECISIONS = [
  'if_statement',
  'for_statement',
  'expression_case',
  'type_case',
  'communication_case',
];
const NESTING = [
  'if_statement',
  'for_statement',
  'expression_switch_statement',
  'type_switch_statement',
  'select_statement',
];
const TYPES = new Set(['type_spec', 'type_alias']);
const MEMBERS: ReadonlySet<string> = new Set(['field']);
const VALUES = new Set(['const_spec', 'var_spec']);

const GO_FLOW: Flow = {
  structures: new Set([
    'for_statement',
    'expression_switch_statement',
    'type_switch_statement',
    'select_statement',
  ]),
  ifs: new Set(['if_statement']),
  hybrids: new Set(['else']),
  hybridParents: new Set(['if_statement']),
  functions: new Set(['function_declaration', 'method_declaration', 'func_literal']),
  logical: new Set(['&&', '||']),
  logicalParents: new Set(['binary_expression']),
  jumps: new Set(['break_statement', 'continue_statement', 'goto_statement']),
  calls: new Set(['call_expression']),
  callOf: (node) => calledBy(node.field('function'), { object: 'operand', member: 'field' }),
};

export const goGrammar: Grammar = {
  parser: 'go',
  kinds: new Set([
    ...DECISIONS,
    ...NESTING,
    ...TYPES,
    ...VALUES,
    ...['comment', 'function_declaration', 'method_declaration', 'import_spec', 'package_clause'],
    ...['field_declaration', 'method_elem'],
  ]),
  conditions: { binary_expression: hasOperator('&&', '||') },
  decisions: new Set([...DECISIONS, 'binary_expression']),
  nesting: new Set(NESTING),
  comments: new Set(['comment']),
  flow: GO_FLOW,
  isContinuedIf: (node) =>
    node.kind === 'if_statement' && node.syntax.parent()?.kind() === 'if_statement',
  functionOf,
  definitionsOf,
  importsOf,
  exportsOf: exportsOfGo,
  packageOf: (nodes) =>
    nodes
      .find(({ kind }) => kind === 'package_clause')
      ?.syntax.namedChildren()[0]
      ?.text(),
};

function functionOf(node: SyntaxNode): FunctionHead | undefined {
  const { kind, syntax, parent } = node;
  if (kind === 'var_spec' && parent === undefined) return functionVariable(syntax);
  if (kind !== 'function_declaration' && kind !== 'method_declaration') return undefined;
  const name = syntax.field('name')?.text() ?? '';
  const parameters = countParameters(syntax);
  if (kind === 'function_declaration') return { name, kind: 'function', parameters };
  return { name: `${receiverType(syntax)}.${name}`, kind: 'method', parameters };
}

/** `var f = func() {...}` with one name. */
function functionVariable(spec: TreeNode): FunctionHead | undefined {
  const names = spec.fieldChildren('name');
  const value = spec.field('value')?.namedChildren()[0];
  if (names.length !== 1 || value === undefined || !value.is('func_literal')) return undefined;
  return { name: names[0]?.text() ?? '', kind: 'function', parameters: countParameters(value) };
}

function receiverType(method: TreeNode): string {
  const receiver = method.field('receiver')?.namedChildren()[0]?.field('type')?.text() ?? '';
  return receiver.replace(/^[*\s(]+/, '').replace(/[[)][\s\S]*$/, '');
}

/** `a, b int` declares two, `int` alone one. */
function countParameters(declaration: TreeNode): number {
  const groups = declaration.field('parameters')?.namedChildren() ?? [];
  return groups
    .filter((group) => !group.is('comment'))
    .reduce(
      (sum, group) =>
        sum + Math.max(1, group.fieldChildren('name').filter((name) => name.isNamed()).length),
      0,
    );
}

function definitionsOf(node: SyntaxNode): Definition[] {
  const { kind, syntax } = node;
  const head = functionOf(node);
  const name = syntax.field('name');
  if (head !== undefined && name !== null) {
    const container = head.kind === 'method' ? { container: receiverType(syntax) } : {};
    return [{ name: head.name, ...container, kind: head.kind, ...placeOf(name) }];
  }
  if (kind === 'field_declaration' || kind === 'method_elem') return membersOf(node);
  const isLocal = node.parent !== undefined;
  if (isLocal || name === null) return [];
  if (TYPES.has(kind)) return [{ name: name.text(), kind: kindOfType(syntax), ...placeOf(name) }];
  if (!VALUES.has(kind)) return [];
  return syntax
    .fieldChildren('name')
    .filter((found) => found.is('identifier') && found.text() !== '_')
    .map((found) => ({ name: found.text(), kind: 'variable', ...placeOf(found) }));
}

/** Fields of a struct and methods of an interface, of types at the top of the file. */
function membersOf({ kind, syntax, parent }: SyntaxNode): Definition[] {
  if (parent === undefined || parent.parent !== undefined || !TYPES.has(parent.kind)) return [];
  const container = parent.syntax.field('name')?.text() ?? '';
  return syntax.fieldChildren('name').map((name) => ({
    name: `${container}.${name.text()}`,
    container,
    kind: kind === 'method_elem' ? 'method' : 'field',
    ...placeOf(name),
  }));
}

function kindOfType(spec: TreeNode): DefinitionKind {
  const type = String(spec.field('type')?.kind() ?? '');
  if (type === 'struct_type') return 'class';
  return type === 'interface_type' ? 'interface' : 'type';
}

function importsOf({ kind, syntax, line }: SyntaxNode): ImportFact[] {
  const path = kind === 'import_spec' ? syntax.field('path') : null;
  if (path === null) return [];
  const module = unquoted(path);
  const own = syntax.field('name')?.text();
  // Without a name of its own a package is called by the last part of its path, a version left out.
  const implied = module.replace(/\/v\d+$/, '').replace(/^.*\//, '');
  return [{ module, as: own ?? implied, line }];
}

function exportsOfGo(
  _nodes: readonly SyntaxNode[],
  definitions: readonly Definition[],
): ExportFact[] {
  return definitions
    .filter(
      ({ kind, name }) =>
        !MEMBERS.has(kind) && name.split('.').every((part) => /^\p{Lu}/u.test(part)),
    )
    .map(({ name, kind, line }) => ({ name, kind, line }));
}
