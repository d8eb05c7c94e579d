/** Lines of code, of comment, in all. */
import type { SyntaxNode } from '../syntax/grammar.ts';

/** What `FileAnalysis` says of lines. */
export interface LineCounts {
  lines: number;
  codeLines: number;
  commentLines: number;
}

/** `comments` are in document order and do not overlap. The end of the last line is not a line of its own. */
export function countLines(text: string, comments: readonly SyntaxNode[]): LineCounts {
  const lines = text.split(/\r\n|\n|\r/);
  if (lines.at(-1) === '') lines.pop();
  const blankedLines = blank(text, comments).split(/\r\n|\n|\r/);
  let codeLines = 0;
  let commentLines = 0;
  for (const [index, line] of lines.entries()) {
    if (blankedLines[index]?.trim() !== '') codeLines += 1;
    else if (line.trim() !== '') commentLines += 1;
  }
  return { lines: lines.length, codeLines, commentLines };
}

/** The text with blanks in place of its comments, line ends kept. */
function blank(text: string, comments: readonly SyntaxNode[]): string {
  const parts: string[] = [];
  let at = 0;
  for (const { start, end } of comments) {
    if (start < at) continue;
    parts.push(text.slice(at, start), text.slice(start, end).replace(/[^\r\n]/g, ' '));
    at = end;
  }
  parts.push(text.slice(at));
  return parts.join('');
}
