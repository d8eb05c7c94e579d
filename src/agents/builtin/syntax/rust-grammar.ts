/** Rust. Closures count to the function around them; exported is what is `pub`. */
import { calledBy } from './calls.ts';
import type { TreeNode } from './flat-tree.ts';
import { hasOperator, type ImportFact, type SyntaxNode } from './grammar.ts';
import { tableGrammar } from './table-grammar.ts';

const LOOPS = ['for_expression', 'while_expression', 'loop_expression'];
/** More names than this in one `use` are cut. */
const MAX_USES = 500;

export const rustGrammar = tableGrammar({
  parser: 'rust',
  decisions: ['if_expression', ...LOOPS],
  conditions: {
    binary_expression: hasOperator('&&', '||'),
    // `_ =>` is the default branch, which is no decision.
    match_arm: (node) => node.field('pattern')?.text() !== '_',
  },
  nesting: ['if_expression', ...LOOPS, 'match_expression'],
  comments: ['line_comment', 'block_comment'],
  flow: {
    structures: new Set([...LOOPS, 'match_expression']),
    ifs: new Set(['if_expression']),
    hybrids: new Set(['else']),
    hybridParents: new Set(['else_clause']),
    functions: new Set(['function_item', 'closure_expression']),
    logical: new Set(['&&', '||']),
    logicalParents: new Set(['binary_expression', 'let_chain']),
    jumps: new Set(['break_expression', 'continue_expression']),
    calls: new Set(['call_expression']),
    callOf: (node) => calledBy(node.field('function'), { object: 'value', member: 'field' }),
  },
  functions: ['function_item', 'function_signature_item'],
  definitions: {
    struct_item: 'class',
    union_item: 'class',
    enum_item: 'enum',
    trait_item: 'interface',
    type_item: 'type',
    associated_type: 'type',
    const_item: 'variable',
    static_item: 'variable',
    macro_definition: 'macro',
    field_declaration: 'field',
    enum_variant: 'enum-member',
    mod_item: 'namespace',
  },
  containers: ['struct_item', 'union_item', 'enum_item', 'trait_item', 'impl_item', 'mod_item'],
  namespaces: ['mod_item'],
  locals: ['function_item', 'closure_expression'],
  imports: ['use_declaration', 'mod_item', 'extern_crate_declaration'],
  importsOf,
  namesOf: (node) => {
    const name = node.is('impl_item') ? node.field('type') : node.field('name');
    return name === null ? [] : [name];
  },
  textOf: (name) =>
    name
      .text()
      .replace(/<[\s\S]*$/, '')
      .replace(/^.*::/, ''),
  parametersOf: (node) =>
    (node.field('parameters')?.namedChildren() ?? []).filter((child) =>
      child.is('parameter', 'variadic_parameter'),
    ).length,
  isExported: (node) => node.childOf('visibility_modifier') !== null,
  isContinuedIf: (node) => node.is('if_expression') && (node.parent()?.is('else_clause') ?? false),
});

/** `use a::{b::C, d as e}` imports `C` of `a::b` and `d` of `a`; `mod x;` imports the file `x`. */
function importsOf({ kind, syntax, line }: SyntaxNode): ImportFact[] {
  const name = syntax.field('name')?.text() ?? '';
  if (kind === 'mod_item')
    return syntax.field('body') === null ? [{ module: `mod ${name}`, as: name, line }] : [];
  if (kind === 'extern_crate_declaration') return [{ module: name, as: name, line }];
  const argument = syntax.field('argument');
  if (argument === null) return [];
  const byModule = new Map<string, string[]>();
  for (const path of pathsOf(argument).slice(0, MAX_USES)) {
    const at = path.lastIndexOf('::');
    const module = at < 0 ? path : path.slice(0, at);
    const names = byModule.get(module) ?? [];
    byModule.set(module, names);
    if (at >= 0) names.push(path.slice(at + 2));
  }
  return [...byModule].map(([module, names]) => ({
    module,
    ...(names.length === 0 ? {} : { names }),
    line,
  }));
}

/** Whole paths, from a work list instead of recursion: lists may be nested. */
function pathsOf(argument: TreeNode): string[] {
  const found: string[] = [];
  const work: [TreeNode, string][] = [[argument, '']];
  for (let next = work.pop(); next !== undefined; next = work.pop()) {
    const [node, prefix] = next;
    const join = (text: string): string => (prefix === '' ? text : `${prefix}::${text}`);
    if (node.is('scoped_use_list')) {
      const path = node.field('path')?.text();
      const list = node.field('list');
      if (list !== null) work.push([list, path === undefined ? prefix : join(path)]);
    } else if (node.is('use_list')) {
      for (const child of node.namedChildren().toReversed()) work.push([child, prefix]);
    } else if (node.is('use_as_clause')) found.push(join(node.field('path')?.text() ?? ''));
    else if (node.is('use_wildcard')) {
      const path = node.namedChildren()[0]?.text();
      found.push(path === undefined ? join('*') : `${join(path)}::*`);
    } else if (node.is('self')) found.push(prefix);
    else if (!/comment$/.test(node.kind())) found.push(join(node.text()));
  }
  return found;
}
