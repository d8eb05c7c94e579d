/** PHP. Closures count to the function around them; exported is all that is not private. */
import { calledBy } from './calls.ts';
import type { TreeNode } from './flat-tree.ts';
import { hasOperator, type ImportFact, type SyntaxNode, unquoted } from './grammar.ts';
import { tableGrammar } from './table-grammar.ts';

const LOOPS = ['for_statement', 'foreach_statement', 'while_statement', 'do_statement'];
const LAMBDAS = ['anonymous_function', 'arrow_function'];
const TYPES = [
  'class_declaration',
  'interface_declaration',
  'trait_declaration',
  'enum_declaration',
];
const INCLUDES = [
  'include_expression',
  'include_once_expression',
  'require_expression',
  'require_once_expression',
];

export const phpGrammar = tableGrammar({
  parser: 'php',
  decisions: [
    'if_statement',
    'else_if_clause',
    ...LOOPS,
    ...['case_statement', 'match_conditional_expression', 'catch_clause'],
    'conditional_expression',
  ],
  conditions: { binary_expression: hasOperator('&&', '||', '??', 'and', 'or', 'xor') },
  nesting: ['if_statement', ...LOOPS, 'switch_statement', 'match_expression', 'try_statement'],
  comments: ['comment'],
  flow: {
    structures: new Set([
      ...LOOPS,
      ...['switch_statement', 'match_expression', 'catch_clause', 'conditional_expression'],
    ]),
    ifs: new Set(['if_statement']),
    hybrids: new Set(['else', 'elseif']),
    hybridParents: new Set(['else_clause', 'else_if_clause']),
    functions: new Set(['function_definition', 'method_declaration', ...LAMBDAS]),
    logical: new Set(['&&', '||', 'and', 'or', 'xor']),
    logicalParents: new Set(['binary_expression']),
    jumps: new Set(['break_statement', 'continue_statement', 'goto_statement']),
    calls: new Set([
      'function_call_expression',
      'member_call_expression',
      'nullsafe_member_call_expression',
      'scoped_call_expression',
      'object_creation_expression',
    ]),
    callOf,
  },
  functions: ['function_definition', 'method_declaration'],
  definitions: {
    class_declaration: 'class',
    interface_declaration: 'interface',
    trait_declaration: 'class',
    enum_declaration: 'enum',
    enum_case: 'enum-member',
    const_declaration: 'variable',
    property_declaration: 'field',
    property_promotion_parameter: 'field',
    namespace_definition: 'namespace',
    function_call_expression: 'variable',
  },
  containers: TYPES,
  locals: ['function_definition', ...LAMBDAS],
  imports: ['namespace_use_declaration', ...INCLUDES],
  importsOf,
  namesOf(node) {
    if (node.is('const_declaration'))
      return node.namedChildren().flatMap((child) => child.childOf('name') ?? []);
    if (node.is('property_declaration'))
      return node.namedChildren().flatMap((child) => child.field('name') ?? []);
    if (node.is('function_call_expression')) return definedConstant(node);
    const name = node.field('name');
    return name === null ? [] : [name];
  },
  textOf: (name) =>
    name
      .text()
      .replace(/^\$/, '')
      .replace(/^(['"])(.*)\1$/, '$2'),
  isExported: (node) => node.childOf('visibility_modifier')?.text() !== 'private',
  isContinuedIf: (node) => node.is('if_statement') && (node.parent()?.is('else_clause') ?? false),
  packageOf: (nodes) =>
    nodes
      .find(({ kind }) => kind === 'namespace_definition')
      ?.syntax.field('name')
      ?.text(),
});

/** `define('NAME', ...)`. */
function definedConstant(call: TreeNode): TreeNode[] {
  if (call.field('function')?.text() !== 'define') return [];
  const literal = call.field('arguments')?.namedChildren()[0]?.namedChildren()[0];
  return literal?.is('string', 'encapsed_string') ? [literal] : [];
}

function callOf(node: TreeNode): { name: string; receiver?: string } | undefined {
  if (node.is('object_creation_expression')) {
    const name = node.childOf('name', 'qualified_name');
    return name === null ? undefined : { name: name.text().replace(/^.*\\/, '') };
  }
  if (node.is('function_call_expression'))
    return calledBy(node.field('function'), { object: '', member: '' });
  const name = node.field('name');
  const receiver = node.field('object') ?? node.field('scope');
  if (name === null) return undefined;
  return receiver === null
    ? { name: name.text() }
    : { name: name.text(), receiver: receiver.text() };
}

function importsOf({ kind, syntax, line }: SyntaxNode): ImportFact[] {
  if (kind !== 'namespace_use_declaration') return includesOf(syntax, line);
  const group = syntax.childOf('namespace_use_group');
  const prefix = group === null ? '' : `${syntax.childOf('namespace_name')?.text() ?? ''}\\`;
  const clauses = (group ?? syntax)
    .namedChildren()
    .filter((child) => child.is('namespace_use_clause', 'namespace_use_group_clause'));
  return clauses.flatMap((clause) => {
    const path = clause.childOf('qualified_name', 'namespace_name', 'name')?.text();
    if (path === undefined) return [];
    const module = prefix + path;
    const name = module.replace(/^.*\\/, '');
    return [{ module, names: [name], as: clause.field('alias')?.text() ?? name, line }];
  });
}

/** `require 'a.php'` and `require __DIR__ . '/a.php'`; computed paths are left out. */
function includesOf(syntax: TreeNode, line: number): ImportFact[] {
  const argument = syntax.namedChildren()[0];
  const inner = argument?.is('parenthesized_expression') ? argument.namedChildren()[0] : argument;
  if (inner?.is('string', 'encapsed_string')) return [{ module: `./${unquoted(inner)}`, line }];
  const right = inner?.field('right');
  const isHere = /^(__DIR__|dirname\(__FILE__\))$/.test(inner?.field('left')?.text() ?? '');
  if (!isHere || !right?.is('string', 'encapsed_string')) return [];
  return [{ module: `.${unquoted(right)}`, line }];
}
