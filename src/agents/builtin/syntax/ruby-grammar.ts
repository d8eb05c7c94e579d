/** Ruby. Blocks and lambdas count to the method around them. What a file defines at its top is its export. */
import type { TreeNode } from './flat-tree.ts';
import { hasOperator, type ImportFact, type SyntaxNode, unquoted } from './grammar.ts';
import { tableGrammar } from './table-grammar.ts';

const IFS = ['if', 'unless'];
const MODIFIERS = ['if_modifier', 'unless_modifier'];
const LOOPS = ['while', 'until', 'for', 'while_modifier', 'until_modifier'];
const ATTRIBUTES = /^attr_(reader|writer|accessor)$/;
const REQUIRES = /^(require|require_relative|load|autoload)$/;

export const rubyGrammar = tableGrammar({
  parser: 'ruby',
  decisions: [
    ...IFS,
    ...MODIFIERS,
    ...LOOPS,
    ...['elsif', 'when', 'in_clause', 'rescue', 'rescue_modifier', 'conditional'],
  ],
  conditions: {
    binary: hasOperator('&&', '||', 'and', 'or'),
    operator_assignment: hasOperator('&&=', '||='),
    assignment: (node) => node.field('left')?.is('constant') ?? false,
    call: (node) =>
      ATTRIBUTES.test(calledName(node)) || (REQUIRES.test(calledName(node)) && isPlain(node)),
    class: (node) => node.isNamed() && node.field('name') !== null,
    module: (node) => node.isNamed() && node.field('name') !== null,
  },
  nesting: [...IFS, 'while', 'until', 'for', 'case', 'case_match', 'begin'],
  comments: ['comment'],
  flow: {
    structures: new Set([
      ...LOOPS,
      ...MODIFIERS,
      ...['case', 'case_match', 'rescue', 'rescue_modifier', 'conditional'],
    ]),
    ifs: new Set(IFS),
    hybrids: new Set(['elsif', 'else']),
    hybridParents: new Set(['elsif', 'else']),
    functions: new Set(['method', 'singleton_method', 'lambda', 'block', 'do_block']),
    logical: new Set(['&&', '||', 'and', 'or']),
    logicalParents: new Set(['binary']),
    jumps: new Set(),
    calls: new Set(['call']),
    callOf: (node) => {
      const name = node.field('method')?.text();
      if (name === undefined || REQUIRES.test(name) || ATTRIBUTES.test(name)) return undefined;
      const receiver = node.field('receiver')?.text();
      return receiver === undefined ? { name } : { name, receiver };
    },
  },
  functions: ['method', 'singleton_method'],
  definitions: {
    class: 'class',
    module: 'namespace',
    assignment: 'variable',
    alias: 'function',
    call: 'field',
  },
  containers: ['class', 'module'],
  locals: ['method', 'singleton_method', 'lambda'],
  imports: ['call'],
  importsOf,
  namesOf(node) {
    if (node.is('assignment')) return [node.field('left')].filter((name) => name !== null);
    if (!node.is('call')) return [node.field('name')].filter((name) => name !== null);
    if (!ATTRIBUTES.test(calledName(node))) return [];
    const symbols = node.field('arguments')?.namedChildren() ?? [];
    return symbols.filter((symbol) => symbol.is('simple_symbol'));
  },
  textOf: (name) => name.text().replace(/^:/, '').replace(/^.*::/, ''),
  // A method without a body is still one, with nothing in it.
  hasCode: () => true,
});

function calledName(call: TreeNode): string {
  return call.field('method')?.text() ?? '';
}

/** Without a receiver and with a literal. */
function isPlain(call: TreeNode): boolean {
  return call.field('receiver') === null && call.field('arguments') !== null;
}

function importsOf({ syntax, line }: SyntaxNode): ImportFact[] {
  const method = calledName(syntax);
  if (!REQUIRES.test(method)) return [];
  const [first, second] = syntax.field('arguments')?.namedChildren() ?? [];
  const literal = method === 'autoload' ? second : first;
  if (!literal?.is('string')) return [];
  const path = unquoted(literal);
  const isRelative = method === 'require_relative' && !path.startsWith('.');
  return [{ module: isRelative ? `./${path}` : path, line }];
}
