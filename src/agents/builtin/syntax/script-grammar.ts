/**
 * TypeScript, TSX and JavaScript.
 * A function has a name when it is declared with one, is a method, or is the value of a variable, a field, a property
 * or an assignment. Callbacks without a name count to the function around them.
 */
import type { Rule, SgNode } from '@ast-grep/napi';
import {
  anyOf,
  type Definition,
  type DefinitionKind,
  type FunctionHead,
  type Grammar,
  placeOf,
  type SyntaxNode,
} from './grammar.ts';
import { exportsOfScript, importsOfScript } from './script-modules.ts';

const FUNCTION_VALUE = anyOf('arrow_function', 'function_expression', 'generator_function');
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

const TOP_LEVEL_VARIABLE: Rule = {
  inside: {
    ...anyOf('lexical_declaration', 'variable_declaration'),
    inside: anyOf('program', 'export_statement'),
  },
};

const COMMON_RULES: readonly Rule[] = [
  anyOf(...new Set([...DECISIONS, ...NESTING, ...DECLARED, 'comment', 'hash_bang_line'])),
  anyOf('class_declaration', 'class', 'import_statement', 'export_statement'),
  { kind: 'binary_expression', has: { field: 'operator', regex: '^(&&|\\|\\||\\?\\?)$' } },
  {
    kind: 'augmented_assignment_expression',
    has: { field: 'operator', regex: '^(&&|\\|\\||\\?\\?)=$' },
  },
  {
    kind: 'variable_declarator',
    any: [{ has: { field: 'value', ...FUNCTION_VALUE } }, TOP_LEVEL_VARIABLE],
  },
  { kind: 'pair', has: { field: 'value', ...FUNCTION_VALUE } },
  {
    kind: 'assignment_expression',
    any: [
      { has: { field: 'right', ...FUNCTION_VALUE } },
      { has: { field: 'left', regex: '^(module\\.)?exports\\b' } },
    ],
  },
  { kind: 'call_expression', has: { field: 'function', regex: '^(require|import)$' } },
];
const TYPED_RULES: readonly Rule[] = [
  anyOf('abstract_class_declaration', 'interface_declaration', 'type_alias_declaration'),
  anyOf('enum_declaration', 'internal_module', 'function_signature'),
  { kind: 'public_field_definition', has: { field: 'value', ...FUNCTION_VALUE } },
];
const UNTYPED_RULES: readonly Rule[] = [
  { kind: 'field_definition', has: { field: 'value', ...FUNCTION_VALUE } },
];

/** The three dialects; they differ in the kinds their parsers know. */
export const scriptGrammars: Readonly<Record<'typescript' | 'tsx' | 'javascript', Grammar>> = {
  typescript: dialect('TypeScript', TYPED_RULES),
  tsx: dialect('Tsx', TYPED_RULES),
  javascript: dialect('JavaScript', UNTYPED_RULES),
};

function dialect(parser: string, rules: readonly Rule[]): Grammar {
  return {
    parser,
    rules: [...COMMON_RULES, ...rules],
    decisions: new Set([...DECISIONS, 'binary_expression', 'augmented_assignment_expression']),
    nesting: new Set(NESTING),
    comments: new Set(['comment', 'hash_bang_line']),
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
function namedFunction({ kind, syntax }: SyntaxNode): { name: string; code: SgNode } | undefined {
  if (DECLARED.has(kind)) return { name: nameText(syntax.field('name')), code: syntax };
  if (kind === 'export_statement') {
    const code = syntax.field('value');
    const isFunction = code !== null && FUNCTION_VALUE_KINDS.has(String(code.kind()));
    return isFunction ? { name: nameText(code.field('name'), 'default'), code } : undefined;
  }
  const holder = HOLDERS[kind];
  const code = holder === undefined ? null : syntax.field(holder.value);
  if (holder === undefined || code === null || !FUNCTION_VALUE_KINDS.has(String(code.kind())))
    return undefined;
  return { name: nameText(syntax.field(holder.name)), code };
}

/** `module.exports.a` and `A.prototype.b` keep their path; computed and quoted names lose their marks. */
function nameText(name: SgNode | null, absent = '(anonymous)'): string {
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

function countParameters(code: SgNode): number {
  if (code.field('parameter') !== null) return 1;
  const parameters = code.field('parameters')?.namedChildren() ?? [];
  return parameters.filter((node) => node.kind() !== 'comment' && !/^this\b/.test(node.text()))
    .length;
}

function definitionsOf(node: SyntaxNode): Definition[] {
  const head = functionOf(node);
  if (head !== undefined && node.kind !== 'pair') {
    return [{ name: head.name, kind: head.kind, ...placeOf(nameNode(node)) }];
  }
  if (node.kind === 'variable_declarator') return variables(node);
  const kind = DEFINING[node.kind];
  const name = node.syntax.field('name');
  return kind === undefined || name === null ? [] : [{ name: name.text(), kind, ...placeOf(name) }];
}

function nameNode(node: SyntaxNode): SgNode {
  const field = HOLDERS[node.kind]?.name ?? 'name';
  return node.syntax.field(field) ?? node.syntax;
}

function variables(node: SyntaxNode): Definition[] {
  const name = node.syntax.field('name');
  if (name === null) return [];
  const names = name.is('identifier')
    ? [name]
    : name.findAll({ rule: anyOf('identifier', 'shorthand_property_identifier_pattern') });
  return names.map((found) => ({ name: found.text(), kind: 'variable', ...placeOf(found) }));
}
