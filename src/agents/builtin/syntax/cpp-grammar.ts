/**
 * C++ and, with the same parser, C: the parser's grammar of C++ contains that of C. Words that only C++ keeps for itself
 * (`class`, `new`) as names in C are places that the parser skips, and are counted as such.
 */
import { calledBy } from './calls.ts';
import type { TreeNode } from './flat-tree.ts';
import { hasOperator, type ImportFact, type SyntaxNode } from './grammar.ts';
import { tableGrammar } from './table-grammar.ts';

const LOOPS = ['for_statement', 'for_range_loop', 'while_statement', 'do_statement'];
const TYPES = ['class_specifier', 'struct_specifier', 'union_specifier', 'enum_specifier'];
const NAMES = [
  'identifier',
  'field_identifier',
  'type_identifier',
  'destructor_name',
  'operator_name',
  'operator_cast',
];
/** Declarators inside of declarators, at most. */
const MAX_DECLARATOR_DEPTH = 50;

export const cppGrammar = tableGrammar({
  parser: 'cpp',
  decisions: ['if_statement', ...LOOPS, 'catch_clause', 'conditional_expression'],
  conditions: {
    binary_expression: hasOperator('&&', '||', 'and', 'or'),
    case_statement: (node) => node.field('value') !== null,
    class_specifier: hasBody,
    struct_specifier: hasBody,
    union_specifier: hasBody,
    enum_specifier: hasBody,
  },
  nesting: ['if_statement', ...LOOPS, 'switch_statement', 'try_statement'],
  comments: ['comment'],
  flow: {
    structures: new Set([
      ...LOOPS,
      'switch_statement',
      'catch_clause',
      'conditional_expression',
      'preproc_if',
      'preproc_ifdef',
    ]),
    ifs: new Set(['if_statement']),
    hybrids: new Set(['else', '#else', '#elif', '#elifdef', '#elifndef']),
    hybridParents: new Set(['else_clause', 'preproc_else', 'preproc_elif', 'preproc_elifdef']),
    functions: new Set(['function_definition', 'lambda_expression']),
    logical: new Set(['&&', '||', 'and', 'or']),
    logicalParents: new Set(['binary_expression']),
    jumps: new Set(['goto_statement']),
    calls: new Set(['call_expression']),
    callOf: (node) => calledBy(node.field('function'), { object: 'argument', member: 'field' }),
  },
  functions: ['function_definition'],
  definitions: {
    class_specifier: 'class',
    struct_specifier: 'class',
    union_specifier: 'class',
    enum_specifier: 'enum',
    enumerator: 'enum-member',
    namespace_definition: 'namespace',
    alias_declaration: 'type',
    type_definition: 'type',
    concept_definition: 'type',
    field_declaration: 'field',
    declaration: 'variable',
    preproc_def: 'macro',
    preproc_function_def: 'macro',
  },
  containers: [...TYPES, 'namespace_definition'],
  namespaces: ['namespace_definition'],
  locals: ['function_definition', 'lambda_expression'],
  imports: ['preproc_include'],
  importsOf,
  namesOf,
  textOf: (name) =>
    name
      .text()
      .replace(/\s+/g, ' ')
      .replace(/<[\s\S]*$/, ''),
  ownerOf,
  hasCode: (node) => node.field('body') !== null || node.childOf('try_statement') !== null,
  parametersOf: (node) => {
    const list = functionDeclarator(node.field('declarator'))?.field('parameters');
    const declared = (list?.namedChildren() ?? []).filter((child) => !child.is('comment'));
    return declared.length === 1 && declared[0]?.text() === 'void' ? 0 : declared.length;
  },
  isExported: (node) =>
    node.childOf('storage_class_specifier')?.text() !== 'static' && !node.is('enumerator'),
  isContinuedIf: (node) => node.is('if_statement') && (node.parent()?.is('else_clause') ?? false),
});

function hasBody(node: TreeNode): boolean {
  return node.field('body') !== null;
}

/** The names a node declares; a declaration that declares a function or nothing of its own (`extern`) defines none. */
function namesOf(node: TreeNode): TreeNode[] {
  const name = node.field('name');
  if (name !== null) return [name];
  if (
    node.is('declaration') &&
    /^extern$/.test(node.childOf('storage_class_specifier')?.text() ?? '')
  )
    if (node.field('declarator')?.is('init_declarator') !== true) return [];
  const isPlain = node.is('declaration', 'field_declaration');
  return node.fieldChildren('declarator').flatMap((declarator) => {
    if (isPlain && isPrototype(declarator)) return [];
    return innermost(declarator) ?? [];
  });
}

/** `int f(int)`, and not `int (*f)(int)`. */
function isPrototype(declarator: TreeNode): boolean {
  const found = functionDeclarator(declarator);
  return found !== null && !found.field('declarator')?.is('parenthesized_declarator');
}

function functionDeclarator(declarator: TreeNode | null): TreeNode | null {
  let at = declarator;
  for (let depth = 0; at !== null && depth < MAX_DECLARATOR_DEPTH; depth += 1) {
    if (at.is('function_declarator')) return at;
    at = inner(at);
  }
  return null;
}

function inner(declarator: TreeNode): TreeNode | null {
  return (
    declarator.field('declarator') ??
    declarator.namedChildren().find((child) => /declarator$/.test(child.kind())) ??
    declarator.childOf(...NAMES)
  );
}

/** The name inside pointers, arrays, functions and scopes. */
function innermost(declarator: TreeNode): TreeNode | undefined {
  let at: TreeNode | null = declarator;
  for (let depth = 0; at !== null && depth < MAX_DECLARATOR_DEPTH; depth += 1) {
    if (at.is('qualified_identifier', 'template_function', 'dependent_name')) at = at.field('name');
    else if (at.is(...NAMES)) return at;
    else at = inner(at);
  }
  return undefined;
}

/** `K` of `int n::K::m() {}`. */
function ownerOf(node: TreeNode): string | undefined {
  if (!node.is('function_definition')) return undefined;
  let at: TreeNode | null | undefined = functionDeclarator(node.field('declarator'))?.field(
    'declarator',
  );
  let scope: string | undefined;
  for (let depth = 0; at?.is('qualified_identifier') && depth < MAX_DECLARATOR_DEPTH; depth += 1) {
    scope = at
      .field('scope')
      ?.text()
      .replace(/<[\s\S]*$/, '');
    at = at.field('name');
  }
  return scope === '' ? undefined : scope;
}

function importsOf({ syntax, line }: SyntaxNode): ImportFact[] {
  const path = syntax.field('path');
  if (path === null || !path.is('string_literal', 'system_lib_string')) return [];
  return [{ module: path.text(), line }];
}
