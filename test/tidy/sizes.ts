/** Sizes: a file aims at 150 lines, a function at 25; beyond a bound they say why, beyond the next never. */
import type { SgNode } from '@ast-grep/napi';
import { lineOf, type SourceFile, type Violation } from './source-file.ts';

const FILE_WITHOUT_REASON = 300;
const FILE_AT_MOST = 400;
const FUNCTION_WITHOUT_REASON = 40;
const FUNCTION_AT_MOST = 70;
const SIZE_REASON = /^\s*(\/\/|\*|\/\*+)\s*Size: \S.{9,}/;
const LENGTH_REASON = /^\s*(\/\/|\*|\/\*+)\s*Length: \S.{9,}/;
const FUNCTION_KINDS = [
  'function_declaration',
  'generator_function_declaration',
  'function_expression',
  'generator_function',
  'arrow_function',
  'method_definition',
];

/** Files of more than 400 lines, and those above 300 without a line `// Size: <reason>`. */
export function checkFileSize(file: SourceFile): Violation[] {
  const count = file.lines.length;
  if (count > FILE_AT_MOST) return [`${file.path} has ${count} lines; split it at ${FILE_AT_MOST}`];
  if (count <= FILE_WITHOUT_REASON || file.lines.some((line) => SIZE_REASON.test(line))) return [];
  return [
    `${file.path} has ${count} lines; above ${FILE_WITHOUT_REASON} say why: // Size: <reason>`,
  ];
}

/**
 * Functions of more than 70 lines, and those above 40 without `// Length: <reason>` inside or
 * directly above. In tests and benchmarks the functions inside a function are not counted as its
 * lines: `describe` nests what belongs together.
 */
export function checkFunctionLengths(file: SourceFile): Violation[] {
  const nestingIsFree = /^(test|bench)\//.test(file.path);
  return functionsIn(file.root).flatMap((node) => {
    const length = nestingIsFree ? ownLines(node) : linesIn(node);
    if (length <= FUNCTION_WITHOUT_REASON) return [];
    const where = `${file.path}:${lineOf(node)}`;
    if (length > FUNCTION_AT_MOST) {
      return [`${where} is a function of ${length} lines; split it at ${FUNCTION_AT_MOST}`];
    }
    if (hasReason(file, node)) return [];
    return [`${where} is a function of ${length} lines; say why: // Length: <reason>`];
  });
}

function functionsIn(node: SgNode): SgNode[] {
  return node.findAll({ rule: { any: FUNCTION_KINDS.map((kind) => ({ kind })) } });
}

function linesIn(node: SgNode): number {
  const { start, end } = node.range();
  return end.line - start.line + 1;
}

/** The lines of a function that are not lines of a function inside it. */
function ownLines(node: SgNode): number {
  const { start, end } = node.range();
  const own = new Set<number>();
  for (let line = start.line; line <= end.line; line++) own.add(line);
  for (const inner of functionsIn(node)) {
    if (inner.id() === node.id()) continue;
    const range = inner.range();
    for (let line = range.start.line + 1; line < range.end.line; line++) own.delete(line);
  }
  return own.size;
}

function hasReason(file: SourceFile, node: SgNode): boolean {
  const { start, end } = node.range();
  if (file.lines.slice(start.line, end.line + 1).some((line) => LENGTH_REASON.test(line)))
    return true;
  for (let line = start.line - 1; isComment(file.lines[line]); line--) {
    if (LENGTH_REASON.test(file.lines[line] ?? '')) return true;
  }
  return false;
}

function isComment(line: string | undefined): boolean {
  return line !== undefined && /^\s*(\/\/|\/\*|\*)/.test(line);
}
