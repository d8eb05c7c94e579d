/**
 * Problems of files for people: place, code and message, the line of the source with what is wrong underlined, and
 * what to do. Pure.
 */
import type { Problem } from '../../workflow/problems.ts';

/** Columns of a source line that are shown; a longer line is cut around the place. */
const MAX_COLUMNS = 100;
/** Columns kept before the place where a line is cut. */
const LEAD = 40;

interface ProblemStyle {
  readonly color: boolean;
}

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
 * One problem. Without a source line (`lines` absent, or a problem without a place) the excerpt is left out.
 * Control characters of the source never reach the terminal.
 */
export function problemText(
  problem: Problem,
  lines: SourceLines | undefined,
  { color }: ProblemStyle,
): string {
  const { severity, code } = problem;
  const head = [
    strong(placeOf(problem), color),
    `${paint(severity, color, severity)} ${code}: ${visible(problem.message)}`,
  ];
  const line = problem.line === 0 ? undefined : lines?.line(problem.line);
  return [
    head.filter((part) => part !== '').join(' '),
    ...(line === undefined ? [] : excerpt(line, problem, color)),
    `  hint: ${visible(problem.hint)}`,
  ].join('\n');
}

function placeOf({ file, line, column, path }: Problem): string {
  const place = line === 0 ? path : `${line}:${column}`;
  return [file, place].filter((part) => part !== undefined && part !== '').join(':');
}

function excerpt(line: string, problem: Problem, color: boolean): string[] {
  const number = String(problem.line);
  const gutter = `  ${' '.repeat(number.length)} |`;
  const { text, from, to } = cut(line, problem);
  const before = text.slice(0, from);
  const wrong = text.slice(from, to);
  // Tabs stay tabs, so that the carets stand under the text however wide a tab is.
  const padding = [...before].map((letter) => (letter === '\t' ? '\t' : blank(letter))).join('');
  const carets = '^'.repeat(Math.max(1, columnsOf(wrong)));
  return [
    gutter,
    `  ${number} | ${visible(text)}`,
    `${gutter} ${padding}${paint(carets, color, problem.severity)}`,
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

const WIDE =
  /[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]|\p{Emoji_Presentation}/u;
const NARROWEST = /\p{Mn}|\p{Me}|\u200d/u;

/** Blanks as wide as a letter is on a terminal. */
function blank(letter: string): string {
  if (NARROWEST.test(letter)) return '';
  return WIDE.test(letter) ? '  ' : ' ';
}

function columnsOf(text: string): number {
  return [...text].reduce((sum, letter) => sum + blank(letter).length, 0);
}

/** Control characters, line ends and marks that turn the direction of writing: what could make a terminal lie. */
const HIDDEN =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
  /[\u0000-\u0008\u000a-\u001f\u007f-\u009f\u2028-\u202e\u2066-\u2069\ufeff]/g;

/** A text without what a terminal would act on; each such character is shown as one replacement character. */
export function visible(text: string): string {
  return text.toWellFormed().replace(HIDDEN, '\ufffd');
}

const COLORS = { error: '\u001b[31m', warning: '\u001b[33m' } as const;
const RESET = '\u001b[0m';

function paint(text: string, color: boolean, severity: Problem['severity']): string {
  return color ? `${COLORS[severity]}${text}${RESET}` : text;
}

function strong(text: string, color: boolean): string {
  return color && text !== '' ? `\u001b[1m${visible(text)}${RESET}` : visible(text);
}
