/**
 * Problems of files for people: place, code and message, the line of the source with what is wrong underlined, and
 * what to do. Pure.
 */
import { hidesItsText, type Problem } from '../../workflow/problems.ts';
import { type Style, styled, widthOf } from './painted.ts';

/** Columns of a source line that are shown; a longer line is cut around the place. */
const MAX_COLUMNS = 100;
/** Columns kept before the place where a line is cut. */
const LEAD = 40;

const STYLES: Readonly<Record<Problem['severity'], Style>> = { error: 'bad', warning: 'wait' };

/** The lines of source texts, split once a file. */
export class SourceLines {
  private readonly source: string;
  private lines: readonly string[] | undefined;

  constructor(source: string) {
    this.source = source;
  }

  /** The line with a number from 1, without its end. */
  line(number: number): string | undefined {
    this.lines ??= this.source.replace(/^\uFEFF/, '').split('\n');
    return this.lines[number - 1]?.replace(/\r$/, '');
  }
}

/**
 * One problem. Without a source line (`lines` absent, or a problem without a place) the excerpt is left out,
 * and so it is where the line holds a secret.
 * Control characters of the source never reach the terminal.
 */
export function problemText(
  problem: Problem,
  lines: SourceLines | undefined,
  { hasColor }: { hasColor: boolean },
): string {
  const { severity, code } = problem;
  const head = [
    styled(visible(placeOf(problem)), 'bold', hasColor),
    `${styled(severity, STYLES[severity], hasColor)} ${code}: ${visible(problem.message)}`,
  ];
  const isShown = problem.line > 0 && !hidesItsText(code);
  const line = isShown ? lines?.line(problem.line) : undefined;
  return [
    head.filter((part) => part !== '').join(' '),
    ...(line === undefined ? [] : excerpt(line, problem, hasColor)),
    `  hint: ${visible(problem.hint)}`,
  ].join('\n');
}

function placeOf({ file, line, column, path }: Problem): string {
  const place = line === 0 ? path : `${line}:${column}`;
  return [file, place].filter((part) => part !== undefined && part !== '').join(':');
}

function excerpt(line: string, problem: Problem, hasColor: boolean): string[] {
  const number = String(problem.line);
  const gutter = `  ${' '.repeat(number.length)} |`;
  const { text, from, to } = cut(line, problem);
  const columns = (part: string): number => widthOf(visible(part));
  // Tabs stay tabs, so that the carets stand under the text however wide a tab is.
  const parts = text.slice(0, from).split('\t');
  const padding = parts.map((part) => ' '.repeat(columns(part))).join('\t');
  const carets = '^'.repeat(Math.max(1, columns(text.slice(from, to))));
  return [
    gutter,
    `  ${number} | ${visible(text)}`,
    `${gutter} ${padding}${styled(carets, STYLES[problem.severity], hasColor)}`,
  ];
}

interface Cut {
  readonly text: string;
  readonly from: number;
  readonly to: number;
}

/** The part of a long line around the place. */
function cut(line: string, { column, endColumn }: Problem): Cut {
  const from = Math.min(column - 1, line.length);
  const to = Math.max(from, Math.min(endColumn - 1, line.length));
  if (line.length <= MAX_COLUMNS) return { text: line, from, to };
  const start = Math.max(0, Math.min(from - LEAD, line.length - MAX_COLUMNS));
  const end = Math.min(line.length, start + MAX_COLUMNS);
  const [left, right] = [start > 0 ? '...' : '', end < line.length ? '...' : ''];
  const shift = left.length - start;
  return {
    text: `${left}${line.slice(start, end).toWellFormed()}${right}`,
    from: from + shift,
    to: Math.min(to, end) + shift,
  };
}

/** Control characters, line ends and marks that turn the direction of writing: what could make a terminal lie. */
const HIDDEN =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
  /[\u0000-\u0008\u000a-\u001f\u007f-\u009f\u2028-\u202e\u2066-\u2069\ufeff]/g;

/** A text without what a terminal would act on; each such character is shown as one replacement character. */
export function visible(text: string): string {
  return text.toWellFormed().replace(HIDDEN, '\ufffd');
}
