/** Java. Lambdas count to the method around them; exported is what is public or belongs to an interface. */
import type { TreeNode } from './flat-tree.ts';
import { hasOperator, type ImportFact, type SyntaxNode } from './grammar.ts';
import { tableGrammar } from './table-grammar.ts';

const LOOPS = ['for_statement', 'enhanced_for_statement', 'while_statement', 'do_statement'];
const FUNCTIONS = [
  'method_declaration',
  'constructor_declaration',
  'compact_constructor_declaration',
  'annotation_type_element_declaration',
];
const TYPES = [
  'class_declaration',
  'interface_declaration',
  'enum_declaration',
  'record_declaration',
  'annotation_type_declaration',
];

export const javaGrammar = tableGrammar({
  parser: 'java',
  decisions: ['if_statement', ...LOOPS, 'catch_clause', 'ternary_expression'],
  conditions: {
    binary_expression: hasOperator('&&', '||'),
    switch_label: (node) => !node.children().some((child) => child.is('default')),
  },
  nesting: ['if_statement', ...LOOPS, 'switch_expression', 'try_statement'],
  comments: ['line_comment', 'block_comment'],
  flow: {
    structures: new Set([...LOOPS, 'switch_expression', 'catch_clause', 'ternary_expression']),
    ifs: new Set(['if_statement']),
    hybrids: new Set(['else']),
    hybridParents: new Set(['if_statement']),
    functions: new Set([...FUNCTIONS, 'lambda_expression']),
    logical: new Set(['&&', '||']),
    logicalParents: new Set(['binary_expression']),
    jumps: new Set(['break_statement', 'continue_statement']),
    calls: new Set(['method_invocation', 'object_creation_expression']),
    callOf,
  },
  functions: FUNCTIONS,
  definitions: {
    class_declaration: 'class',
    interface_declaration: 'interface',
    enum_declaration: 'enum',
    record_declaration: 'class',
    annotation_type_declaration: 'interface',
    field_declaration: 'field',
    constant_declaration: 'field',
    enum_constant: 'enum-member',
  },
  containers: TYPES,
  locals: [...FUNCTIONS, 'lambda_expression'],
  imports: ['import_declaration', 'package_declaration'],
  importsOf,
  namesOf(node) {
    if (!node.is('field_declaration', 'constant_declaration'))
      return [node.field('name')].filter((name) => name !== null);
    return node.fieldChildren('declarator').flatMap((declarator) => declarator.field('name') ?? []);
  },
  isExported: (node) => !/\b(private|protected)\b/.test(node.childOf('modifiers')?.text() ?? ''),
  isContinuedIf: (node) => node.is('if_statement') && (node.parent()?.is('if_statement') ?? false),
  packageOf: (nodes) =>
    nodes
      .find(({ kind }) => kind === 'package_declaration')
      ?.syntax.childOf('scoped_identifier', 'identifier')
      ?.text(),
});

function callOf(node: TreeNode): { name: string; receiver?: string } | undefined {
  const name = node.field(node.is('method_invocation') ? 'name' : 'type');
  if (name === null) return undefined;
  const object = node.field('object');
  return object === null ? { name: name.text() } : { name: name.text(), receiver: object.text() };
}

function importsOf({ kind, syntax, line }: SyntaxNode): ImportFact[] {
  const path = syntax.childOf('scoped_identifier', 'identifier')?.text();
  if (path === undefined || kind !== 'import_declaration') return [];
  if (syntax.childOf('asterisk') !== null) return [{ module: path, names: ['*'], line }];
  const isStatic = syntax.childOf('static') !== null;
  const at = path.lastIndexOf('.');
  const name = path.slice(at + 1);
  return isStatic
    ? [{ module: path.slice(0, at), names: [name], line }]
    : [{ module: path, names: [name], as: name, line }];
}
