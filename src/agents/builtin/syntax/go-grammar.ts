/**
 * Go. Function literals count to the function around them, except the value of a top-level variable.
 * Exported is what begins with an upper-case letter.
 */
import type { SgNode } from '@ast-grep/napi';
import {
  anyOf,
  type Definition,
  type DefinitionKind,
  type ExportFact,
  type FunctionHead,
  type Grammar,
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
const VALUES = new Set(['const_spec', 'var_spec']);

export const goGrammar: Grammar = {
  parser: 'go',
  rules: [
    anyOf(...new Set([...DECISIONS, ...NESTING])),
    anyOf('comment', 'function_declaration', 'method_declaration', 'import_spec'),
    anyOf(...TYPES, ...VALUES),
    { kind: 'binary_expression', has: { field: 'operator', regex: '^(&&|\\|\\|)$' } },
  ],
  decisions: new Set([...DECISIONS, 'binary_expression']),
  nesting: new Set(NESTING),
  comments: new Set(['comment']),
  isContinuedIf: (node) =>
    node.kind === 'if_statement' && node.syntax.parent()?.kind() === 'if_statement',
  functionOf,
  definitionsOf,
  importsOf,
  exportsOf: exportsOfGo,
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
function functionVariable(spec: SgNode): FunctionHead | undefined {
  const names = spec.fieldChildren('name');
  const value = spec.field('value')?.namedChildren()[0];
  if (names.length !== 1 || value === undefined || !value.is('func_literal')) return undefined;
  return { name: names[0]?.text() ?? '', kind: 'function', parameters: countParameters(value) };
}

function receiverType(method: SgNode): string {
  const receiver = method.field('receiver')?.namedChildren()[0]?.field('type')?.text() ?? '';
  return receiver.replace(/^[*\s(]+/, '').replace(/[[)][\s\S]*$/, '');
}

/** `a, b int` declares two, `int` alone one. */
function countParameters(declaration: SgNode): number {
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
  if (head !== undefined && name !== null)
    return [{ name: head.name, kind: head.kind, ...placeOf(name) }];
  const isLocal = node.parent !== undefined;
  if (isLocal || name === null) return [];
  if (TYPES.has(kind)) return [{ name: name.text(), kind: kindOfType(syntax), ...placeOf(name) }];
  if (!VALUES.has(kind)) return [];
  return syntax
    .fieldChildren('name')
    .filter((found) => found.is('identifier') && found.text() !== '_')
    .map((found) => ({ name: found.text(), kind: 'variable', ...placeOf(found) }));
}

function kindOfType(spec: SgNode): DefinitionKind {
  const type = String(spec.field('type')?.kind() ?? '');
  if (type === 'struct_type') return 'class';
  return type === 'interface_type' ? 'interface' : 'type';
}

function importsOf({ kind, syntax, line }: SyntaxNode): ImportFact[] {
  const path = kind === 'import_spec' ? syntax.field('path') : null;
  return path === null ? [] : [{ module: unquoted(path), line }];
}

function exportsOfGo(
  _nodes: readonly SyntaxNode[],
  definitions: readonly Definition[],
): ExportFact[] {
  return definitions
    .filter(({ name }) => name.split('.').every((part) => /^\p{Lu}/u.test(part)))
    .map(({ name, kind, line }) => ({ name, kind, line }));
}
