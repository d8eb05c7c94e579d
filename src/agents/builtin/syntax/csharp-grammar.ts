/** C#. Lambdas and local functions: the latter have a name and count for themselves. Exported is what is public. */
import { calledBy } from './calls.ts';
import { hasOperator, type ImportFact, type SyntaxNode } from './grammar.ts';
import { tableGrammar } from './table-grammar.ts';

const LOOPS = ['for_statement', 'foreach_statement', 'while_statement', 'do_statement'];
const FUNCTIONS = [
  'method_declaration',
  'constructor_declaration',
  'destructor_declaration',
  'operator_declaration',
  'conversion_operator_declaration',
  'local_function_statement',
];
const NAMESPACES = ['namespace_declaration', 'file_scoped_namespace_declaration'];
const LAMBDAS = ['lambda_expression', 'anonymous_method_expression'];

export const csharpGrammar = tableGrammar({
  parser: 'c-sharp',
  decisions: ['if_statement', ...LOOPS, 'catch_clause', 'conditional_expression'],
  conditions: {
    binary_expression: hasOperator('&&', '||', '??'),
    switch_section: (node) => !node.children().some((child) => child.is('default')),
    switch_expression_arm: (node) => node.namedChildren()[0]?.is('discard') !== true,
  },
  nesting: ['if_statement', ...LOOPS, 'switch_statement', 'switch_expression', 'try_statement'],
  comments: ['comment'],
  flow: {
    structures: new Set([
      ...LOOPS,
      'switch_statement',
      'switch_expression',
      'catch_clause',
      'conditional_expression',
    ]),
    ifs: new Set(['if_statement']),
    hybrids: new Set(['else']),
    hybridParents: new Set(['if_statement']),
    functions: new Set([...FUNCTIONS, ...LAMBDAS]),
    logical: new Set(['&&', '||']),
    logicalParents: new Set(['binary_expression']),
    jumps: new Set(['goto_statement']),
    calls: new Set(['invocation_expression', 'object_creation_expression']),
    callOf: (node) =>
      calledBy(node.field(node.is('invocation_expression') ? 'function' : 'type'), {
        object: 'expression',
        member: 'name',
      }),
  },
  functions: FUNCTIONS,
  definitions: {
    class_declaration: 'class',
    struct_declaration: 'class',
    record_declaration: 'class',
    interface_declaration: 'interface',
    enum_declaration: 'enum',
    delegate_declaration: 'type',
    namespace_declaration: 'namespace',
    file_scoped_namespace_declaration: 'namespace',
    field_declaration: 'field',
    event_field_declaration: 'field',
    event_declaration: 'field',
    property_declaration: 'field',
    enum_member_declaration: 'enum-member',
  },
  containers: [
    'class_declaration',
    'struct_declaration',
    'record_declaration',
    'interface_declaration',
    'enum_declaration',
    'namespace_declaration',
  ],
  namespaces: NAMESPACES,
  locals: [...FUNCTIONS, ...LAMBDAS],
  imports: ['using_directive'],
  importsOf,
  namesOf(node) {
    const variables = node.is('field_declaration', 'event_field_declaration')
      ? node.childOf('variable_declaration')?.namedChildren()
      : undefined;
    if (variables !== undefined)
      return variables.flatMap((variable) =>
        variable.is('variable_declarator') ? (variable.field('name') ?? []) : [],
      );
    const name = node.field('name') ?? node.field('operator');
    return name === null ? [] : [name];
  },
  isExported: (node) => node.children().some((child) => child.text() === 'public'),
  isContinuedIf: (node) => node.is('if_statement') && (node.parent()?.is('if_statement') ?? false),
  packageOf: (nodes) => {
    const names = nodes
      .filter(({ kind }) => NAMESPACES.includes(kind))
      .flatMap(({ syntax }) => syntax.field('name')?.text() ?? []);
    return names.length === 0 ? undefined : [...new Set(names)].join(' ');
  },
});

function importsOf({ syntax, line }: SyntaxNode): ImportFact[] {
  const alias = syntax.field('name');
  const path = syntax
    .namedChildren()
    .find((child) => child.index !== alias?.index && child.is('identifier', 'qualified_name'));
  if (path === undefined) return [];
  return [{ module: path.text(), ...(alias === null ? {} : { as: alias.text() }), line }];
}
